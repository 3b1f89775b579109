// Products of the rows' Hessians, those of the losses with respect to the scores, with a direction. The twins are the
// hessianRow of org.thalweg.loss.
#include "exact.cuh"

constexpr int kMaxWarps = 16;

// One lane's elements of one chunk of a row: lane, lane + 32, .. up to n.
template <typename T>
class Lane {
 public:
  __device__ __forceinline__ void load(const T* chunk, int n) {
    chunk_ = chunk;
    n_ = n;
  }

  // body(j, x[j]) for each element, ascending.
  template <typename Body>
  __device__ __forceinline__ void for_each(Body body) const {
    for (int j = exact::lane(); j < n_; j += 32) body(j, chunk_[j]);
  }

 private:
  const T* chunk_;
  int n_;
};

template <typename T>
__device__ __forceinline__ T warp_max(T x) {
#pragma unroll
  for (int other = 16; other > 0; other /= 2) x = fmax(x, __shfl_xor_sync(exact::kAllLanes, x, other));
  return x;
}

// What exp(x_j - largest) is divided by in a row of scores.
template <typename T>
struct Normaliser {
  T largest;
  T sum;
};

// That of a row, by the whole block, as in losses.cu.
template <typename T>
__device__ __forceinline__ Normaliser<T> normalise(const T* x, int classes) {
  extern __shared__ __align__(16) unsigned char shared[];
  const T kLowest = -static_cast<T>(INFINITY);
  const int lane = threadIdx.x % 32;
  const int warp = threadIdx.x / 32;
  const int warps = blockDim.x / 32;
  const int chunks = (classes + exact::kChunk - 1) / exact::kChunk;
  T* const chunk_max = reinterpret_cast<T*>(shared);
  T* const chunk_sum = chunk_max + chunks;
  Lane<T> mine;
  for (int chunk = warp; chunk < chunks; chunk += warps) {
    const int start = chunk * exact::kChunk;
    mine.load(x + start, min(classes - start, exact::kChunk));
    T largest = kLowest;
    mine.for_each([&](int, T score) { largest = fmax(largest, score); });
    largest = warp_max(largest);
    const T shift = largest > kLowest ? largest : 0;
    T sum = 0;
    mine.for_each([&](int, T score) { sum += exact::exp(score - shift); });
    sum = exact::butterfly(sum);
    if (lane == 0) {
      chunk_max[chunk] = largest;
      chunk_sum[chunk] = sum;
    }
  }
  __syncthreads();

  // Every warp puts the chunks together for itself, in the same order.
  T largest = chunk_max[0];
  if (chunks == 1) return {largest, chunk_sum[0]};
  for (int chunk = lane; chunk < chunks; chunk += 32) largest = fmax(largest, chunk_max[chunk]);
  largest = warp_max(largest);
  for (int chunk = threadIdx.x; chunk < chunks; chunk += blockDim.x) {
    chunk_sum[chunk] *= exact::exp(chunk_max[chunk] - largest);
  }
  __syncthreads();
  return {largest, exact::chunk_sum<T>(chunks, [=](int chunk) { return chunk_sum[chunk]; })};
}

// Softmax cross-entropy's Hessian times u, for each row: out_j = p_j * (u_j - p.u) * scale, where p_j = exp(x_j - M)/S
// and p.u is a canonical sum. The label is in none of it. out may be u.
// labels and launch: as losses.cu's.
template <typename T>
__device__ __forceinline__ void softmax_hessian(const T* scores, const int*, int, int classes, T scale,
                                                const T* direction, T* out) {
  if (scores == nullptr) return;
  extern __shared__ __align__(16) unsigned char shared[];
  const int warp = threadIdx.x / 32;
  const int warps = blockDim.x / 32;
  const int chunks = (classes + exact::kChunk - 1) / exact::kChunk;
  T* const chunk_dot = reinterpret_cast<T*>(shared);
  const long long row = blockIdx.x;
  const T* x = scores + row * classes;
  const T* u = direction + row * classes;
  T* r = out + row * classes;

  Lane<T> mine;
  const Normaliser<T> of = normalise(x, classes);
  __syncthreads();  // all have read what is in the place of the chunks' products
  for (int chunk = warp; chunk < chunks; chunk += warps) {
    const int start = chunk * exact::kChunk;
    mine.load(x + start, min(classes - start, exact::kChunk));
    T sum = 0;
    mine.for_each([&](int j, T score) { sum += exact::exp(score - of.largest) / of.sum * u[start + j]; });
    sum = exact::butterfly(sum);
    if (threadIdx.x % 32 == 0) chunk_dot[chunk] = sum;
  }
  __syncthreads();
  const T mean = exact::chunk_sum<T>(chunks, [=](int chunk) { return chunk_dot[chunk]; });
  for (int chunk = warp; chunk < chunks; chunk += warps) {
    const int start = chunk * exact::kChunk;
    mine.load(x + start, min(classes - start, exact::kChunk));
    mine.for_each([&](int j, T score) {
      r[start + j] = exact::exp(score - of.largest) / of.sum * (u[start + j] - mean) * scale;
    });
  }
}

