// Losses: scores and labels -> the loss of each row, D = dloss/dscores * scale, and whether the row is right. The
// twins are the methods row of org.thalweg.loss.
//
// The gradient may take the scores' place. A row whose label is not in [0, classes) has correct = -1 and a NaN loss;
// the tally reports it. labels: one for each of label_rows rows; row r of the scores has label r % label_rows. The
// loss's own numbers are those of its method numbers. Launch: rows.cuh.
#include <type_traits>

#include "rows.cuh"

// In binary64, which is meant for gradient checks rather than for speed, scores are read again.
template <typename T>
using Lane = std::conditional_t<sizeof(T) == sizeof(float), Kept, Reread<T>>;

template <typename T>
using BlockRow = Row<T, Lane<T>>;

// Softmax cross-entropy with smoothed labels, numbers keep and share, in the order of src/docs/numerics.md, "Losses":
// loss = log S - (keep*(x_y - M) + share * sum of (x_j - M)), D_j = (exp(x_j - M)/S - t_j) * scale, where t_j is share,
// and keep + share for the label. Without smoothing keep is 1 and share 0: there is no sum then.
template <typename T>
__device__ __forceinline__ void softmax(const T* scores, const int* labels, int label_rows, int classes, T scale,
                                        T keep, T share, T* gradient, T* row_loss, int* row_correct) {
  if (scores == nullptr) return;
  BlockRow<T> row{scores, classes};
  row.find_label(labels, label_rows);
  T* const d = gradient + row.at;
  const Normaliser<T> of = normalise(row, share > 0);
  if (threadIdx.x == 0) {
    const T others = share * of.below;
    row_loss[blockIdx.x] = exact::log(of.sum) - fma(keep, row.label_score - of.largest, others);
    row_correct[blockIdx.x] = row.correct(of.beaten);
  }
  row.for_each_chunk([&](int) {
    row.for_each([&](int j, T score) {
      const T target = j == row.label ? keep + share : share;
      const T term = of.terms ? score : exact::exp(score - of.largest);
      d[j] = (term / of.sum - target) * scale;
    });
  });
}

// Multiclass hinges: loss = sum over j != y of what Penalty makes of the margin m_j = max(0, x_j - x_y + 1);
// D_j = slope(m_j) * scale, and for the label minus the sum of the others' slopes.
template <template <typename> class Penalty, typename T>
__device__ __forceinline__ void margins(const T* scores, const int* labels, int label_rows, int classes, T scale,
                                        T first, T second, T* gradient, T* row_loss, int* row_correct) {
  if (scores == nullptr) return;
  const Penalty<T> penalty{first, second};
  BlockRow<T> row{scores, classes};
  row.find_label(labels, label_rows);
  T* const d = gradient + row.at;
  T* const chunk_loss = shared<T>();
  T* const chunk_slope = chunk_loss + row.chunks;
  bool beats = false;
  row.for_each_chunk([&](int chunk) {
    T loss = 0;
    T slopes = 0;
    row.for_each([&](int j, T score) {
      const T margin = row.margin(j, score);
      loss += penalty.loss(margin);
      slopes += penalty.slope(margin);
      beats |= row.beats(j, score);
    });
    loss = exact::butterfly(loss);
    slopes = exact::butterfly(slopes);
    if (threadIdx.x % 32 == 0) {
      chunk_loss[chunk] = loss;
      chunk_slope[chunk] = slopes;
    }
  });
  // A barrier before the chunks' sums are read, and before a gradient in place overwrites the scores.
  const bool beaten = __syncthreads_or(beats);
  const T slopes =
      exact::chunk_sum<T>(row.chunks, [=](int chunk) { return chunk_slope[chunk]; }) + row.spoiled();
  if (threadIdx.x / 32 == 0) {
    const T loss = exact::chunk_sum<T>(row.chunks, [=](int chunk) { return chunk_loss[chunk]; }) + row.spoiled();
    if (threadIdx.x == 0) {
      row_loss[blockIdx.x] = loss;
      row_correct[blockIdx.x] = row.correct(beaten);
    }
  }
  row.for_each_chunk([&](int) {
    row.for_each([&](int j, T score) {
      d[j] = (j == row.label ? -slopes : penalty.slope(row.margin(j, score))) * scale;
    });
  });
}

