#include "transformer-handles.h"

#include <limits>
#include <map>
#include <memory>
#include <stdexcept>

#include "../check-range.h"
#include "decoding.h"

namespace onednn_backend {

namespace {

// Owns objects by number.
template <class T>
class Handles {
 public:
  double add(std::shared_ptr<T> object) {
    objects_[++last_] = std::move(object);
    return static_cast<double>(last_);
  }
  const std::shared_ptr<T>& get(int64_t handle) {
    const auto found = objects_.find(handle);
    if (found == objects_.end()) throw std::invalid_argument("the model or the decoding is closed");
    return found->second;
  }
  void close(int64_t handle) { objects_.erase(handle); }

 private:
  std::map<int64_t, std::shared_ptr<T>> objects_;
  int64_t last_ = 0;
};

// One table per Node environment: a worker that ends without closing its models and searches frees them.
Handles<Transformer>& transformers() {
  static thread_local Handles<Transformer> handles;
  return handles;
}

Handles<Decoding>& decodings() {
  static thread_local Handles<Decoding> handles;
  return handles;
}

constexpr std::size_t kStackFields = 8;

StackSizes stack_sizes(const int64_t* fields, double scale) {
  return {fields[0],      fields[1],      fields[2],     fields[3], fields[4], static_cast<float>(scale),
          fields[5] != 0, fields[6] != 0, fields[7] != 0};
}

}  // namespace

double open_transformer(const std::vector<int64_t>& sizes, double encoder_scale, double decoder_scale,
                        const WeightSource& weights, int64_t count, int64_t precision) {
  if (sizes.size() != 1 + 2 * kStackFields) throw std::invalid_argument("sizes of a Transformer are 17 numbers");
  const TransformerSizes transformer{sizes[0], stack_sizes(&sizes[1], encoder_scale),
                                     stack_sizes(&sizes[1 + kStackFields], decoder_scale)};
  return transformers().add(
      std::make_shared<Transformer>(transformer, weights, count, static_cast<Precision>(precision)));
}

void close_transformer(int64_t transformer) { transformers().close(transformer); }

double open_decoding(int64_t transformer, const int32_t* ids, const int32_t* positions, const int32_t* starts,
                     int64_t rows, int64_t sentences, int64_t beam) {
  check_starts("starts", starts, sentences, rows, 1);
  if (beam > std::numeric_limits<int32_t>::max() / sentences) {
    throw std::invalid_argument("sentences and beam must multiply to at most 2^31 - 1 rows");
  }
  return decodings().add(
      std::make_shared<Decoding>(transformers().get(transformer), ids, positions, starts, sentences, beam));
}

void close_decoding(int64_t decoding) { decodings().close(decoding); }

void select_rows(int64_t decoding, const int32_t* rows, int64_t count) {
  decodings().get(decoding)->select(rows, count);
}

void decoding_step(int64_t decoding, const int32_t* tokens, int64_t position, float* features, int64_t rows,
                   int64_t embed) {
  const std::shared_ptr<Decoding> search = decodings().get(decoding);
  check_size("rows", rows, search->rows());
  if (features != nullptr) check_size("embed", embed, search->sizes().embed);
  search->step(tokens, position, features);
}

void decoding_top(int64_t decoding, const float* penalties, float temperature, float* table, int64_t rows,
                  int64_t classes, int64_t width) {
  const std::shared_ptr<Decoding> search = decodings().get(decoding);
  check_size("rows", rows, search->rows());
  check_size("classes", classes, search->sizes().decoder.vocab);
  search->top(penalties, temperature, table, width);
}

}  // namespace onednn_backend
