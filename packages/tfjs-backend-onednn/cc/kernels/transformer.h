#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "../storage.h"
#include "packed-gemm.h"

// A Transformer as search runs it: weights packed once, a step of all layers in one call.
namespace onednn_backend {

// The weight of an index, in the order of src/transformer.ts; asked for once each, one after the other. A matrix of a layer
// or of the classifier has to be there until the next one is asked for, everything else as long as the model.
using WeightSource = std::function<const float*(int64_t index)>;

// One side of the model.
struct StackSizes {
  int64_t vocab, positions, layers, heads, inner;
  float scale;                                             // of token embeddings
  bool normalize_before, normalize_embedding, final_norm;  // which norms there are
};

struct TransformerSizes {
  int64_t embed;
  StackSizes encoder, decoder;
};

struct Norm {
  const float *gain = nullptr, *bias = nullptr;  // null: there is none
};

// Token ids and their positions in the table, row by row.
struct EmbeddingTables {
  const float *tokens, *positions;
  Norm norm;
};

struct SelfAttentionLayer {
  PackedLinear query_key_value, output;
  Norm norm;
};

struct SourceAttentionLayer {
  PackedLinear query, key_value, output;
  Norm norm;
};

struct FeedForwardLayer {
  PackedLinear fc1, fc2;
  Norm norm;
};

struct EncoderLayer {
  SelfAttentionLayer self;
  FeedForwardLayer feed_forward;
};

struct DecoderLayer {
  SelfAttentionLayer self;
  SourceAttentionLayer source;
  FeedForwardLayer feed_forward;
};

// Memory of a call, kept for the next one.
struct TransformerScratch {
  GemmInput input, context, hidden, features;
  Buffer x, projected, wide, logits;
};

struct Transformer {
  // count: of the weights.
  Transformer(const TransformerSizes& sizes, const WeightSource& weights, int64_t count, Precision precision);

  TransformerSizes sizes;
  Precision precision;
  EmbeddingTables source_embedding, target_embedding;
  std::vector<EncoderLayer> encoder;
  std::vector<DecoderLayer> decoder;
  Norm encoder_norm, decoder_norm;
  std::unique_ptr<PackedLinear> classifier;

  TransformerScratch scratch;
  // Memory of searches, taken again by the next ones: fresh memory has to be cleared by the system.
  std::unique_ptr<Buffer> take_memory(std::size_t bytes);
  void give_memory(std::unique_ptr<Buffer> memory);
  std::vector<std::unique_ptr<Buffer>> free_memory;
};

// Keys and values of one target position: [layers, rows, 2 · embed] = [k | v], where a step wrote them; bfloat16 unless
// products are float32.
struct PositionSlab {
  std::unique_ptr<Buffer> memory;
  std::vector<int32_t> rows;  // [rows], which row of the slab each hypothesis reads
  int64_t stored;             // rows that were written
};

// Keys and values of the source, element type as in PositionSlab: of each layer, sentence and head one after another the
// keys [headDim, padded length], transposed so that scores need no sums across lanes, and the values [length, padded
// headDim]. Steps read it from front to back.
struct SourceMemory {
  std::unique_ptr<Buffer> memory;
  std::vector<int64_t> starts;  // [sentences + 1], elements; of the first layer
};

// The hypotheses of a batch under way.
class Decoding {
 public:
  // Encodes: ids and positions int32 [rows] of the source's tokens, sentence s has the rows [starts[s], starts[s + 1]).
  Decoding(Transformer& model, const int32_t* ids, const int32_t* positions, const int32_t* starts, int64_t sentences,
           int64_t beam);
  ~Decoding();

  // Row i becomes what row rows[i] was; rows of finished sentences are left out.
  void select(const int32_t* rows, int64_t count);

  // Consumes a token of each row; position: of the table. features [rows, embed], or null.
  void step(const int32_t* tokens, int64_t position, float* features);

  // The likeliest classes after the last step: table [rows, 2 · width], see top_of_row.
  void top(const float* penalties, float temperature, float* table, int64_t width);

  int64_t rows() const { return static_cast<int64_t>(sentence_.size()) * beam_; }

 private:
  void encode(const int32_t* ids, const int32_t* positions);
  void attend_encoder(const Team& team);
  template <class Stored>
  void attend_past(int64_t layer, const Team& team);
  template <class Stored>
  void attend_source(int64_t layer, const Team& team);
  template <class Stored>
  void store_source(int64_t layer, const float* key_value, const Team& team);
  bool stores_float32() const { return model_.precision == Precision::float32; }
  int64_t stored_bytes() const { return stores_float32() ? 4 : 2; }
  int64_t step_rows() const { return static_cast<int64_t>(sentence_.size()) * step_beams_; }
  bool beams_are_alike(const int32_t* tokens) const;
  void compact(PositionSlab& slab);

  Transformer& model_;
  int64_t beam_;
  int64_t step_beams_ = 1;           // rows of a sentence in the last step: 1 while its hypotheses are all the same
  std::vector<int64_t> starts_;      // [sentences + 1], rows of the source
  SourceMemory source_;
  std::vector<int64_t> sentence_;    // [active], of the batch
  std::vector<PositionSlab> past_;   // [length]
};

}  // namespace onednn_backend
