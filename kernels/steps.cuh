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
};

enum Halt : long long { kRunning = 0, kLossNotFinite = 1, kLabelOutOfRange = 2 };

// One cell of a step table, read as a Value (8 bytes apart, whatever the Value's own size).
template <typename Value>
__device__ __forceinline__ Value cell(const long long* cells, long long row, int columns, int column) {
  return *reinterpret_cast<const Value*>(cells + row * columns + column);
}
