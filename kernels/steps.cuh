// The state of a recorded step: two cursors into a table that the host has filled ahead of the run.
//
// The table has `columns` cells of 8 bytes in each row. A cell is a number of the step's own type (float in
// its low half, or double) or a 64-bit integer. Nothing here counts optimizer steps: the host has put
// everything that depends on t into the rows (src/docs/numerics.md, "Arithmetic").
#pragma once

struct StepState {
  long long batch;   // row of the current minibatch
  long long update;  // row of the current update; an update that is skipped does not move it
  long long halted;  // why later steps do nothing; kRunning while all is well
  long long skipped; // 1 while this step's update is skipped
  double factor;     // what this step's gradients are multiplied by, to clip them; else 1
  double norm;       // of all gradients together, where it was last measured
  long long arrived; // blocks of the current launch that have come to its end; else 0
};

enum Halt : long long { kRunning = 0, kLossNotFinite = 1, kLabelOutOfRange = 2 };

// Whether the caller's block is the last of its launch to come here. One thread of each block calls it, once, behind a
// barrier: all that was before is before what it does next, if it is the last.
__device__ __forceinline__ bool arrive(StepState* step) {
  __threadfence();
  const bool last = atomicAdd(reinterpret_cast<unsigned*>(&step->arrived), 1u) == gridDim.x - 1;
  if (last) step->arrived = 0;
  __threadfence();
  return last;
}

// The same for all threads of the block.
__device__ __forceinline__ bool is_last_block(StepState* step) {
  __syncthreads();
  int last = 0;
  if (threadIdx.x == 0) last = arrive(step);
  return __syncthreads_or(last);
}

// The end of a recorded step.
__device__ __forceinline__ void advance_cursors(StepState* step) {
  if (step->halted != kRunning) return;
  step->batch++;
  if (step->skipped == 0) step->update++;
  step->skipped = 0;
  step->factor = 1;
}

// Ends the step once all blocks of the launch have called it, which read the state no more. All threads call it.
__device__ __forceinline__ void end_step(StepState* step) {
  __syncthreads();
  if (threadIdx.x == 0 && arrive(step)) advance_cursors(step);
}

// One cell of a step table, read as a Value (8 bytes apart, whatever the Value's own size).
template <typename Value>
__device__ __forceinline__ Value cell(const long long* cells, long long row, int columns, int column) {
  return *reinterpret_cast<const Value*>(cells + row * columns + column);
}
