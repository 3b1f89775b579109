// A stand-in for NVIDIA's cuBLAS on the software driver: the calls that CudaDevice's Cublas makes, checked as NVIDIA
// documents them. Like the real one it works in the current context, with kernels of its own (gemm.cu) on the
// handle's stream, so that they are captured into graphs as the real one's are. Unlike it, it never allocates: a
// product needs a workspace. Names and numbers are those of cublas_api.h.
#include <algorithm>
#include <cstdint>

#include "driver/cuda_abi.h"

extern "C" {
CUresult cuModuleLoadData(CUmodule*, const void*);
CUresult cuModuleUnload(CUmodule);
CUresult cuModuleGetFunction(CUfunction*, CUmodule, const char*);
CUresult cuLaunchKernel(CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CUstream,
                        void**, void**);
}

// gemm.ptx, with the NUL that tells the driver where it ends.
asm(".pushsection .rodata\nthalweg_gemm_ptx: .incbin \"blas/gemm.ptx\"\n.byte 0\n.popsection");
extern "C" const char thalweg_gemm_ptx[];

namespace {

enum Status : int {
  kSuccess = 0,
  kNotInitialized = 1,
  kAllocFailed = 3,
  kInvalidValue = 7,
  kExecutionFailed = 13,
  kNotSupported = 15,
};
enum Operation : int { kPlain = 0, kTransposed = 1, kConjugate = 2 };

constexpr int kVersion = 0;  // identifies the stand-in: NVIDIA's is at least 120000
constexpr int kFloat = 0;    // CUDA_R_32F
constexpr int kDouble = 1;   // CUDA_R_64F
enum Compute : int { kCompute32 = 68, kCompute64 = 70, kComputeTf32 = 77 };
constexpr uintptr_t kWorkspaceAlignment = 256;
constexpr int64_t kThreads = 128;

struct Handle {
  CUmodule module;
  CUstream stream;
  bool workspace;
};

struct Operand {
  int64_t row, column;  // elements from one row, or column, to the next
  int leading;          // the smallest leading dimension
};

// Of op(X) [rows x columns].
Operand operand(int operation, int rows, int columns, int64_t ld) {
  return operation == kPlain ? Operand{1, ld, std::max(1, rows)} : Operand{ld, 1, std::max(1, columns)};
}

bool known(int operation) { return operation == kPlain || operation == kTransposed || operation == kConjugate; }

template <typename T> Status gemm(const char* kernel, Handle* handle, int op_a, int op_b, int m, int n, int k,
                                  const T* alpha, const void* a, int lda, long long stride_a, const void* b, int ldb,
                                  long long stride_b, const T* beta, void* c, int ldc, long long stride_c, int models) {
  if (handle == nullptr) return kNotInitialized;
  if (m < 0 || n < 0 || k < 0 || models < 0 || !known(op_a) || !known(op_b)) return kInvalidValue;
  Operand left = operand(op_a, m, k, lda), right = operand(op_b, k, n, ldb);
  if (lda < left.leading || ldb < right.leading || ldc < std::max(1, m)) return kInvalidValue;
  if (alpha == nullptr || beta == nullptr) return kInvalidValue;
  if (!handle->workspace) return kAllocFailed;
  if (m == 0 || n == 0 || models == 0) return kSuccess;

  // Loaded when they are first needed, as the real one's kernels are: not while a graph is captured.
  if (handle->module == nullptr && cuModuleLoadData(&handle->module, thalweg_gemm_ptx) != CUDA_SUCCESS)
    return kExecutionFailed;
  CUfunction function;
  if (cuModuleGetFunction(&function, handle->module, kernel) != CUDA_SUCCESS) return kExecutionFailed;
  int64_t sizes[] = {models, m, n, k}, to_next = ldc;
  T factor = *alpha, addend = *beta;
  void* arguments[] = {&sizes[0], &sizes[1],  &sizes[2],     &sizes[3], &factor, &a, &left.row, &left.column, &stride_a,
                       &b,        &right.row, &right.column, &stride_b, &addend, &c, &to_next,  &stride_c};
  const int64_t blocks = (static_cast<int64_t>(m) * n * models + kThreads - 1) / kThreads;
  if (blocks > INT32_MAX) return kNotSupported;
  const CUresult result = cuLaunchKernel(function, static_cast<unsigned>(blocks), 1, 1, kThreads, 1, 1, 0,
                                         handle->stream, arguments, nullptr);
  return result == CUDA_SUCCESS ? kSuccess : kExecutionFailed;
}

}  // namespace

// The calls that JCuda makes and this library lacks: the linker gives this body each name in unsupported.list.
THALWEG_EXPORT int cublas_unsupported() { return kNotSupported; }

THALWEG_EXPORT int cublasCreate_v2(Handle** handle) {
  *handle = new Handle{};
  return kSuccess;
}

THALWEG_EXPORT int cublasDestroy_v2(Handle* handle) {
  if (handle == nullptr) return kNotInitialized;
  const CUresult result = handle->module == nullptr ? CUDA_SUCCESS : cuModuleUnload(handle->module);
  delete handle;
  return result == CUDA_SUCCESS ? kSuccess : kNotInitialized;
}

THALWEG_EXPORT int cublasGetVersion_v2(Handle* handle, int* version) {
  if (handle == nullptr) return kNotInitialized;
  *version = kVersion;
  return kSuccess;
}

THALWEG_EXPORT int cublasSetStream_v2(Handle* handle, CUstream stream) {
  if (handle == nullptr) return kNotInitialized;
  handle->stream = stream;
  handle->workspace = false;  // "unconditionally resets the workspace"
  return kSuccess;
}

THALWEG_EXPORT int cublasSetWorkspace_v2(Handle* handle, void* workspace, size_t) {
  if (handle == nullptr) return kNotInitialized;
  if (reinterpret_cast<uintptr_t>(workspace) % kWorkspaceAlignment != 0) return kInvalidValue;
  handle->workspace = true;
  return kSuccess;
}

THALWEG_EXPORT int cublasGemmStridedBatchedEx(Handle* handle, int op_a, int op_b, int m, int n, int k,
                                              const void* alpha, const void* a, int type_a, int lda, long long stride_a,
                                              const void* b, int type_b, int ldb, long long stride_b, const void* beta,
                                              void* c, int type_c, int ldc, long long stride_c, int models, int compute,
                                              int) {
  if (type_b != type_a || type_c != type_a) return kNotSupported;
  if (type_a == kDouble && compute == kCompute64)
    return gemm("dgemm", handle, op_a, op_b, m, n, k, static_cast<const double*>(alpha), a, lda, stride_a, b, ldb,
                stride_b, static_cast<const double*>(beta), c, ldc, stride_c, models);
  if (type_a != kFloat || (compute != kCompute32 && compute != kComputeTf32)) return kNotSupported;
  return gemm(compute == kComputeTf32 ? "sgemm_tf32" : "sgemm", handle, op_a, op_b, m, n, k,
              static_cast<const float*>(alpha), a, lda, stride_a, b, ldb, stride_b, static_cast<const float*>(beta), c,
              ldc, stride_c, models);
}
