// Losses: scores and labels -> the loss of each row, D = dloss/dscores, and whether the row is right.
#include "exact.cuh"

constexpr int kMaxWarps = 16;

// The host admits at most exact::kChunk chunks, 1,048,576 classes: their results are one chunk more.

// One lane's elements of one chunk of a row: lane, lane + 32, .. up to n. In binary32 they stay in registers, so
// that a row of up to kMaxWarps chunks (16,384 classes) is read once.
//
// target() reads the row's label, -1 if it is no class, and returns its score, NaN if it is none.
template <typename T>
class Lane;

template <>
class Lane<float> {
 public:
  __device__ __forceinline__ void load(const float* chunk, int n) {
    n_ = n;
#pragma unroll
    for (int i = 0; i < kEach; i++) {
      if (i * 32 >= n_) break;
      const int j = i * 32 + exact::lane();
      if (j < n_) at_[i] = chunk[j];
    }
  }

  // body(j, x[j]) for each element, ascending.
  template <typename Body>
  __device__ __forceinline__ void for_each(Body body) const {
#pragma unroll
    for (int i = 0; i < kEach; i++) {
      if (i * 32 >= n_) break;
      const int j = i * 32 + exact::lane();
      if (j < n_) body(j, at_[i]);
    }
  }

  // Once, in all threads, when each warp has loaded the first chunk that it takes. One thread reads the label; the
  // score comes from the lane that has it, or is read where none has. Ends with a barrier. shared: two numbers.
  __device__ __forceinline__ float target(const int* from, const float* x, int classes, float* shared,
                                          int& label) const {
    int& shared_label = *reinterpret_cast<int*>(shared);
    float& shared_score = shared[1];
    if (threadIdx.x == 0) {
      shared_label = *from < classes ? max(*from, -1) : -1;
      shared_score = NAN;
    }
    __syncthreads();
    label = shared_label;
    if (label >= static_cast<int>(blockDim.x) / 32 * exact::kChunk) {
      if (threadIdx.x == 0) shared_score = x[label];
    } else {
      const int start = threadIdx.x / 32 * exact::kChunk;
      for_each([&](int j, float score) {
        if (start + j == label) shared_score = score;
      });
    }
    __syncthreads();
    return shared_score;
  }

 private:
  static constexpr int kEach = exact::kChunk / 32;
  float at_[kEach];
  int n_;
};

// In binary64, which checks gradients and is not in a hurry, they are read again.
template <>
class Lane<double> {
 public:
  __device__ __forceinline__ void load(const double* chunk, int n) {
    chunk_ = chunk;
    n_ = n;
  }

  template <typename Body>
  __device__ __forceinline__ void for_each(Body body) const {
    for (int j = exact::lane(); j < n_; j += 32) body(j, chunk_[j]);
  }

  __device__ __forceinline__ double target(const int* from, const double* x, int classes, double*,
                                           int& label) const {
    label = *from < classes ? max(*from, -1) : -1;
    return label < 0 ? NAN : x[label];
  }

 private:
  const double* chunk_;
  int n_;
};

template <typename T>
__device__ __forceinline__ T warp_max(T x) {
#pragma unroll
  for (int other = 16; other > 0; other /= 2) x = fmax(x, __shfl_xor_sync(exact::kAllLanes, x, other));
  return x;
}

