// What the kernels over rows of scores share: how a row is read, its label, softmax's normaliser and the hinges'
// margins.
//
// Launch, for all of them: one block for each row; in it a warp for each chunk of 1,024 classes, at most kMaxWarps;
// three numbers of shared memory for each chunk, and two more. The host admits at most exact::kChunk chunks, 1,048,576
// classes: their results are one chunk more.
#pragma once

#include "exact.cuh"

constexpr int kMaxWarps = 16;
constexpr int kChunkResults = 3;  // numbers that each chunk keeps in shared memory

// One lane's elements of one chunk of a row: lane, lane + 32, .. up to n; read again each time.
template <typename T>
class Reread {
 public:
  __device__ __forceinline__ void load(const T* chunk, int n) {
    chunk_ = chunk;
    n_ = n;
  }

  // body(j, x[j]) for each element below limit, ascending; that is at most n.
  template <typename Body>
  __device__ __forceinline__ void for_each_below(int limit, Body body) const {
    for (int j = exact::lane(); j < limit; j += 32) body(j, chunk_[j]);
  }

  // body(x[j]) for each element, ascending, and body(-infinity) any number of times after them.
  template <typename Body>
  __device__ __forceinline__ void for_each_padded(Body body) const {
    for_each_below(n_, [&](int, T score) { body(score); });
  }

  // The same; what body returns is not kept. Returns false.
  template <typename Body>
  __device__ __forceinline__ bool replace(bool, Body body) {
    for_each_padded(body);
    return false;
  }

  // Reads the row's label, -1 if it is no class, and returns its score, NaN if it is none. Once, in all threads, when
  // each warp has loaded the first chunk that it takes. shared: two numbers.
  __device__ __forceinline__ T target(const int* from, const T* x, int classes, T*, int& label) const {
    label = *from < classes ? max(*from, -1) : -1;
    return label < 0 ? static_cast<T>(NAN) : x[label];
  }

 private:
  const T* chunk_;
  int n_;
};

// The same, kept in registers, so that a row of up to kMaxWarps chunks (16,384 classes) is read once. Absent elements
// are -infinity: most passes then need no test of each element, which would cost as much as what they do with it.
class Kept {
 public:
  __device__ __forceinline__ void load(const float* chunk, int n) {
    n_ = n;
    const float* const mine = chunk + exact::lane();
    const int left = n - exact::lane();
#pragma unroll
    for (int i = 0; i < kEach; i++) at_[i] = i * 32 < left ? mine[i * 32] : -INFINITY;
  }

  template <typename Body>
  __device__ __forceinline__ void for_each_below(int limit, Body body) const {
    const int left = limit - exact::lane();
#pragma unroll
    for (int i = 0; i < kEach; i++) {
      if (i * 32 >= left) break;
      body(i * 32 + exact::lane(), at_[i]);
    }
  }

  template <typename Body>
  __device__ __forceinline__ void for_each_padded(Body body) const {
#pragma unroll
    for (int i = 0; i < kEach; i++) {
      if (i % kGroup == 0 && i * 32 >= n_) break;
      body(at_[i]);
    }
  }

  // body(x[j]) likewise; where that is wanted, what it returns takes x[j]'s place. Returns whether it does.
  template <typename Body>
  __device__ __forceinline__ bool replace(bool wanted, Body body) {
    if (!wanted) {
      for_each_padded(body);
      return false;
    }
#pragma unroll
    for (int i = 0; i < kEach; i++) {
      if (i % kGroup == 0 && i * 32 >= n_) break;
      at_[i] = body(at_[i]);
    }
    return true;
  }

  // One thread reads the label; the score comes from the lane that has it, or is read where none has. Ends with a
  // barrier.
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
      const int mine = label - static_cast<int>(threadIdx.x / 32) * exact::kChunk - exact::lane();
      if (mine >= 0 && mine < exact::kChunk && mine % 32 == 0) {
        float score = at_[0];
#pragma unroll
        for (int i = 1; i < kEach; i++) score = i * 32 == mine ? at_[i] : score;
        shared_score = score;
      }
    }
    __syncthreads();
    return shared_score;
  }

 private:
  static constexpr int kEach = exact::kChunk / 32;
  static constexpr int kGroup = 4;  // so many elements are taken together, present or not
  float at_[kEach];
  int n_;
};

// The block's shared memory.
template <typename T>
__device__ __forceinline__ T* shared() {
  extern __shared__ __align__(16) unsigned char memory[];
  return reinterpret_cast<T*>(memory);
}

