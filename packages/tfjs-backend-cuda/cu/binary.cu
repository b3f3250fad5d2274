// y = f(a, b), broadcast over up to four axes: element [i0, i1, i2, i3] of y, whose last three axes have sizes n1, n2 and n3,
// takes those of a and b at Σ i_k · a_k and Σ i_k · b_k; a stride of 0 repeats an axis.
#include "elements.h"

struct Strides {
  int s0, s1, s2, s3;
};

template <class Operation, class From, class To>
__device__ inline void binary(const From* a, const From* b, To* y, int size, int n1, int n2, int n3, Strides sa,
                              Strides sb) {
  const bool is_flat = n1 == 1 && n2 == 1 && n3 == 1;  // one axis, the first
  for (FOR_ELEMENTS(i, size)) {
    int at_a = i * sa.s0, at_b = i * sb.s0;
    if (!is_flat) {
      const unsigned i3 = i % n3, rest = i / n3, i2 = rest % n2, rest2 = rest / n2, i1 = rest2 % n1, i0 = rest2 / n1;
      at_a = i0 * sa.s0 + i1 * sa.s1 + i2 * sa.s2 + i3 * sa.s3;
      at_b = i0 * sb.s0 + i1 * sb.s1 + i2 * sb.s2 + i3 * sb.s3;
    }
    y[i] = Operation::of(a[at_a], b[at_b]);
  }
}

#define BINARY(name, From, To, result)                                                                               \
  struct name##_operation {                                                                                          \
    __device__ static To of(From a, From b) { return result; }                                                       \
  };                                                                                                                 \
  KERNEL(binary_##name, (const From* a, const From* b, To* y, int size, int n1, int n2, int n3, int a0, int a1, int a2, \
                         int a3, int b0, int b1, int b2, int b3)) {                                                  \
    binary<name##_operation>(a, b, y, size, n1, n2, n3, {a0, a1, a2, a3}, {b0, b1, b2, b3});                         \
  }

#define COMPARISON(name, operator)                          \
  BINARY(name##_float, float, unsigned char, a operator b)  \
  BINARY(name##_int, int, unsigned char, a operator b)      \
  BINARY(name##_bool, unsigned char, unsigned char, a operator b)

// NaN wins, as in JavaScript's Math.max and Math.min.
__device__ inline float larger(float a, float b) { return a > b || a != a ? a : b; }
__device__ inline float smaller(float a, float b) { return a < b || a != a ? a : b; }

// JavaScript's power is NaN where C's is 1: for (±1) ** ±Infinity and 1 ** NaN.
__device__ inline float power(float a, float b) {
  if (b != b || (fabsf(a) == 1.f && fabsf(b) == INFINITY)) return NAN;
  return powf(a, b);
}

// The sign of the divisor, as tfjs-backend-cpu computes it.
__device__ inline float modulo(float a, float b) {
  const float rest = fmodf(a, b);
  return (a < 0.f && b < 0.f) || (a >= 0.f && b >= 0.f) ? rest : fmodf(rest + b, b);
}

__device__ inline int wrap(unsigned x) { return (int)x; }

BINARY(add_float, float, float, a + b)
BINARY(sub_float, float, float, a - b)
BINARY(multiply_float, float, float, a* b)
BINARY(divide_float, float, float, a / b)
BINARY(maximum_float, float, float, larger(a, b))
BINARY(minimum_float, float, float, smaller(a, b))
BINARY(squared_difference_float, float, float, (a - b) * (a - b))
BINARY(power_float, float, float, power(a, b))
BINARY(modulo_float, float, float, modulo(a, b))
BINARY(atan2_float, float, float, atan2f(a, b))

BINARY(add_int, int, int, wrap((unsigned)a + (unsigned)b))
BINARY(sub_int, int, int, wrap((unsigned)a - (unsigned)b))
// JavaScript rounds the product to 53 bits before an Int32Array takes its last 32.
BINARY(multiply_int, int, int, to_int32((double)a * (double)b))
BINARY(floor_divide_int, int, int, to_int32(floor((double)a / (double)b)))
BINARY(maximum_int, int, int, a > b ? a : b)
BINARY(minimum_int, int, int, a < b ? a : b)

COMPARISON(equal, ==)
COMPARISON(not_equal, !=)
COMPARISON(greater, >)
COMPARISON(greater_equal, >=)
COMPARISON(less, <)
COMPARISON(less_equal, <=)

BINARY(and_bool, unsigned char, unsigned char, a && b)
BINARY(or_bool, unsigned char, unsigned char, a || b)
