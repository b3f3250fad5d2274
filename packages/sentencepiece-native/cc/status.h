#pragma once

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

}  // namespace sentencepiece_addon
