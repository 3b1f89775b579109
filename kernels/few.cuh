// Losses of few classes: a thread a row.
#pragma once

#include "rows.cuh"

// Rows of at most kFew classes: a thread a row, which has its scores in shared memory. In a chunk of so few elements
// each lane has one at most, so that its sum is the butterfly's tree; the thread adds in the order of that tree.
constexpr int kFew = exact::kLanes;

// f(0) + .. + f(n-1) in the order of exact::chunk_sum, 0 <= n <= kFew. Of half as many elements half a tree has the
// same bits: the other half is all 0, and no node is -0.
template <typename T, typename Element>
__device__ __forceinline__ T few_sum(int n, Element f) {
  constexpr int kHalf = kFew / 2;
  T node[kHalf];
  const auto leaf = [&](int i) { return i < n ? 0 + f(i) : 0; };  // 0 + -0 is 0, as where a lane begins with 0
#pragma unroll
  for (int i = 0; i < kHalf; i++) node[i] = leaf(i);
  if (n > kHalf) {
#pragma unroll
    for (int i = 0; i < kHalf; i++) node[i] += leaf(i + kHalf);
  }
  static_assert(kHalf == 16);
#pragma unroll
  for (int i = 0; i < 8; i++) node[i] += node[i + 8];
#pragma unroll
  for (int i = 0; i < 4; i++) node[i] += node[i + 4];
  return (node[0] + node[2]) + (node[1] + node[3]);
}

// A thread's row.
template <typename T>
struct FewRow : Labelled<T> {
  T* const x;  // the scores, then what takes their place
  const int classes;

  // body(j, x_j) for each class j, ascending.
  template <typename Body>
  __device__ __forceinline__ void for_each(Body body) const {
#pragma unroll 4
    for (int j = 0; j < classes; j++) body(j, x[j]);
  }
};

// One warp's rows, `first` and those behind it, at most 32 and not beyond the last. They come to shared memory and go
// from it in their order in memory; a thread's rows there are an odd number of elements apart, so that the lanes read
// different banks. first_label: where the first row's label is among the label_rows, which follow in a circle. Own:
// what a loss makes of a row; it returns the loss, and sets whether the row is right. own_rows: shared memory for
// 32 * (classes | 1) numbers.
template <typename T, typename Own>
__device__ __forceinline__ void few(const T* scores, const int* labels, int first_label, int label_rows, long long rows,
                                    int classes, T* gradient, T* row_loss, int* row_correct, long long first,
                                    T* own_rows, Own own) {
  const int pitch = classes | 1;
  const int count = rows - first < 32 ? static_cast<int>(rows - first) : 32;
  const long long at = first * classes;
  const int reciprocal = (1 << 16) / classes + 1;  // i / classes == i * reciprocal >> 16 for i < 1024
#pragma unroll 4
  for (int i = exact::lane(); i < count * classes; i += 32) {
    const int row = i * reciprocal >> 16;
    own_rows[row * pitch + i - row * classes] = scores[at + i];
  }
  __syncwarp();
  const long long mine = first + exact::lane();
  if (mine < rows) {
    T* const x = own_rows + exact::lane() * pitch;
    const int label_at = labels[(first_label + exact::lane()) % label_rows];
    const int label = label_at < classes ? max(label_at, -1) : -1;
    const FewRow<T> row{{label, label < 0 ? static_cast<T>(NAN) : x[label]}, x, classes};
    row_loss[mine] = own(row, row_correct[mine]);
  }
  __syncwarp();
#pragma unroll 4
  for (int i = exact::lane(); i < count * classes; i += 32) {
    const int row = i * reciprocal >> 16;
    gradient[at + i] = own_rows[row * pitch + i - row * classes];
  }
}

template <typename T>
__device__ __forceinline__ T few_softmax(const FewRow<T>& row, T scale, T keep, T share, int& correct) {
  const T kLowest = -static_cast<T>(INFINITY);
  T largest = kLowest;
  bool beats = false;
  row.for_each([&](int j, T score) {
    largest = fmax(largest, score);
    beats |= row.beats(j, score);
  });
  correct = row.correct(beats);
  const T shift = largest > kLowest ? largest : 0;
  // The sum of x_j - shift, where it is wanted, and that of their exponentials: one piece of code, because it is long.
  T below = 0, sum = 0, rest = shift;
#pragma unroll 1
  for (int pass = share > 0 ? 0 : 1; pass < 2; pass++) {
    if (pass == 0) {
      row.for_each([&](int j, T score) { row.x[j] = score - shift; });
      rest = 0;
    } else {
      row.for_each([&](int j, T x) { row.x[j] = exact::exp(x - rest); });
    }
    below = sum;
    sum = few_sum<T>(row.classes, [&](int j) { return row.x[j]; });
  }
  row.for_each([&](int j, T term) {
    const T target = j == row.label ? keep + share : share;
    row.x[j] = (term / sum - target) * scale;
  });
  const T others = share * below;
  return exact::log(sum) - fma(keep, row.label_score - largest, others);
}

template <template <typename> class Penalty, typename T>
__device__ __forceinline__ T few_margins(const FewRow<T>& row, T scale, T first, T second, int& correct) {
  const Penalty<T> penalty{first, second};
  bool beats = false;
  row.for_each([&](int j, T score) {
    beats |= row.beats(j, score);
    row.x[j] = row.margin(j, score);
  });
  correct = row.correct(beats);
  const T slopes = few_sum<T>(row.classes, [&](int j) { return penalty.slope(row.x[j]); }) + row.spoiled();
  const T loss = few_sum<T>(row.classes, [&](int j) { return penalty.loss(row.x[j]); }) + row.spoiled();
  row.for_each([&](int j, T margin) { row.x[j] = (j == row.label ? -slopes : penalty.slope(margin)) * scale; });
  return loss;
}
