// Rows of which only some elements are stored, as left operands of products. ranges[2 * r] .. ranges[2 * r + 1] - 1 are
// the places of row r's elements in `at`, the column of each, ascending within a row, and in `values`. The order of a
// sum is that of a dense product (src/docs/numerics.md, "Products of matrices"); what is not stored is left out.
#include "exact.cuh"
#include "steps.cuh"

constexpr int kWarps = 4;       // of a block of the transposed product
constexpr int kWarpTile = 512;  // elements of the output that a warp has
constexpr int kMostColumns = 32;

// out[b] = the range of row order[first + b]; y[b] = its label. first is an integer cell of the step table.
// Launch: one thread a row.
extern "C" __global__ void __launch_bounds__(256)
    gather_ranges(const int* ranges, const int* labels, const int* order, int rows, int* out, int* y,
                  const long long* cells, int columns, int column, const StepState* step) {
  const int b = blockIdx.x * blockDim.x + threadIdx.x;
  if (b >= rows) return;
  const long long first = cell<long long>(cells, step->batch, columns, column);
  const long long row = order[first + b];
  out[2 * b] = ranges[2 * row];
  out[2 * b + 1] = ranges[2 * row + 1];
  y[b] = labels[row];
}

// out[m] = left . right[m] + bias[m]; right [models x depth x columns], out [models x rows x columns], bias
// [models x columns] or null. Launch: one thread an element of out.
template <typename T>
__device__ __forceinline__ void multiply(const int* ranges, const int* at, const T* values, const T* right,
                                         const T* bias, T* out, int models, int rows, int columns, int depth) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;  // all sizes fit an int, that of out too
  if (i >= static_cast<unsigned>(models * rows * columns)) return;
  const int column = static_cast<int>(i % columns);
  const int row = static_cast<int>(i / columns % rows);
  const long long model = i / columns / rows;
  const T* own = right + model * depth * columns + column;
  const int to = ranges[2 * row + 1];
  T sum = 0;
  T total = 0;
  int chunk = 0;
#pragma unroll 4
  for (int k = ranges[2 * row]; k < to; k++) {
    const int j = at[k];
    if (j / exact::kProductChunk != chunk) {
      sum += total;
      total = 0;
      chunk = j / exact::kProductChunk;
    }
    total = fma(values[k], own[static_cast<long long>(j) * columns], total);
  }
  sum += total;
  out[i] = bias == nullptr ? sum : sum + bias[model * columns + column];
}

// The first place in [from, to) of a column that is at least `column`; `to` where there is none.
__device__ __forceinline__ int lower_bound(const int* at, int from, int to, int column) {
  while (from < to) {
    const int middle = from + (to - from) / 2;
    if (at[middle] < column) {
      from = middle + 1;
    } else {
      to = middle;
    }
  }
  return from;
}

// out[m] = the transpose of left . right[m]; right [models x rows x columns], out [models x width x columns].
// Launch: one warp for a tile of `tile_width` x min(columns, kMostColumns) elements of out. Each lane looks up where
// the tile's elements lie in a row of its own; then all lanes add those of one row after the other that has some.
template <typename T>
__device__ __forceinline__ void multiply_transposed(const int* ranges, const int* at, const T* values, const T* right,
                                                    T* out, int models, int width, int columns, int rows,
                                                    int tile_width) {
  __shared__ T shared[kWarps][2][kWarpTile];
  if (out == nullptr) return;
  const int most = columns < kMostColumns ? columns : kMostColumns;
  const int across = (columns + most - 1) / most;
  const int down = (width + tile_width - 1) / tile_width;
  const unsigned tile = blockIdx.x * kWarps + threadIdx.x / exact::kLanes;
  if (tile >= static_cast<unsigned>(models * down * across)) return;
  const int first_column = static_cast<int>(tile % across) * most;
  const int first = static_cast<int>(tile / across % down) * tile_width;
  const long long model = tile / across / down;
  const int end = width - first < tile_width ? width : first + tile_width;
  const int n = columns - first_column < most ? columns - first_column : most;
  const int lane = exact::lane();
  right += model * rows * columns + first_column;
  out += (model * width + first) * columns + first_column;
  T* sums = shared[threadIdx.x / exact::kLanes][0];
  T* totals = shared[threadIdx.x / exact::kLanes][1];
  for (int i = lane; i < kWarpTile; i += exact::kLanes) sums[i] = totals[i] = 0;
  __syncwarp();

  for (int chunk = 0; chunk < rows; chunk += exact::kProductChunk) {
    const int chunk_end = rows - chunk < exact::kProductChunk ? rows : chunk + exact::kProductChunk;
    for (int group = chunk; group < chunk_end; group += exact::kLanes) {
      int from = 0;
      int elements = 0;  // of the tile in this lane's row, times n
      if (group + lane < chunk_end) {
        const int row_end = ranges[2 * (group + lane) + 1];
        from = lower_bound(at, ranges[2 * (group + lane)], row_end, first);
        const int to = row_end - from < end - first ? row_end : from + end - first;
        elements = (lower_bound(at, from, to, end) - from) * n;
      }
      for (unsigned left = __ballot_sync(exact::kAllLanes, elements != 0); left != 0; left &= left - 1) {
        const int row = 31 - __clz(left & -left);  // the first that is left
        const int begin = __shfl_sync(exact::kAllLanes, from, row);
        const int count = __shfl_sync(exact::kAllLanes, elements, row);
        const T* own = right + static_cast<long long>(group + row) * columns;
        for (int i = lane; i < count; i += exact::kLanes) {
          const int k = begin + i / n;
          const int place = (at[k] - first) * n + i % n;
          totals[place] = fma(values[k], own[i % n], totals[place]);
        }
        __syncwarp();
      }
    }
    for (int i = lane; i < kWarpTile; i += exact::kLanes) {
      sums[i] += totals[i];
      totals[i] = 0;
    }
    __syncwarp();
  }
  for (int i = lane; i < (end - first) * n; i += exact::kLanes) {
    out[static_cast<long long>(i / n) * columns + i % n] = sums[i];
  }
}

#define THALWEG_SPARSE(suffix, T)                                                                                     \
  extern "C" __global__ void __launch_bounds__(256)                                                                   \
      sparse_multiply_##suffix(const int* ranges, const int* at, const T* values, const T* right, const T* bias,       \
                               T* out, int models, int rows, int columns, int depth) {                                \
    multiply<T>(ranges, at, values, right, bias, out, models, rows, columns, depth);                                   \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(kWarps * exact::kLanes)                                                \
      sparse_multiply_transposed_##suffix(const int* ranges, const int* at, const T* values, const T* right, T* out,   \
                                          int models, int width, int columns, int rows, int tile_width) {             \
    multiply_transposed<T>(ranges, at, values, right, out, models, width, columns, rows, tile_width);                  \
  }

THALWEG_SPARSE(f32, float)
THALWEG_SPARSE(f64, double)
