// The norm of all gradients together, and what follows from it for this step: the factor that clips them, or that the
// update is skipped. Squares are taken and added in binary64: a binary32 gradient cannot overflow there. In three
// launches: the chunks of each tensor, the chunks' sums of each tensor, the tensors' sums.
#include "tensors.cuh"

constexpr int kVectors = 1024;  // 16-byte accesses that a block of an update makes: see optimizers.cu

// sums[first_chunk + chunk] = the sum of the squares of a chunk of the tensor's gradient.
// Launch: the blocks of an update, which cover as many chunks each as a vector has numbers; a warp for each of them
// and one more, because the last block may have one chunk beyond.
template <typename S>
__device__ __forceinline__ void chunk_squares(const Tensor<S>* tensors, const int* tensor_of_block, double* sums,
                                              const StepState* step) {
  using T = typename Tensor<S>::Number;
  constexpr int kWidth = Vector<T>::kWidth;
  if (tensors == nullptr || step->halted != kRunning) return;
  const Tensor<S> tensor = tensors[tensor_of_block[blockIdx.x]];
  const long long block = blockIdx.x - tensor.first_block;
  const int warp = threadIdx.x / exact::kLanes;
  const long long head = -(reinterpret_cast<long long>(tensor.parameter) / sizeof(T)) & (kWidth - 1);
  const bool last = (tensor.count - head) / kWidth <= (block + 1) * kVectors;
  const long long chunk = block * kWidth + warp;
  const long long from = chunk * exact::kChunk;
  if (from >= tensor.count || (warp == kWidth && !last)) return;
  const S* const gradient = global(tensor.gradient) + from;
  const long long left = tensor.count - from;
  const int n = left < exact::kChunk ? static_cast<int>(left) : exact::kChunk;
  const double sum = exact::chunk_added<double>(n, [=](double partial, int i) {
    const auto g = widen(gradient[i]);
    return exact::add_product(partial, g, g);
  });
  if (exact::lane() == 0) sums[tensor.first_chunk + chunk] = sum;
}

extern "C" __global__ void chunk_squares_f32(const Tensor<float>* tensors, const int* tensor_of_block, double* sums,
                                             const StepState* step) {
  chunk_squares(tensors, tensor_of_block, sums, step);
}

extern "C" __global__ void chunk_squares_f64(const Tensor<double>* tensors, const int* tensor_of_block, double* sums,
                                             const StepState* step) {
  chunk_squares(tensors, tensor_of_block, sums, step);
}

extern "C" __global__ void chunk_squares_bf16(const Tensor<exact::Bf16>* tensors, const int* tensor_of_block,
                                              double* sums, const StepState* step) {
  chunk_squares(tensors, tensor_of_block, sums, step);
}

// tensor_sums[tensor] = the sum of its chunks' sums. Rows of all types have the same layout.
// Launch: a block of whole warps for each tensor.
extern "C" __global__ void tensor_squares(const Tensor<float>* tensors, const double* sums, double* tensor_sums,
                                          const StepState* step) {
  __shared__ double shared[exact::kChunk];
  if (tensors == nullptr || step->halted != kRunning) return;
  const double* const own = sums + tensors[blockIdx.x].first_chunk;
  const long long chunks = (tensors[blockIdx.x].count + exact::kChunk - 1) / exact::kChunk;
  const double sum = exact::block_sum<double>(chunks, [=](long long i) { return own[i]; }, shared);
  if (threadIdx.x == 0) tensor_sums[blockIdx.x] = sum;
}

// With the root of the tensors' sums as the norm: factor = most / norm where that is below 1, most being a number in
// the step table; where the norm is not finite, 1, and if so wished the update is skipped.
// Launch: one block of whole warps.
template <typename T>
__device__ __forceinline__ void clip(const double* tensor_sums, int tensors, const long long* cells, int columns,
                                     int column, int skip_not_finite, StepState* step) {
  __shared__ double shared[exact::kChunk];
  if (step == nullptr || step->halted != kRunning) return;
  const double sum = exact::block_sum<double>(tensors, [=](long long i) { return tensor_sums[i]; }, shared);
  if (threadIdx.x != 0) return;
  const double norm = sqrt(sum);
  const double most = cell<T>(cells, step->update, columns, column);
  step->norm = norm;
  step->factor = isfinite(norm) && norm > most ? most / norm : 1;
  step->skipped = skip_not_finite != 0 && !isfinite(norm);
}

extern "C" __global__ void clip_f32(const double* tensor_sums, int tensors, const long long* cells, int columns,
                                    int column, int skip_not_finite, StepState* step) {
  clip<float>(tensor_sums, tensors, cells, columns, column, skip_not_finite, step);
}

extern "C" __global__ void clip_f64(const double* tensor_sums, int tensors, const long long* cells, int columns,
                                    int column, int skip_not_finite, StepState* step) {
  clip<double>(tensor_sums, tensors, cells, columns, column, skip_not_finite, step);
}
