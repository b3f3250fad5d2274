#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "../storage.h"
#include "packed-gemm.h"

// A Transformer for search: its weights are packed once, and one call computes a step of all layers.
namespace onednn_backend {

// Returns the weight of an index, of `length` elements, in the order of src/transformer.ts. It is called once per
// index, in order. A matrix of a layer or of the classifier must stay valid until the next call, all other weights as
// long as the model.
using WeightSource = std::function<const float*(int64_t index, int64_t length)>;

// One side of the model.
struct StackSizes {
  int64_t vocab, positions, layers, heads, inner;
  float scale;                                             // factor of token embeddings
  bool normalize_before, normalize_embedding, final_norm;  // which norms exist
};

struct TransformerSizes {
  int64_t embed;
  StackSizes encoder, decoder;
};

struct Norm {
  const float *gain = nullptr, *bias = nullptr;  // null if the norm does not exist
};

// The embeddings of tokens and of positions, one row each.
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

class Decoding;

struct Transformer {
  // `count` is the number of weights. Throws std::invalid_argument for sizes that no Transformer has or another count.
  Transformer(const TransformerSizes& sizes, const WeightSource& weights, int64_t count, Precision precision);

  TransformerSizes sizes;
  Precision precision;
  EmbeddingTables source_embedding, target_embedding;
  std::vector<EncoderLayer> encoder;
  std::vector<DecoderLayer> decoder;
  Norm encoder_norm, decoder_norm;
  std::unique_ptr<PackedLinear> classifier;

  TransformerScratch scratch;
  const Decoding* last_step = nullptr;  // the search whose last step is in `scratch`; null if another call overwrote it
  // Memory of searches, reused by later ones, because the system has to clear fresh memory.
  std::unique_ptr<Buffer> take_memory(std::size_t bytes);
  void give_memory(std::unique_ptr<Buffer> memory);
  std::vector<std::unique_ptr<Buffer>> free_memory;
};

}  // namespace onednn_backend