// A row's label and its score, and what other classes' scores say beside them.
template <typename T>
struct Labelled {
  int label = -1;  // -1 if it is no class
  T label_score = NAN;

  // Whether this class would be taken instead of the label: of equal scores the first.
  __device__ __forceinline__ bool beats(int j, T score) const {
    return score > label_score || (score == label_score && j < label);
  }

  // The row's entry of rowCorrect: 1 if it is right, 0 if not, -1 if its label is no class.
  __device__ __forceinline__ int correct(bool beaten) const {
    return label < 0 ? -1 : !beaten && !isnan(label_score) ? 1 : 0;
  }

  // max(0, x_j - x_y + 1), and 0 for the label; NaN stays NaN.
  __device__ __forceinline__ T margin(int j, T score) const {
    const T margin = score - label_score + 1;
    return j == label || margin <= 0 ? 0 : margin;
  }

  // To be added to sums over all margins: with a single class no margin carries a NaN score of the label.
  __device__ __forceinline__ T spoiled() const { return isnan(label_score) ? label_score : 0; }
};

// The block's row of scores. Lane: Kept, or Reread<T>.
template <typename T, typename Lane>
struct Row : Labelled<T> {
  using Labelled<T>::label;
  using Labelled<T>::label_score;

  const int chunks;
  const long long at;  // where the row begins in a [rows x classes] array

  // Loads the first chunk of each warp.
  __device__ __forceinline__ Row(const T* scores, int classes)
      : chunks{(classes + exact::kChunk - 1) / exact::kChunk},
        at{static_cast<long long>(blockIdx.x) * classes},
        x_{scores + at},
        classes_{classes} {
    load(threadIdx.x / 32);
  }

  // Sets label and label_score; before any other chunk is loaded. Row r has label r % label_rows, so that several
  // models share them.
  __device__ __forceinline__ void find_label(const int* labels, int label_rows) {
    const int* mine = labels + static_cast<int>(blockIdx.x) % label_rows;
    label_score = lane_.target(mine, x_, classes_, shared<T>() + kChunkResults * chunks, label);
  }

  // Calls body(chunk) for each chunk of this warp, ascending; inside it for_each gives the chunk's scores.
  template <typename Body>
  __device__ __forceinline__ void for_each_chunk(Body body) {
    for (int chunk = threadIdx.x / 32; chunk < chunks; chunk += blockDim.x / 32) {
      if (chunk != loaded_) load(chunk);
      body(chunk);
    }
  }

  // body(j, x_j) for each class j of the chunk that is this lane's.
  template <typename Body>
  __device__ __forceinline__ void for_each(Body body) const {
    const int start = loaded_ * exact::kChunk;
    lane_.for_each_below(size(loaded_), [&](int j, T score) { body(start + j, score); });
  }

  // body(x_j) for each class of the chunk that is this lane's, ascending, and body(-infinity) any number of times after
  // them.
  template <typename Body>
  __device__ __forceinline__ void for_each_padded(Body body) const {
    lane_.for_each_padded(body);
  }

  // Whether a class of the chunk that is this lane's would be taken instead of the label: of equal scores the first.
  // largest: of the whole chunk. If it is not the label's score, the label's equals do not matter.
  __device__ __forceinline__ bool beaten(T largest) const {
    bool beaten = largest > label_score;
    if (largest == label_score) {
      const int before = min(label - loaded_ * exact::kChunk, size(loaded_));
      lane_.for_each_below(before, [&](int, T score) { beaten |= score == label_score; });
    }
    return beaten;
  }

  // The same. If there is no other chunk, and the lane keeps scores, what body returns takes the place of x_j in what
  // follows. Returns whether it does.
  template <typename Body>
  __device__ __forceinline__ bool replace(Body body) {
    return lane_.replace(chunks == 1, body);
  }

  // How many classes a chunk has.
  __device__ __forceinline__ int size(int chunk) const {
    return min(classes_ - chunk * exact::kChunk, exact::kChunk);
  }

 private:
  const T* const x_;
  const int classes_;
  Lane lane_;
  int loaded_;

  __device__ __forceinline__ void load(int chunk) {
    loaded_ = chunk;
    lane_.load(x_ + chunk * exact::kChunk, size(chunk));
  }
};

template <typename T>
__device__ __forceinline__ T warp_max(T x) {
#pragma unroll
  for (int other = 16; other > 0; other /= 2) x = fmax(x, __shfl_xor_sync(exact::kAllLanes, x, other));
  return x;
}