// Squared hinge's Hessian times u, for each row: out_j = c_j * scale with c_j = 2 (u_j - u_y) where the margin m_j > 0,
// else 0, at the kink too; for the label minus the sum of the others'. A NaN margin stays NaN. out may be u. Labels and
// launch: as losses.cu's.
template <typename T>
__device__ __forceinline__ void squared_hinge_hessian(const T* scores, const int* labels, int label_rows, int classes,
                                                      T scale, const T* direction, T* out) {
  if (scores == nullptr) return;
  extern __shared__ __align__(16) unsigned char shared[];
  const int warp = threadIdx.x / 32;
  const int warps = blockDim.x / 32;
  const int chunks = (classes + exact::kChunk - 1) / exact::kChunk;
  T* const chunk_curve = reinterpret_cast<T*>(shared);
  const long long row = blockIdx.x;
  const T* x = scores + row * classes;
  const T* u = direction + row * classes;
  T* r = out + row * classes;
  const int label = labels[row % label_rows];
  const bool valid = label >= 0 && label < classes;
  const T label_score = valid ? x[label] : static_cast<T>(NAN);
  const T label_direction = valid ? u[label] : static_cast<T>(NAN);
  const auto curve = [=](int j, T score, T towards) -> T {
    const T margin = score - label_score + 1;
    return j == label || margin <= 0 ? 0 : margin > 0 ? 2 * (towards - label_direction) : margin;
  };

  Lane<T> mine;
  for (int chunk = warp; chunk < chunks; chunk += warps) {
    const int start = chunk * exact::kChunk;
    mine.load(x + start, min(classes - start, exact::kChunk));
    T sum = 0;
    mine.for_each([&](int j, T score) { sum += curve(start + j, score, u[start + j]); });
    sum = exact::butterfly(sum);
    if (threadIdx.x % 32 == 0) chunk_curve[chunk] = sum;
  }
  __syncthreads();  // also: all have read the label's direction, whose place may take the product
  // A NaN score of the label is in no margin where there is one class only.
  const T spoiled = isnan(label_score) ? label_score : 0;
  const T others = exact::chunk_sum<T>(chunks, [=](int chunk) { return chunk_curve[chunk]; }) + spoiled;
  for (int chunk = warp; chunk < chunks; chunk += warps) {
    const int start = chunk * exact::kChunk;
    mine.load(x + start, min(classes - start, exact::kChunk));
    mine.for_each([&](int j, T score) {
      r[start + j] = (start + j == label ? -others : curve(start + j, score, u[start + j])) * scale;
    });
  }
}

#define THALWEG_HESSIAN(name, suffix, T)                                                                     \
  extern "C" __global__ void __launch_bounds__(kMaxWarps * 32, 2)                                              \
      name##_##suffix(const T* scores, const int* labels, int label_rows, int classes, T scale,             \
                      const T* direction, T* out) {                                                         \
    name<T>(scores, labels, label_rows, classes, scale, direction, out);                                    \
  }
#define THALWEG_HESSIANS(name)       \
  THALWEG_HESSIAN(name, f32, float)  \
  THALWEG_HESSIAN(name, f64, double)

THALWEG_HESSIANS(softmax_hessian)
THALWEG_HESSIANS(squared_hinge_hessian)
