// What CUDA C++ is written like, for ProgramsTest: the patterns of textbooks, each small enough to be computed
// again in plain Java. Compiled by:  kernels/compile src/test/resources/kernels src/test/kernels

namespace {

constexpr unsigned kAll = 0xffffffffu;

__device__ int global_thread() { return static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); }

template <class T> __device__ T warp_sum(T x) {
  for (int offset = 16; offset > 0; offset /= 2) x += __shfl_down_sync(kAll, x, offset);
  return x;  // in lane 0
}

}  // namespace

// ---- reductions

// sums[w] is the sum of the 32 numbers of warp w.
extern "C" __global__ void warp_reduction(const float* x, float* sums) {
  const float sum = warp_sum(x[global_thread()]);
  if (threadIdx.x % 32 == 0) sums[global_thread() / 32] = sum;
}

// sums[b] is the sum of block b's blockDim.x numbers, those from n on being 0. blockDim.x is a power of two.
extern "C" __global__ void block_reduction(const int* x, int* sums, int n) {
  __shared__ int partial[1024];
  const int t = static_cast<int>(threadIdx.x);
  const int i = global_thread();
  partial[t] = i < n ? x[i] : 0;
  __syncthreads();
  for (int stride = static_cast<int>(blockDim.x) / 2; stride > 0; stride /= 2) {
    if (t < stride) partial[t] += partial[t + stride];
    __syncthreads();
  }
  if (t == 0) sums[blockIdx.x] = partial[0];
}

// Blocks of one warp, which needs no barrier of the block.
extern "C" __global__ void warp_synchronous(const int* x, int* sums) {
  __shared__ int partial[32];
  const int t = static_cast<int>(threadIdx.x);
  partial[t] = x[blockIdx.x * 32 + threadIdx.x];
  __syncwarp();
  for (int stride = 16; stride > 0; stride /= 2) {
    const int other = t < stride ? partial[t + stride] : 0;
    __syncwarp();
    partial[t] += other;
    __syncwarp();
  }
  if (t == 0) sums[blockIdx.x] = partial[0];
}

// The block that finishes last adds what all have left behind. `done` counts blocks; it is 0 before and after.
extern "C" __global__ void last_block_done(const int* x, int* partial, int* sum, unsigned* done, int n) {
  __shared__ int block_sum;
  __shared__ bool last;
  if (threadIdx.x == 0) block_sum = 0;
  __syncthreads();
  if (global_thread() < n) atomicAdd(&block_sum, x[global_thread()]);
  __syncthreads();
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = block_sum;
    __threadfence();
    last = atomicAdd(done, 1u) == gridDim.x - 1;
  }
  __syncthreads();
  if (!last) return;
  __threadfence();
  int total = 0;
  for (unsigned b = threadIdx.x; b < gridDim.x; b += blockDim.x) total += partial[b];
  if (threadIdx.x == 0) block_sum = 0;
  __syncthreads();
  atomicAdd(&block_sum, total);
  __syncthreads();
  if (threadIdx.x == 0) {
    *sum = block_sum;
    *done = 0;
  }
}

// ---- scan

// y[i] = x[0] + ... + x[i] within each block: by shuffles in a warp, then over the warps' sums.
extern "C" __global__ void inclusive_scan(const int* x, int* y, int n) {
  __shared__ int sums[32];
  const int lane = static_cast<int>(threadIdx.x % 32), warp = static_cast<int>(threadIdx.x / 32);
  const int i = global_thread();
  int value = i < n ? x[i] : 0;
  for (int offset = 1; offset < 32; offset *= 2) {
    const int left = __shfl_up_sync(kAll, value, offset);
    if (lane >= offset) value += left;
  }
  if (lane == 31) sums[warp] = value;
  __syncthreads();
  if (warp == 0) {
    int total = lane < static_cast<int>(blockDim.x) / 32 ? sums[lane] : 0;
    for (int offset = 1; offset < 32; offset *= 2) {
      const int left = __shfl_up_sync(kAll, total, offset);
      if (lane >= offset) total += left;
    }
    sums[lane] = total;
  }
  __syncthreads();
  if (warp > 0) value += sums[warp - 1];
  if (i < n) y[i] = value;
}

// ---- histograms

extern "C" __global__ void histogram_global(const unsigned char* x, unsigned* counts, int n) {
  for (int i = global_thread(); i < n; i += static_cast<int>(gridDim.x * blockDim.x)) atomicAdd(&counts[x[i]], 1u);
}

extern "C" __global__ void histogram_shared(const unsigned char* x, unsigned* counts, int n) {
  __shared__ unsigned local[256];
  for (unsigned c = threadIdx.x; c < 256; c += blockDim.x) local[c] = 0;
  __syncthreads();
  for (int i = global_thread(); i < n; i += static_cast<int>(gridDim.x * blockDim.x)) atomicAdd(&local[x[i]], 1u);
  __syncthreads();
  for (unsigned c = threadIdx.x; c < 256; c += blockDim.x) atomicAdd(&counts[c], local[c]);
}

