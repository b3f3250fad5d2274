#include "transformer.h"

#include <algorithm>
#include <stdexcept>

namespace onednn_backend {

namespace {

// The number of pieces of memory that are kept for later searches: more than most outputs have tokens.
constexpr std::size_t kFreeMemories = 64;

// Returns the weights in the order of src/transformer.ts.
class WeightReader {
 public:
  WeightReader(const WeightSource& weights, int64_t count, Precision precision)
      : weights_(weights), count_(count), precision_(precision) {}

  const float* next(int64_t length) {
    if (index_ >= count_) throw std::invalid_argument("too few weights for a Transformer of these sizes");
    return weights_(index_++, length);
  }

  PackedLinear linear(int64_t in, int64_t out) {
    const float* weight = next(in * out);
    return PackedLinear(weight, next(out), in, out, precision_);
  }

  PackedLinear without_bias(int64_t in, int64_t out) {
    return PackedLinear(next(in * out), nullptr, in, out, precision_);
  }

  Norm norm(int64_t embed, bool exists = true) {
    if (!exists) return {};
    const float* gain = next(embed);
    return {gain, next(embed)};
  }

  EmbeddingTables embedding(const StackSizes& sizes, int64_t embed) {
    const float* tokens = next(sizes.vocab * embed);
    const float* positions = next(sizes.positions * embed);
    return {tokens, positions, norm(embed, sizes.normalize_embedding)};
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
  return {std::move(query_key_value), std::move(output), read.norm(embed)};
}

SourceAttentionLayer source_attention_layer(WeightReader& read, int64_t embed) {
  PackedLinear query = read.linear(embed, embed), key_value = read.linear(embed, 2 * embed);
  PackedLinear output = read.linear(embed, embed);
  return {std::move(query), std::move(key_value), std::move(output), read.norm(embed)};
}

FeedForwardLayer feed_forward_layer(WeightReader& read, int64_t embed, int64_t inner) {
  PackedLinear fc1 = read.linear(embed, inner), fc2 = read.linear(inner, embed);
  return {std::move(fc1), std::move(fc2), read.norm(embed)};
}

// Larger sizes could overflow the products of two sizes and a small factor.
constexpr int64_t kLargestSize = int64_t{1} << 30;

void check_sizes(const TransformerSizes& sizes) {
  for (const StackSizes* stack : {&sizes.encoder, &sizes.decoder}) {
    for (const int64_t size :
         {sizes.embed, stack->vocab, stack->positions, stack->layers, stack->heads, stack->inner}) {
      if (size < 1 || size > kLargestSize) throw std::invalid_argument("sizes must be from 1 to 2^30");
    }
    if (sizes.embed % stack->heads != 0) throw std::invalid_argument("the number of heads must divide embed");
  }
}

}  // namespace

Transformer::Transformer(const TransformerSizes& sizes, const WeightSource& weights, int64_t count, Precision precision)
    : sizes(sizes), precision(precision) {
  check_sizes(sizes);
  WeightReader read(weights, count, precision);
  const int64_t embed = sizes.embed;
  source_embedding = read.embedding(sizes.encoder, embed);
  for (int64_t layer = 0; layer < sizes.encoder.layers; layer++) {
    SelfAttentionLayer self = self_attention_layer(read, embed);
    encoder.push_back({std::move(self), feed_forward_layer(read, embed, sizes.encoder.inner)});
  }
  encoder_norm = read.norm(embed, sizes.encoder.final_norm);
  target_embedding = read.embedding(sizes.decoder, embed);
  for (int64_t layer = 0; layer < sizes.decoder.layers; layer++) {
    SelfAttentionLayer self = self_attention_layer(read, embed);
    SourceAttentionLayer source = source_attention_layer(read, embed);
    decoder.push_back({std::move(self), std::move(source), feed_forward_layer(read, embed, sizes.decoder.inner)});
  }
  decoder_norm = read.norm(embed, sizes.decoder.final_norm);
  classifier = std::make_unique<PackedLinear>(read.without_bias(embed, sizes.decoder.vocab));
  read.end();
}

// Takes the smallest piece that is large enough; otherwise enlarges the largest one.
std::unique_ptr<Buffer> Transformer::take_memory(std::size_t bytes) {
  const auto by_size = [](const auto& a, const auto& b) { return a->bytes() < b->bytes(); };
  std::sort(free_memory.begin(), free_memory.end(), by_size);
  auto found =
      std::find_if(free_memory.begin(), free_memory.end(), [&](const auto& free) { return free->bytes() >= bytes; });
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

}  // namespace onednn_backend
