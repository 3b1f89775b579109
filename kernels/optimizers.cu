// Fused optimizer steps: one functor per update rule, one launcher for them all.
//
// A launch updates any number of tensors of any sizes. Each element is read and written once; parameters and
// state move in 16-byte accesses except for the few elements before the first and after the last 16-byte
// boundary of a tensor. The state arrays have the parameter's address modulo 16 (the device allocates them
// so); the gradient may lie anywhere and is never written.
#include "tensors.cuh"

// The numbers of one parameter group in the step table: these four, then the rule's own.
//   gradient scale (sign of maximize x unscaling), L1, coupled decay, 1 - lr * decoupled decay
constexpr int kGroupColumns = 4;

constexpr int kThreads = 256;
constexpr int kStrides = 4;  // vectors of a thread; a block covers 16 KB of the parameter

// ---- The rules. w: parameter, g: its gradient after scaling and coupled decay, s: state, c: the rule's
// ---- columns. The Java records of the same names state the formulas and their sources.

// A rule that looks ahead is one whose parameter is away from its place when the update comes.
struct Rule {
  static constexpr bool kLooksAhead = false;
  static constexpr bool kMoves = false;  // is what moves it away
};

struct Sgd : Rule {
  static constexpr int kStates = 0;
  static constexpr int kColumns = 1;  // lr
  template <typename T>
  static __device__ __forceinline__ void update(T& w, T g, T*, const T* c) {
    w = fma(-c[0], g, w);
  }
};

struct Momentum : Rule {
  static constexpr int kStates = 1;
  static constexpr int kColumns = 3;  // mu, 1 - tau (1 at t = 1), lr
  template <typename T>
  static __device__ __forceinline__ void update(T& w, T g, T* s, const T* c) {
    T v = fma(c[0], s[0], c[1] * g);
    s[0] = v;
    w = fma(-c[2], v, w);
  }
};

struct ClassicalMomentum : Rule {
  static constexpr int kStates = 1;
  static constexpr int kColumns = 2;  // mu, lr
  template <typename T>
  static __device__ __forceinline__ void update(T& w, T g, T* s, const T* c) {
    T v = fma(c[0], s[0], -(c[1] * g));
    s[0] = v;
    w = w + v;
  }
};

struct Nesterov : Rule {
  static constexpr int kStates = 1;
  static constexpr int kColumns = 2;  // mu, lr
  template <typename T>
  static __device__ __forceinline__ void update(T& w, T g, T* s, const T* c) {
    T v = fma(c[0], s[0], g);
    s[0] = v;
    w = fma(-c[1], fma(c[0], v, g), w);
  }
};

// State: v, and the parameter's place while the gradient is taken ahead of it.
struct NesterovLookAhead : Rule {
  static constexpr bool kLooksAhead = true;
  static constexpr int kStates = 2;
  static constexpr int kColumns = 2;  // mu, lr
  template <typename T>
  static __device__ __forceinline__ void update(T& w, T g, T* s, const T* c) {
    T v = fma(c[0], s[0], -(c[1] * g));
    s[0] = v;
    w = w + v;
  }
};

// Before the forward pass of NesterovLookAhead: to where the velocity leads.
struct LookAhead : Rule {
  static constexpr bool kMoves = true;
  static constexpr int kStates = 2;
  static constexpr int kColumns = 2;  // mu, lr
  template <typename T>
  static __device__ __forceinline__ void update(T& w, T, T* s, const T* c) {
    w = fma(c[0], s[0], w);
  }
};

struct AdaGrad : Rule {
  static constexpr int kStates = 1;
  static constexpr int kColumns = 2;  // lr of this step, eps
  template <typename T>
  static __device__ __forceinline__ void update(T& w, T g, T* s, const T* c) {
    T a = fma(g, g, s[0]);
    s[0] = a;
    w = fma(-c[0], g / (sqrt(a) + c[1]), w);
  }
};

// State: s, then gbar where it is centred, then b where it has momentum.
template <bool kCentred, bool kMomentum>
struct RmsProp : Rule {
  static constexpr int kStates = 1 + kCentred + kMomentum;
  static constexpr int kColumns = 5;  // alpha, 1 - alpha, lr, eps, mu
  template <typename T>
  static __device__ __forceinline__ void update(T& w, T g, T* s, const T* c) {
    T v = fma(c[0], s[0], c[1] * g * g);
    s[0] = v;
    if (kCentred) {
      T mean = fma(c[0], s[1], c[1] * g);
      s[1] = mean;
      v = fma(-mean, mean, v);
      v = v < 0 ? 0 : v;  // not fmax, which would drop a NaN
    }
    T step = g / (sqrt(v) + c[3]);
    if (kMomentum) {
      step = fma(c[4], s[kStates - 1], step);
      s[kStates - 1] = step;
    }
    w = fma(-c[2], step, w);
  }
};

