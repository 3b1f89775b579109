// The update rules: one functor for each, and what every update does besides.
#pragma once

#include "tensors.cuh"

// The columns of a parameter group in the step table, before those of the rule:
//   gradient scale (sign of maximize x unscaling), L1, coupled decay, 1 - lr * decoupled decay
constexpr int kGroupColumns = 4;

template <typename T>
__device__ __forceinline__ T signum(T x) {
  return x > 0 ? 1 : x < 0 ? -1 : x;  // 0 and NaN stay what they are
}

// ---- The rules. A functor's members are its numbers of one update, in the order in which `numbers` of its Java
// ---- record gives them. w: parameter, g: its gradient after scaling and coupled decay, s: state. The records of the
// ---- same names state the formulas and their sources.

// A rule that looks ahead updates a parameter that has been moved away from its stored value.
template <int kCount>
struct Rule {
  static constexpr int kStates = kCount;
  static constexpr bool kLooksAhead = false;
  static constexpr bool kReturns = false;  // whether nothing is updated, and it goes back
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

// In place of NesterovLookAhead's update, where nothing is updated.
template <typename T>
struct GoBack : Rule<2> {
  static constexpr bool kReturns = true;
  __device__ __forceinline__ void update(T& w, T, T* s) const { w = s[1]; }
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

// X(kernel, functor) for each rule that updates by a gradient.
#define THALWEG_EACH_RULE(X) \
  X(sgd, Sgd)                                           \
  X(asgd, Asgd)                                         \
  X(momentum, Momentum)                                 \
  X(classical_momentum, ClassicalMomentum)              \
  X(nesterov, Nesterov)                                 \
  X(nesterov_look_ahead, NesterovLookAhead)             \
  X(adagrad, AdaGrad)                                   \
  X(rmsprop, RmsPropPlain)                              \
  X(rmsprop_momentum, RmsPropMomentum)                  \
  X(rmsprop_centred, RmsPropCentred)                    \
  X(rmsprop_centred_momentum, RmsPropCentredMomentum)   \
  X(adam, Adam)                                         \
  X(amsgrad, AmsGrad)                                   \
  X(radam, RAdam)                                       \
  X(nadam, NAdam)                                       \
  X(adamax, Adamax)                                     \
  X(adabelief, AdaBelief)                               \
  X(yogi, Yogi)                                         \
  X(adadelta, Adadelta)                                 \
  X(rprop, Rprop)                                       \
  X(lion, Lion)

// ---- One element of an update. S: how parameter and gradient are stored, T: what is computed in.

// What is the same for all elements of a launch.
template <typename Rule, typename T>
struct Numbers {
  T scale, l1, l2, keep;  // the columns of a group in the step table: these of its own, then the rule's
  Rule rule;
  uint64_t key;    // of the bits by which bf16 is rounded; 0 rounds to nearest
  uint64_t index;  // of the tensor
};

// One element: the gradient's pipeline, decoupled decay, then the rule.
template <typename Rule, typename T>
__device__ __forceinline__ void element(T& w, T g, T* s, const Numbers<Rule, T>& numbers) {
  if constexpr (Rule::kReturns) {
    numbers.rule.update(w, g, s);
    return;
  }
  T sloped = fma(numbers.l1, signum(w), numbers.scale * g);
  T scaled = fma(numbers.l2, w, sloped);
  if (Rule::kMoves) s[1] = w;  // not decayed: an idle update returns there
  w = numbers.keep * (Rule::kLooksAhead ? s[1] : w);
  numbers.rule.update(w, scaled, s);
}

// Reads the columns of a tensor's group. Those of group 0 begin at `column`, for bf16 behind one cell that holds the
// key of this update's rounding.
template <typename Rule, typename S, typename T>
__device__ __forceinline__ void read_numbers(Numbers<Rule, T>& numbers, long long group, const long long* cells,
                                             int columns, int column, const StepState* step) {
  constexpr int kColumns = kGroupColumns + sizeof(Rule) / sizeof(T);
  if constexpr (sizeof(S) < sizeof(T)) {
    numbers.key = static_cast<uint64_t>(cell<long long>(cells, step->update, columns, column++));
  }
  column += static_cast<int>(group) * kColumns;
  T* c = reinterpret_cast<T*>(&numbers);
#pragma unroll
  for (int k = 0; k < kColumns; k++) c[k] = cell<T>(cells, step->update, columns, column + k);
  numbers.scale *= static_cast<T>(step->factor);
}

// Tells the compiler that a tensor's arrays lie in global memory.
template <int kStates, typename S>
__device__ __forceinline__ Tensor<S> in_global_memory(Tensor<S> tensor) {
  tensor.parameter = global(tensor.parameter);
  tensor.gradient = global(tensor.gradient);
#pragma unroll
  for (int k = 0; k < kStates; k++) tensor.state[k] = global(tensor.state[k]);
  if constexpr (sizeof(S) < sizeof(*tensor.parameter)) tensor.copy = global(tensor.copy);
  return tensor;
}

// Element i of a tensor, alone.
template <typename Rule, typename S, typename T>
__device__ __forceinline__ void update_one(const Tensor<S>& tensor, long long i, const Numbers<Rule, T>& numbers) {
  T w = tensor.parameter[i];
  T state[Rule::kStates + 1];
#pragma unroll
  for (int k = 0; k < Rule::kStates; k++) state[k] = tensor.state[k][i];
  element(w, widen(tensor.gradient[i]), state, numbers);
  tensor.parameter[i] = w;
#pragma unroll
  for (int k = 0; k < Rule::kStates; k++) tensor.state[k][i] = state[k];
  if constexpr (sizeof(S) < sizeof(T)) store(tensor.copy + i, rounded<1>(&w, i, numbers.key, numbers.index));
}
