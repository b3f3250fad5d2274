// y = f(x) for float32, as tfjs-backend-cpu defines f. `a` and `b` are attributes.
#include "elements.h"

#define UNARY(name, result)                                                        \
  KERNEL(unary_##name, (const float* from, float* to, float a, float b, int size)) { \
    for (FOR_ELEMENTS(i, size)) {                                                  \
      const float x = from[i];                                                     \
      to[i] = result;                                                              \
    }                                                                              \
  }

#define PREDICATE(name, result)                                          \
  KERNEL(unary_##name, (const float* from, unsigned char* to, int size)) { \
    for (FOR_ELEMENTS(i, size)) {                                        \
      const float x = from[i];                                           \
      to[i] = result;                                                    \
    }                                                                    \
  }

__device__ inline float softplus(float x) {
  const float threshold = -13.942385f;  // log(2^-23) + 2: beyond it float32 shows no difference
  if (x > -threshold) return x;
  return x < threshold ? expf(x) : log1pf(expf(x));
}

__device__ inline float selu(float x) {
  const float scale = 1.0507009873554805f, scaled_alpha = 1.7580993408473768f;
  return x >= 0.f ? scale * x : scaled_alpha * expm1f(x);
}

UNARY(abs, fabsf(x))
UNARY(acos, acosf(x))
UNARY(acosh, acoshf(x))
UNARY(asin, asinf(x))
UNARY(asinh, asinhf(x))
UNARY(atan, atanf(x))
UNARY(atanh, atanhf(x))
UNARY(ceil, ceilf(x))
UNARY(clip, x > b ? b : x < a ? a : x)
UNARY(cos, cosf(x))
UNARY(cosh, coshf(x))
UNARY(elu, x >= 0.f ? x : expm1f(x))
UNARY(erf, erff(x))
UNARY(exp, expf(x))
UNARY(expm1, expm1f(x))
UNARY(floor, floorf(x))
UNARY(leaky_relu, x < 0.f ? a * x : x)
UNARY(log, logf(x))
UNARY(log1p, log1pf(x))
UNARY(neg, -x)
UNARY(reciprocal, 1.f / x)
UNARY(relu, x < 0.f ? 0.f : x)
UNARY(relu6, x < 0.f ? 0.f : x > 6.f ? 6.f : x)
UNARY(round, rintf(x))
UNARY(rsqrt, 1.f / sqrtf(x))
UNARY(selu, selu(x))
UNARY(sigmoid, 1.f / (1.f + expf(-x)))
UNARY(sign, x < 0.f ? -1.f : x > 0.f ? 1.f : 0.f)
UNARY(sin, sinf(x))
UNARY(sinh, sinhf(x))
UNARY(softplus, softplus(x))
UNARY(sqrt, sqrtf(x))
UNARY(square, x * x)
UNARY(step, x != x ? x : x > 0.f ? 1.f : a)
UNARY(tan, (float)tan((double)x))  // beside a pole, float32 is too coarse
UNARY(tanh, tanhf(x))

PREDICATE(is_finite, fabsf(x) < INFINITY)
PREDICATE(is_inf, fabsf(x) == INFINITY)
PREDICATE(is_nan, x != x)