// The largest number and where it stands first, by compare-and-swap; and the smallest, by atomicMin.
extern "C" __global__ void extremes(const int* x, unsigned long long* best, int* least, int n) {
  const int i = global_thread();
  if (i >= n) return;
  atomicMin(least, x[i]);
  unsigned long long seen = 0;
  const auto key = static_cast<unsigned>(x[i]) ^ 0x80000000u;  // ordered as the numbers are
  const unsigned long long mine = static_cast<unsigned long long>(key) << 32 | static_cast<unsigned>(n - i);
  while (seen < mine) {
    const unsigned long long before = atomicCAS(best, seen, mine);
    if (before == seen) break;
    seen = before;
  }
}

// ---- matrices

// The 33rd column keeps the columns of the tile in different banks. Launch: blocks of 32 x 8.
extern "C" __global__ void transpose(const float* x, float* y, int rows, int columns) {
  __shared__ float tile[32][33];
  const int column = static_cast<int>(blockIdx.x * 32 + threadIdx.x), row = static_cast<int>(blockIdx.y * 32);
  for (int r = static_cast<int>(threadIdx.y); r < 32; r += 8) {
    if (row + r < rows && column < columns) tile[r][threadIdx.x] = x[(row + r) * columns + column];
  }
  __syncthreads();
  const int y_column = row + static_cast<int>(threadIdx.x), y_row = static_cast<int>(blockIdx.x * 32);
  for (int r = static_cast<int>(threadIdx.y); r < 32; r += 8) {
    if (y_row + r < columns && y_column < rows) y[(y_row + r) * rows + y_column] = tile[threadIdx.x][r];
  }
}

// c = a b, [m x k] times [k x n]. Launch: blocks of 16 x 16.
extern "C" __global__ void tiled_product(const float* a, const float* b, float* c, int m, int k, int n) {
  __shared__ float tile_a[16][16], tile_b[16][16];
  const int row = static_cast<int>(blockIdx.y * 16 + threadIdx.y);
  const int column = static_cast<int>(blockIdx.x * 16 + threadIdx.x);
  float sum = 0;
  for (int first = 0; first < k; first += 16) {
    const int a_column = first + static_cast<int>(threadIdx.x), b_row = first + static_cast<int>(threadIdx.y);
    tile_a[threadIdx.y][threadIdx.x] = row < m && a_column < k ? a[row * k + a_column] : 0;
    tile_b[threadIdx.y][threadIdx.x] = b_row < k && column < n ? b[b_row * n + column] : 0;
    __syncthreads();
    for (int i = 0; i < 16; ++i) sum = fmaf(tile_a[threadIdx.y][i], tile_b[i][threadIdx.x], sum);
    __syncthreads();
  }
  if (row < m && column < n) c[row * n + column] = sum;
}

// ---- sorting

// Sorts the block's 2 * blockDim.x keys, a power of two, in dynamic shared memory.
extern "C" __global__ void bitonic_sort(int* x) {
  extern __shared__ int keys[];
  const unsigned n = 2 * blockDim.x, t = threadIdx.x;
  x += blockIdx.x * n;
  keys[t] = x[t];
  keys[t + blockDim.x] = x[t + blockDim.x];
  for (unsigned size = 2; size <= n; size *= 2) {
    for (unsigned stride = size / 2; stride > 0; stride /= 2) {
      __syncthreads();
      const unsigned i = 2 * t - (t & (stride - 1));
      const bool ascending = (i & size) == 0;
      const int a = keys[i], b = keys[i + stride];
      if ((a > b) == ascending) {
        keys[i] = b;
        keys[i + stride] = a;
      }
    }
  }
  __syncthreads();
  x[t] = keys[t];
  x[t + blockDim.x] = keys[t + blockDim.x];
}

// Static and dynamic shared memory side by side: y is x reversed in each block, plus blockDim.x.
extern "C" __global__ void reverse(const double* x, double* y) {
  extern __shared__ double reversed[];
  __shared__ float size;
  if (threadIdx.x == 0) size = static_cast<float>(blockDim.x);
  reversed[blockDim.x - 1 - threadIdx.x] = x[global_thread()];
  __syncthreads();
  y[global_thread()] = reversed[threadIdx.x] + size;
}

// ---- control flow

// extern "C" for their names: those of an unnamed namespace would carry a hash of this file's place.
extern "C" __device__ __noinline__ int digits(int x, int base) {
  int n = 0;
  do {
    x /= base;
    ++n;
  } while (x != 0);
  return n;
}

extern "C" __device__ __noinline__ double mix(double x, float y, long long z) {
  if (z < 0) return x - y;
  return x + y * static_cast<double>(digits(static_cast<int>(z), 7));
}

extern "C" __global__ void not_inlined(const int* x, double* y, int n) {
  const int i = global_thread();
  if (i >= n) return;
  y[i] = mix(x[i] * 0.5, static_cast<float>(digits(x[i], 10)), x[i]);
}