// Rows of at most kFew classes: a thread a row, which has its scores in shared memory. In a chunk of so few elements
// each lane has one at most, so that its sum is the butterfly's tree; the thread adds in the order of that tree.
constexpr int kFew = exact::kLanes;

// Of n <= kLeaves elements those from the i-th on in steps of kStep: the part of the tree below one node.
template <typename T, int kLeaves, int kStep = 1, typename Element>
__device__ __forceinline__ T few_node(int n, Element f, int i = 0) {
  if constexpr (kStep < kLeaves) {
    return few_node<T, kLeaves, 2 * kStep>(n, f, i) + few_node<T, kLeaves, 2 * kStep>(n, f, i + kStep);
  } else {
    return i < n ? 0 + f(i) : 0;  // 0 + -0 is 0, as where a lane begins with 0
  }
}

// f(0) + .. + f(n-1) in the order of exact::chunk_sum, 0 <= n <= kFew. Half a tree has the same bits where the other
// half is all 0, as no node is -0.
template <typename T, typename Element>
__device__ __forceinline__ T few_sum(int n, Element f) {
  return n <= kFew / 2 ? few_node<T, kFew / 2>(n, f) : few_node<T, kFew>(n, f);
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

// The block's rows come to shared memory and go from it in their order in memory, warp by warp; a thread's rows there
// are an odd number of elements apart, so that the lanes read different banks. Own: what a loss makes of a row; it
// returns the loss, and sets whether the row is right.
// Launch: kFewRows threads for as many rows; shared memory for kFewRows * (classes | 1) numbers.
constexpr int kFewRows = 128;

template <typename T, typename Own>
__device__ __forceinline__ void few(const T* scores, const int* labels, int label_rows, long long rows, int classes,
                                    T* gradient, T* row_loss, int* row_correct, Own own) {
  if (scores == nullptr) return;
  const int pitch = classes | 1;
  const long long first = static_cast<long long>(blockIdx.x) * kFewRows + threadIdx.x / 32 * 32;
  if (first >= rows) return;
  const int count = rows - first < 32 ? static_cast<int>(rows - first) : 32;
  T* const own_rows = shared<T>() + threadIdx.x / 32 * 32 * pitch;
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
    const int label_at = labels[mine % label_rows];
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
  const T below = share > 0 ? few_sum<T>(row.classes, [&](int j) { return row.x[j] - shift; }) : 0;
  row.for_each([&](int j, T score) { row.x[j] = exact::exp(score - shift); });
  const T sum = few_sum<T>(row.classes, [&](int j) { return row.x[j]; });
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

#define THALWEG_FEW(name, function, T)                                                                       \
  extern "C" __global__ void __launch_bounds__(kFewRows)                                                     \
      few_##name(const T* scores, const int* labels, int label_rows, long long rows, int classes, T scale,   \
                 T first, T second, T* gradient, T* row_loss, int* row_correct) {                            \
    few(scores, labels, label_rows, rows, classes, gradient, row_loss, row_correct,                          \
        [=](const FewRow<T>& row, int& correct) { return function(row, scale, first, second, correct); });   \
  }

// Two blocks to a multiprocessor: ptxas would spill a little of softmax_f64 to have a third.
#define THALWEG_LOSS(name, function, T)                                                                     \
  extern "C" __global__ void __launch_bounds__(kMaxWarps * 32, 2)                                     \
      name(const T* scores, const int* labels, int label_rows, int classes, T scale, T first, T second,     \
           T* gradient, T* row_loss, int* row_correct) {                                                    \
    function(scores, labels, label_rows, classes, scale, first, second, gradient, row_loss, row_correct);   \
  }
#define THALWEG_LOSSES(name, function, few_function) \
  THALWEG_LOSS(name##_f32, function, float)          \
  THALWEG_LOSS(name##_f64, function, double)         \
  THALWEG_FEW(name##_f32, few_function, float)       \
  THALWEG_FEW(name##_f64, few_function, double)

THALWEG_LOSSES(softmax, softmax, few_softmax)
THALWEG_LOSSES(hinge, margins<Hinge>, few_margins<Hinge>)
THALWEG_LOSSES(squared_hinge, margins<SquaredHinge>, few_margins<SquaredHinge>)
THALWEG_LOSSES(smooth_hinge, margins<SmoothHinge>, few_margins<SmoothHinge>)
