// The calls that JCuda makes and this driver lacks: the linker gives this body each name in unsupported.list.
#include "driver/driver.h"

using namespace thalweg;

THALWEG_EXPORT CUresult thalweg_sim_unsupported() {
  return call("a call that the software driver lacks", [](Driver&) {
    throw Failure{CUDA_ERROR_NOT_SUPPORTED, "not supported"};
  });
}
