// Products of the rows' Hessians, those of the losses with respect to the scores, with a direction u, times scale. The
// twins are the methods hessianRow of org.thalweg.loss. out may be u. Labels, numbers and launch: as in losses.cu.
#include "rows.cuh"

template <typename T>
using BlockRow = Row<T, Reread<T>>;

// Softmax cross-entropy: out_j = p_j * (u_j - p.u) * scale, where p_j = exp(x_j - M)/S and p.u is a canonical sum. The
// label is in none of it, smoothed or not.
template <typename T>
__device__ __forceinline__ void softmax(const T* scores, const int*, int, int classes, T scale, T, T,
                                        const T* direction, T* out) {
  if (scores == nullptr) return;
  BlockRow<T> row{scores, classes};
  const T* const u = direction + row.at;
  T* const r = out + row.at;
  T* const chunk_dot = shared<T>();
  const Normaliser<T> of = normalise(row, false);
  __syncthreads();  // else a chunk's product would come in the place of a maximum that a warp has yet to read
  row.for_each_chunk([&](int chunk) {
    T sum = 0;
    row.for_each([&](int j, T score) { sum += exact::exp(score - of.largest) / of.sum * u[j]; });
    sum = exact::butterfly(sum);
    if (threadIdx.x % 32 == 0) chunk_dot[chunk] = sum;
  });
  __syncthreads();
  const T mean = exact::chunk_sum<T>(row.chunks, [=](int chunk) { return chunk_dot[chunk]; });
  row.for_each_chunk([&](int) {
    row.for_each([&](int j, T score) {
      r[j] = exact::exp(score - of.largest) / of.sum * (u[j] - mean) * scale;
    });
  });
}

// Multiclass hinges: out_j = c_j * scale, where c_j is the second derivative at the margin times u_j - u_y, and 0 where
// there is no margin, at the kink too; for the label minus the sum of the others'. A NaN margin stays NaN.
template <template <typename> class Penalty, typename T>
__device__ __forceinline__ void margins(const T* scores, const int* labels, int label_rows, int classes, T scale,
                                        T first, T second, const T* direction, T* out) {
  if (scores == nullptr) return;
  const Penalty<T> penalty{first, second};
  BlockRow<T> row{scores, classes};
  row.find_label(labels, label_rows);
  const T* const u = direction + row.at;
  T* const r = out + row.at;
  T* const chunk_curve = shared<T>();
  const T label_direction = row.label >= 0 ? u[row.label] : static_cast<T>(NAN);
  const auto curve = [&](int j, T score) -> T {
    const T margin = row.margin(j, score);
    return margin > 0 ? penalty.curve(margin, u[j] - label_direction) : margin;
  };
  row.for_each_chunk([&](int chunk) {
    T sum = 0;
    row.for_each([&](int j, T score) { sum += curve(j, score); });
    sum = exact::butterfly(sum);
    if (threadIdx.x % 32 == 0) chunk_curve[chunk] = sum;
  });
  // Parts the chunks' sums from their reading; and without it, where the product takes the direction's place, the
  // label's would be overwritten before every warp has read it.
  __syncthreads();
  const T others =
      exact::chunk_sum<T>(row.chunks, [=](int chunk) { return chunk_curve[chunk]; }) + row.spoiled();
  row.for_each_chunk([&](int) {
    row.for_each([&](int j, T score) { r[j] = (j == row.label ? -others : curve(j, score)) * scale; });
  });
}

#define THALWEG_HESSIAN(name, function, T)                                                                  \
  extern "C" __global__ void __launch_bounds__(kMaxWarps * 32, 2)                                     \
      name(const T* scores, const int* labels, int label_rows, int classes, T scale, T first, T second,     \
           const T* direction, T* out) {                                                                    \
    function(scores, labels, label_rows, classes, scale, first, second, direction, out);                    \
  }
#define THALWEG_HESSIANS(name, function)                \
  THALWEG_HESSIAN(name##_hessian_f32, function, float)  \
  THALWEG_HESSIAN(name##_hessian_f64, function, double)

THALWEG_HESSIANS(softmax, softmax)
THALWEG_HESSIANS(squared_hinge, margins<SquaredHinge>)
THALWEG_HESSIANS(smooth_hinge, margins<SmoothHinge>)
