// Batched products in the order of src/docs/numerics.md, "Products of matrices": along k, chunks of
// exact::kProductChunk, each a chain of fma from +0 over ascending k; the chunks' totals are added ascending from +0;
// the bias is added last. Which of the tiles below a product takes, device.cuda.ProductTile chooses.
//
// Of all kernels: out[model] = left[model] . right[model] (+ bias[model] in each row). Sizes: left rows x depth, or
// where it is transposed depth x rows; right depth x columns, with right_k elements from one k to the next and right_n
// from one column to the next (columns and 1, or where it is transposed 1 and depth); out rows x columns; all dense.
// left_stride: elements from one model's left operand to the next, 0 where the models share it. ones, where it is not
// null, is one more row of the output [models x columns]: the product of a left row of ones, the bias gradient. A block
// computes a tile of outputs, tiles along columns first. Of models that share the left operand, joined is their number,
// and their columns lie side by side as those of one product; else it is 1.
//
// Absent elements are 0 in the right operand, and finite in the left: such an fma can only turn -0 into +0, which the
// sum from +0 does anyway.
#include "product_f32.cuh"
#include "product_f64.cuh"

// ---- The second pass where k is split.

// Adds the totals of so many chunks, ascending, to out and ones, or to +0 where begin is set; then the bias, where
// there is one. products: how many matrices a chunk has.
// Launch: a thread for each output.
template <typename T>
__device__ __forceinline__ void add_totals(const T* totals, int chunks, int begin, const T* bias, T* out, T* ones,
                                           int rows, int columns, int all_rows, int all_columns, int products) {
  const int matrix = all_rows * all_columns;
  const int e = blockIdx.x * blockDim.x + threadIdx.x;
  if (e >= products * matrix) return;
  const long long n = static_cast<long long>(e / matrix) * all_columns + e % all_columns;  // among all models' columns
  const long long m = e / all_columns % all_rows;
  T* const to = m < rows ? out + (n / columns * rows + m) * columns + n % columns : ones + n;
  T sum = begin ? 0 : *to;
#pragma unroll 16
  for (int i = 0; i < chunks; i++) sum += totals[static_cast<long long>(i) * products * matrix + e];
  *to = bias == nullptr ? sum : sum + bias[n];
}

// ---- The kernels: scores = X . W + b; for the weights' gradient X^T . D, with the bias's gradient as the row of ones;
// and for the gradient of a layer's inputs D . W^T.

#define THALWEG_PRODUCTS(suffix, T, threads, blocks, multiply_plain, multiply_turned)                                 \
  extern "C" __global__ void __launch_bounds__(threads, blocks)                                                       \
      multiply_##suffix(const T* x, long long x_stride, const T* w, const T* bias, T* out, int rows, int columns,     \
                        int depth, int joined, int right_k, int right_n, T* totals, int first, int end,               \
                        int splits) {                                                                                 \
    if (out == nullptr) return;                                                                                       \
    multiply_plain({x, x_stride, w, bias, out, nullptr, rows, columns, depth, joined, right_k, right_n, totals, first,\
                    end, splits});                                                                                    \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(threads, blocks)                                                       \
      multiply_transposed_##suffix(const T* x, long long x_stride, const T* d, T* out, T* ones, int rows,             \
                                   int columns, int depth, int joined, int right_k, int right_n, T* totals,           \
                                   int first, int end, int splits) {                                                  \
    if (out == nullptr) return;                                                                                       \
    multiply_turned({x, x_stride, d, nullptr, out, ones, rows, columns, depth, joined, right_k, right_n, totals,      \
                     first, end, splits});                                                                            \
  }

THALWEG_PRODUCTS(f32, float, kNarrowWarps * 32, 2, multiply_narrow<false>, multiply_narrow<true>)
THALWEG_PRODUCTS(tall_f32, float, kTallWarps * 32, 4, multiply_tall<false>, multiply_tall<true>)
THALWEG_PRODUCTS(wide_f32, float, kWideThreads, 3, multiply_wide<false>, multiply_wide<true>)
THALWEG_PRODUCTS(f64, double, 256, 1, multiply_double<RowMajor>, multiply_double<Transposed>)

#define THALWEG_ADD_TOTALS(suffix, T)                                                                                 \
  extern "C" __global__ void __launch_bounds__(256)                                                                   \
      add_totals_##suffix(const T* totals, int chunks, int begin, const T* bias, T* out, T* ones, int rows,           \
                          int columns, int all_rows, int all_columns, int products) {                                 \
    if (totals == nullptr) return;                                                                                    \
    add_totals(totals, chunks, begin, bias, out, ones, rows, columns, all_rows, all_columns, products);               \
  }

THALWEG_ADD_TOTALS(f32, float)
THALWEG_ADD_TOTALS(f64, double)
