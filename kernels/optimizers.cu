// Fused optimizer steps: one functor per update rule, one launcher for them all.
//
// A launch updates any number of tensors of any sizes. Each element is read and written once; parameters and
// state move in 16-byte accesses except for the few elements before the first and after the last 16-byte
// boundary of a tensor. The state arrays have the parameter's address modulo 16 (the device allocates them
// so); the gradient may lie anywhere and is never written.
#include "steps.cuh"

// A row of the tensor table. The host writes it; see CudaDevice.
template <typename T>
struct Tensor {
  T* parameter;
  const T* gradient;
  T* state[3];
  long long count;
  long long first_block;
  long long group;
};

// The numbers of one parameter group in the step table: these three, then the rule's own.
//   gradient scale (sign of maximize x unscaling x clipping), coupled decay, 1 - lr * decoupled decay
constexpr int kGroupColumns = 3;

constexpr int kThreads = 256;
constexpr int kStrides = 4;  // 16-byte accesses of a thread to each array; a block covers 16 KB of each

// ---- The rules. w: parameter, g: its gradient after scaling and coupled decay, s: state, c: the rule's
// ---- columns. The Java records of the same names state the formulas and their sources.

struct Sgd {
  static constexpr int kStates = 0;
  static constexpr int kColumns = 1;  // lr
  template <typename T>
  static __device__ __forceinline__ void update(T& w, T g, T*, const T* c) {
    w = fma(-c[0], g, w);
  }
};

struct Momentum {
  static constexpr int kStates = 1;
  static constexpr int kColumns = 3;  // mu, 1 - tau (1 at t = 1), lr
  template <typename T>
  static __device__ __forceinline__ void update(T& w, T g, T* s, const T* c) {
    T v = fma(c[0], s[0], c[1] * g);
    s[0] = v;
    w = fma(-c[2], v, w);
  }
};

struct ClassicalMomentum {
  static constexpr int kStates = 1;
  static constexpr int kColumns = 2;  // mu, lr
  template <typename T>
  static __device__ __forceinline__ void update(T& w, T g, T* s, const T* c) {
    T v = fma(c[0], s[0], -(c[1] * g));
    s[0] = v;
    w = w + v;
  }
};

struct Nesterov {
  static constexpr int kStates = 1;
  static constexpr int kColumns = 2;  // mu, lr
  template <typename T>
  static __device__ __forceinline__ void update(T& w, T g, T* s, const T* c) {
    T v = fma(c[0], s[0], g);
    s[0] = v;
    w = fma(-c[1], fma(c[0], v, g), w);
  }
};

