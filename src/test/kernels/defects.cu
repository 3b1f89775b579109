// nvcc -fmad=false -lineinfo
// Kernels with one mistake each, and beside each the same without it, for PlantedDefectsTest. The test finds the lines
// that a message may name by the word that marks them. Unless a kernel says otherwise, x and y have n = 100 elements
// and the launch is 2 blocks of 64.

namespace {

constexpr unsigned kAll = 0xffffffffu;

__device__ int global_thread() { return static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); }

}  // namespace

// ---- Where memory ends

extern "C" __global__ void end_write(const int* x, int* y, int n) {
  const int i = global_thread();
  if (i <= n) y[i] = i;  // DEFECT
}

extern "C" __global__ void end_write_right(const int* x, int* y, int n) {
  const int i = global_thread();
  if (i < n) y[i] = i;
}

extern "C" __global__ void end_read(const int* x, int* y, int n) {
  const int i = global_thread();
  if (i < n) y[i] = x[i + 1];  // DEFECT
}

extern "C" __global__ void end_read_right(const int* x, int* y, int n) {
  const int i = global_thread();
  if (i < n) y[i] = i + 1 < n ? x[i + 1] : 0;
}

extern "C" __global__ void negative_index(const int* x, int* y, int n) {
  const int i = global_thread();
  if (i < n) y[i] = x[i - 1];  // DEFECT
}

extern "C" __global__ void negative_index_right(const int* x, int* y, int n) {
  const int i = global_thread();
  if (i < n) y[i] = i > 0 ? x[i - 1] : 0;
}

// The mistake is the caller's: x is freed, or null.
extern "C" __global__ void copy(const int* x, int* y, int n) {
  const int i = global_thread();
  if (i < n) y[i] = x[i];  // DEFECT
}

// n floats, 16 bytes at a time, from the second on.
extern "C" __global__ void vector_offset(const float* x, float* y, int n) {
  const int i = global_thread();
  if (4 * i + 8 <= n) reinterpret_cast<float4*>(y)[i] = reinterpret_cast<const float4*>(x + 1)[i];  // DEFECT
}

extern "C" __global__ void vector_offset_right(const float* x, float* y, int n) {
  const int i = global_thread();
  if (4 * i + 8 <= n) reinterpret_cast<float4*>(y)[i] = reinterpret_cast<const float4*>(x + 4)[i];
}