// Softmax's probabilities of a row are exp(x_j - largest) / sum.
template <typename T>
struct Normaliser {
  T largest;
  T sum;
  T below;      // the sum of all x_j - largest
  bool beaten;  // whether another score is larger, or an earlier one equal
  bool terms;   // whether the row has exp(x_j - largest) now in the place of x_j
};

// That of a row, by the whole block, in the order of src/docs/numerics.md, "Losses"; below, where it is asked for, in
// the same order. When it returns, every warp has read all scores that it takes. The shared memory may not be written
// before another barrier.
template <typename T, typename Lane>
__device__ __forceinline__ Normaliser<T> normalise(Row<T, Lane>& row, bool with_below) {
  const T kLowest = -static_cast<T>(INFINITY);
  T* const chunk_max = shared<T>();
  T* const chunk_sum = chunk_max + row.chunks;
  T* const chunk_below = chunk_sum + row.chunks;
  bool beats = false;
  bool terms = false;
  row.for_each_chunk([&](int chunk) {
    T largest = kLowest;
    row.for_each_padded([&](T score) { largest = fmax(largest, score); });
    largest = warp_max(largest);
    beats |= row.beaten(largest);
    const T shift = largest > kLowest ? largest : 0;
    if (with_below) {
      T below = 0;
      row.for_each([&](int, T score) { below += score - shift; });
      below = exact::butterfly(below);
      if (threadIdx.x % 32 == 0) chunk_below[chunk] = below;
    }
    // Where there is no finite largest score, terms of 0 or NaN are divided by a sum of 0 or NaN: NaN, as they ought.
    // An absent score's term is exp(-infinity), +0, which changes no sum of terms.
    T sum = 0;
    terms = row.replace([&](T score) {
      const T term = exact::exp(score - shift);
      sum += term;
      return term;
    });
    sum = exact::butterfly(sum);
    if (threadIdx.x % 32 == 0) {
      chunk_max[chunk] = largest;
      chunk_sum[chunk] = sum;
    }
  });
  const bool beaten = __syncthreads_or(beats);

  // Every warp puts the chunks together for itself, in the same order.
  T largest = chunk_max[0];
  if (row.chunks == 1) return {largest, chunk_sum[0], with_below ? chunk_below[0] : 0, beaten, terms};
  for (int chunk = threadIdx.x % 32; chunk < row.chunks; chunk += 32) largest = fmax(largest, chunk_max[chunk]);
  largest = warp_max(largest);
  for (int chunk = threadIdx.x; chunk < row.chunks; chunk += blockDim.x) {
    const T shift = chunk_max[chunk] - largest;
    chunk_sum[chunk] *= exact::exp(shift);
    if (with_below) chunk_below[chunk] = fma(static_cast<T>(row.size(chunk)), shift, chunk_below[chunk]);
  }
  __syncthreads();
  const T sum = exact::chunk_sum<T>(row.chunks, [=](int chunk) { return chunk_sum[chunk]; });
  const T below =
      with_below ? exact::chunk_sum<T>(row.chunks, [=](int chunk) { return chunk_below[chunk]; }) : 0;
  return {largest, sum, below, beaten, false};
}

// Functors of the multiclass hinges, constructed from the loss's numbers. For a margin of at least 0, or NaN, which
// stays NaN: the loss and the first derivative; for one above 0 the second derivative times a direction.

template <typename T>
struct Hinge {
  __device__ __forceinline__ Hinge(T, T) {}
  __device__ __forceinline__ T loss(T margin) const { return margin; }
  __device__ __forceinline__ T slope(T margin) const { return margin > 0 ? 1 : margin; }
};

template <typename T>
struct SquaredHinge {
  __device__ __forceinline__ SquaredHinge(T, T) {}
  __device__ __forceinline__ T loss(T margin) const { return margin * margin; }
  __device__ __forceinline__ T slope(T margin) const { return 2 * margin; }
  __device__ __forceinline__ T curve(T, T direction) const { return 2 * direction; }
};

template <typename T>
struct SmoothHinge {
  const T width;
  __device__ __forceinline__ SmoothHinge(T width, T) : width{width} {}
  __device__ __forceinline__ T loss(T margin) const {
    return margin < width ? margin * (margin / width) / 2 : margin - width / 2;
  }
  __device__ __forceinline__ T slope(T margin) const {
    return margin < width ? margin / width : margin > 0 ? 1 : margin;
  }
  __device__ __forceinline__ T curve(T margin, T direction) const { return margin < width ? direction / width : 0; }
};
