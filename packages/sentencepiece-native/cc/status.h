#pragma once

#include <napi.h>
#include <sentencepiece_processor.h>

#include <stdexcept>

namespace sentencepiece_addon {

/** What the library refuses; its message is the library's own. */
class Refusal : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline void Check(const sentencepiece::util::Status& status) {
  if (!status.ok()) throw Refusal(status.error_message());
}

/**
 * Runs a body that calls the library. Whatever C++ throws in it becomes a JavaScript error: Node would end the process.
 * The library's own exceptions are refusals of what its parts cannot build, and std::bad_alloc.
 */
template <typename Body>
auto Guarded(Napi::Env env, Body body) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& exception) {
    throw Napi::Error::New(env, exception.what());
  } catch (...) {
    throw Napi::Error::New(env, "the library threw what is no exception");
  }
}

}  // namespace sentencepiece_addon