extern "C" __global__ void shared_end(const int* x, int* y, int n) {
  __shared__ int s[64];
  s[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  if (blockIdx.x == 0) y[threadIdx.x] = s[threadIdx.x + 1];  // DEFECT
}

extern "C" __global__ void shared_end_right(const int* x, int* y, int n) {
  __shared__ int s[64];
  s[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  if (blockIdx.x == 0) y[threadIdx.x] = s[(threadIdx.x + 1) % 64];
}

// The mistake is the caller's, who gives half of blockDim.x numbers.
extern "C" __global__ void dynamic_shared(const int* x, int* y, int n) {
  extern __shared__ int given[];
  given[threadIdx.x] = x[threadIdx.x];  // DEFECT
  __syncthreads();
  if (blockIdx.x == 0) y[threadIdx.x] = given[63 - threadIdx.x];
}

extern "C" __global__ void shared_misaligned(const int* x, int* y, int n) {
  __shared__ __align__(8) int s[130];
  s[2 * threadIdx.x + 1] = x[threadIdx.x];
  *reinterpret_cast<long long*>(&s[2 * threadIdx.x + 1]) = n;  // DEFECT
  if (blockIdx.x == 0) y[threadIdx.x] = s[2 * threadIdx.x + 1];
}

extern "C" __global__ void shared_misaligned_right(const int* x, int* y, int n) {
  __shared__ __align__(8) int s[130];
  s[2 * threadIdx.x + 1] = x[threadIdx.x];
  *reinterpret_cast<long long*>(&s[2 * threadIdx.x]) = n;
  if (blockIdx.x == 0) y[threadIdx.x] = s[2 * threadIdx.x + 1];
}

// x holds 0 to n - 1.
extern "C" __global__ void stack_end(const int* x, int* y, int n) {
  const int i = global_thread();
  int count[10] = {};
  for (int k = 0; k < n; ++k) ++count[(i + x[k]) % 11];  // DEFECT
  if (i < n) y[i] = count[i % 10];
}

extern "C" __global__ void stack_end_right(const int* x, int* y, int n) {
  const int i = global_thread();
  int count[10] = {};
  for (int k = 0; k < n; ++k) ++count[(i + x[k]) % 10];
  if (i < n) y[i] = count[i % 10];
}

// ---- What was never written

extern "C" __global__ void stack_unwritten(const int* x, int* y, int n) {
  const int i = global_thread();
  int a[8];
  for (int k = 0; k < 4; ++k) a[(x[k] + i) % 8] = k;
  if (i < n) y[i] = a[(x[4] + i) % 8];  // DEFECT
}

extern "C" __global__ void stack_unwritten_right(const int* x, int* y, int n) {
  const int i = global_thread();
  int a[8];
  for (int k = 0; k < 4; ++k) a[(x[k] + i) % 8] = k;
  if (i < n) y[i] = a[(x[3] + i) % 8];
}

extern "C" __global__ void shared_unwritten(const int* x, int* y, int n) {
  __shared__ int sum;
  atomicAdd(&sum, x[threadIdx.x]);  // DEFECT
  __syncthreads();
  if (threadIdx.x == 0) y[blockIdx.x] = sum;
}

extern "C" __global__ void shared_unwritten_right(const int* x, int* y, int n) {
  __shared__ int sum;
  if (threadIdx.x == 0) sum = 0;
  __syncthreads();
  atomicAdd(&sum, x[threadIdx.x]);
  __syncthreads();
  if (threadIdx.x == 0) y[blockIdx.x] = sum;
}

// y comes as cuMemAlloc gives it.
extern "C" __global__ void global_unwritten(const int* x, int* y, int n) {
  const int i = global_thread();
  if (i < n) y[i] += x[i];  // DEFECT
}

extern "C" __global__ void global_unwritten_right(const int* x, int* y, int n) {
  const int i = global_thread();
  if (i < n) y[i] = x[i];
}

// ---- Barriers

extern "C" __global__ void barrier_missing(const int* x, int* y, int n) {
  __shared__ int s[64];
  s[threadIdx.x] = 0;
  __syncthreads();
  s[threadIdx.x] = x[threadIdx.x];                          // DEFECT
  if (blockIdx.x == 0) y[threadIdx.x] = s[63 - threadIdx.x];  // DEFECT
}

extern "C" __global__ void barrier_missing_right(const int* x, int* y, int n) {
  __shared__ int s[64];
  s[threadIdx.x] = 0;
  __syncthreads();
  s[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  if (blockIdx.x == 0) y[threadIdx.x] = s[63 - threadIdx.x];
}

extern "C" __global__ void barrier_in_branch(const int* x, int* y, int n) {
  __shared__ int s[64];
  int value = x[threadIdx.x];
  s[threadIdx.x] = value;
  if (threadIdx.x < 16) {
    __syncthreads();  // DEFECT
    value += s[threadIdx.x + 16];
  }
  __syncthreads();  // DEFECT
  s[threadIdx.x] = value;
  if (blockIdx.x == 0) y[threadIdx.x] = s[threadIdx.x];
}

extern "C" __global__ void barrier_in_branch_right(const int* x, int* y, int n) {
  __shared__ int s[64];
  int value = x[threadIdx.x];
  s[threadIdx.x] = value;
  __syncthreads();
  if (threadIdx.x < 16) {
    value += s[threadIdx.x + 16];
  }
  __syncthreads();
  s[threadIdx.x] = value;
  if (blockIdx.x == 0) y[threadIdx.x] = s[threadIdx.x];
}

// The second warp of the second block has nothing to do: i >= n - 4 = 96.
extern "C" __global__ void barrier_skipped(const int* x, int* y, int n) {
  __shared__ int s[64];
  const int i = global_thread();
  if (i >= n - 4) return;
  s[threadIdx.x] = x[i];
  __syncthreads();  // DEFECT
  y[i] = s[threadIdx.x ^ 1];
}

extern "C" __global__ void barrier_skipped_right(const int* x, int* y, int n) {
  __shared__ int s[64];
  const int i = global_thread();
  if (i < n - 4) s[threadIdx.x] = x[i];
  __syncthreads();
  if (i < n - 4) y[i] = s[threadIdx.x ^ 1];
}

// The warps go round the loop once and twice.
extern "C" __global__ void barrier_in_loop(const int* x, int* y, int n) {
  __shared__ int s[64];
  s[threadIdx.x] = x[threadIdx.x];
  int sum = 0;
#pragma unroll 1
  for (unsigned k = 0; k <= threadIdx.x / 32; ++k) {
    __syncthreads();  // DEFECT
    sum += s[(threadIdx.x + 32 * k) % 64];
  }
  if (blockIdx.x == 0) y[threadIdx.x] = sum;
}

extern "C" __global__ void barrier_in_loop_right(const int* x, int* y, int n) {
  __shared__ int s[64];
  s[threadIdx.x] = x[threadIdx.x];
  int sum = 0;
#pragma unroll 1
  for (unsigned k = 0; k <= 1; ++k) {
    __syncthreads();
    if (k <= threadIdx.x / 32) sum += s[(threadIdx.x + 32 * k) % 64];
  }
  if (blockIdx.x == 0) y[threadIdx.x] = sum;
}

// ---- Races in a block

extern "C" __global__ void histogram_shared(const int* x, int* y, int n) {
  __shared__ int counts[4];
  if (threadIdx.x < 4) counts[threadIdx.x] = 0;
  __syncthreads();
  counts[x[threadIdx.x] % 4] += 1;  // DEFECT
  __syncthreads();
  if (threadIdx.x < 4) y[4 * blockIdx.x + threadIdx.x] = counts[threadIdx.x];
}

extern "C" __global__ void histogram_shared_right(const int* x, int* y, int n) {
  __shared__ int counts[4];
  if (threadIdx.x < 4) counts[threadIdx.x] = 0;
  __syncthreads();
  atomicAdd(&counts[x[threadIdx.x] % 4], 1);
  __syncthreads();
  if (threadIdx.x < 4) y[4 * blockIdx.x + threadIdx.x] = counts[threadIdx.x];
}

// The sum of a warp's numbers; the launch is one warp.
extern "C" __global__ void warp_unsynchronised(const int* x, int* y, int n) {
  __shared__ int s[32];
  s[threadIdx.x] = x[threadIdx.x];
  __syncwarp();
  for (unsigned stride = 16; stride > 0; stride /= 2) {
    if (threadIdx.x < stride) s[threadIdx.x] += s[threadIdx.x + stride];  // DEFECT
  }
  if (threadIdx.x == 0) y[0] = s[0];
}

extern "C" __global__ void warp_unsynchronised_right(const int* x, int* y, int n) {
  __shared__ int s[32];
  s[threadIdx.x] = x[threadIdx.x];
  __syncwarp();
  for (unsigned stride = 16; stride > 0; stride /= 2) {
    if (threadIdx.x < stride) s[threadIdx.x] += s[threadIdx.x + stride];
    __syncwarp();
  }
  if (threadIdx.x == 0) y[0] = s[0];
}

// Every number moves to its neighbour: each thread reads before it writes, but not before its neighbour does.
extern "C" __global__ void write_after_read(const int* x, int* y, int n) {
  __shared__ int s[64];
  s[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  const int left = s[(threadIdx.x + 63) % 64];  // DEFECT
  s[threadIdx.x] = left;                        // DEFECT
  __syncthreads();
  if (blockIdx.x == 0) y[threadIdx.x] = s[threadIdx.x ^ 1];
}

extern "C" __global__ void write_after_read_right(const int* x, int* y, int n) {
  __shared__ int s[64];
  s[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  const int left = s[(threadIdx.x + 63) % 64];
  __syncthreads();
  s[threadIdx.x] = left;
  __syncthreads();
  if (blockIdx.x == 0) y[threadIdx.x] = s[threadIdx.x ^ 1];
}

// Two buffers that take turns need one barrier each time.
extern "C" __global__ void double_buffer(const int* x, int* y, int n) {
  __shared__ int buffer[2][64];
  buffer[0][threadIdx.x] = buffer[1][threadIdx.x] = 0;
  __syncthreads();
  int sum = 0;
#pragma unroll 1
  for (int k = 0; k < 6; ++k) {
    buffer[k % 2][threadIdx.x] = x[threadIdx.x] + k;  // DEFECT
    if (k != 3) __syncthreads();
    sum += buffer[k % 2][63 - threadIdx.x];  // DEFECT
  }
  if (blockIdx.x == 0) y[threadIdx.x] = sum;
}

extern "C" __global__ void double_buffer_right(const int* x, int* y, int n) {
  __shared__ int buffer[2][64];
  buffer[0][threadIdx.x] = buffer[1][threadIdx.x] = 0;
  __syncthreads();
  int sum = 0;
#pragma unroll 1
  for (int k = 0; k < 6; ++k) {
    buffer[k % 2][threadIdx.x] = x[threadIdx.x] + k;
    __syncthreads();
    sum += buffer[k % 2][63 - threadIdx.x];
  }
  if (blockIdx.x == 0) y[threadIdx.x] = sum;
}

extern "C" __global__ void atomic_and_plain(const int* x, int* y, int n) {
  __shared__ int sum;
  if (threadIdx.x == 0) sum = 0;
  __syncthreads();
  atomicAdd(&sum, x[threadIdx.x]);       // DEFECT
  if (threadIdx.x == 0) y[blockIdx.x] = sum;  // DEFECT
}

extern "C" __global__ void atomic_and_plain_right(const int* x, int* y, int n) {
  __shared__ int sum;
  if (threadIdx.x == 0) sum = 0;
  __syncthreads();
  atomicAdd(&sum, x[threadIdx.x]);
  __syncthreads();
  if (threadIdx.x == 0) y[blockIdx.x] = sum;
}

// ---- Races between blocks

extern "C" __global__ void histogram_global(const int* x, int* y, int n) {
  const int i = global_thread();
  if (i < n) y[x[i] % 4] += 1;  // DEFECT
}

extern "C" __global__ void histogram_global_right(const int* x, int* y, int n) {
  const int i = global_thread();
  if (i < n) atomicAdd(&y[x[i] % 4], 1);
}

extern "C" __global__ void same_place(const int* x, int* y, int n) {
  y[threadIdx.x] = x[threadIdx.x] + static_cast<int>(blockIdx.x);  // DEFECT
}

extern "C" __global__ void same_place_right(const int* x, int* y, int n) {
  if (blockIdx.x == 0) y[threadIdx.x] = x[threadIdx.x] + static_cast<int>(blockIdx.x);
}

// y[0] and y[1] are sums of blocks, y[2] counts the blocks that are done, y[3] is the sum of all.
extern "C" __global__ void fence_missing(const int* x, int* y, int n) {
  if (threadIdx.x != 0) return;
  y[blockIdx.x] = x[blockIdx.x];  // DEFECT
  if (atomicAdd(&y[2], 1) == 1) {
    y[3] = y[0] + y[1];  // DEFECT
  }
}

extern "C" __global__ void fence_missing_right(const int* x, int* y, int n) {
  if (threadIdx.x != 0) return;
  y[blockIdx.x] = x[blockIdx.x];
  __threadfence();
  if (atomicAdd(&y[2], 1) == 1) {
    __threadfence();
    y[3] = y[0] + y[1];
  }
}

// Each block adds to what the one before it, it hopes, has left.
extern "C" __global__ void block_before(const int* x, int* y, int n) {
  if (threadIdx.x == 0) y[blockIdx.x + 1] = y[blockIdx.x] + x[blockIdx.x];  // DEFECT
}

extern "C" __global__ void block_before_right(const int* x, int* y, int n) {
  if (threadIdx.x == 0) y[blockIdx.x + 1] = x[blockIdx.x];
}

// ---- Masks of warps

extern "C" __global__ void mask_exited(const int* x, int* y, int n) {
  if (threadIdx.x % 32 >= 16) return;
  const int other = __shfl_xor_sync(kAll, x[threadIdx.x], 1);  // DEFECT
  if (blockIdx.x == 0) y[threadIdx.x] = other;
}

extern "C" __global__ void mask_exited_right(const int* x, int* y, int n) {
  if (threadIdx.x % 32 >= 16) return;
  const int other = __shfl_xor_sync(0xffffu, x[threadIdx.x], 1);
  if (blockIdx.x == 0) y[threadIdx.x] = other;
}

extern "C" __global__ void mask_without_self(const int* x, int* y, int n) {
  const int other = __shfl_xor_sync(0xffffu, x[threadIdx.x], 1);  // DEFECT
  if (blockIdx.x == 0) y[threadIdx.x] = other;
}

extern "C" __global__ void mask_without_self_right(const int* x, int* y, int n) {
  const int other = __shfl_xor_sync(kAll, x[threadIdx.x], 1);
  if (blockIdx.x == 0) y[threadIdx.x] = other;
}

extern "C" __global__ void mask_without_source(const int* x, int* y, int n) {
  int other = 0;
  if (threadIdx.x % 32 < 16) other = __shfl_down_sync(0xffffu, x[threadIdx.x], 8);  // DEFECT
  if (blockIdx.x == 0) y[threadIdx.x] = other;
}

extern "C" __global__ void mask_without_source_right(const int* x, int* y, int n) {
  int other = 0;
  if (threadIdx.x % 32 < 16) other = __shfl_down_sync(0xffffu, x[threadIdx.x], 8, 16);
  if (blockIdx.x == 0) y[threadIdx.x] = other;
}

extern "C" __global__ void mask_at_barrier(const int* x, int* y, int n) {
  __shared__ unsigned odd;
  if (threadIdx.x == 0) odd = 0;
  __syncthreads();
  if (threadIdx.x < 16) {
    const unsigned ballot = __ballot_sync(kAll, x[threadIdx.x] % 2 != 0);  // DEFECT
    if (threadIdx.x == 0) odd = ballot;
  }
  __syncthreads();
  if (blockIdx.x == 0) y[threadIdx.x] = static_cast<int>(odd);
}

extern "C" __global__ void mask_at_barrier_right(const int* x, int* y, int n) {
  __shared__ unsigned odd;
  if (threadIdx.x == 0) odd = 0;
  __syncthreads();
  if (threadIdx.x < 16) {
    const unsigned ballot = __ballot_sync(0xffffu, x[threadIdx.x] % 2 != 0);
    if (threadIdx.x == 0) odd = ballot;
  }
  __syncthreads();
  if (blockIdx.x == 0) y[threadIdx.x] = static_cast<int>(odd);
}

// ---- Too much

// A list without end: x[i] = i.
extern "C" __global__ void endless(const int* x, int* y, int n) {
  int i = n - 1, steps = 0;
  do {
    i = x[i];  // DEFECT
    ++steps;
  } while (i != 0);
  if (threadIdx.x == 0) y[blockIdx.x] = steps;
}

extern "C" __global__ void endless_right(const int* x, int* y, int n) {
  int i = n - 1, steps = 0;
  do {
    i = x[i];
    ++steps;
  } while (i != 0 && steps < n);
  if (threadIdx.x == 0) y[blockIdx.x] = steps;
}

// The mistakes are the caller's: more threads than the bound, and launches that no device takes.
extern "C" __global__ void __launch_bounds__(64) bounded(const int* x, int* y, int n) {
  __shared__ int s[64];
  s[threadIdx.x] = x[threadIdx.x];
  if (blockIdx.x == 0) y[threadIdx.x] = s[threadIdx.x];
}
