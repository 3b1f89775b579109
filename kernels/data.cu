// The beginning and the end of a step: gather and scale the rows of a minibatch; add up its losses and count the
// correct predictions; advance the step counters.
#include "data.cuh"

// Launch: one block a row.
#define THALWEG_GATHER(name, T, From)                                                                                 \
  extern "C" __global__ void name(const From* values, const int* labels, const int* order, int features, T scale,     \
                                  const T* affine, T* x, int* y, const long long* cells, int columns, int column,      \
                                  const StepState* step) {                                                            \
    if (x == nullptr) return;                                                                                         \
    gather<T, From>(values, labels, order, features, scale, affine, x, y, cells, columns, column, step,                \
                    blockIdx.x, threadIdx.x, blockDim.x);                                                             \
  }

THALWEG_GATHER(gather_u8_f32, float, unsigned char)
THALWEG_GATHER(gather_u8_f64, double, unsigned char)
THALWEG_GATHER(gather_f32_f32, float, float)
THALWEG_GATHER(gather_f32_f64, double, float)
THALWEG_GATHER(gather_f64_f64, double, double)
THALWEG_GATHER(gather_f16_f32, float, exact::Half)
THALWEG_GATHER(gather_f16_f64, double, exact::Half)
THALWEG_GATHER(gather_bf16_f32, float, exact::Bf16)
THALWEG_GATHER(gather_bf16_f64, double, exact::Bf16)

// Launch: one block of whole warps.
#define THALWEG_TALLY(name, T)                                                                                        \
  extern "C" __global__ void name(const T* row_loss, const int* row_correct, int rows, int models,                    \
                                  double* results, StepState* step) {                                                 \
    __shared__ T shared[exact::kChunk];                                                                               \
    if (results == nullptr) return;                                                                                   \
    tally<false>(row_loss, row_correct, rows, models, results, step, shared);                                         \
  }

THALWEG_TALLY(tally_f32, float)
THALWEG_TALLY(tally_f64, double)

// Launch: one thread.
extern "C" __global__ void advance(StepState* step) {
  if (step != nullptr) advance_cursors(step);
}