// Softmax cross-entropy, in the order of src/docs/numerics.md, "Losses": loss = log S - (x_y - M),
// D_j = (exp(x_j - M)/S - [j = y]) * scale. The gradient may take the scores' place. A row whose label is not in [0, classes) has correct = -1 and
// a NaN loss; the tally reports it. Right: the label's score is the largest, the first of equals.
// labels: one for each of label_rows rows; row r of the scores has label r % label_rows, so that several models
// share them.
// Launch: one block a row; a warp for each chunk of 1,024 classes, at most kMaxWarps; two numbers of shared memory
// for each chunk and two more.
template <typename T>
__device__ __forceinline__ void softmax(const T* scores, const int* labels, int label_rows, int classes, T scale,
                                        T* gradient, T* row_loss, int* row_correct) {
  if (scores == nullptr) return;
  extern __shared__ __align__(16) unsigned char shared[];
  const T kLowest = -static_cast<T>(INFINITY);
  const int lane = threadIdx.x % 32;
  const int warp = threadIdx.x / 32;
  const int warps = blockDim.x / 32;
  const int chunks = (classes + exact::kChunk - 1) / exact::kChunk;
  T* const chunk_max = reinterpret_cast<T*>(shared);
  T* const chunk_sum = chunk_max + chunks;
  const long long row = blockIdx.x;
  const T* x = scores + row * classes;
  T* d = gradient + row * classes;
  Lane<T> mine;
  mine.load(x + warp * exact::kChunk, min(classes - warp * exact::kChunk, exact::kChunk));
  int label;
  const T label_score = mine.target(labels + row % label_rows, x, classes, chunk_sum + chunks, label);

  // First pass: each chunk's largest score and sum; whether some score beats the label's.
  bool beats = false;
  for (int chunk = warp; chunk < chunks; chunk += warps) {
    const int start = chunk * exact::kChunk;
    if (chunk > warp) mine.load(x + start, min(classes - start, exact::kChunk));
    T largest = kLowest;
    mine.for_each([&](int j, T score) {
      largest = fmax(largest, score);
      beats |= score > label_score || (score == label_score && start + j < label);
    });
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
  // Also the barrier behind which the scores' place may take the gradient.
  const bool beaten = __syncthreads_or(beats);

  // Every warp puts the chunks together for itself, in the same order.
  T largest = chunk_max[0];
  T sum;
  if (chunks == 1) {
    sum = chunk_sum[0];
  } else {
    for (int chunk = lane; chunk < chunks; chunk += 32) largest = fmax(largest, chunk_max[chunk]);
    largest = warp_max(largest);
    for (int chunk = threadIdx.x; chunk < chunks; chunk += blockDim.x) {
      chunk_sum[chunk] *= exact::exp(chunk_max[chunk] - largest);
    }
    __syncthreads();
    sum = exact::chunk_sum<T>(chunks, [=](int chunk) { return chunk_sum[chunk]; });
  }
  if (threadIdx.x == 0) {
    row_loss[row] = exact::log(sum) - (label_score - largest);
    row_correct[row] = label < 0 ? -1 : !beaten && !isnan(label_score) ? 1 : 0;
  }

  // Second pass: the gradient, from registers where one round of chunks was enough.
  for (int chunk = warp; chunk < chunks; chunk += warps) {
    const int start = chunk * exact::kChunk;
    if (chunks > warps) mine.load(x + start, min(classes - start, exact::kChunk));
    mine.for_each([&](int j, T score) {
      const T target = start + j == label ? 1 : 0;
      d[start + j] = (exact::exp(score - largest) / sum - target) * scale;
    });
  }
}

// Multiclass hinge: with margins m_j = x_j - x_y + 1, loss = sum over j != y of max(0, m_j), or of its square;
// D_j = slope(m_j) * scale, and for the label minus the sum of the others' slopes. The slope is 1 (2 m_j squared)
// where m_j > 0, else 0: at the kink 0. A NaN margin is neither, and stays NaN in loss and gradient.
// Arguments and launch as softmax.
template <bool kSquared, typename T>
__device__ __forceinline__ void hinge(const T* scores, const int* labels, int label_rows, int classes, T scale,
                                      T* gradient, T* row_loss, int* row_correct) {
  if (scores == nullptr) return;
  extern __shared__ __align__(16) unsigned char shared[];
  const int lane = threadIdx.x % 32;
  const int warp = threadIdx.x / 32;
  const int warps = blockDim.x / 32;
  const int chunks = (classes + exact::kChunk - 1) / exact::kChunk;
  T* const chunk_loss = reinterpret_cast<T*>(shared);
  T* const chunk_slope = chunk_loss + chunks;
  const long long row = blockIdx.x;
  const T* x = scores + row * classes;
  T* d = gradient + row * classes;
  Lane<T> mine;
  mine.load(x + warp * exact::kChunk, min(classes - warp * exact::kChunk, exact::kChunk));
  int label;
  const T label_score = mine.target(labels + row % label_rows, x, classes, chunk_slope + chunks, label);
  const auto positive = [=](int j, T score) -> T {
    const T margin = score - label_score + 1;
    return j == label || margin <= 0 ? 0 : margin;
  };
  const auto slope = [](T margin) -> T { return kSquared ? 2 * margin : margin > 0 ? 1 : margin; };

  bool beats = false;
  for (int chunk = warp; chunk < chunks; chunk += warps) {
    const int start = chunk * exact::kChunk;
    if (chunk > warp) mine.load(x + start, min(classes - start, exact::kChunk));
    T loss = 0;
    T slopes = 0;
    mine.for_each([&](int j, T score) {
      const T margin = positive(start + j, score);
      loss += kSquared ? margin * margin : margin;
      slopes += slope(margin);
      beats |= score > label_score || (score == label_score && start + j < label);
    });
    loss = exact::butterfly(loss);
    slopes = exact::butterfly(slopes);
    if (lane == 0) {
      chunk_loss[chunk] = loss;
      chunk_slope[chunk] = slopes;
    }
  }
  // Also the barrier behind which the scores' place may take the gradient.
  const bool beaten = __syncthreads_or(beats);

  // A NaN score of the label is in no margin where there is one class only.
  const T spoiled = isnan(label_score) ? label_score : 0;
  const T slopes = exact::chunk_sum<T>(chunks, [=](int chunk) { return chunk_slope[chunk]; }) + spoiled;
  if (warp == 0) {
    const T loss = exact::chunk_sum<T>(chunks, [=](int chunk) { return chunk_loss[chunk]; }) + spoiled;
    if (lane == 0) {
      row_loss[row] = loss;
      row_correct[row] = label < 0 ? -1 : !beaten && !isnan(label_score) ? 1 : 0;
    }
  }
  for (int chunk = warp; chunk < chunks; chunk += warps) {
    const int start = chunk * exact::kChunk;
    if (chunks > warps) mine.load(x + start, min(classes - start, exact::kChunk));
    mine.for_each([&](int j, T score) {
      d[start + j] = (start + j == label ? -slopes : slope(positive(start + j, score))) * scale;
    });
  }
}

// Two blocks to a multiprocessor: ptxas would spill a little of softmax_f64 to have a third.
#define THALWEG_LOSS(name, function, T)                                                                    \
  extern "C" __global__ void __launch_bounds__(kMaxWarps * 32, 2)                                         \
      name(const T* scores, const int* labels, int label_rows, int classes, T scale, T* gradient,         \
           T* row_loss, int* row_correct) {                                                               \
    function(scores, labels, label_rows, classes, scale, gradient, row_loss, row_correct);                \
  }
#define THALWEG_LOSSES(name, function)         \
  THALWEG_LOSS(name##_f32, function, float)    \
  THALWEG_LOSS(name##_f64, function, double)

THALWEG_LOSSES(softmax, softmax)
THALWEG_LOSSES(hinge, hinge<false>)
THALWEG_LOSSES(squared_hinge, hinge<true>)
