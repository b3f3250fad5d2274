#include "decoding.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "../check-range.h"
#include "../parallel.h"
#include "../small-gemm.h"
#include "row-operations.h"
#include "transformer-rows.h"
#include "vocabulary-top.h"

namespace onednn_backend {

namespace {

// Rows whose logits are in memory at once. With 8,000 classes they fit into the second-level cache.
constexpr int64_t kLogitRows = 24;

// Choosing from fewer classes than these is not worth a thread.
constexpr int64_t kClassesOfPart = 1 << 10;

// A slab of at most this many rows is never compacted.
constexpr int64_t kSmallSlab = 32;

}  // namespace

Decoding::Decoding(std::shared_ptr<Transformer> model, const int32_t* ids, const int32_t* positions,
                   const int32_t* starts, int64_t sentences, int64_t beam)
    : owned_model_(std::move(model)), model_(*owned_model_), beam_(beam), starts_(starts, starts + sentences + 1) {
  const StackSizes& sizes = model_.sizes.encoder;
  check_range("token id", ids, starts_.back(), sizes.vocab);
  check_range("position", positions, starts_.back(), sizes.positions);
  const int64_t heads = model_.sizes.decoder.heads, dim = model_.sizes.embed / heads;
  source_.starts.push_back(0);
  for (int64_t sentence = 0; sentence < sentences; sentence++) {
    const int64_t length = starts_[sentence + 1] - starts_[sentence];
    if (length < 1) throw std::invalid_argument("a sentence has no tokens");
    const int64_t elements = heads * (dim * pad_to_panel(length) + length * pad_to_panel(dim));
    source_.starts.push_back(source_.starts.back() + elements);
    sentence_.push_back(sentence);
  }
  encode(ids, positions);
}

Decoding::~Decoding() {
  forget_step();
  for (PositionSlab& slab : past_) model_.give_memory(std::move(slab.memory));
  model_.give_memory(std::move(source_.memory));
}

void Decoding::forget_step() {
  if (model_.last_step == this) model_.last_step = nullptr;
}

void Decoding::encode(const int32_t* ids, const int32_t* positions) {
  model_.last_step = nullptr;
  const int64_t count = starts_.back();
  const StackSizes& sizes = model_.sizes.encoder;
  reserve_scratch(model_, count, sizes);
  source_.memory =
      model_.take_memory(source_.starts.back() * static_cast<int64_t>(model_.decoder.size()) * stored_bytes());
  const NormOrder order{sizes.normalize_before};
  const Rows rows{model_, count};
  rows.begin(
      model_.source_embedding, sizes.scale, ids, [&](int64_t row) { return positions[row]; },
      order.before_sublayer(model_.encoder[0].self.norm));
  run_layers(rows, model_.encoder, order, model_.encoder_norm, [&](int64_t) { attend_encoder(rows); }, nullptr);
  for (std::size_t index = 0; index < model_.decoder.size(); index++) {
    rows.project_wide(model_.decoder[index].source.key_value);
    store_source(static_cast<int64_t>(index));
  }
}

void Decoding::select(const int32_t* rows, int64_t count) {
  check_range("row", rows, count, this->rows());
  if (count % beam_ != 0) throw std::invalid_argument("the number of rows must be a multiple of the beam");
  forget_step();
  std::vector<int64_t> sentences;
  for (int64_t row = 0; row < count; row += beam_) sentences.push_back(sentence_[rows[row] / beam_]);
  sentence_ = std::move(sentences);
  std::vector<int32_t> selected(count);
  for (PositionSlab& slab : past_) {
    for (int64_t row = 0; row < count; row++) selected[row] = slab.rows[rows[row]];
    slab.rows = selected;
    if (count > 0 && 2 * count <= slab.stored && slab.stored > kSmallSlab) compact(slab);
  }
}

// Removes the rows that no hypothesis reads any more.
void Decoding::compact(PositionSlab& slab) {
  const int64_t bytes = 2 * model_.sizes.embed * stored_bytes(), layers = model_.sizes.decoder.layers;
  const int64_t count = static_cast<int64_t>(slab.rows.size());
  std::unique_ptr<Buffer> kept = model_.take_memory(layers * count * bytes);
  char* target = static_cast<char*>(kept->data());
  const char* source = static_cast<const char*>(slab.memory->data());
  for (int64_t layer = 0; layer < layers; layer++) {
    for (int64_t row = 0; row < count; row++) {
      std::memcpy(target + (layer * count + row) * bytes, source + (layer * slab.stored + slab.rows[row]) * bytes,
                  bytes);
    }
  }
  for (int64_t row = 0; row < count; row++) slab.rows[row] = static_cast<int32_t>(row);
  slab.stored = count;
  model_.give_memory(std::move(slab.memory));
  slab.memory = std::move(kept);
}

void Decoding::step(const int32_t* tokens, int64_t position, float* features) {
  const int64_t embed = model_.sizes.embed;
  const StackSizes& sizes = model_.sizes.decoder;
  check_range("token id", tokens, rows(), sizes.vocab);
  check_between("position", position, 0, sizes.positions - 1);
  model_.last_step = nullptr;
  // Before the first token all hypotheses of a sentence are equal, and one row stands for them.
  step_beams_ = past_.empty() && beams_are_alike(tokens) ? 1 : beam_;
  const int64_t count = step_rows(), repeats = beam_ / step_beams_;
  std::vector<int32_t> ids(count);
  for (int64_t row = 0; row < count; row++) ids[row] = tokens[row * repeats];
  reserve_scratch(model_, count, sizes);
  PositionSlab slab{model_.take_memory(sizes.layers * count * 2 * embed * stored_bytes()), std::vector<int32_t>(rows()),
                    count};
  for (int64_t row = 0; row < rows(); row++) slab.rows[row] = static_cast<int32_t>(row / repeats);
  past_.push_back(std::move(slab));
  const NormOrder order{sizes.normalize_before};
  const Rows rows{model_, count};
  rows.begin(
      model_.target_embedding, sizes.scale, ids.data(), [&](int64_t) { return position; },
      order.before_sublayer(model_.decoder[0].self.norm));
  run_layers(
      rows, model_.decoder, order, model_.decoder_norm, [&](int64_t layer) { attend_past(layer); },
      [&](int64_t layer) { attend_source(layer, rows); });
  model_.last_step = this;
  if (features == nullptr) return;
  rows.for_each([&](int64_t row) {
    const Norm& norm = model_.decoder_norm;
    for (int64_t copy = row * repeats; copy < (row + 1) * repeats; copy++) {
      float* target = features + copy * embed;
      if (norm.gain == nullptr) std::memcpy(target, rows.x(row), embed * sizeof(float));
      else normalize_row(rows.x(row), norm.gain, norm.bias, target, embed);
    }
  });
}

bool Decoding::beams_are_alike(const int32_t* tokens) const {
  for (int64_t row = 0; row < rows(); row++) {
    if (tokens[row] != tokens[row / beam_ * beam_]) return false;
  }
  return true;
}

void Decoding::top(const float* penalties, float temperature, float* table, int64_t width) {
  const PackedLinear& classifier = *model_.classifier;
  const int64_t classes = classifier.out(), count = step_rows(), repeats = beam_ / step_beams_;
  if (model_.last_step != this) throw std::invalid_argument("top() must directly follow a step() of the same decoding");
  check_between("width", width, 1, classes);
  const TopChoice choice{classes, width, penalties, temperature, !stores_float32()};
  const auto choose = [&](float* logits, float* maxima, int64_t row) {
    float* best = table + row * repeats * 2 * width;
    top_of_row(logits, maxima, best, choice);
    for (int64_t copy = 1; copy < repeats; copy++)
      std::memcpy(best + copy * 2 * width, best, 2 * width * sizeof(float));
  };
  const GemmInput& features = model_.scratch.input;
  const int64_t stride = classifier.stride();
  if (count < kLogitRows * team_threads()) {  // few rows: reading the weights dominates, and threads share them
    float* logits = reserve_floats(model_.scratch.logits, std::min(count, kLogitRows) * stride);
    for (int64_t first = 0; first < count; first += kLogitRows) {
      const int64_t rows = std::min(kLogitRows, count - first);
      classifier.multiply(features, first, rows, logits, false);
      parallel_ranges(rows, items_of_part(classes, kClassesOfPart), [&](int64_t begin, int64_t end) {
        float* maxima = thread_scratch(maxima_of_row(classes));
        for (int64_t row = begin; row < end; row++) choose(logits + row * stride, maxima, first + row);
      });
    }
    return;
  }
  parallel_tasks(ceil_divide(count, kLogitRows), [&](int64_t block) {
    const int64_t first = block * kLogitRows, rows = std::min(kLogitRows, count - first);
    float* logits = thread_scratch(kLogitRows * stride + maxima_of_row(classes));
    float* maxima = logits + kLogitRows * stride;
    classifier.multiply(features, first, rows, logits, false);
    for (int64_t row = 0; row < rows; row++) choose(logits + row * stride, maxima, first + row);
  });
}

}  // namespace onednn_backend
