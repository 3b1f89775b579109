// Fused optimizer steps: one functor per update rule, one launcher for them all.
//
// A launch updates any number of tensors of any sizes. Each element is read and written once; parameters and
// state move in 16-byte accesses except for the few elements before the first and after the last 16-byte
// boundary of a tensor. The state arrays have the parameter's address modulo 16 (the device allocates them
// so); the gradient may lie anywhere and is never written.
#include "tensors.cuh"

// The columns of a parameter group in the step table, before those of the rule:
//   gradient scale (sign of maximize x unscaling), L1, coupled decay, 1 - lr * decoupled decay
constexpr int kGroupColumns = 4;

template <typename T>
__device__ __forceinline__ T signum(T x) {
  return x > 0 ? 1 : x < 0 ? -1 : x;  // 0 and NaN stay what they are
}

constexpr int kThreads = 256;
constexpr int kStrides = 4;  // vectors of a thread; a block covers 16 KB of the parameter

// ---- The rules. A functor's members are its numbers of one update, in the order in which `numbers` of its Java
// ---- record gives them. w: parameter, g: its gradient after scaling and coupled decay, s: state. The records of the
// ---- same names state the formulas and their sources.

// A rule that looks ahead updates a parameter that has been moved away from its stored value.
template <int kCount>
struct Rule {
  static constexpr int kStates = kCount;
  static constexpr bool kLooksAhead = false;
  static constexpr bool kMoves = false;  // whether it is the update that moves it away
};

template <typename T>
struct Sgd : Rule<0> {
  T lr;
  __device__ __forceinline__ void update(T& w, T g, T*) const { w = fma(-lr, g, w); }
};

template <typename T>
struct Asgd : Rule<1> {
  T eta, decay, mu, o;
  __device__ __forceinline__ void update(T& w, T g, T* s) const {
    T& a = s[0];
    w = fma(-eta, g, decay * w);
    a = fma(mu, w, o * a);
  }
};

template <typename T>
struct Momentum : Rule<1> {
  T mu, o, lr;
  __device__ __forceinline__ void update(T& w, T g, T* s) const {
    T& v = s[0];
    v = fma(mu, v, o * g);
    w = fma(-lr, v, w);
  }
};

template <typename T>
struct ClassicalMomentum : Rule<1> {
  T mu, lr;
  __device__ __forceinline__ void update(T& w, T g, T* s) const {
    T& v = s[0];
    v = fma(mu, v, -(lr * g));
    w = w + v;
  }
};

template <typename T>
struct Nesterov : Rule<1> {
  T mu, lr;
  __device__ __forceinline__ void update(T& w, T g, T* s) const {
    T& v = s[0];
    v = fma(mu, v, g);
    w = fma(-lr, fma(mu, v, g), w);
  }
};

// State: v, and the parameter's place while the gradient is taken ahead of it.
template <typename T>
struct NesterovLookAhead : Rule<2> {
  static constexpr bool kLooksAhead = true;
  T mu, lr;
  __device__ __forceinline__ void update(T& w, T g, T* s) const {
    T& v = s[0];
    v = fma(mu, v, -(lr * g));
    w = w + v;
  }
};

// Before the forward pass of NesterovLookAhead: moves the parameter along the velocity.
template <typename T>
struct LookAhead : Rule<2> {
  static constexpr bool kMoves = true;
  T mu, lr;
  __device__ __forceinline__ void update(T& w, T, T* s) const {
    T& v = s[0];
    w = fma(mu, v, w);
  }
};

template <typename T>
struct AdaGrad : Rule<1> {
  T step, eps;
  __device__ __forceinline__ void update(T& w, T g, T* s) const {
    T& a = s[0];
    a = fma(g, g, a);
    w = fma(-step, g / (sqrt(a) + eps), w);
  }
};

