// The beginning and the end of a step: gather and scale the rows of a minibatch; add up its losses and count the
// correct predictions; advance the step counters.
#include "exact.cuh"
#include "steps.cuh"
#include "vector.cuh"

constexpr int kResult = 2;  // numbers of a minibatch and model: loss, correct

// x[b] = scale * values[order[first + b]] (+ shift, one number for each feature), y[b] = labels[order[first + b]];
// first is an integer cell of the step table. Launch: one block a row.
template <typename T, typename From>
__device__ __forceinline__ void gather(const From* values, const int* labels, const int* order, int features, T scale,
                                       const T* shift, T* x, int* y, const long long* cells, int columns, int column,
                                       const StepState* step) {
  if (x == nullptr) return;
  const long long first = cell<long long>(cells, step->batch, columns, column);
  const long long row = order[first + blockIdx.x];
  const From* from = values + row * features;
  T* to = x + static_cast<long long>(blockIdx.x) * features;
  if (threadIdx.x == 0) y[blockIdx.x] = labels[row];
  const auto scaled = [=](From value, int i) {
    return shift == nullptr ? static_cast<T>(value) * scale : fma(static_cast<T>(value), scale, shift[i]);
  };

  // Four features a thread wherever each row starts at a multiple of four values and of sixteen bytes.
  if (features % 4 == 0 && reinterpret_cast<long long>(values) % (4 * sizeof(From)) == 0 &&
      reinterpret_cast<long long>(x) % 16 == 0) {
    for (int i = threadIdx.x * 4; i < features; i += blockDim.x * 4) {
      const auto four = load<From, 4>(from + i);
      store(to + i, Vector<T, 4>{scaled(four.at[0], i), scaled(four.at[1], i + 1), scaled(four.at[2], i + 2),
                                 scaled(four.at[3], i + 3)});
    }
  } else {
    for (int i = threadIdx.x; i < features; i += blockDim.x) to[i] = scaled(from[i], i);
  }
}

// results[state.batch][model] = {sum of the model's row losses, number of its correct predictions}. A sum that is
// not finite, or a row whose label was out of range (correct < 0), halts the run from this step's update on.
// Launch: one block of whole warps. A warp takes a model at a time; where there are fewer models than warps and many
// rows, the whole block does.
template <typename T>
__device__ __forceinline__ void tally(const T* row_loss, const int* row_correct, int rows, int models,
                                      double* results, StepState* step) {
  if (results == nullptr || step->halted != kRunning) return;
  __shared__ double shared[exact::kChunk];
  const int warps = blockDim.x / 32;
  const bool together = models < warps && rows > exact::kChunk;
  const long long batch = step->batch;
  bool out_of_range = false;
  bool not_finite = false;
  for (int model = together ? 0 : threadIdx.x / 32; model < models; model += together ? 1 : warps) {
    const T* losses = row_loss + static_cast<long long>(model) * rows;
    const int* corrects = row_correct + static_cast<long long>(model) * rows;
    const auto row_loss_at = [=](long long i) { return losses[i]; };
    const auto row_correct_at = [&](long long i) {
      out_of_range |= corrects[i] < 0;
      return corrects[i];
    };
    const T loss = together ? exact::block_sum<T>(rows, row_loss_at, reinterpret_cast<T*>(shared))
                            : exact::sum<T>(rows, row_loss_at);
    const int correct = together ? exact::block_sum<int>(rows, row_correct_at, reinterpret_cast<int*>(shared))
                                 : exact::sum<int>(rows, row_correct_at);
    not_finite |= !isfinite(loss);
    if (threadIdx.x % (together ? blockDim.x : 32) == 0) {
      double* result = results + (batch * models + model) * kResult;
      result[0] = loss;
      result[1] = correct;
    }
  }
  // The barriers also ensure that every warp has read the flag before it is set.
  out_of_range = __syncthreads_or(out_of_range);
  not_finite = __syncthreads_or(not_finite);
  if (threadIdx.x == 0 && (out_of_range || not_finite)) {
    step->halted = out_of_range ? kLabelOutOfRange : kLossNotFinite;
  }
}

#define THALWEG_GATHER(name, T, From)                                                                              \
  extern "C" __global__ void name(const From* values, const int* labels, const int* order, int features, T scale, \
                                  const T* shift, T* x, int* y, const long long* cells, int columns, int column,  \
                                  const StepState* step) {                                                            \
    gather<T, From>(values, labels, order, features, scale, shift, x, y, cells, columns, column, step);          \
  }

THALWEG_GATHER(gather_u8_f32, float, unsigned char)
THALWEG_GATHER(gather_u8_f64, double, unsigned char)
THALWEG_GATHER(gather_f32_f32, float, float)
THALWEG_GATHER(gather_f32_f64, double, float)
THALWEG_GATHER(gather_f64_f64, double, double)

extern "C" __global__ void tally_f32(const float* row_loss, const int* row_correct, int rows, int models,
                                     double* results, StepState* step) {
  tally<float>(row_loss, row_correct, rows, models, results, step);
}

extern "C" __global__ void tally_f64(const double* row_loss, const int* row_correct, int rows, int models,
                                     double* results, StepState* step) {
  tally<double>(row_loss, row_correct, rows, models, results, step);
}

// The end of a recorded step. Launch: one thread.
extern "C" __global__ void advance(StepState* step) {
  if (step == nullptr || step->halted != kRunning) return;
  step->batch++;
  if (step->skipped == 0) step->update++;
  step->skipped = 0;
  step->factor = 1;
}
