// Functions of the probability p of one class, which are summed over the classes of a row: the families of
// ClassFunction in src/ops/class-function.ts, which defines them.
#pragma once
#include "portable.h"

enum ClassFamily { kLog, kPower, kCosine };

// The fields follow each other in memory, as float32. Infinity switches a bound off.
struct ClassFunction {
  float family;
  float log_end;   // kLog: the tangent replaces the curve above it
  float clamp;     // kLog: the smallest value of 1 − scale·p
  float scale;     // kLog
  float exponent;  // kPower
  float start;     // kLog, kPower: the function is 0 below it
  float at_start;  // the value of the curve at `start`
  float abrupt;    // the function is 0 above it
};

constexpr float kPi = 3.14159265358979f;

// f(p) of a class that is not the most probable one, so that 1 − p has all its digits. log_p = log p.
__device__ inline float class_value(const ClassFunction& f, float p, float log_p) {
  if (p > f.abrupt) return 0;
  if (f.family == kLog) {
    if (p > f.log_end) return logf(1.0f - f.log_end) - (p - f.log_end) / (1.0f - f.log_end);
    if (p < f.start) return 0;
    const float scaled = f.scale * p;
    return (1.0f - scaled < f.clamp ? logf(f.clamp) : log1pf(-scaled)) - f.at_start;
  }
  if (f.family == kPower) return p < f.start ? 0.0f : -expf(f.exponent * log_p) - f.at_start;
  const float sine = sinpif(0.5f * p);  // cos(πp) − 1 = −2 sin²(πp/2)
  return -2.0f * sine * sine;
}

// p · f′(p) of such a class.
__device__ inline float class_gradient(const ClassFunction& f, float p, float log_p) {
  if (p > f.abrupt) return 0;
  if (f.family == kLog) {
    if (p > f.log_end) return -p / (1.0f - f.log_end);
    const float rest = 1.0f - f.scale * p;
    return rest < f.clamp || p < f.start ? 0.0f : -f.scale * p / rest;
  }
  if (f.family == kPower) return p < f.start ? 0.0f : -f.exponent * expf(f.exponent * log_p);
  return -kPi * p * sinpif(p);
}

// f(p) of the most probable class, where `rest` = 1 − p keeps its digits as p → 1.
__device__ inline float top_value(const ClassFunction& f, float p, float rest) {
  if (p > f.abrupt) return 0;
  if (f.family == kLog) {
    if (p > f.log_end) return logf(1.0f - f.log_end) - (p - f.log_end) / (1.0f - f.log_end);
    if (p < f.start) return 0;
    const float argument = f.scale == 1.0f ? rest : 1.0f - f.scale * p;
    return (argument < f.clamp ? logf(f.clamp) : logf(argument)) - f.at_start;
  }
  if (f.family == kPower) {
    if (p < f.start) return 0;
    return -expf(f.exponent * (p < 0.5f ? logf(p) : log1pf(-rest))) - f.at_start;
  }
  const float sine = cospif(0.5f * rest);  // sin(πp/2) = cos(π(1 − p)/2)
  return -2.0f * sine * sine;
}

// p · f′(p) of the most probable class.
__device__ inline float top_gradient(const ClassFunction& f, float p, float rest) {
  if (p > f.abrupt) return 0;
  if (f.family == kLog) {
    if (p > f.log_end) return -p / (1.0f - f.log_end);
    const float argument = f.scale == 1.0f ? rest : 1.0f - f.scale * p;
    return argument < f.clamp || p < f.start ? 0.0f : -f.scale * p / argument;
  }
  if (f.family == kPower) {
    if (p < f.start) return 0;
    return -f.exponent * expf(f.exponent * (p < 0.5f ? logf(p) : log1pf(-rest)));
  }
  return -kPi * p * sinpif(p < 0.5f ? p : rest);
}