// State: v, then the mean where it is centred, then the velocity where it has momentum.
template <typename T, bool kCentred, bool kMomentum>
struct RmsProp : Rule<1 + kCentred + kMomentum> {
  T alpha, o, lr, eps, mu;
  __device__ __forceinline__ void update(T& w, T g, T* s) const {
    T v = fma(alpha, s[0], o * g * g);
    s[0] = v;
    if (kCentred) {
      T& mean = s[1];
      mean = fma(alpha, mean, o * g);
      v = fma(-mean, mean, v);
      v = v < 0 ? 0 : v;  // not fmax, which would drop a NaN
    }
    T q = g / (sqrt(v) + eps);
    if (kMomentum) {
      T& velocity = s[kCentred ? 2 : 1];
      q = fma(mu, velocity, q);
      velocity = q;
    }
    w = fma(-lr, q, w);
  }
};
template <typename T>
using RmsPropPlain = RmsProp<T, false, false>;
template <typename T>
using RmsPropMomentum = RmsProp<T, false, true>;
template <typename T>
using RmsPropCentred = RmsProp<T, true, false>;
template <typename T>
using RmsPropCentredMomentum = RmsProp<T, true, true>;

template <typename T>
struct Adam : Rule<2> {
  T b1, o1, b2, o2, step, eps;
  __device__ __forceinline__ void update(T& w, T g, T* s) const {
    T &m = s[0], &v = s[1];
    m = fma(b1, m, o1 * g);
    v = fma(b2, v, o2 * g * g);
    w = fma(-step, m / (sqrt(v) + eps), w);
  }
};

template <typename T>
struct AmsGrad : Rule<3> {
  T b1, o1, b2, o2, step, eps;
  __device__ __forceinline__ void update(T& w, T g, T* s) const {
    T &m = s[0], &v = s[1], &largest = s[2];
    m = fma(b1, m, o1 * g);
    v = fma(b2, v, o2 * g * g);
    largest = fmax(largest, v);
    w = fma(-step, m / (sqrt(largest) + eps), w);
  }
};

template <typename T>
struct RAdam : Rule<2> {
  T b1, o1, b2, o2, step, rectified, eps;
  __device__ __forceinline__ void update(T& w, T g, T* s) const {
    T &m = s[0], &v = s[1];
    m = fma(b1, m, o1 * g);
    v = fma(b2, v, o2 * g * g);
    w = fma(-step, m / fma(rectified, sqrt(v), eps), w);
  }
};

template <typename T>
struct NAdam : Rule<2> {
  T b1, o1, b2, o2, ofG, ofM, eps;
  __device__ __forceinline__ void update(T& w, T g, T* s) const {
    T &m = s[0], &v = s[1];
    m = fma(b1, m, o1 * g);
    v = fma(b2, v, o2 * g * g);
    w = w - fma(ofM, m, ofG * g) / (sqrt(v) + eps);
  }
};

template <typename T>
struct Adamax : Rule<2> {
  T b1, o1, b2, step, eps;
  __device__ __forceinline__ void update(T& w, T g, T* s) const {
    T &m = s[0], &u = s[1];
    m = fma(b1, m, o1 * g);
    u = fmax(b2 * u, fabs(g) + eps);
    w = fma(-step, m / u, w);
  }
};

template <typename T>
struct AdaBelief : Rule<2> {
  T b1, o1, b2, o2, step, inner, outer;
  __device__ __forceinline__ void update(T& w, T g, T* s) const {
    T &m = s[0], &v = s[1];
    m = fma(b1, m, o1 * g);
    T e = g - m;
    v = fma(b2, v, o2 * e * e) + inner;
    w = fma(-step, m / (sqrt(v) + outer), w);
  }
};

template <typename T>
struct Yogi : Rule<2> {
  T b1, o1, o2, step, eps;
  __device__ __forceinline__ void update(T& w, T g, T* s) const {
    T &m = s[0], &v = s[1];
    m = fma(b1, m, o1 * g);
    T q = g * g;
    v = fma(-(o2 * signum(v - q)), q, v);
    w = fma(-step, m / (sqrt(v) + eps), w);
  }
};

template <typename T>
struct Adadelta : Rule<2> {
  T rho, o, lr, eps;
  __device__ __forceinline__ void update(T& w, T g, T* s) const {
    T &v = s[0], &d = s[1];
    v = fma(rho, v, o * g * g);
    T delta = sqrt((d + eps) / (v + eps)) * g;
    d = fma(rho, d, o * delta * delta);
    w = fma(-lr, delta, w);
  }
};

template <typename T>
struct Rprop : Rule<2> {
  T etaMinus, etaPlus, minStep, maxStep, ratio;
  __device__ __forceinline__ void update(T& w, T g, T* s) const {
    T &before = s[0], &h = s[1];
    T p = g * before;
    h = fmin(fmax(h * (p > 0 ? etaPlus : p < 0 ? etaMinus : 1), minStep), maxStep);
    before = p < 0 ? 0 : g;
    w = fma(-(ratio * h), signum(before), w);
  }
};

