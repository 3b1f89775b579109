// The training step of a small classifier in binary32, in two launches: see device.cuda.Fusion. A kernel has the
// arguments of those that it stands for, one after the other, and calls their parts, so that it leaves the same bits in
// the same arrays.
#include "data.cuh"
#include "few.cuh"
#include "product_f32.cuh"
#include "rules.cuh"

// Gathers a minibatch, multiplies it, and computes its losses; the last block adds them up. A block has kNarrowM rows,
// and all of their classes; there are at most exact::kChunk rows.
// Launch: as many threads and as much shared memory as the product has, a block for each kNarrowM rows.
template <typename From, typename Own>
__device__ __forceinline__ void forward(const From* values, const int* labels, const int* order, int features,
                                        float scale, const float* affine, float* x, int* y, const long long* cells,
                                        int columns, int column, StepState* step, const Operands<float>& product,
                                        int rows, int classes, float* gradient, float* row_loss, int* row_correct,
                                        double* results, Own own) {
  const int first = blockIdx.x * kNarrowM;
  const int threads = blockDim.x / kNarrowM;  // of a row
  const int mine = first + threadIdx.x / threads;
  if (mine < rows) {
    gather(values, labels, order, features, scale, affine, x, y, cells, columns, column, step, mine,
           threadIdx.x % threads, threads);
  }
  const Chunks<float> chunks = {0, (features + exact::kProductChunk - 1) / exact::kProductChunk, nullptr, 0};
  for (int n = 0; n < classes; n += kNarrowN) {
    __syncthreads();
    narrow<false, kNarrowM>(product, chunks, first, n);
  }
  __syncthreads();
  if (threadIdx.x / 32 == 0) {
    const int end = min(first + kNarrowM, rows);
    few(product.out, y, first, rows, end, classes, gradient, row_loss, row_correct, first, shared<float>(), own);
  }
  if (is_last_block(step)) tally<true>(row_loss, row_correct, rows, 1, results, step, shared<float>());
}

// Updates the parameters of a tile of their gradient. Tensor 0 has the weights; tensor 1 has the bias, whose gradient
// is the row of ones. Rows `from` to `to` - 1 are this tensor's.
template <typename Rule>
__device__ __forceinline__ void update_tile(const Block<float, kNarrowM, kNarrowN>& block, const Tensor<float>& in,
                                            int from, int to, const Numbers<Rule, float>& numbers) {
  const Tensor<float> tensor = in_global_memory<Rule::kStates>(in);
  // The elements that this thread has stored.
  for (int e = threadIdx.x; e < kNarrowSize; e += blockDim.x) {
    const int m = block.m + e / kNarrowN;
    const int n = block.n + e % kNarrowN;
    if (m >= from && m < to && n < block.of.columns) {
      update_one(tensor, static_cast<long long>(m - from) * block.of.columns + n, numbers);
    }
  }
}

// Multiplies a tile of the gradient, and updates its parameters. The last block ends the step if this update does.
// There is one model, and a block has all of k: device.cuda.Fusion joins no other product. Launch: as the product.
template <typename Rule>
__device__ __forceinline__ void backward(const Block<float, kNarrowM, kNarrowN>& block, const Tensor<float>* tensors,
                                         const long long* cells, int columns, int column, StepState* step, int last) {
  multiply_narrow<true>(block);
  const bool idle = (step->halted | step->skipped) != 0;
  for (int which = 0; which < 2; which++) {
    const int from = which == 0 ? 0 : block.of.rows;
    const int to = which == 0 ? block.of.rows : block.of.all_rows;
    if (max(block.m, from) >= min(block.m + kNarrowM, to)) continue;  // no such row in the tile
    if (!idle) {
      Numbers<Rule, float> numbers = {};
      read_numbers<Rule, float>(numbers, tensors[which].group, cells, columns, column, step);
      update_tile(block, tensors[which], from, to, numbers);
    } else if constexpr (Rule::kLooksAhead) {
      update_tile<GoBack<float>>(block, tensors[which], from, to, {});
    }
  }
  if (last) end_step(step);
}

#define THALWEG_FORWARD(name, function, From)                                                                         \
  extern "C" __global__ void __launch_bounds__(kNarrowWarps * 32, 2)                                                  \
      name(const From* values, const int* labels, const int* order, int features, float scale, const float* affine,    \
           float* x, int* y, const long long* cells, int columns, int column, StepState* step, const float* left,     \
           long long, const float* w, const float* bias, float* out, int rows, int classes, int depth, int, int, int, \
           float*, int, int, int, const float*, const int*, int, long long, int, float d_scale, float first,          \
           float second, float* gradient, float* row_loss, int* row_correct, const float*, const int*, int, int,      \
           double* results, StepState*) {                                                                             \
    if (x == nullptr) return;                                                                                         \
    const Operands<float> product = {left, w, bias, out, nullptr, rows, classes, depth, rows, classes, classes, 1, 0};\
    forward(values, labels, order, features, scale, affine, x, y, cells, columns, column, step, product, rows,         \
            classes, gradient, row_loss, row_correct, results, [=](const FewRow<float>& row, int& correct) {          \
              return function(row, d_scale, first, second, correct);                                                  \
            });                                                                                                       \
  }
#define THALWEG_FORWARDS(name, function)                             \
  THALWEG_FORWARD(forward_##name##_u8_f32, function, unsigned char)  \
  THALWEG_FORWARD(forward_##name##_f32_f32, function, float)         \
  THALWEG_FORWARD(forward_##name##_f16_f32, function, exact::Half)   \
  THALWEG_FORWARD(forward_##name##_bf16_f32, function, exact::Bf16)

THALWEG_FORWARDS(softmax, few_softmax)
THALWEG_FORWARDS(hinge, few_margins<Hinge>)
THALWEG_FORWARDS(squared_hinge, few_margins<SquaredHinge>)
THALWEG_FORWARDS(smooth_hinge, few_margins<SmoothHinge>)

#define THALWEG_BACKWARD_OF(name, Rule)                                                                               \
  extern "C" __global__ void __launch_bounds__(kNarrowWarps * 32, 2)                                                  \
      name(const float* x, long long x_stride, const float* d, float* out, float* ones, int rows, int columns,        \
           int depth, int, int right_k, int right_n, float*, int, int, int,                                           \
           const Tensor<float>* tensors, const int*, int, const long long* cells, int cell_columns, int column,       \
           StepState* step, int last) {                                                                               \
    if (out == nullptr) return;                                                                                       \
    backward<Rule<float>>({x, x_stride, d, nullptr, out, ones, rows, columns, depth, 1, right_k, right_n, nullptr, 0, \
                           0, 1},                                                                                     \
                          tensors, cells, cell_columns, column, step, last);                                          \
  }
#define THALWEG_BACKWARD(name, Rule) THALWEG_BACKWARD_OF(backward_##name##_f32, Rule)

THALWEG_EACH_RULE(THALWEG_BACKWARD)
