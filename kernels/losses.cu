// Losses: scores and labels -> the loss of each row, D = dloss/dscores * scale, and whether the row is right. The
// twins are the methods row of org.thalweg.loss.
//
// The gradient may take the scores' place. A row whose label is not in [0, classes) has correct = -1 and a NaN loss;
// the tally reports it. labels: one for each of label_rows rows; row r of the scores has label r % label_rows. The
// loss's own numbers are those of its method numbers. Launch: rows.cuh.
#include <type_traits>

#include "few.cuh"
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
  const auto slope = [&](int j, T term) {
    const T target = j == row.label ? keep + share : share;
    d[j] = (term / of.sum - target) * scale;
  };
  if (of.terms) {
    row.for_each(slope);
  } else {
    row.for_each_chunk([&](int) {
      row.for_each([&](int j, T score) { slope(j, exact::exp(score - of.largest)); });
    });
  }
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

// Launch: kFewRows threads for as many rows; shared memory for kFewRows * (classes | 1) numbers. Four blocks to a
// multiprocessor: ptxas would spill a little of few_smooth_hinge_f64 to have more.
constexpr int kFewRows = 128;

#define THALWEG_FEW(name, function, T)                                                                      \
  extern "C" __global__ void __launch_bounds__(kFewRows, 4)                                                 \
      few_##name(const T* scores, const int* labels, int label_rows, long long rows, int classes, T scale,  \
                 T first, T second, T* gradient, T* row_loss, int* row_correct) {                           \
    const int warp = threadIdx.x / 32;                                                                      \
    const long long from = static_cast<long long>(blockIdx.x) * kFewRows + warp * 32;                       \
    if (scores == nullptr || from >= rows) return;                                                          \
    few(scores, labels, static_cast<int>(from % label_rows), label_rows, rows, classes, gradient, row_loss, \
        row_correct, from,                                                                                  \
        shared<T>() + warp * 32 * (classes | 1),                                                            \
        [=](const FewRow<T>& row, int& correct) { return function(row, scale, first, second, correct); });  \
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
