#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "transformer.h"

// A search under way: the source's keys and values, those of the past, and a step of every hypothesis.
namespace onednn_backend {

struct Rows;

// Keys and values of one target position: [layers, rows, 2 · embed] = [k | v], where a step wrote them; bfloat16 unless
// products are float32.
struct PositionSlab {
  std::unique_ptr<Buffer> memory;
  std::vector<int32_t> rows;  // [rows], which row of the slab each hypothesis reads
  int64_t stored;             // rows that were written
};

// Keys and values of the source, element type as in PositionSlab: of each layer, sentence and head one after another
// the keys [headDim, padded length], transposed so that scores need no sums across lanes, and the values [length,
// padded headDim]. Steps read it from front to back.
struct SourceMemory {
  std::unique_ptr<Buffer> memory;
  std::vector<int64_t> starts;  // [sentences + 1], elements; of the first layer
};

// The hypotheses of a batch under way.
class Decoding {
 public:
  // Encodes: ids and positions int32 [rows] of the source's tokens, sentence s has the rows [starts[s], starts[s + 1]).
  Decoding(std::shared_ptr<Transformer> model, const int32_t* ids, const int32_t* positions, const int32_t* starts,
           int64_t sentences, int64_t beam);
  ~Decoding();

  // Row i becomes what row rows[i] was; rows of finished sentences are left out.
  void select(const int32_t* rows, int64_t count);

  // Consumes a token of each row; position: of the table. features [rows, embed], or null.
  void step(const int32_t* tokens, int64_t position, float* features);

  // The likeliest classes after a step: table [rows, 2 · width], see top_of_row. Throws std::invalid_argument unless
  // the last call of the model was a step of this search.
  void top(const float* penalties, float temperature, float* table, int64_t width);

  int64_t rows() const { return static_cast<int64_t>(sentence_.size()) * beam_; }
  const TransformerSizes& sizes() const { return model_.sizes; }

 private:
  void encode(const int32_t* ids, const int32_t* positions);
  // decoding-attention.cc: context ← attention, of what products have left in wide.
  void attend_encoder(const Rows& rows);
  void attend_past(int64_t layer);
  void attend_source(int64_t layer, const Rows& rows);
  // Keeps [k | v] of the source, in wide, for every step to come.
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

  std::shared_ptr<Transformer> owned_model_;  // closed or not, it lasts as long as the search
  Transformer& model_;
  int64_t beam_;
  int64_t step_beams_ = 1;       // rows of a sentence in the last step: 1 while its hypotheses are all the same
  std::vector<int64_t> starts_;  // [sentences + 1], rows of the source
  SourceMemory source_;
  std::vector<int64_t> sentence_;   // [active], of the batch
  std::vector<PositionSlab> past_;  // [length]
};

}  // namespace onednn_backend
