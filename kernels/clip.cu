// The norm of all gradients together, and what follows from it for this step: the factor that clips them, or that the
// update is skipped. Squares are taken and added in binary64: a binary32 gradient cannot overflow there. In two
// launches: the chunks of each tensor; the chunks' sums of each tensor, and the tensors' sums.
#include "tensors.cuh"

// sums[chunk] = the sum of the squares of a chunk of a tensor's gradient; tensor_of_chunk names the tensor.
// Launch: a warp for each chunk of all tensors.
template <typename S>
__device__ __forceinline__ void chunk_squares(const Tensor<S>* tensors, const int* tensor_of_chunk, int chunks,
                                              double* sums, const StepState* step) {
  if (tensors == nullptr || step->halted != kRunning) return;
  const int chunk = static_cast<int>((blockIdx.x * blockDim.x + threadIdx.x) / exact::kLanes);
  if (chunk >= chunks) return;
  const Tensor<S>& tensor = tensors[tensor_of_chunk[chunk]];
  const long long from = (chunk - tensor.first_chunk) * exact::kChunk;
  const S* const gradient = global(tensor.gradient) + from;
  const long long left = tensor.count - from;
  const int n = left < exact::kChunk ? static_cast<int>(left) : exact::kChunk;
  const double sum = exact::chunk_added<double>(n, [=](double partial, int i) {
    const auto g = widen(gradient[i]);
    return exact::add_product(partial, g, g);
  });
  if (exact::lane() == 0) sums[chunk] = sum;
}

#define THALWEG_CHUNK_SQUARES(name, S)                                                                                \
  extern "C" __global__ void name(const Tensor<S>* tensors, const int* tensor_of_chunk, int chunks, double* sums,     \
                                  const StepState* step) {                                                            \
    chunk_squares(tensors, tensor_of_chunk, chunks, sums, step);                                                      \
  }

THALWEG_CHUNK_SQUARES(chunk_squares_f32, float)
THALWEG_CHUNK_SQUARES(chunk_squares_f64, double)
THALWEG_CHUNK_SQUARES(chunk_squares_bf16, exact::Bf16)

// tensor_sums[tensor] = the sum of its chunks' sums. Then, with the root of the tensors' sums as the norm:
// factor = most / norm where that is below 1, most being a number T in the step table; where the norm is not finite, 1,
// and if so wished the update is skipped. Rows of the tensors' table have the same layout for all types.
// Launch: a block of whole warps for each tensor, at least one.
template <typename T>
__device__ __forceinline__ void clip(const Tensor<float>* tensors, int count, const double* sums, double* tensor_sums,
                                     const long long* cells, int columns, int column, int skip_not_finite,
                                     StepState* step) {
  __shared__ double shared[exact::kChunk];
  if (step == nullptr || step->halted != kRunning) return;
  if (blockIdx.x < count) {
    const double* const own = sums + tensors[blockIdx.x].first_chunk;
    const long long chunks = (tensors[blockIdx.x].count + exact::kChunk - 1) / exact::kChunk;
    const double sum = exact::block_sum<double>(chunks, [=](long long i) { return own[i]; }, shared);
    if (threadIdx.x == 0) tensor_sums[blockIdx.x] = sum;
  }
  if (!is_last_block(step)) return;
  const double sum = exact::block_sum<double>(count, [=](long long i) { return tensor_sums[i]; }, shared);
  if (threadIdx.x != 0) return;
  const double norm = sqrt(sum);
  const double most = cell<T>(cells, step->update, columns, column);
  step->norm = norm;
  step->factor = isfinite(norm) && norm > most ? most / norm : 1;
  step->skipped = skip_not_finite != 0 && !isfinite(norm);
}

#define THALWEG_CLIP(name, T)                                                                                         \
  extern "C" __global__ void name(const Tensor<float>* tensors, int count, const double* sums, double* tensor_sums,   \
                                  const long long* cells, int columns, int column, int skip_not_finite,               \
                                  StepState* step) {                                                                  \
    clip<T>(tensors, count, sums, tensor_sums, cells, columns, column, skip_not_finite, step);                        \
  }

THALWEG_CLIP(clip_f32, float)
THALWEG_CLIP(clip_f64, double)