struct Adam : Rule {
  static constexpr int kStates = 2;
  static constexpr int kColumns = 6;  // beta1, 1 - beta1, beta2, 1 - beta2, folded lr, folded eps
  template <typename T>
  static __device__ __forceinline__ void update(T& w, T g, T* s, const T* c) {
    T m = fma(c[0], s[0], c[1] * g);
    T v = fma(c[2], s[1], c[3] * g * g);
    s[0] = m;
    s[1] = v;
    w = fma(-c[4], m / (sqrt(v) + c[5]), w);
  }
};

struct AmsGrad : Rule {
  static constexpr int kStates = 3;
  static constexpr int kColumns = 6;  // as Adam
  template <typename T>
  static __device__ __forceinline__ void update(T& w, T g, T* s, const T* c) {
    T m = fma(c[0], s[0], c[1] * g);
    T v = fma(c[2], s[1], c[3] * g * g);
    T largest = fmax(s[2], v);
    s[0] = m;
    s[1] = v;
    s[2] = largest;
    w = fma(-c[4], m / (sqrt(largest) + c[5]), w);
  }
};

struct NAdam : Rule {
  static constexpr int kStates = 2;
  static constexpr int kColumns = 7;  // beta1, 1 - beta1, beta2, 1 - beta2, factor of g, factor of m, folded eps
  template <typename T>
  static __device__ __forceinline__ void update(T& w, T g, T* s, const T* c) {
    T m = fma(c[0], s[0], c[1] * g);
    T v = fma(c[2], s[1], c[3] * g * g);
    s[0] = m;
    s[1] = v;
    w = w - fma(c[5], m, c[4] * g) / (sqrt(v) + c[6]);
  }
};

struct Adamax : Rule {
  static constexpr int kStates = 2;
  static constexpr int kColumns = 5;  // beta1, 1 - beta1, beta2, folded lr, eps
  template <typename T>
  static __device__ __forceinline__ void update(T& w, T g, T* s, const T* c) {
    T m = fma(c[0], s[0], c[1] * g);
    T u = fmax(c[2] * s[1], fabs(g) + c[4]);
    s[0] = m;
    s[1] = u;
    w = fma(-c[3], m / u, w);
  }
};

struct Adadelta : Rule {
  static constexpr int kStates = 2;
  static constexpr int kColumns = 4;  // rho, 1 - rho, lr, eps
  template <typename T>
  static __device__ __forceinline__ void update(T& w, T g, T* s, const T* c) {
    T v = fma(c[0], s[0], c[1] * g * g);
    T delta = sqrt((s[1] + c[3]) / (v + c[3])) * g;
    s[0] = v;
    s[1] = fma(c[0], s[1], c[1] * delta * delta);
    w = fma(-c[2], delta, w);
  }
};

struct Lion : Rule {
  static constexpr int kStates = 1;
  static constexpr int kColumns = 5;  // beta1, 1 - beta1, beta2, 1 - beta2, lr
  template <typename T>
  static __device__ __forceinline__ void update(T& w, T g, T* s, const T* c) {
    T direction = fma(c[0], s[0], c[1] * g);
    T sign = direction > 0 ? 1 : direction < 0 ? -1 : direction;  // 0 and NaN stay what they are
    s[0] = fma(c[2], s[0], c[3] * g);
    w = fma(-c[4], sign, w);
  }
};

// ---- The launcher. S: how parameter and gradient are stored, T: what is computed in.

template <typename T>
__device__ __forceinline__ T sign(T w) {
  return w > 0 ? 1 : w < 0 ? -1 : w;  // 0 and NaN stay what they are
}

// One element: the gradient's pipeline, decoupled decay, then the rule. c: the group's columns.
template <typename Rule, typename T>
__device__ __forceinline__ void element(T& w, T g, T* s, const T* c, bool idle) {
  if (Rule::kLooksAhead && idle) {
    w = s[1];  // back to its place
    return;
  }
  T sloped = fma(c[1], sign(w), c[0] * g);
  T scaled = fma(c[2], w, sloped);
  if (Rule::kMoves) s[1] = w;  // not decayed: an idle update returns there
  w = c[3] * (Rule::kLooksAhead ? s[1] : w);
  Rule::update(w, scaled, s, c + kGroupColumns);
}