// A machine with a program in memory: opcode in the low byte, operand above.
extern "C" __global__ void interpreter(const int* program, int length, const int* x, int* y, int n) {
  const int i = global_thread();
  if (i >= n) return;
  int a = x[i], b = i;
  for (int pc = 0; pc < length; ++pc) {
    const int operand = program[pc] >> 8;
    switch (program[pc] & 0xff) {
      case 0: a += operand; break;
      case 1: a *= operand; break;
      case 2: b = a; break;
      case 3: a -= b; break;
      case 4: a ^= b; break;
      case 5: if (a < 0) pc += operand; break;
      case 6: a = a % 7 == 0 ? b : a; break;
      case 7: y[i] = a; return;
      case 8: a = __popc(static_cast<unsigned>(a)); break;
      case 9: b = __clz(a); break;
      case 10: a = max(a, b); break;
      default: a = -1;
    }
  }
  y[i] = a;
}

// Steps of 3x+1 until 1, at most `limit`; -1 where that is not enough. Every lane leaves when it likes.
extern "C" __global__ void collatz(const unsigned* x, int* steps, int n, int limit) {
  const int i = global_thread();
  if (i >= n) return;
  unsigned v = x[i];
  if (v == 0) {
    steps[i] = -2;
    return;
  }
  int count = 0;
  while (v != 1) {
    if (count == limit) {
      count = -1;
      break;
    }
    if (v % 2 == 0) {
      v /= 2;
      ++count;
      continue;
    }
    v = 3 * v + 1;
    ++count;
  }
  steps[i] = count;
}

// y[i] = x[i] with its decimal digits sorted: an array that is indexed at run time.
extern "C" __global__ void sorted_digits(const unsigned* x, unsigned* y, int n) {
  const int i = global_thread();
  if (i >= n) return;
  unsigned count[10] = {};
  for (unsigned v = x[i]; v != 0; v /= 10) ++count[v % 10];
  unsigned sorted = 0;
  for (unsigned d = 1; d < 10; ++d) {
    for (unsigned k = 0; k < count[d]; ++k) sorted = 10 * sorted + d;
  }
  y[i] = sorted;
}

// ---- shuffles within segments, and votes

// Eight results a thread: each mode in segments of 8 and of 16.
extern "C" __global__ void segments(const int* x, const int* by, int* y) {
  const int i = global_thread();
  const int n = static_cast<int>(gridDim.x * blockDim.x);
  const int a = x[i], b = by[i];
  y[0 * n + i] = __shfl_sync(kAll, a, b, 8);
  y[1 * n + i] = __shfl_up_sync(kAll, a, static_cast<unsigned>(b), 8);
  y[2 * n + i] = __shfl_down_sync(kAll, a, static_cast<unsigned>(b), 8);
  y[3 * n + i] = __shfl_xor_sync(kAll, a, b, 8);
  y[4 * n + i] = __shfl_sync(kAll, a, b, 16);
  y[5 * n + i] = __shfl_up_sync(kAll, a, static_cast<unsigned>(b), 16);
  y[6 * n + i] = __shfl_down_sync(kAll, a, static_cast<unsigned>(b), 16);
  y[7 * n + i] = __shfl_xor_sync(kAll, a, b, 16);
}

// shfl's second result, which no intrinsic gives: whether the source lane was inside; shfl without it, which nvcc
// never writes. And the upper half alone.
extern "C" __global__ void inside(const int* x, int* y) {
  const int i = global_thread();
  const int n = static_cast<int>(gridDim.x * blockDim.x);
  int value, in;
  // 6144 = 0x1800: segments of 8
  asm volatile("{ .reg .pred p; shfl.sync.up.b32 %0|p, %2, 3, 6144, -1; selp.b32 %1, 1, 0, p; }"
               : "=r"(value), "=r"(in) : "r"(x[i]));
  y[i] = in != 0 ? value : -1;
  asm volatile("{ .reg .pred p; shfl.sync.down.b32 %0|p, %2, 3, 6151, -1; selp.b32 %1, 1, 0, p; }"
               : "=r"(value), "=r"(in) : "r"(x[i]));
  y[n + i] = in != 0 ? value : -1;
  asm volatile("shfl.sync.idx.b32 %0, %1, 5, 6151, -1;" : "=r"(value) : "r"(x[i]));
  y[2 * n + i] = value;
  y[3 * n + i] = 0;
  if (threadIdx.x % 32 >= 16) y[3 * n + i] = __shfl_xor_sync(0xffff0000u, x[i], 5);
}

// How many of the warp's numbers are odd, whether any is 0, whether all are positive, the odd lanes' mask; and the
// place of an odd number among the odd ones.
extern "C" __global__ void votes(const int* x, int* y) {
  const int i = global_thread();
  const int n = static_cast<int>(gridDim.x * blockDim.x);
  const int v = x[i];
  const unsigned odd = __ballot_sync(kAll, v % 2 != 0);
  y[i] = __popc(odd);
  y[n + i] = __any_sync(kAll, v == 0) ? 1 : 0;
  y[2 * n + i] = __all_sync(kAll, v > 0) ? 1 : 0;
  y[3 * n + i] = static_cast<int>(odd);
  y[4 * n + i] = -1;
  if (v % 2 != 0) y[4 * n + i] = __popc(__activemask() & ((1u << threadIdx.x % 32) - 1));
}