template <typename T>
struct Lion : Rule<1> {
  T b1, o1, b2, o2, lr;
  __device__ __forceinline__ void update(T& w, T g, T* s) const {
    T& m = s[0];
    T sign = signum(fma(b1, m, o1 * g));
    m = fma(b2, m, o2 * g);
    w = fma(-lr, sign, w);
  }
};

// After the update of a rule: the proximal step of an L1 term, whose threshold is lr. A NaN stays one by its sign.
template <typename T>
struct Shrink : Rule<0> {
  T lr;
  __device__ __forceinline__ void update(T& w, T, T*) const {
    w = signum(w) * fmax(fabs(w) - lr, static_cast<T>(0));
  }
};

// ---- The launcher. S: how parameter and gradient are stored, T: what is computed in.

// What is the same for all elements of a launch.
template <typename Rule, typename T>
struct Numbers {
  T scale, l1, l2, keep;  // the columns of a group in the step table: these of its own, then the rule's
  Rule rule;
  uint64_t key;    // of the bits by which bf16 is rounded; 0 rounds to nearest
  uint64_t index;  // of the tensor
  bool idle;       // nothing is updated: a rule that looks ahead goes back
};

// One element: the gradient's pipeline, decoupled decay, then the rule.
template <typename Rule, typename T>
__device__ __forceinline__ void element(T& w, T g, T* s, const Numbers<Rule, T>& numbers) {
  if (Rule::kLooksAhead && numbers.idle) {
    w = s[1];  // back to its place
    return;
  }
  T sloped = fma(numbers.l1, signum(w), numbers.scale * g);
  T scaled = fma(numbers.l2, w, sloped);
  if (Rule::kMoves) s[1] = w;  // not decayed: an idle update returns there
  w = numbers.keep * (Rule::kLooksAhead ? s[1] : w);
  numbers.rule.update(w, scaled, s);
}

// The vectors of this block: first_vector .. first_vector + kThreads * kStrides of a tensor.
template <typename Rule, bool kGradientAligned, typename S, typename T>
__device__ __forceinline__ void vectors(const Tensor<S>& tensor, int head, long long first_vector,
                                        long long vector_count, const Numbers<Rule, T>& numbers) {
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
      element(w.at[lane], widen(g.at[lane]), state, numbers);
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

  Numbers<Rule, T> numbers = {};
  numbers.idle = idle;
  if constexpr (sizeof(S) < sizeof(T)) {
    tensor.copy = global(tensor.copy);
    numbers.key = static_cast<uint64_t>(cell<long long>(cells, step->update, columns, column++));
    numbers.index = static_cast<uint64_t>(index);
  }
  constexpr int kColumns = kGroupColumns + sizeof(Rule) / sizeof(T);
  column += static_cast<int>(tensor.group) * kColumns;
  T* c = reinterpret_cast<T*>(&numbers);
#pragma unroll
  for (int k = 0; k < kColumns; k++) c[k] = cell<T>(cells, step->update, columns, column + k);
  numbers.scale *= static_cast<T>(step->factor);

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
    element(w, widen(tensor.gradient[i]), state, numbers);
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
  // The last block also takes the few elements for which there is no other block.
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
    update<Rule<typename Tensor<S>::Number>, S>(tensors, tensor_of_block, cells, columns, column, step);   \
  }
#define THALWEG_RULES(name, Rule)        \
  THALWEG_RULE(name##_f32, Rule, float)  \
  THALWEG_RULE(name##_f64, Rule, double) \
  THALWEG_RULE(name##_bf16, Rule, exact::Bf16)

THALWEG_RULES(sgd, Sgd)
THALWEG_RULES(asgd, Asgd)
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
THALWEG_RULES(radam, RAdam)
THALWEG_RULES(nadam, NAdam)
THALWEG_RULES(adamax, Adamax)
THALWEG_RULES(adabelief, AdaBelief)
THALWEG_RULES(yogi, Yogi)
THALWEG_RULES(adadelta, Adadelta)
THALWEG_RULES(rprop, Rprop)
THALWEG_RULES(lion, Lion)
THALWEG_RULES(shrink, Shrink)