// What is the same for all elements of a launch.
template <typename T>
struct Numbers {
  const T* c;      // the group's columns
  uint64_t key;    // of the bits by which bf16 is rounded; 0 rounds to nearest
  uint64_t index;  // of the tensor
  bool idle;       // nothing is updated: a rule that looks ahead goes back
};

// The vectors of this block: first_vector .. first_vector + kThreads * kStrides of a tensor.
template <typename Rule, bool kGradientAligned, typename S, typename T>
__device__ __forceinline__ void vectors(const Tensor<S>& tensor, int head, long long first_vector,
                                        long long vector_count, const Numbers<T>& numbers) {
  constexpr int kWidth = Vector<T>::kWidth;
  constexpr int kUnrolled = sizeof(S) < sizeof(T) ? 1 : kStrides;  // the rounding to bf16 is long
#pragma unroll kUnrolled
  for (int stride = 0; stride < kStrides; stride++) {
    long long vector = first_vector + stride * kThreads + threadIdx.x;
    if (vector >= vector_count) return;
    long long i = head + vector * kWidth;
    Vector<T> w = load<T>(tensor.parameter + i);
    Vector<S, kWidth> g;
    if (kGradientAligned) {
      g = load<S, kWidth>(tensor.gradient + i);
    } else {
#pragma unroll
      for (int lane = 0; lane < kWidth; lane++) g.at[lane] = tensor.gradient[i + lane];
    }
    Vector<T> s[Rule::kStates + 1];
#pragma unroll
    for (int k = 0; k < Rule::kStates; k++) s[k] = load<T>(tensor.state[k] + i);
#pragma unroll
    for (int lane = 0; lane < kWidth; lane++) {
      T state[Rule::kStates + 1];
#pragma unroll
      for (int k = 0; k < Rule::kStates; k++) state[k] = s[k].at[lane];
      element<Rule>(w.at[lane], widen(g.at[lane]), state, numbers.c, numbers.idle);
#pragma unroll
      for (int k = 0; k < Rule::kStates; k++) s[k].at[lane] = state[k];
    }
    store(tensor.parameter + i, w);
#pragma unroll
    for (int k = 0; k < Rule::kStates; k++) store(tensor.state[k] + i, s[k]);
    if constexpr (sizeof(S) < sizeof(T)) {
      store(tensor.copy + i, rounded<kWidth>(w.at, i, numbers.key, numbers.index));
    }
  }
}

// Launch: one block for each kThreads * kStrides vectors of each tensor, at least one for a tensor that is not
// empty; tensor_of_block names the tensor. The columns of group 0 begin at `column`; for bf16 behind one cell that
// holds the key of this update's rounding.
template <typename Rule, typename S>
__device__ __forceinline__ void update(const Tensor<S>* tensors, const int* tensor_of_block, const long long* cells,
                                       int columns, int column, const StepState* step) {
  using T = typename Tensor<S>::Number;
  if (tensors == nullptr) return;
  const bool idle = step->halted != kRunning || step->skipped != 0;
  if (idle && !Rule::kLooksAhead) return;
  const int index = tensor_of_block[blockIdx.x];
  Tensor<S> tensor = tensors[index];
  tensor.parameter = global(tensor.parameter);
  tensor.gradient = global(tensor.gradient);
#pragma unroll
  for (int k = 0; k < Rule::kStates; k++) tensor.state[k] = global(tensor.state[k]);

  Numbers<T> numbers = {nullptr, 0, 0, idle};
  if constexpr (sizeof(S) < sizeof(T)) {
    tensor.copy = global(tensor.copy);
    numbers.key = static_cast<uint64_t>(cell<long long>(cells, step->update, columns, column++));
    numbers.index = static_cast<uint64_t>(index);
  }
  constexpr int kColumns = kGroupColumns + Rule::kColumns;
  T c[kColumns];
#pragma unroll
  for (int k = 0; k < kColumns; k++) {
    c[k] = cell<T>(cells, step->update, columns, column + static_cast<int>(tensor.group) * kColumns + k);
  }
  c[0] *= static_cast<T>(step->factor);
  numbers.c = c;

  constexpr int kWidth = Vector<T>::kWidth;
  long long block = blockIdx.x - tensor.first_block;
  int head = static_cast<int>(-(reinterpret_cast<long long>(tensor.parameter) / sizeof(T)) & (kWidth - 1));
  if (head > tensor.count) head = static_cast<int>(tensor.count);
  long long vector_count = (tensor.count - head) / kWidth;
  int tail = static_cast<int>(tensor.count - head - vector_count * kWidth);

  if (block == 0 && threadIdx.x < head + tail) {
    long long i = threadIdx.x;
    if (i >= head) i += vector_count * kWidth;
    T w = tensor.parameter[i];
    T state[Rule::kStates + 1];
#pragma unroll
    for (int k = 0; k < Rule::kStates; k++) state[k] = tensor.state[k][i];
    element<Rule>(w, widen(tensor.gradient[i]), state, c, idle);
    tensor.parameter[i] = w;
#pragma unroll
    for (int k = 0; k < Rule::kStates; k++) tensor.state[k][i] = state[k];
    if constexpr (sizeof(S) < sizeof(T)) {
      store(tensor.copy + i, rounded<1>(&w, i, numbers.key, numbers.index));
    }
  }

  long long first_vector = block * (kThreads * kStrides);
  bool gradient_aligned = reinterpret_cast<long long>(tensor.gradient + head) % (kWidth * sizeof(S)) == 0;
  if (gradient_aligned) {
    vectors<Rule, true>(tensor, head, first_vector, vector_count, numbers);
  } else {
    vectors<Rule, false>(tensor, head, first_vector, vector_count, numbers);
  }
}

