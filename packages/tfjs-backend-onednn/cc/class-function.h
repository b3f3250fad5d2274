#pragma once

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "inline.h"
#include "vector-math.h"

// Functions of the probability of one class, which are summed over the classes of a row. They are the families of
// ClassFunction in src/ops/class-function.ts, which defines them.
namespace onednn_backend {

enum class ClassFamily { kLog, kPower, kCosine };

struct ClassFunction {
  ClassFamily family;
  float log_end;   // kLog: the tangent replaces the curve above it; +∞ = off
  float clamp;     // kLog: the smallest value of 1 − scale·p
  float scale;     // kLog
  float exponent;  // kPower
  float start;     // kLog, kPower: the function is 0 below it
  float at_start;  // the value of the curve at `start`
  float abrupt;    // the function is 0 above it; +∞ = off
};

constexpr int64_t kClassFields = 8;

// Reads functions from their fields, which follow each other in the order of ClassFunction. Throws
// std::invalid_argument for an unknown family.
inline std::vector<ClassFunction> class_functions(const double* fields, int64_t count) {
  std::vector<ClassFunction> functions;
  for (int64_t i = 0; i < count; i++) {
    const double* of = fields + i * kClassFields;
    if (!(of[0] == 0 || of[0] == 1 || of[0] == 2)) throw std::invalid_argument("unknown family of class functions");
    const auto field = [&](int64_t index) { return static_cast<float>(of[index]); };
    functions.push_back({static_cast<ClassFamily>(static_cast<int>(of[0])), field(1), field(2), field(3), field(4),
                         field(5), field(6), field(7)});
  }
  return functions;
}

constexpr int64_t kClassBlock = 256;  // classes whose sums have separate lanes
constexpr int64_t kClassPart = 64;    // classes whose p and f(p) are in memory at once; divides kClassBlock

// Up to this probability, a few terms of a series in p are as accurate as float32. Nearly all classes of a row lie
// below it.
constexpr float kSmallProbability = 1.0f / 64;

// Whether log(1 − scale·p) is the unmodified curve up to kSmallProbability.
inline bool has_log_series(const ClassFunction& f) {
  return f.family == ClassFamily::kLog && f.start == 0 && f.scale <= 1 && f.clamp <= 0.5f &&
         kSmallProbability <= f.log_end && kSmallProbability <= f.abrupt;
}

// Whether p = inverse · e is at most kSmallProbability for all of these classes.
INLINE bool all_small(const float* e, int64_t count, float inverse) {
  float largest = 0;
#pragma omp simd reduction(max : largest)
  for (int64_t v = 0; v < count; v++) largest = e[v] > largest ? e[v] : largest;
  return inverse * largest <= kSmallProbability;
}

// Σ e, Σ e², Σ e³, Σ e⁴ over some classes: the inputs of the series, computed before the factor `inverse` of p =
// inverse · e is known.
struct PowerSums {
  float first, second, third, fourth;
};

// Whether every p is at most kSmallProbability, by Σ p⁴ ≥ max p⁴.
inline bool all_small(const PowerSums& e, float inverse) {
  constexpr float kBound = kSmallProbability * kSmallProbability * kSmallProbability * kSmallProbability;
  return (e.fourth * inverse * inverse) * (inverse * inverse) <= kBound;
}

// Σ_v f(p_v) by log(1 − x) = −x − x²/2 − x³/3 − x⁴/4 − …
inline float log_series_sum(const ClassFunction& f, const PowerSums& e, float inverse) {
  const float x = f.scale * inverse;
  return -x * (e.first + x * (0.5f * e.second + x * (0.333333333f * e.third + x * 0.25f * e.fourth)));
}

// Σ_v p_v · f′(p_v) by x / (1 − x) = x + x² + x³ + x⁴ + …
inline float log_series_gradient_sum(const ClassFunction& f, const PowerSums& e, float inverse) {
  const float x = f.scale * inverse;
  return -x * (e.first + x * (e.second + x * (e.third + x * e.fourth)));
}

// −p · f′(p) / (scale · p) of a small p, by the same series as log_series_gradient_sum.
INLINE float log_series_slope(float x) { return 1.0f + x * (1.0f + x * (1.0f + x)); }

// values[v] += f(p[v]) for probabilities that are not close to 1
INLINE void add_class_values(const ClassFunction& f, const float* p, int64_t count, float* values) {
  if (has_log_series(f) && all_small(p, count, 1)) {
    for (int64_t v = 0; v < count; v++) {
      const float x = f.scale * p[v];
      values[v] -= x * (1.0f + x * (0.5f + x * (0.333333333f + x * 0.25f)));
    }
  } else if (f.family == ClassFamily::kLog) {
    const float log_clamp = std::log(f.clamp);
    const float tangent_value = std::log(1.0f - f.log_end), tangent_slope = 1.0f / (1.0f - f.log_end);
    for (int64_t v = 0; v < count; v++) {
      const float scaled = f.scale * p[v];
      float value = 1.0f - scaled < f.clamp ? log_clamp : vector_log1m(scaled);
      value = p[v] < f.start ? 0.0f : value - f.at_start;
      value = p[v] > f.log_end ? tangent_value - (p[v] - f.log_end) * tangent_slope : value;
      values[v] += p[v] > f.abrupt ? 0.0f : value;
    }
  } else if (f.family == ClassFamily::kPower) {
    for (int64_t v = 0; v < count; v++) {
      const float log_p = p[v] < 1e-37f ? -1e30f : vector_log(p[v]);
      const float value = p[v] < f.start ? 0.0f : -vector_exp(f.exponent * log_p) - f.at_start;
      values[v] += p[v] > f.abrupt ? 0.0f : value;
    }
  } else {
    for (int64_t v = 0; v < count; v++) {
      const float sine = vector_sin_quarter(p[v]);  // cos(πp) − 1 = −2 sin²(πp/2)
      values[v] += p[v] > f.abrupt ? 0.0f : -2.0f * sine * sine;
    }
  }
}

// values[v] += g · p[v] · f′(p[v])
INLINE void add_class_gradients(const ClassFunction& f, float g, const float* p, int64_t count, float* values) {
  if (has_log_series(f) && all_small(p, count, 1)) {
    for (int64_t v = 0; v < count; v++) {
      const float x = f.scale * p[v];
      values[v] -= g * (x * log_series_slope(x));
    }
  } else if (f.family == ClassFamily::kLog) {
    const float tangent_slope = -1.0f / (1.0f - f.log_end);
    for (int64_t v = 0; v < count; v++) {
      const float rest = 1.0f - f.scale * p[v];
      float slope = rest < f.clamp || p[v] < f.start ? 0.0f : -f.scale / rest;
      slope = p[v] > f.log_end ? tangent_slope : slope;
      values[v] += p[v] > f.abrupt ? 0.0f : g * p[v] * slope;
    }
  } else if (f.family == ClassFamily::kPower) {
    for (int64_t v = 0; v < count; v++) {
      const float log_p = p[v] < 1e-37f ? -1e30f : vector_log(p[v]);
      const float value = p[v] < f.start ? 0.0f : -f.exponent * vector_exp(f.exponent * log_p);
      values[v] += p[v] > f.abrupt ? 0.0f : g * value;
    }
  } else {
    for (int64_t v = 0; v < count; v++) {
      // −π sin(πp) = −2π sin(πp/2) cos(πp/2)
      const float slope = vector_sin_quarter(p[v]) * vector_sin_quarter(1.0f - p[v]);
      values[v] += p[v] > f.abrupt ? 0.0f : -6.28318530717959f * g * p[v] * slope;
    }
  }
}

// f(p), where `rest` = 1 − p keeps its digits as p → 1.
inline float class_value(const ClassFunction& f, float p, float rest) {
  if (p > f.abrupt) return 0;
  if (f.family == ClassFamily::kLog) {
    if (p > f.log_end) return std::log(1.0f - f.log_end) - (p - f.log_end) / (1.0f - f.log_end);
    if (p < f.start) return 0;
    const float argument = f.scale == 1.0f ? rest : 1.0f - f.scale * p;
    return (argument < f.clamp ? std::log(f.clamp) : std::log(argument)) - f.at_start;
  }
  if (f.family == ClassFamily::kPower) {
    if (p < f.start) return 0;
    const float log_p = p < 0.5f ? std::log(p) : std::log1p(-rest);
    return -std::exp(f.exponent * log_p) - f.at_start;
  }
  const float sine = std::cos(1.57079632679490f * rest);  // sin(πp/2) = cos(π(1 − p)/2)
  return -2.0f * sine * sine;
}

// p · f′(p), with `rest` as in class_value.
inline float class_gradient(const ClassFunction& f, float p, float rest) {
  if (p > f.abrupt) return 0;
  if (f.family == ClassFamily::kLog) {
    if (p > f.log_end) return -p / (1.0f - f.log_end);
    const float argument = f.scale == 1.0f ? rest : 1.0f - f.scale * p;
    return argument < f.clamp || p < f.start ? 0 : -f.scale * p / argument;
  }
  if (f.family == ClassFamily::kPower) {
    if (p < f.start) return 0;
    const float log_p = p < 0.5f ? std::log(p) : std::log1p(-rest);
    return -f.exponent * std::exp(f.exponent * log_p);
  }
  return -3.14159265358979f * p * std::sin(3.14159265358979f * (p < 0.5f ? p : rest));
}

}  // namespace onednn_backend
