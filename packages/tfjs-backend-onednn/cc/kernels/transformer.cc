#include "transformer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>

#include "../small-gemm.h"
#include "cached-attention.h"
#include "row-operations.h"
#include "vocabulary-top.h"

namespace onednn_backend {

namespace {

// Rows whose logits are in memory at once: with 8,000 classes they stay in the second cache.
constexpr int64_t kLogitRows = 24;

// A slab of so few rows is left as it is when fewer are read.
constexpr int64_t kSmallSlab = 32;

// How many pieces of memory are kept for the next search: more than most outputs have tokens.
constexpr std::size_t kFreeMemories = 64;

// Hands out pointers in the order of src/transformer.ts.
class WeightReader {
 public:
  WeightReader(const WeightSource& weights, int64_t count, Precision precision)
      : weights_(weights), count_(count), precision_(precision) {}

  const float* next() {
    if (index_ >= count_) throw std::invalid_argument("too few weights for a Transformer of these sizes");
    return weights_(index_++);
  }

  PackedLinear linear(int64_t in, int64_t out) {
    const float* weight = next();
    return PackedLinear(weight, next(), in, out, precision_);
  }

  PackedLinear without_bias(int64_t in, int64_t out) { return PackedLinear(next(), nullptr, in, out, precision_); }

  Norm norm(bool exists = true) {
    if (!exists) return {};
    const float* gain = next();
    return {gain, next()};
  }

  EmbeddingTables embedding(const StackSizes& sizes) {
    const float* tokens = next();
    const float* positions = next();
    return {tokens, positions, norm(sizes.normalize_embedding)};
  }

  void end() const {
    if (index_ != count_) throw std::invalid_argument("too many weights for a Transformer of these sizes");
  }

 private:
  const WeightSource& weights_;
  int64_t count_;
  Precision precision_;
  int64_t index_ = 0;
};

SelfAttentionLayer self_attention_layer(WeightReader& read, int64_t embed) {
  PackedLinear query_key_value = read.linear(embed, 3 * embed), output = read.linear(embed, embed);
  return {std::move(query_key_value), std::move(output), read.norm()};
}

SourceAttentionLayer source_attention_layer(WeightReader& read, int64_t embed) {
  PackedLinear query = read.linear(embed, embed), key_value = read.linear(embed, 2 * embed);
  PackedLinear output = read.linear(embed, embed);
  return {std::move(query), std::move(key_value), std::move(output), read.norm()};
}

FeedForwardLayer feed_forward_layer(WeightReader& read, int64_t embed, int64_t inner) {
  PackedLinear fc1 = read.linear(embed, inner), fc2 = read.linear(inner, embed);
  return {std::move(fc1), std::move(fc2), read.norm()};
}

void check_range(const char* what, const int32_t* values, int64_t count, int64_t size) {
  for (int64_t i = 0; i < count; i++) {
    if (values[i] < 0 || values[i] >= size) {
      throw std::out_of_range(std::string(what) + " " + std::to_string(values[i]) + " is outside a table of " +
                              std::to_string(size) + " rows");
    }
  }
}

float* reserve(Buffer& buffer, int64_t elements) {
  return static_cast<float*>(buffer.reserve(std::max<int64_t>(elements, 1) * sizeof(float)));
}

float* data(Buffer& buffer) { return static_cast<float*>(buffer.data()); }

// Working memory of one pass over rows: the residual stream, and what products read and write.
struct Rows {
  Transformer& model;
  int64_t count;
  const Team& team;

  int64_t embed() const { return model.sizes.embed; }
  float* x(int64_t row) const { return data(model.scratch.x) + row * embed(); }

  // x[row] = scale · token + position, normalised where there is a norm; and what the first sublayer reads.
  template <class PositionOf>
  void begin(const EmbeddingTables& tables, float scale, const int32_t* ids, const PositionOf& position_of,
             const Norm& before) const {
    const auto [first, last] = team.part(count);
    for (int64_t row = first; row < last; row++) {
      float* target = x(row);
      embed_row(tables.tokens + ids[row] * embed(), tables.positions + position_of(row) * embed(), scale, target, embed());
      if (tables.norm.gain != nullptr) normalize_row(target, tables.norm.gain, tables.norm.bias, target, embed());
      read(row, before);
    }
    team.barrier();
  }

