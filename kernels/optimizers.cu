// Fused optimizer steps: one functor per update rule, one launcher for them all.
//
// A launch updates any number of tensors of any sizes. Each element is read and written once; parameters and
// state move in 16-byte accesses except for the few elements before the first and after the last 16-byte
// boundary of a tensor. The state arrays have the parameter's address modulo 16 (the device allocates them
// so); the gradient may lie anywhere and is never written.
#include "rules.cuh"

constexpr int kThreads = 256;
constexpr int kStrides = 4;  // vectors of a thread, at most; a block then covers 16 KB of the parameter

// The vectors of this block: first_vector .. end_vector - 1 of a tensor, at most kThreads * kStrides.
template <typename Rule, bool kGradientAligned, typename S, typename T>
__device__ __forceinline__ void vectors(const Tensor<S>& tensor, int head, long long first_vector,
                                        long long end_vector, const Numbers<Rule, T>& numbers) {
  constexpr int kWidth = Vector<T>::kWidth;
  constexpr int kUnrolled = sizeof(S) < sizeof(T) ? 1 : kStrides;  // the rounding to bf16 is long
#pragma unroll kUnrolled
  for (int stride = 0; stride < kStrides; stride++) {
    long long vector = first_vector + stride * kThreads + threadIdx.x;
    if (vector >= end_vector) return;
    long long i = head + vector * kWidth;
    Vector<T> w = load<T>(tensor.parameter + i);
    Vector<S, kWidth> g;
    if (kGradientAligned) {
      g = load<S, kWidth>(tensor.gradient + i);
    } else {
#pragma unroll
      for (int lane = 0; lane < kWidth; lane++) g.at[lane] = tensor.gradient[i + lane];
    }
    Vector<T> s[Rule::kStates + 1];
#pragma unroll
    for (int k = 0; k < Rule::kStates; k++) s[k] = load<T>(tensor.state[k] + i);
#pragma unroll
    for (int lane = 0; lane < kWidth; lane++) {
      T state[Rule::kStates + 1];
#pragma unroll
      for (int k = 0; k < Rule::kStates; k++) state[k] = s[k].at[lane];
      element(w.at[lane], widen(g.at[lane]), state, numbers);
#pragma unroll
      for (int k = 0; k < Rule::kStates; k++) s[k].at[lane] = state[k];
    }
    store(tensor.parameter + i, w);
#pragma unroll
    for (int k = 0; k < Rule::kStates; k++) store(tensor.state[k] + i, s[k]);
    if constexpr (sizeof(S) < sizeof(T)) {
      store(tensor.copy + i, rounded<kWidth>(w.at, i, numbers.key, numbers.index));
    }
  }
}

// This block's elements of a tensor.
template <typename Rule, typename S, typename T>
__device__ __forceinline__ void update_block(const Tensor<S>& in, int strides, const Numbers<Rule, T>& numbers) {
  const Tensor<S> tensor = in_global_memory<Rule::kStates>(in);
  constexpr int kWidth = Vector<T>::kWidth;
  long long block = blockIdx.x - tensor.first_block;
  int head = static_cast<int>(-(reinterpret_cast<long long>(tensor.parameter) / sizeof(T)) & (kWidth - 1));
  if (head > tensor.count) head = static_cast<int>(tensor.count);
  long long vector_count = (tensor.count - head) / kWidth;
  int tail = static_cast<int>(tensor.count - head - vector_count * kWidth);

  if (block == 0 && threadIdx.x < head + tail) {
    long long i = threadIdx.x;
    if (i >= head) i += vector_count * kWidth;
    update_one(tensor, i, numbers);
  }

  const long long first_vector = block * (kThreads * strides);
  const long long end_vector = min(first_vector + kThreads * strides, vector_count);
  bool gradient_aligned = reinterpret_cast<long long>(tensor.gradient + head) % (kWidth * sizeof(S)) == 0;
  if (gradient_aligned) {
    vectors<Rule, true>(tensor, head, first_vector, end_vector, numbers);
  } else {
    vectors<Rule, false>(tensor, head, first_vector, end_vector, numbers);
  }
}

// Launch: one block for each kThreads * strides vectors of each tensor, at least one for a tensor that is not empty;
// tensor_of_block names the tensor. strides is at most kStrides, and less where there are few elements, so that they
// have many blocks. last: whether the step ends with this update.
template <typename Rule, typename S>
__device__ __forceinline__ void update(const Tensor<S>* tensors, const int* tensor_of_block, int strides,
                                       const long long* cells, int columns, int column, StepState* step, int last) {
  using T = typename Tensor<S>::Number;
  const bool idle = step->halted != kRunning || step->skipped != 0;
  const int index = tensor_of_block[blockIdx.x];
  Numbers<Rule, T> numbers = {};
  numbers.index = static_cast<uint64_t>(index);
  read_numbers<Rule, S>(numbers, tensors[index].group, cells, columns, column, step);
  if (last) end_step(step);  // before the update, so that no thread has to come back from there
  if (!idle) {
    update_block(tensors[index], strides, numbers);
  } else if constexpr (Rule::kLooksAhead) {
    Numbers<GoBack<T>, T> back = {};
    back.key = numbers.key;
    back.index = numbers.index;
    update_block(tensors[index], strides, back);
  }
}

// The masters of bf16 parameters, before their first update. Launch: as an update.
extern "C" __global__ void masters(const Tensor<exact::Bf16>* tensors, const int* tensor_of_block, int strides) {
  if (tensors == nullptr) return;
  const Tensor<exact::Bf16> tensor = tensors[tensor_of_block[blockIdx.x]];
  const int elements = kThreads * strides * Vector<float>::kWidth;
  const long long from = (blockIdx.x - tensor.first_block) * elements;
  // The last block also takes the few elements for which there is no other block.
  const bool last = tensor.count - from < elements + 2 * Vector<float>::kWidth;
  const long long to = last ? tensor.count : from + elements;
  for (long long i = from + threadIdx.x; i < to; i += kThreads) {
    global(tensor.parameter)[i] = exact::widen(global(tensor.copy)[i]);
  }
}

// Six blocks of 256 threads on a multiprocessor, three in double, four with bf16: at most 40, 80 and 64 registers a
// thread.
template <typename S>
constexpr int kBlocks = sizeof(S) == 4 ? 6 : sizeof(S) == 8 ? 3 : 4;

#define THALWEG_RULE(name, Rule, S)                                                                                   \
  extern "C" __global__ void __launch_bounds__(kThreads, kBlocks<S>)                                                  \
      name(const Tensor<S>* tensors, const int* tensor_of_block, int strides, const long long* cells, int columns,    \
           int column, StepState* step, int last) {                                                                   \
    if (tensors == nullptr) return;                                                                                   \
    using Functor = Rule<typename Tensor<S>::Number>;                                                                 \
    update<Functor, S>(tensors, tensor_of_block, strides, cells, columns, column, step, last);                        \
  }
#define THALWEG_ALL_TYPES(name, Rule)    \
  THALWEG_RULE(name##_f32, Rule, float)  \
  THALWEG_RULE(name##_f64, Rule, double) \
  THALWEG_RULE(name##_bf16, Rule, exact::Bf16)

THALWEG_EACH_RULE(THALWEG_ALL_TYPES)
THALWEG_ALL_TYPES(look_ahead, LookAhead)
THALWEG_ALL_TYPES(shrink, Shrink)