struct AdaGrad {
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
struct RmsProp {
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

struct Adam {
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

struct AmsGrad {
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

struct NAdam {
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

struct Adamax {
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

struct Adadelta {
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

struct Lion {
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

// ---- The launcher.

template <typename T>
struct alignas(16) Vector {
  static constexpr int kWidth = 16 / sizeof(T);
  T at[kWidth];
};

template <typename T>
__device__ __forceinline__ Vector<T> load(const T* p) {
  return *reinterpret_cast<const Vector<T>*>(p);
}

template <typename T>
__device__ __forceinline__ void store(T* p, const Vector<T>& v) {
  *reinterpret_cast<Vector<T>*>(p) = v;
}

// An address that comes from memory could point anywhere, for all the compiler knows: this one is global.
template <typename T>
__device__ __forceinline__ T* global(T* p) {
  __builtin_assume(__isGlobal(p));
  return p;
}

// One element: the gradient's pipeline, decoupled decay, then the rule. c: the group's columns.
template <typename Rule, typename T>
__device__ __forceinline__ void element(T& w, T g, T* s, const T* c) {
  T scaled = fma(c[1], w, c[0] * g);
  w = c[2] * w;
  Rule::update(w, scaled, s, c + kGroupColumns);
}

// The 16-byte accesses of this block: vectors first_vector .. first_vector + kThreads * kStrides of a tensor.
template <typename Rule, bool kGradientAligned, typename T>
__device__ __forceinline__ void vectors(const Tensor<T>& tensor, int head, long long first_vector,
                                        long long vector_count, const T* c) {
  constexpr int kWidth = Vector<T>::kWidth;
#pragma unroll
  for (int stride = 0; stride < kStrides; stride++) {
    long long vector = first_vector + stride * kThreads + threadIdx.x;
    if (vector >= vector_count) return;
    long long i = head + vector * kWidth;
    Vector<T> w = load(tensor.parameter + i);
    Vector<T> g;
    if (kGradientAligned) {
      g = load(tensor.gradient + i);
    } else {
#pragma unroll
      for (int lane = 0; lane < kWidth; lane++) g.at[lane] = tensor.gradient[i + lane];
    }
    Vector<T> s[Rule::kStates + 1];
#pragma unroll
    for (int k = 0; k < Rule::kStates; k++) s[k] = load(tensor.state[k] + i);
#pragma unroll
    for (int lane = 0; lane < kWidth; lane++) {
      T state[Rule::kStates + 1];
#pragma unroll
      for (int k = 0; k < Rule::kStates; k++) state[k] = s[k].at[lane];
      element<Rule>(w.at[lane], g.at[lane], state, c);
#pragma unroll
      for (int k = 0; k < Rule::kStates; k++) s[k].at[lane] = state[k];
    }
    store(tensor.parameter + i, w);
#pragma unroll
    for (int k = 0; k < Rule::kStates; k++) store(tensor.state[k] + i, s[k]);
  }
}

// Launch: one block for each kThreads * kStrides vectors of each tensor, at least one for a tensor that is not
// empty; tensor_of_block names the tensor. The columns of group 0 begin at `column`.
template <typename Rule, typename T>
__device__ __forceinline__ void update(const Tensor<T>* tensors, const int* tensor_of_block,
                                       const long long* cells, int columns, int column, const Clock* clock) {
  if (tensors == nullptr || clock->halted != kRunning) return;
  Tensor<T> tensor = tensors[tensor_of_block[blockIdx.x]];
  tensor.parameter = global(tensor.parameter);
  tensor.gradient = global(tensor.gradient);
#pragma unroll
  for (int k = 0; k < Rule::kStates; k++) tensor.state[k] = global(tensor.state[k]);

  constexpr int kColumns = kGroupColumns + Rule::kColumns;
  T c[kColumns];
#pragma unroll
  for (int k = 0; k < kColumns; k++) {
    c[k] = cell<T>(cells, clock->update, columns, column + static_cast<int>(tensor.group) * kColumns + k);
  }

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
    element<Rule>(w, tensor.gradient[i], state, c);
    tensor.parameter[i] = w;
#pragma unroll
    for (int k = 0; k < Rule::kStates; k++) tensor.state[k][i] = state[k];
  }

  long long first_vector = block * (kThreads * kStrides);
  bool gradient_aligned = reinterpret_cast<long long>(tensor.gradient + head) % 16 == 0;
  if (gradient_aligned) {
    vectors<Rule, true>(tensor, head, first_vector, vector_count, c);
  } else {
    vectors<Rule, false>(tensor, head, first_vector, vector_count, c);
  }
}

// Six blocks of 256 threads on a multiprocessor, three in double: at most 40 and 80 registers a thread.
#define THALWEG_RULE(name, Rule, T)                                                                         \
  extern "C" __global__ void __launch_bounds__(kThreads, sizeof(T) == 4 ? 6 : 3)                               \
      name(const Tensor<T>* tensors, const int* tensor_of_block, const long long* cells, int columns,      \
           int column, const Clock* clock) {                                                                \
    update<Rule, T>(tensors, tensor_of_block, cells, columns, column, clock);                               \
  }
#define THALWEG_RULES(name, Rule)        \
  THALWEG_RULE(name##_f32, Rule, float)  \
  THALWEG_RULE(name##_f64, Rule, double)

using RmsPropPlain = RmsProp<false, false>;
using RmsPropMomentum = RmsProp<false, true>;
using RmsPropCentred = RmsProp<true, false>;
using RmsPropCentredMomentum = RmsProp<true, true>;

THALWEG_RULES(sgd, Sgd)
THALWEG_RULES(momentum, Momentum)
THALWEG_RULES(classical_momentum, ClassicalMomentum)
THALWEG_RULES(nesterov, Nesterov)
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
