#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "transformer.h"

// A search: the keys and values of the source and of the past, and a step of all hypotheses.
namespace onednn_backend {

struct Rows;

// Keys and values of one target position, [layers, rows, 2 · embed] = [k | v], where a step wrote them. They are
// bfloat16 unless products are float32.
struct PositionSlab {
  std::unique_ptr<Buffer> memory;
  std::vector<int32_t> rows;  // [rows], the row of the slab that each hypothesis reads
  int64_t stored;             // rows of the slab
};

// Keys and values of the source, with the element type of PositionSlab. For each layer, sentence and head, one after
// another: the keys [headDim, padded length], transposed so that scores need no sums across lanes, then the values
// [length, padded headDim]. Steps read the memory from front to back.
struct SourceMemory {
  std::unique_ptr<Buffer> memory;
  std::vector<int64_t> starts;  // [sentences + 1], the first element of each sentence in the first layer
};

// The hypotheses of a batch.
class Decoding {
 public:
  // Encodes the source. ids, positions [rows]; sentence s has the rows [starts[s], starts[s + 1]). Throws
  // std::out_of_range for an index outside its table.
  Decoding(std::shared_ptr<Transformer> model, const int32_t* ids, const int32_t* positions, const int32_t* starts,
           int64_t sentences, int64_t beam);
  ~Decoding();

  // Row i becomes the former row rows[i]. Rows of finished sentences are left out.
  void select(const int32_t* rows, int64_t count);

  // Consumes one token per row. position: a row of the table of positions. features [rows, embed], or null.
  void step(const int32_t* tokens, int64_t position, float* features);

  // The most likely classes after a step: table [rows, 2 · width], see top_of_row. Throws std::invalid_argument unless
  // the last call of the model was a step of this search.
  void top(const float* penalties, float temperature, float* table, int64_t width);

  int64_t rows() const { return static_cast<int64_t>(sentence_.size()) * beam_; }
  const TransformerSizes& sizes() const { return model_.sizes; }

 private:
  void encode(const int32_t* ids, const int32_t* positions);
  // Implemented in decoding-attention.cc: context ← attention of the projections in `wide`.
  void attend_encoder(const Rows& rows);
  void attend_past(int64_t layer);
  void attend_source(int64_t layer, const Rows& rows);
  // Keeps [k | v] of the source, in `wide`, for all later steps.
  void store_source(int64_t layer);
  template <class Stored>
  void attend_past_as(int64_t layer);
  template <class Stored>
  void attend_source_as(int64_t layer, const Rows& rows);
  template <class Stored>
  void store_source_as(int64_t layer);

  void forget_step();

  bool stores_float32() const { return model_.precision == Precision::float32; }
  int64_t stored_bytes() const { return stores_float32() ? 4 : 2; }
  int64_t step_rows() const { return static_cast<int64_t>(sentence_.size()) * step_beams_; }
  bool beams_are_alike(const int32_t* tokens) const;
  void compact(PositionSlab& slab);

  std::shared_ptr<Transformer> owned_model_;  // kept alive by the search, even if it is closed
  Transformer& model_;
  int64_t beam_;
  int64_t step_beams_ = 1;       // rows per sentence in the last step: 1 while all its hypotheses are equal
  std::vector<int64_t> starts_;  // [sentences + 1], the first row of each sentence in the source
  SourceMemory source_;
  std::vector<int64_t> sentence_;   // [active], the index of each active sentence in the batch
  std::vector<PositionSlab> past_;  // [length]
};

}  // namespace onednn_backend
