#include <algorithm>
#include <cmath>
#include <cstring>

#include "../small-gemm.h"
#include "cached-attention.h"
#include "decoding.h"
#include "row-operations.h"
#include "transformer-rows.h"

namespace onednn_backend {

namespace {

INLINE const float* as_floats(const float* stored, int64_t, float*) { return stored; }

INLINE const float* as_floats(const uint16_t* stored, int64_t count, float* target) {
  for (int64_t i = 0; i < count; i++) target[i] = to_float(stored[i]);
  return target;
}

// Attention to fewer values than these is not worth a thread.
constexpr int64_t kValuesOfPart = 1 << 10;

}  // namespace

// context ← attention among the positions of each sentence; `wide` contains [q | k | v].
void Decoding::attend_encoder(const Rows& rows) {
  const int64_t embed = model_.sizes.embed, heads = model_.sizes.encoder.heads, dim = embed / heads;
  const int64_t stride = whole_panels(3 * embed), padded_dim = pad_to_panel(dim);
  const float scale = 1.0f / std::sqrt(static_cast<float>(dim));
  const float* wide = floats(model_.scratch.wide);
  const ContextRows contexts(rows);
  const int64_t sentences = static_cast<int64_t>(starts_.size()) - 1;
  constexpr int64_t kQueries = 48;
  parallel_tasks(sentences * heads, [&](int64_t task) {
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
        std::memcpy(contexts.row(start + block + i) + head * dim, output + i * padded_dim, dim * sizeof(float));
      }
    }
  });
  contexts.finish();
}

template <class Stored>
void Decoding::store_source_as(int64_t layer) {
  const int64_t embed = model_.sizes.embed, heads = model_.sizes.decoder.heads, dim = embed / heads;
  const int64_t stride = whole_panels(2 * embed), padded_dim = pad_to_panel(dim);
  const int64_t sentences = static_cast<int64_t>(starts_.size()) - 1;
  Stored* memory = static_cast<Stored*>(source_.memory->data()) + layer * source_.starts.back();
  parallel_tasks(sentences * heads, [&](int64_t task) {
    const int64_t sentence = task / heads, head = task % heads;
    const int64_t start = starts_[sentence], length = starts_[sentence + 1] - start, keys = pad_to_panel(length);
    Stored* target = memory + source_.starts[sentence] + head * (dim * keys + length * padded_dim);
    float* packed = thread_scratch(dim * keys + length * padded_dim);
    const float* source = floats(model_.scratch.wide) + start * stride + head * dim;
    pack_transposed(source, stride, packed, keys, length, dim);
    pack_rows(source + embed, stride, 1.0f, packed + dim * keys, padded_dim, length, dim);
    for (int64_t i = 0; i < dim * keys + length * padded_dim; i++) store_as(target[i], packed[i]);
  });
}

void Decoding::store_source(int64_t layer) {
  if (stores_float32()) store_source_as<float>(layer);
  else store_source_as<uint16_t>(layer);
}

// Appends the keys and values of this step; context ← attention of each hypothesis to its past.
template <class Stored>
void Decoding::attend_past_as(int64_t layer) {
  const int64_t embed = model_.sizes.embed, heads = model_.sizes.decoder.heads, dim = embed / heads, width = 2 * embed;
  const int64_t stride = whole_panels(3 * embed), length = static_cast<int64_t>(past_.size());
  const float scale = 1.0f / std::sqrt(static_cast<float>(dim));
  const float* wide = floats(model_.scratch.wide);
  GemmInput& context = model_.scratch.context;
  const bool in_place = context.precision() == Precision::float32;
  const int64_t repeats = beam_ / step_beams_;
  const auto find_keys = [&](int64_t row, std::vector<const Stored*>& keys) {
    for (int64_t position = 0; position < length; position++) {
      const PositionSlab& slab = past_[position];
      keys[position] =
          static_cast<Stored*>(slab.memory->data()) + (layer * slab.stored + slab.rows[row * repeats]) * width;
    }
  };
  parallel_ranges(step_rows(), items_of_part(length * width, kValuesOfPart), [&](int64_t begin, int64_t end) {
    float* scores = thread_scratch(whole_lanes(length) + 2 * embed);
    float* query = scores + whole_lanes(length);
    float* own = query + embed;
    std::vector<const Stored*> keys(length), next_keys(length);
    find_keys(begin, next_keys);
    for (int64_t row = begin; row < end; row++) {
      keys.swap(next_keys);
      find_keys(std::min(row + 1, end - 1), next_keys);
      const float* projected = wide + row * stride;
      Stored* newest = const_cast<Stored*>(keys[length - 1]);
      for (int64_t i = 0; i < width; i++) store_as(newest[i], projected[embed + i]);
      for (int64_t i = 0; i < embed; i++) query[i] = scale * projected[i];
      float* output = in_place ? context.row(row) : own;
      for (int64_t head = 0; head < heads; head++) {
        // Prefetches the keys of the next row little by little: the processor can have only a few requests at a time.
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
  });
}

void Decoding::attend_past(int64_t layer) {
  if (stores_float32()) attend_past_as<float>(layer);
  else attend_past_as<uint16_t>(layer);
}

// context ← attention of the beams of each sentence to its source; `wide` contains the queries.
template <class Stored>
void Decoding::attend_source_as(int64_t layer, const Rows& rows) {
  const int64_t embed = model_.sizes.embed, heads = model_.sizes.decoder.heads, dim = embed / heads;
  const int64_t query_stride = whole_panels(embed), padded_dim = pad_to_panel(dim), beams = step_beams_;
  const float scale = 1.0f / std::sqrt(static_cast<float>(dim));
  const Stored* memory = static_cast<const Stored*>(source_.memory->data()) + layer * source_.starts.back();
  const ContextRows contexts(rows);
  const int64_t mean_length = starts_.back() / (static_cast<int64_t>(starts_.size()) - 1);
  const int64_t tasks = static_cast<int64_t>(sentence_.size()) * heads;
  parallel_ranges(tasks, items_of_part(2 * beams * mean_length * dim, kValuesOfPart), [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; task++) {
      const int64_t active = task / heads, head = task % heads, sentence = sentence_[active];
      const int64_t length = starts_[sentence + 1] - starts_[sentence], keys = pad_to_panel(length);
      const int64_t elements = dim * keys + length * padded_dim;
      float* query = thread_scratch(beams * (2 * padded_dim + keys) + elements);
      float *scores = query + beams * padded_dim, *output = scores + beams * keys,
            *unpacked = output + beams * padded_dim;
      const float* queries = floats(model_.scratch.wide) + active * beams * query_stride + head * dim;
      pack_rows(queries, query_stride, scale, query, padded_dim, beams, dim);
      const float* key = as_floats(memory + source_.starts[sentence] + head * elements, elements, unpacked);
      const float* value = key + dim * keys;
      small_gemm({query, padded_dim, 1}, key, keys, scores, keys, beams, keys, dim, false);
      for (int64_t beam = 0; beam < beams; beam++) softmax_short_row(scores + beam * keys, length);
      small_gemm({scores, keys, 1}, value, padded_dim, output, padded_dim, beams, padded_dim, length, false);
      for (int64_t beam = 0; beam < beams; beam++) {
        std::memcpy(contexts.row(active * beams + beam) + head * dim, output + beam * padded_dim, dim * sizeof(float));
      }
    }
  });
  contexts.finish();
}

void Decoding::attend_source(int64_t layer, const Rows& rows) {
  if (stores_float32()) attend_source_as<float>(layer, rows);
  else attend_source_as<uint16_t>(layer, rows);
}

}  // namespace onednn_backend
