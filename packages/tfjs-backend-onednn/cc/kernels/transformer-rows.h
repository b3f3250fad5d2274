#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "../parallel.h"
#include "row-operations.h"
#include "transformer.h"

// Operations on rows that encoding and a step of search share.
namespace onednn_backend {

inline float* reserve_floats(Buffer& buffer, int64_t elements) {
  return static_cast<float*>(buffer.reserve(std::max<int64_t>(elements, 1) * sizeof(float)));
}

inline float* floats(Buffer& buffer) { return static_cast<float*>(buffer.data()); }

inline void reserve_scratch(Transformer& model, int64_t rows, const StackSizes& sizes) {
  const int64_t embed = model.sizes.embed;
  TransformerScratch& scratch = model.scratch;
  scratch.input.reserve(rows, embed, model.precision);
  scratch.context.reserve(rows, embed, model.precision);
  scratch.hidden.reserve(rows, sizes.inner, model.precision);
  reserve_floats(scratch.x, rows * embed);
  reserve_floats(scratch.projected, rows * whole_panels(embed));
  reserve_floats(scratch.wide, rows * std::max(whole_panels(3 * embed), whole_panels(sizes.inner)));
}

// One pass over rows: the residual stream, and the operands of products, in the memory of the model.
struct Rows {
  Transformer& model;
  int64_t count;

  int64_t embed() const { return model.sizes.embed; }
  float* x(int64_t row) const { return floats(model.scratch.x) + row * embed(); }

  // x[row] = scale · token + position, normalised if the model has that norm. Prepares the input of the first sublayer.
  template <class PositionOf>
  void begin(const EmbeddingTables& tables, float scale, const int32_t* ids, const PositionOf& position_of,
             const Norm& before) const {
    for_each([&](int64_t row) {
      float* target = x(row);
      embed_row(tables.tokens + ids[row] * embed(), tables.positions + position_of(row) * embed(), scale, target,
                embed());
      if (tables.norm.gain != nullptr) normalize_row(target, tables.norm.gain, tables.norm.bias, target, embed());
      read(row, before);
    });
  }

  // Calls body(row) for every row. A few rows are not worth another thread.
  template <class Body>
  void for_each(const Body& body) const {
    constexpr int64_t kValuesOfPart = 1 << 9;
    parallel_ranges(count, items_of_part(embed(), kValuesOfPart), [body](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; row++) body(row);
    });
  }

  // Prepares the input of a sublayer from x, normalised if the norm comes before the sublayer.
  void read(int64_t row, const Norm& before) const {
    GemmInput& input = model.scratch.input;
    if (before.gain == nullptr) return input.set_row(row, x(row));
    float* target = floats(model.scratch.wide) + row * embed();
    if (input.precision() == Precision::float32) target = input.row(row);
    normalize_row(x(row), before.gain, before.bias, target, embed());
    input.set_row(row, target);
  }

  // x ← norm(x + projected). Prepares the input of the next sublayer.
  void end_sublayer(const Norm& after, const Norm& before_next) const {
    const int64_t stride = whole_panels(embed());
    for_each([&](int64_t row) {
      const float* projected = floats(model.scratch.projected) + row * stride;
      float* target = x(row);
      for (int64_t i = 0; i < embed(); i++) target[i] += projected[i];
      if (after.gain != nullptr) normalize_row(target, after.gain, after.bias, target, embed());
      read(row, before_next);
    });
  }

  void project(const PackedLinear& linear, const GemmInput& input) const {
    linear.multiply(input, 0, count, floats(model.scratch.projected), false);
  }

  // wide ← input · Wᵀ
  void project_wide(const PackedLinear& linear) const {
    linear.multiply(model.scratch.input, 0, count, floats(model.scratch.wide), false);
  }

  void feed_forward(const FeedForwardLayer& layer) const {
    GemmInput& hidden = model.scratch.hidden;
    const bool in_place = hidden.precision() == Precision::float32;
    float* target = in_place ? hidden.row(0) : floats(model.scratch.wide);
    layer.fc1.multiply(model.scratch.input, 0, count, target, true);
    if (!in_place) for_each([&](int64_t row) { hidden.set_row(row, target + row * layer.fc1.stride()); });
    project(layer.fc2, hidden);
  }
};

// The position of the norms: after the sum, or before the next sublayer.
struct NormOrder {
  bool before;
  Norm after_sum(const Norm& norm) const { return before ? Norm{} : norm; }
  Norm before_sublayer(const Norm& norm) const { return before ? norm : Norm{}; }
};

// Runs the layers of a stack; `Rows::begin` has prepared the input of the first one. attend(layer) and, in the decoder,
// attend_source(layer) compute the context from the projections in `wide`. final_norm follows the last layer.
template <class Layer, class Attend, class AttendSource>
void run_layers(const Rows& rows, const std::vector<Layer>& layers, const NormOrder& order, const Norm& final_norm,
                const Attend& attend, [[maybe_unused]] const AttendSource& attend_source) {
  const GemmInput& context = rows.model.scratch.context;
  for (std::size_t index = 0; index < layers.size(); index++) {
    const Layer& layer = layers[index];
    const Norm before_feed_forward = order.before_sublayer(layer.feed_forward.norm);
    rows.project_wide(layer.self.query_key_value);
    attend(static_cast<int64_t>(index));
    rows.project(layer.self.output, context);
    if constexpr (std::is_same_v<Layer, DecoderLayer>) {
      rows.end_sublayer(order.after_sum(layer.self.norm), order.before_sublayer(layer.source.norm));
      rows.project_wide(layer.source.query);
      attend_source(static_cast<int64_t>(index));
      rows.project(layer.source.output, context);
      rows.end_sublayer(order.after_sum(layer.source.norm), before_feed_forward);
    } else {
      rows.end_sublayer(order.after_sum(layer.self.norm), before_feed_forward);
    }
    rows.feed_forward(layer.feed_forward);
    const bool is_last = index + 1 == layers.size();
    rows.end_sublayer(order.after_sum(layer.feed_forward.norm),
                      is_last ? final_norm : order.before_sublayer(layers[index + 1].self.norm));
  }
}

// The context of attention, written one head at a time: directly into the input of the output projection, or into
// memory that `finish` converts.
class ContextRows {
 public:
  explicit ContextRows(const Rows& rows)
      : rows_(rows),
        input_(rows.model.scratch.context),
        in_place_(input_.precision() == Precision::float32),
        stride_(in_place_ ? input_.stride() : rows.embed()),
        values_(in_place_ ? input_.row(0) : floats(rows.model.scratch.projected)) {}

  float* row(int64_t row) const { return values_ + row * stride_; }

  // Called after all heads are done.
  void finish() const {
    if (!in_place_) rows_.for_each([&](int64_t row) { input_.set_row(row, this->row(row)); });
  }

 private:
  const Rows& rows_;
  GemmInput& input_;
  bool in_place_;
  int64_t stride_;
  float* values_;
};

}  // namespace onednn_backend
