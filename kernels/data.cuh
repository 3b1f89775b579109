// What begins and ends the forward part of a step: rows are gathered, losses added up.
#pragma once

#include "exact.cuh"
#include "steps.cuh"
#include "vector.cuh"

constexpr int kResult = 2;  // numbers of a minibatch and model: loss, correct

// A value of the data as a T, exactly.
template <typename T, typename From>
__device__ __forceinline__ T widened(From value) {
  return static_cast<T>(value);
}
template <typename T>
__device__ __forceinline__ T widened(exact::Half value) {
  return exact::widen(value);
}
template <typename T>
__device__ __forceinline__ T widened(exact::Bf16 value) {
  return exact::widen(value);
}

// x[b] = scale * values[order[first + b]], or where there is `affine`, a factor for each feature and behind them what
// is added to each, fma(value, factor, added); y[b] = labels[order[first + b]]. first is an integer cell of the step
// table. One row b, by so many threads, of which this is the thread-th.
template <typename T, typename From>
__device__ __forceinline__ void gather(const From* values, const int* labels, const int* order, int features, T scale,
                                       const T* affine, T* x, int* y, const long long* cells, int columns, int column,
                                       const StepState* step, int b, int thread, int threads) {
  const long long first = cell<long long>(cells, step->batch, columns, column);
  const long long row = order[first + b];
  const From* from = values + row * features;
  T* to = x + static_cast<long long>(b) * features;
  if (thread == 0) y[b] = labels[row];
  const auto scaled = [=](From value, int i) {
    const T number = widened<T>(value);
    return affine == nullptr ? number * scale : fma(number, affine[i], affine[features + i]);
  };

  // Four features a thread wherever each row starts at a multiple of four values and of sixteen bytes.
  if (features % 4 == 0 && reinterpret_cast<long long>(values) % (4 * sizeof(From)) == 0 &&
      reinterpret_cast<long long>(x) % 16 == 0) {
#pragma unroll 4
    for (int i = thread * 4; i < features; i += threads * 4) {
      const auto four = load<From, 4>(from + i);
      store(to + i, Vector<T, 4>{scaled(four.at[0], i), scaled(four.at[1], i + 1), scaled(four.at[2], i + 2),
                                 scaled(four.at[3], i + 3)});
    }
  } else {
#pragma unroll 2
    for (int i = thread; i < features; i += threads) to[i] = scaled(from[i], i);
  }
}

// results[state.batch][model] = {sum of the model's row losses, number of its correct predictions}. A sum that is
// not finite, or a row whose label was out of range (correct < 0), halts the run from this step's update on.
// One block of whole warps. A warp takes a model at a time; where there are fewer models than warps and many rows, the
// whole block does, and `shared` is shared memory for exact::kChunk numbers. kOneChunk: rows is at most exact::kChunk.
template <bool kOneChunk, typename T>
__device__ __forceinline__ void tally(const T* row_loss, const int* row_correct, int rows, int models,
                                      double* results, StepState* step, T* shared) {
  if (step->halted != kRunning) return;
  const int warps = blockDim.x / 32;
  const bool together = !kOneChunk && models < warps && rows > exact::kChunk;
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
    T loss = 0;
    int correct = 0;
    if constexpr (kOneChunk) {  // as exact::chunk_sum, both at once and in less code, which is compiled sooner
#pragma unroll 8
      for (int i = exact::lane(); i < rows; i += exact::kLanes) {
        loss += row_loss_at(i);
        correct += row_correct_at(i);
      }
      loss = exact::butterfly(loss);
      correct = exact::butterfly(correct);
    } else {
      loss = together ? exact::block_sum<T>(rows, row_loss_at, shared) : exact::sum<T>(rows, row_loss_at);
      correct = together ? exact::block_sum<int>(rows, row_correct_at, reinterpret_cast<int*>(shared))
                         : exact::sum<int>(rows, row_correct_at);
    }
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