// The masters of bf16 parameters, before their first update. Launch: as an update.
extern "C" __global__ void masters(const Tensor<exact::Bf16>* tensors, const int* tensor_of_block) {
  if (tensors == nullptr) return;
  const Tensor<exact::Bf16> tensor = tensors[tensor_of_block[blockIdx.x]];
  constexpr long long kElements = kThreads * kStrides * Vector<float>::kWidth;
  const long long from = (blockIdx.x - tensor.first_block) * kElements;
  // What lies outside of the vectors belongs to the last block, or to one that is not there: a few elements.
  const bool last = tensor.count - from < kElements + 2 * Vector<float>::kWidth;
  const long long to = last ? tensor.count : from + kElements;
  for (long long i = from + threadIdx.x; i < to; i += kThreads) {
    global(tensor.parameter)[i] = exact::widen(global(tensor.copy)[i]);
  }
}

// Six blocks of 256 threads on a multiprocessor, three in double, four with bf16: at most 40, 80 and 64 registers a
// thread.
template <typename S>
constexpr int kBlocks = sizeof(S) == 4 ? 6 : sizeof(S) == 8 ? 3 : 4;

#define THALWEG_RULE(name, Rule, S)                                                                        \
  extern "C" __global__ void __launch_bounds__(kThreads, kBlocks<S>)                                       \
      name(const Tensor<S>* tensors, const int* tensor_of_block, const long long* cells, int columns,      \
           int column, const StepState* step) {                                                               \
    update<Rule, S>(tensors, tensor_of_block, cells, columns, column, step);                              \
  }
#define THALWEG_RULES(name, Rule)        \
  THALWEG_RULE(name##_f32, Rule, float)  \
  THALWEG_RULE(name##_f64, Rule, double) \
  THALWEG_RULE(name##_bf16, Rule, exact::Bf16)

using RmsPropPlain = RmsProp<false, false>;
using RmsPropMomentum = RmsProp<false, true>;
using RmsPropCentred = RmsProp<true, false>;
using RmsPropCentredMomentum = RmsProp<true, true>;

THALWEG_RULES(sgd, Sgd)
THALWEG_RULES(momentum, Momentum)
THALWEG_RULES(classical_momentum, ClassicalMomentum)
THALWEG_RULES(nesterov, Nesterov)
THALWEG_RULES(nesterov_look_ahead, NesterovLookAhead)
THALWEG_RULES(look_ahead, LookAhead)
THALWEG_RULES(adagrad, AdaGrad)
THALWEG_RULES(rmsprop, RmsPropPlain)
THALWEG_RULES(rmsprop_momentum, RmsPropMomentum)
THALWEG_RULES(rmsprop_centred, RmsPropCentred)
THALWEG_RULES(rmsprop_centred_momentum, RmsPropCentredMomentum)
THALWEG_RULES(adam, Adam)
THALWEG_RULES(amsgrad, AmsGrad)
THALWEG_RULES(nadam, NAdam)
THALWEG_RULES(adamax, Adamax)
THALWEG_RULES(adadelta, Adadelta)
THALWEG_RULES(lion, Lion)
