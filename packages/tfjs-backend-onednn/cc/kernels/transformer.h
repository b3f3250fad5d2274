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

}  // namespace onednn_backend