  // What a sublayer reads of one row: x, normalised where the norm comes first.
  void read(int64_t row, const Norm& before) const {
    GemmInput& input = model.scratch.input;
    if (before.gain == nullptr) return input.set_row(row, x(row));
    float* target = data(model.scratch.wide) + row * embed();
    if (input.precision() == Precision::float32) target = input.row(row);
    normalize_row(x(row), before.gain, before.bias, target, embed());
    input.set_row(row, target);
  }

  // x ← norm(x + projected), and what the next sublayer reads.
  void end_sublayer(const Norm& after, const Norm& before_next) const {
    const int64_t stride = whole_panels(embed());
    const auto [begin, end] = team.part(count);
    for (int64_t row = begin; row < end; row++) {
      const float* projected = data(model.scratch.projected) + row * stride;
      float* target = x(row);
      for (int64_t i = 0; i < embed(); i++) target[i] += projected[i];
      if (after.gain != nullptr) normalize_row(target, after.gain, after.bias, target, embed());
      read(row, before_next);
    }
    team.barrier();
  }

  void project(const PackedLinear& linear, const GemmInput& input) const {
    linear.multiply(input, 0, count, data(model.scratch.projected), false, team);
    team.barrier();
  }

  // wide ← input · Wᵀ
  void project_wide(const PackedLinear& linear) const {
    linear.multiply(model.scratch.input, 0, count, data(model.scratch.wide), false, team);
    team.barrier();
  }

  void feed_forward(const FeedForwardLayer& layer) const {
    GemmInput& hidden = model.scratch.hidden;
    const bool in_place = hidden.precision() == Precision::float32;
    float* target = in_place ? hidden.row(0) : data(model.scratch.wide);
    layer.fc1.multiply(model.scratch.input, 0, count, target, true, team);
    team.barrier();
    if (!in_place) {
      const auto [begin, end] = team.part(count);
      for (int64_t row = begin; row < end; row++) hidden.set_row(row, target + row * layer.fc1.stride());
      team.barrier();
    }
    project(layer.fc2, hidden);
  }
};

// The norms of a sublayer that is followed by another one: after the sum, or before the next sublayer.
struct NormOrder {
  bool before;
  Norm after_sum(const Norm& own) const { return before ? Norm{} : own; }
  Norm before_sublayer(const Norm& own) const { return before ? own : Norm{}; }
};

void reserve_scratch(Transformer& model, int64_t rows, const StackSizes& sizes) {
  const int64_t embed = model.sizes.embed;
  TransformerScratch& scratch = model.scratch;
  scratch.input.reserve(rows, embed, model.precision);
  scratch.context.reserve(rows, embed, model.precision);
  scratch.hidden.reserve(rows, sizes.inner, model.precision);
  reserve(scratch.x, rows * embed);
  reserve(scratch.projected, rows * whole_panels(embed));
  reserve(scratch.wide, rows * std::max(whole_panels(3 * embed), whole_panels(sizes.inner)));
}

// The context of attention, written head by head: where the output projection reads it, or until it is converted.
class ContextRows {
 public:
  explicit ContextRows(Transformer& model)
      : input_(model.scratch.context), in_place_(input_.precision() == Precision::float32),
        stride_(in_place_ ? input_.stride() : model.sizes.embed),
        values_(in_place_ ? input_.row(0) : data(model.scratch.projected)) {}

  float* row(int64_t row) const { return values_ + row * stride_; }

  // Called by every thread when its heads are done.
  void finish(int64_t count, const Team& team) const {
    team.barrier();
    if (in_place_) return;
    const auto [begin, end] = team.part(count);
    for (int64_t row = begin; row < end; row++) input_.set_row(row, this->row(row));
    team.barrier();
  }

