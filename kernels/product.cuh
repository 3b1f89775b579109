// What the blocks of matmul.cu have of a product: its operands, and the chunks of a tile.
#pragma once

#include "exact.cuh"

// Of one product. all_rows counts the row of ones, all_columns are those of all models that are joined. In the right
// operand right_k is how far it is from one k to the next, right_n from one column to the next of a model. left is this
// product's own; right, bias, out and ones are the launch's, in which the product's first columns are those of the
// model of that number.
template <typename T>
struct Operands {
  const T *left, *right, *bias;
  T *out, *ones;
  int rows, columns, depth, all_rows, all_columns, right_k, right_n, model;

  // Where column n of the right operand begins, and where it does in the output.
  __device__ __forceinline__ const T* right_of(int n) const {
    const int before = models_before(n);
    return right + static_cast<long long>(model + before) * depth * columns +
           static_cast<long long>(n - before * columns) * right_n;
  }
  __device__ __forceinline__ T* out_of(int n) const {
    const int before = models_before(n);
    return out + static_cast<long long>(model + before) * rows * columns + n - before * columns;
  }
  __device__ __forceinline__ int models_before(int n) const { return columns == all_columns ? 0 : n / columns; }
  __device__ __forceinline__ T bias_of(int n) const {
    return bias == nullptr || n >= all_columns ? 0 : bias[model * columns + n];
  }

  // Stores an output; column is where its column begins.
  __device__ __forceinline__ void put(T* column, T sum, T last, int m, int n) const {
    if (m >= all_rows || n >= all_columns) return;
    const T value = bias == nullptr ? sum : sum + last;
    if (m < rows) {
      column[static_cast<long long>(m) * columns] = value;
    } else {
      ones[model * columns + n] = value;
    }
  }
};

// The chunks of k that a block has. Where k is split over blocks, totals is where the total of the first of them goes;
// that of the next goes step numbers on. Each is a matrix of all_rows x all_columns. Else totals is null, the block has
// all chunks and adds their totals itself.
template <typename T>
struct Chunks {
  int first, end;
  T* totals;
  int step;

  __device__ __forceinline__ void put(const Operands<T>& of, int chunk, T total, int m, int n) const {
    if (m < of.all_rows && n < of.all_columns) totals[(chunk - first) * step + m * of.all_columns + n] = total;
  }
};

// What of a launch a block has: the chunks of a tile, whose first output is (m, n), of one product.
template <typename T, int kM, int kN>
struct Block {
  Operands<T> of;
  Chunks<T> chunks;
  int m, n;

  // totals, first, end and splits: null, 0, 0 and 1, or where k is split the totals of the chunks first to end - 1 of
  // all products, over splits blocks, each of which has a chunk for each of its warps.
  __device__ __forceinline__ Block(const T* left, long long left_stride, const T* right, const T* bias, T* out, T* ones,
                                   int rows, int columns, int depth, int joined, int right_k, int right_n, T* totals,
                                   int first, int end, int splits) {
    const int all_rows = rows + (ones == nullptr ? 0 : 1);
    const int all_columns = columns * joined;
    const int tiles_m = (all_rows + kM - 1) / kM;
    const int tiles_n = (all_columns + kN - 1) / kN;
    const int tile = blockIdx.x / splits;
    n = tile % tiles_n * kN;
    m = tile / tiles_n % tiles_m * kM;
    const int model = tile / tiles_n / tiles_m;
    of = {left + model * left_stride, right,   bias,    out,  ones, rows, columns, depth, all_rows, all_columns,
          right_k,                    right_n, model};
    if (totals == nullptr) {
      chunks = {0, (depth + exact::kProductChunk - 1) / exact::kProductChunk, nullptr, 0};
    } else {
      const int warps = blockDim.x / 32;
      const int from = blockIdx.x % splits * warps;
      const int matrix = all_rows * all_columns;
      const int step = gridDim.x / splits / tiles_n / tiles_m * matrix;
      chunks = {first + from, min(first + from + warps, end), totals + from * step + model * matrix, step};
    }
  }
};