 private:
  GemmInput& input_;
  bool in_place_;
  int64_t stride_;
  float* values_;
};

INLINE const float* as_floats(const float* stored, int64_t, float*) { return stored; }

INLINE const float* as_floats(const uint16_t* stored, int64_t count, float* target) {
  for (int64_t i = 0; i < count; i++) target[i] = to_float(stored[i]);
  return target;
}

}  // namespace

Transformer::Transformer(const TransformerSizes& given, const WeightSource& weights, int64_t count, Precision precision)
    : sizes(given), precision(precision) {
  WeightReader read(weights, count, precision);
  const int64_t embed = sizes.embed;
  source_embedding = read.embedding(sizes.encoder);
  for (int64_t layer = 0; layer < sizes.encoder.layers; layer++) {
    SelfAttentionLayer self = self_attention_layer(read, embed);
    encoder.push_back({std::move(self), feed_forward_layer(read, embed, sizes.encoder.inner)});
  }
  encoder_norm = read.norm(sizes.encoder.final_norm);
  target_embedding = read.embedding(sizes.decoder);
  for (int64_t layer = 0; layer < sizes.decoder.layers; layer++) {
    SelfAttentionLayer self = self_attention_layer(read, embed);
    SourceAttentionLayer source = source_attention_layer(read, embed);
    decoder.push_back({std::move(self), std::move(source), feed_forward_layer(read, embed, sizes.decoder.inner)});
  }
  decoder_norm = read.norm(sizes.decoder.final_norm);
  classifier = std::make_unique<PackedLinear>(read.without_bias(embed, sizes.decoder.vocab));
  read.end();
}

// The smallest that is large enough; else the largest one grows.
std::unique_ptr<Buffer> Transformer::take_memory(std::size_t bytes) {
  const auto by_size = [](const auto& a, const auto& b) { return a->bytes() < b->bytes(); };
  std::sort(free_memory.begin(), free_memory.end(), by_size);
  auto found = std::find_if(free_memory.begin(), free_memory.end(), [&](const auto& free) { return free->bytes() >= bytes; });
  std::unique_ptr<Buffer> memory;
  if (free_memory.empty()) {
    memory = std::make_unique<Buffer>();
  } else {
    if (found == free_memory.end()) --found;
    memory = std::move(*found);
    free_memory.erase(found);
  }
  memory->reserve(bytes);
  return memory;
}

void Transformer::give_memory(std::unique_ptr<Buffer> memory) {
  if (free_memory.size() < kFreeMemories) free_memory.push_back(std::move(memory));
}

Decoding::Decoding(Transformer& model, const int32_t* ids, const int32_t* positions, const int32_t* starts,
                   int64_t sentences, int64_t beam)
    : model_(model), beam_(beam), starts_(starts, starts + sentences + 1) {
  const StackSizes& sizes = model.sizes.encoder;
  check_range("token id", ids, starts_.back(), sizes.vocab);
  check_range("position", positions, starts_.back(), sizes.positions);
  const int64_t heads = model.sizes.decoder.heads, dim = model.sizes.embed / heads;
  source_.starts.push_back(0);
  for (int64_t sentence = 0; sentence < sentences; sentence++) {
    const int64_t length = starts_[sentence + 1] - starts_[sentence];
    if (length < 1) throw std::invalid_argument("a sentence without tokens");
    const int64_t elements = heads * (dim * pad_to_panel(length) + length * pad_to_panel(dim));
    source_.starts.push_back(source_.starts.back() + elements);
    sentence_.push_back(sentence);
  }
  encode(ids, positions);
}

Decoding::~Decoding() {
  for (PositionSlab& slab : past_) model_.give_memory(std::move(slab.memory));
  model_.give_memory(std::move(source_.memory));
}

void Decoding::encode(const int32_t* ids, const int32_t* positions) {
  const int64_t count = starts_.back();
  const StackSizes& sizes = model_.sizes.encoder;
  reserve_scratch(model_, count, sizes);
  source_.memory =
      model_.take_memory(source_.starts.back() * static_cast<int64_t>(model_.decoder.size()) * stored_bytes());
  const NormOrder order{sizes.normalize_before};
  with_team([&](const Team& team) {
    const Rows rows{model_, count, team};
    rows.begin(model_.source_embedding, sizes.scale, ids, [&](int64_t row) { return positions[row]; },
               sizes.layers > 0 ? order.before_sublayer(model_.encoder[0].self.norm) : model_.encoder_norm);
    for (int64_t index = 0; index < sizes.layers; index++) {
      const EncoderLayer& layer = model_.encoder[index];
      rows.project_wide(layer.self.query_key_value);
      attend_encoder(team);
      rows.project(layer.self.output, model_.scratch.context);
      rows.end_sublayer(order.after_sum(layer.self.norm), order.before_sublayer(layer.feed_forward.norm));
      rows.feed_forward(layer.feed_forward);
      const bool is_last = index + 1 == sizes.layers;
      rows.end_sublayer(order.after_sum(layer.feed_forward.norm),
                        is_last ? model_.encoder_norm : order.before_sublayer(model_.encoder[index + 1].self.norm));
    }
    for (std::size_t index = 0; index < model_.decoder.size(); index++) {
      const PackedLinear& linear = model_.decoder[index].source.key_value;
      float* key_value = data(model_.scratch.wide);
      linear.multiply(model_.scratch.input, 0, count, key_value, false, team);
      team.barrier();
      const auto layer = static_cast<int64_t>(index);
      if (stores_float32()) store_source<float>(layer, key_value, team);
      else store_source<uint16_t>(layer, key_value, team);
      team.barrier();
    }
  });
}

// context ← attention of the positions of each sentence to each other; wide holds [q | k | v].
void Decoding::attend_encoder(const Team& team) {
  const int64_t embed = model_.sizes.embed, heads = model_.sizes.encoder.heads, dim = embed / heads;
  const int64_t stride = whole_panels(3 * embed), padded_dim = pad_to_panel(dim);
  const float scale = 1.0f / std::sqrt(static_cast<float>(dim));
  const float* wide = data(model_.scratch.wide);
  const ContextRows contexts(model_);
  const int64_t sentences = static_cast<int64_t>(starts_.size()) - 1;
  constexpr int64_t kQueries = 48;
  for (int64_t task = team.thread; task < sentences * heads; task += team.threads) {
    const int64_t sentence = task / heads, head = task % heads;
    const int64_t start = starts_[sentence], length = starts_[sentence + 1] - start, keys = pad_to_panel(length);
    float* memory = thread_scratch(dim * keys + length * padded_dim + kQueries * (dim + keys + padded_dim));
    float *key = memory, *value = key + dim * keys, *query = value + length * padded_dim;
    float *scores = query + kQueries * dim, *output = scores + kQueries * keys;
    const float* first = wide + start * stride + head * dim;
    pack_transposed(first + embed, stride, key, keys, length, dim);
    pack_rows(first + 2 * embed, stride, 1.0f, value, padded_dim, length, dim);
    for (int64_t block = 0; block < length; block += kQueries) {
      const int64_t count = std::min(kQueries, length - block);
      pack_rows(first + block * stride, stride, scale, query, dim, count, dim);
      small_gemm({query, dim, 1}, key, keys, scores, keys, count, keys, dim, false);
      for (int64_t i = 0; i < count; i++) softmax_short_row(scores + i * keys, length);
      small_gemm({scores, keys, 1}, value, padded_dim, output, padded_dim, count, padded_dim, length, false);
      for (int64_t i = 0; i < count; i++) {
        std::memcpy(contexts.row(start + block + i) + head * dim, output + i * padded_dim,
                    dim * sizeof(float));
      }
    }
  }
  contexts.finish(starts_.back(), team);
}

template <class Stored>
void Decoding::store_source(int64_t layer, const float* key_value, const Team& team) {
  const int64_t embed = model_.sizes.embed, heads = model_.sizes.decoder.heads, dim = embed / heads;
  const int64_t stride = whole_panels(2 * embed), padded_dim = pad_to_panel(dim);
  const int64_t sentences = static_cast<int64_t>(starts_.size()) - 1;
  Stored* memory = static_cast<Stored*>(source_.memory->data()) + layer * source_.starts.back();
  for (int64_t task = team.thread; task < sentences * heads; task += team.threads) {
    const int64_t sentence = task / heads, head = task % heads;
    const int64_t start = starts_[sentence], length = starts_[sentence + 1] - start, keys = pad_to_panel(length);
    Stored* target = memory + source_.starts[sentence] + head * (dim * keys + length * padded_dim);
    float* packed = thread_scratch(dim * keys + length * padded_dim);
    const float* source = key_value + start * stride + head * dim;
    pack_transposed(source, stride, packed, keys, length, dim);
    pack_rows(source + embed, stride, 1.0f, packed + dim * keys, padded_dim, length, dim);
    for (int64_t i = 0; i < dim * keys + length * padded_dim; i++) store_as(target[i], packed[i]);
  }
}

void Decoding::select(const int32_t* rows, int64_t count) {
  check_range("row", rows, count, this->rows());
  if (count % beam_ != 0) throw std::invalid_argument("rows are not whole beams");
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

// Leaves the rows out that no hypothesis reads any more.
void Decoding::compact(PositionSlab& slab) {
  const int64_t bytes = 2 * model_.sizes.embed * stored_bytes(), layers = model_.sizes.decoder.layers;
  const int64_t count = static_cast<int64_t>(slab.rows.size());
  std::unique_ptr<Buffer> kept = model_.take_memory(layers * count * bytes);
  char* target = static_cast<char*>(kept->data());
  const char* source = static_cast<const char*>(slab.memory->data());
  for (int64_t layer = 0; layer < layers; layer++) {
    for (int64_t row = 0; row < count; row++) {
      std::memcpy(target + (layer * count + row) * bytes, source + (layer * slab.stored + slab.rows[row]) * bytes, bytes);
    }
  }
  for (int64_t row = 0; row < count; row++) slab.rows[row] = static_cast<int32_t>(row);
  slab.stored = count;
  model_.give_memory(std::move(slab.memory));
  slab.memory = std::move(kept);
}

void Decoding::step(const int32_t* given, int64_t position, float* features) {
  const int64_t embed = model_.sizes.embed;
  const StackSizes& sizes = model_.sizes.decoder;
  check_range("token id", given, rows(), sizes.vocab);
  if (position < 0 || position >= sizes.positions) throw std::out_of_range("a position beyond the table of positions");
  // Before the first token all hypotheses of a sentence are alike, and one row does for them.
  step_beams_ = past_.empty() && beams_are_alike(given) ? 1 : beam_;
  const int64_t count = step_rows(), repeats = beam_ / step_beams_;
  std::vector<int32_t> tokens(count);
  for (int64_t row = 0; row < count; row++) tokens[row] = given[row * repeats];
  reserve_scratch(model_, count, sizes);
  PositionSlab slab{model_.take_memory(sizes.layers * count * 2 * embed * stored_bytes()), std::vector<int32_t>(rows()),
                    count};
  for (int64_t row = 0; row < rows(); row++) slab.rows[row] = static_cast<int32_t>(row / repeats);
  past_.push_back(std::move(slab));
  const NormOrder order{sizes.normalize_before};
  with_team([&](const Team& team) {
    const Rows rows{model_, count, team};
    rows.begin(model_.target_embedding, sizes.scale, tokens.data(), [&](int64_t) { return position; },
               sizes.layers > 0 ? order.before_sublayer(model_.decoder[0].self.norm) : model_.decoder_norm);
    for (int64_t index = 0; index < sizes.layers; index++) {
      const DecoderLayer& layer = model_.decoder[index];
      rows.project_wide(layer.self.query_key_value);
      if (stores_float32()) attend_past<float>(index, team);
      else attend_past<uint16_t>(index, team);
      rows.project(layer.self.output, model_.scratch.context);
      rows.end_sublayer(order.after_sum(layer.self.norm), order.before_sublayer(layer.source.norm));
      rows.project_wide(layer.source.query);
      if (stores_float32()) attend_source<float>(index, team);
      else attend_source<uint16_t>(index, team);
      rows.project(layer.source.output, model_.scratch.context);
      rows.end_sublayer(order.after_sum(layer.source.norm), order.before_sublayer(layer.feed_forward.norm));
      rows.feed_forward(layer.feed_forward);
      const bool is_last = index + 1 == sizes.layers;
      rows.end_sublayer(order.after_sum(layer.feed_forward.norm),
                        is_last ? model_.decoder_norm : order.before_sublayer(model_.decoder[index + 1].self.norm));
    }
    if (features == nullptr) return;
    const auto [begin, end] = team.part(count);
    for (int64_t row = begin; row < end; row++) {
      const Norm& norm = model_.decoder_norm;
      for (int64_t copy = row * repeats; copy < (row + 1) * repeats; copy++) {
        float* target = features + copy * embed;
        if (norm.gain == nullptr) std::memcpy(target, rows.x(row), embed * sizeof(float));
        else normalize_row(rows.x(row), norm.gain, norm.bias, target, embed);
      }
    }
  });
}

bool Decoding::beams_are_alike(const int32_t* tokens) const {
  for (int64_t row = 0; row < rows(); row++) {
    if (tokens[row] != tokens[row / beam_ * beam_]) return false;
  }
  return true;
}

// Appends this step's keys and values; context ← attention of each hypothesis to its own past.
template <class Stored>
void Decoding::attend_past(int64_t layer, const Team& team) {
  const int64_t embed = model_.sizes.embed, heads = model_.sizes.decoder.heads, dim = embed / heads, width = 2 * embed;
  const int64_t stride = whole_panels(3 * embed), length = static_cast<int64_t>(past_.size());
  const float scale = 1.0f / std::sqrt(static_cast<float>(dim));
  const float* wide = data(model_.scratch.wide);
  GemmInput& context = model_.scratch.context;
  const bool in_place = context.precision() == Precision::float32;
  float* scores = thread_scratch(whole_lanes(length) + 2 * embed);
  float* query = scores + whole_lanes(length);
  float* own = query + embed;
  std::vector<const Stored*> keys(length), next_keys(length);
  const int64_t repeats = beam_ / step_beams_;
  const auto [begin, end] = team.part(step_rows());
  const auto find_keys = [&](int64_t row) {
    for (int64_t position = 0; position < length; position++) {
      const PositionSlab& slab = past_[position];
      next_keys[position] =
          static_cast<Stored*>(slab.memory->data()) + (layer * slab.stored + slab.rows[row * repeats]) * width;
    }
  };
  if (begin < end) find_keys(begin);
  for (int64_t row = begin; row < end; row++) {
    keys.swap(next_keys);
    find_keys(std::min(row + 1, end - 1));
    const float* projected = wide + row * stride;
    Stored* newest = const_cast<Stored*>(keys[length - 1]);
    for (int64_t i = 0; i < width; i++) store_as(newest[i], projected[embed + i]);
    for (int64_t i = 0; i < embed; i++) query[i] = scale * projected[i];
    float* output = in_place ? context.row(row) : own;
    for (int64_t head = 0; head < heads; head++) {
      // What the next row reads comes meanwhile: more at once than the processor can have under way would hold it up.
      for (int64_t position = length * head / heads; position < length * (head + 1) / heads; position++) {
        fetch_ahead(next_keys[position], width);
      }
      const int64_t offset = head * dim;
      if (dim % 8 == 0) {
        score_rows(query + offset, keys.data(), offset, length, dim, scores);
        softmax_short_row(scores, length);
        weigh_rows(scores, keys.data(), embed + offset, length, dim, output + offset);
        continue;
      }
      for (int64_t i = 0; i < length; i++) scores[i] = dot(query + offset, keys[i] + offset, dim);
      softmax_short_row(scores, length);
      for (int64_t d = offset; d < offset + dim; d++) {
        output[d] = 0;
        for (int64_t i = 0; i < length; i++) output[d] += scores[i] * to_float(keys[i][embed + d]);
      }
    }
    if (!in_place) context.set_row(row, output);
  }
  team.barrier();
}

// context ← attention of the beams of each sentence to its source; wide holds the queries.
template <class Stored>
void Decoding::attend_source(int64_t layer, const Team& team) {
  const int64_t embed = model_.sizes.embed, heads = model_.sizes.decoder.heads, dim = embed / heads;
  const int64_t query_stride = whole_panels(embed), padded_dim = pad_to_panel(dim), beams = step_beams_;
  const float scale = 1.0f / std::sqrt(static_cast<float>(dim));
  const Stored* memory = static_cast<const Stored*>(source_.memory->data()) + layer * source_.starts.back();
  const ContextRows contexts(model_);
  const auto [begin, end] = team.part(static_cast<int64_t>(sentence_.size()) * heads);
  for (int64_t task = begin; task < end; task++) {
    const int64_t active = task / heads, head = task % heads, sentence = sentence_[active];
    const int64_t length = starts_[sentence + 1] - starts_[sentence], keys = pad_to_panel(length);
    const int64_t elements = dim * keys + length * padded_dim;
    float* query = thread_scratch(beams * (2 * padded_dim + keys) + elements);
    float *scores = query + beams * padded_dim, *output = scores + beams * keys, *unpacked = output + beams * padded_dim;
    const float* queries = data(model_.scratch.wide) + active * beams * query_stride + head * dim;
    pack_rows(queries, query_stride, scale, query, padded_dim, beams, dim);
    const float* key = as_floats(memory + source_.starts[sentence] + head * elements, elements, unpacked);
    const float* value = key + dim * keys;
    small_gemm({query, padded_dim, 1}, key, keys, scores, keys, beams, keys, dim, false);
    for (int64_t beam = 0; beam < beams; beam++) softmax_short_row(scores + beam * keys, length);
    small_gemm({scores, keys, 1}, value, padded_dim, output, padded_dim, beams, padded_dim, length, false);
    for (int64_t beam = 0; beam < beams; beam++) {
      std::memcpy(contexts.row(active * beams + beam) + head * dim, output + beam * padded_dim,
                  dim * sizeof(float));
    }
  }
  contexts.finish(step_rows(), team);
}

void Decoding::top(const float* penalties, float temperature, float* table, int64_t width) {
  const PackedLinear& classifier = *model_.classifier;
  const int64_t classes = classifier.out(), count = step_rows(), repeats = beam_ / step_beams_;
  if (past_.empty()) throw std::invalid_argument("no step was made yet");
  if (width < 1 || width > classes) throw std::invalid_argument("more candidates than classes");
  const TopChoice choice{classes, width, penalties, temperature, !stores_float32()};
  const auto choose = [&](float* logits, float* maxima, int64_t row) {
    float* best = table + row * repeats * 2 * width;
    top_of_row(logits, maxima, best, choice);
    for (int64_t copy = 1; copy < repeats; copy++) std::memcpy(best + copy * 2 * width, best, 2 * width * sizeof(float));
  };
  const GemmInput& features = model_.scratch.input;
  const int64_t stride = classifier.stride();
  float* shared = reserve(model_.scratch.logits, std::min(count, kLogitRows) * stride);
  with_team([&](const Team& team) {
    if (count < kLogitRows * team.threads) {  // few rows: the weights are what costs, and threads share them out
      float* maxima = thread_scratch(maxima_of_row(classes));
      for (int64_t first = 0; first < count; first += kLogitRows) {
        const int64_t rows = std::min(kLogitRows, count - first);
        classifier.multiply(features, first, rows, shared, false, team);
        team.barrier();
        const auto [begin, end] = team.part(rows);
        for (int64_t row = begin; row < end; row++) choose(shared + row * stride, maxima, first + row);
        team.barrier();
      }
      return;
    }
    const auto [begin, end] = team.part(count);
    float* own = thread_scratch(kLogitRows * stride + maxima_of_row(classes));
    float* maxima = own + kLogitRows * stride;
    for (int64_t first = begin; first < end; first += kLogitRows) {
      const int64_t rows = std::min(kLogitRows, end - first);
      classifier.multiply(features, first, rows, own, false, Team{0, 1});
      for (int64_t row = 0; row < rows; row++) choose(own + row * stride, maxima, first + row);
    }
  });
}

}  // namespace onednn_backend
