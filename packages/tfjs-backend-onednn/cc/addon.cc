// The boundary between JavaScript and the kernels. No other file includes Napi and the kernels' headers.
#include <cstdint>
#include <dnnl.hpp>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "arguments.h"
#include "check-range.h"
#include "guard.h"
#include "instructions.h"
#include "kernels/arena.h"
#include "kernels/attention.h"
#include "kernels/batch-matmul.h"
#include "kernels/binary.h"
#include "kernels/classifier-statistics.h"
#include "kernels/copy.h"
#include "kernels/dropout.h"
#include "kernels/embedding.h"
#include "kernels/gather.h"
#include "kernels/layer-norm.h"
#include "kernels/linear.h"
#include "kernels/softmax.h"
#include "kernels/sum.h"
#include "kernels/top-k.h"
#include "kernels/transformer-handles.h"
#include "kernels/transpose.h"
#include "matmul.h"
#include "storage.h"
#include "team.h"

namespace onednn_backend {

// The fields of the shape structs, in the order in which the structs declare them.
template <>
struct Fields<RowsShape> {
  using Types = FieldTypes<int64_t, int64_t>;
};
template <>
struct Fields<LinearShape> {
  using Types = FieldTypes<int64_t, int64_t, int64_t, bool>;
};
template <>
struct Fields<LayerNormShape> {
  using Types = FieldTypes<int64_t, int64_t, float>;
};
template <>
struct Fields<EmbeddingShape> {
  using Types = FieldTypes<int64_t, int64_t, int64_t, int64_t, float>;
};
template <>
struct Fields<AttentionShape> {
  using Types = FieldTypes<int64_t, int64_t, int64_t, int64_t, bool>;
};
template <>
struct Fields<ClassifierShape> {
  using Types = FieldTypes<int64_t, int64_t, int64_t, int64_t, int64_t>;
};
template <>
struct Fields<AdamScalars> {
  using Types = FieldTypes<double, double, double, double, double>;
};
template <>
struct Fields<Dropout> {
  using Types = FieldTypes<double, uint32_t, uint32_t, uint32_t, uint32_t>;
};
template <>
struct Fields<GemmShape> {
  using Types = FieldTypes<int64_t, int64_t, int64_t, bool, bool>;
};
template <>
struct Fields<BatchShape> {
  using Types = FieldTypes<int64_t, int64_t, int64_t>;
};
template <>
struct Fields<BinaryShape> {
  using Types = FieldTypes<int64_t, int64_t, int64_t, int64_t, int64_t, int64_t>;
};
template <>
struct Fields<GatherShape> {
  using Types = FieldTypes<int64_t, int64_t, int64_t, int64_t, int64_t>;
};
template <>
struct Fields<CopyShape> {
  using Types = FieldTypes<int64_t, int64_t, int64_t, int64_t, int64_t, int64_t>;
};

// query_key_value [rows, 3 · embed]
void self_attention(const float* query_key_value, const int32_t* starts, const int32_t* key_padding, float* context,
                    float* log_sum_exp, int64_t rows, const AttentionShape& shape, const Dropout& dropout) {
  check_starts("starts", starts, shape.sequences, rows);
  const int64_t embed = shape.embed(), stride = 3 * embed;
  attention({query_key_value, stride, starts}, {query_key_value + embed, stride, starts},
            {query_key_value + 2 * embed, stride, starts}, key_padding, context, log_sum_exp, shape, dropout);
}

void self_attention_grad(const float* query_key_value, const int32_t* starts, const int32_t* key_padding,
                         const float* context, const float* log_sum_exp, const float* d_context,
                         float* d_query_key_value, int64_t rows, const AttentionShape& shape, const Dropout& dropout) {
  check_starts("starts", starts, shape.sequences, rows);
  const int64_t embed = shape.embed(), stride = 3 * embed;
  attention_grad({query_key_value, stride, starts}, {query_key_value + embed, stride, starts},
                 {query_key_value + 2 * embed, stride, starts}, key_padding, context, log_sum_exp, d_context,
                 {d_query_key_value, stride}, {d_query_key_value + embed, stride},
                 {d_query_key_value + 2 * embed, stride}, shape, dropout);
}

// query [query rows, embed], key_value [key rows, 2 · embed]
void cross_attention(const float* query, const int32_t* query_starts, const float* key_value, const int32_t* key_starts,
                     const int32_t* key_padding, float* context, float* log_sum_exp, int64_t query_rows,
                     int64_t key_rows, const AttentionShape& shape, const Dropout& dropout) {
  check_starts("queryStarts", query_starts, shape.sequences, query_rows);
  check_starts("keyStarts", key_starts, shape.sequences, key_rows);
  const int64_t embed = shape.embed();
  attention({query, embed, query_starts}, {key_value, 2 * embed, key_starts},
            {key_value + embed, 2 * embed, key_starts}, key_padding, context, log_sum_exp, shape, dropout);
}

void cross_attention_grad(const float* query, const int32_t* query_starts, const float* key_value,
                          const int32_t* key_starts, const int32_t* key_padding, const float* context,
                          const float* log_sum_exp, const float* d_context, float* d_query, float* d_key_value,
                          int64_t query_rows, int64_t key_rows, const AttentionShape& shape, const Dropout& dropout) {
  check_starts("queryStarts", query_starts, shape.sequences, query_rows);
  check_starts("keyStarts", key_starts, shape.sequences, key_rows);
  const int64_t embed = shape.embed();
  attention_grad({query, embed, query_starts}, {key_value, 2 * embed, key_starts},
                 {key_value + embed, 2 * embed, key_starts}, key_padding, context, log_sum_exp, d_context,
                 {d_query, embed}, {d_key_value, 2 * embed}, {d_key_value + embed, 2 * embed}, shape, dropout);
}

// The offset of an array's first element from the last multiple of 64 bytes.
double misalignment(const float* memory) { return static_cast<double>(reinterpret_cast<std::uintptr_t>(memory) % 64); }

// A new block of uninitialised, aligned memory.
struct NewBlock {
  void* memory;
  std::size_t bytes;
};

NewBlock new_block(int64_t bytes) {
  try {
    return {allocate_block(static_cast<std::size_t>(bytes)), static_cast<std::size_t>(bytes)};
  } catch (const std::bad_alloc&) {
    throw std::runtime_error("out of memory: " + std::to_string(bytes) + " bytes for a tensor");
  }
}

// The memory goes back to the system when the ArrayBuffer is collected or detached.
Napi::Value to_value(const Napi::Env& env, const NewBlock& block) {
  return Napi::ArrayBuffer::New(env, block.memory, block.bytes, [](Napi::Env, void* data) { free_block(data); });
}

void release_block(Block block) { block.buffer.Detach(); }

#if defined(__SANITIZE_ADDRESS__)
// Permits or forbids access to a piece of a block.
void guard_piece(Block block, int64_t offset, int64_t bytes, bool permitted) {
  const int64_t size = static_cast<int64_t>(block.buffer.ByteLength());
  if (offset > size || bytes > size - offset) throw std::out_of_range("offset + bytes is more than the block's size");
  char* piece = static_cast<char*>(block.buffer.Data()) + offset;
  permitted ? permit(piece, bytes) : forbid(piece, bytes);
}
#endif

std::string isa_name() {
  switch (dnnl::get_effective_cpu_isa()) {
    case dnnl::cpu_isa::sse41: return "SSE4.1";
    case dnnl::cpu_isa::avx: return "AVX";
    case dnnl::cpu_isa::avx2: return "AVX2";
    case dnnl::cpu_isa::avx512_core: return "AVX-512";
    case dnnl::cpu_isa::avx512_core_vnni: return "AVX-512 VNNI";
    case dnnl::cpu_isa::avx512_core_bf16: return "AVX-512 BF16";
    case dnnl::cpu_isa::avx512_core_amx: return "AVX-512 AMX";
    default: return "other";
  }
}

struct Description {
  std::string onednn_version, isa;
  int threads;
};

Description describe() {
  const dnnl_version_t* version = dnnl_version();
  return {std::to_string(version->major) + "." + std::to_string(version->minor) + "." + std::to_string(version->patch),
          isa_name(), team_threads()};
}

Napi::Value to_value(const Napi::Env& env, const Description& description) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("oneDnnVersion", description.onednn_version);
  object.Set("threads", description.threads);
  object.Set("isa", description.isa);
  return object;
}

// The add-on's best build for this processor. binding.gyp lists the builds.
std::string best_build() { return has_x86_64_v4() ? "v4" : has_x86_64_v3() ? "v3" : "baseline"; }

template <class Result>
const char* typescript_result() {
  if constexpr (std::is_void_v<Result>) return "void";
  if constexpr (std::is_same_v<Result, double>) return "number";
  if constexpr (std::is_same_v<Result, bool>) return "boolean";
  if constexpr (std::is_same_v<Result, std::string>) return "string";
  if constexpr (std::is_same_v<Result, NewBlock>) return "ArrayBuffer";
  if constexpr (std::is_same_v<Result, Description>) return "{ oneDnnVersion: string; threads: number; isa: string }";
}

// Adds functions to the exports, and their signatures to a table in JSON.
class Exports {
 public:
  explicit Exports(Napi::Object& exports) : exports_(exports) {}

  template <auto function>
  void add(const char* name, std::initializer_list<Parameters> parameters) {
    using Types = FunctionTypes<decltype(function)>;
    static const Signature signature(name, parameters, typescript_result<typename Types::Result>());
    TypeCheck check(signature);
    check.check_all(typename Types::Parameters{});
    check.end();
    void* data = const_cast<Signature*>(&signature);
    exports_.Set(name, Napi::Function::New<call<function>>(exports_.Env(), name, data));
    table_ += (table_.empty() ? "" : ",") + signature.json();
  }

  void end() { exports_.Set("signatures", "[" + table_ + "]"); }

 private:
  Napi::Object& exports_;
  std::string table_;
};

Parameters dropout_parameters() {
  return group({probability("probability"), whole("seed"), whole("update"), whole("microBatch"), whole("site")});
}

Parameters attention_parameters() {
  return group({sizes({"sequences"}), counts({"heads", "headDim"}),
                whole("longestKey", 0, std::numeric_limits<int32_t>::max()), flag("causal")});
}

void add_settings(Exports& exports) {
  exports.add<describe>("describe", {});
  exports.add<best_build>("bestBuild", {});
  exports.add<set_team_threads>("setThreads", {whole("threads")});
  exports.add<set_bfloat16>("setBfloat16", {flag("on")});
  exports.add<can_bfloat16>("canBfloat16", {});
  exports.add<cached_primitives>("cachedPrimitives", {});
}

void add_storage(Exports& exports) {
  exports.add<new_block>("newBlock", {sizes({"bytes"})});
  exports.add<release_block>("releaseBlock", {buffer("block")});
  exports.add<misalignment>("misalignment", {floats("memory")});
#if defined(__SANITIZE_ADDRESS__)
  exports.add<guard_piece>("guardPiece", {buffer("block"), sizes({"offset", "bytes"}), flag("permitted")});
#endif
}

void add_layers(Exports& exports) {
  exports.add<linear>(
      "linear", {floats("x", {"rows", "inputs"}), floats("weight", {"outputs", "inputs"}), floats("bias", {"outputs"}),
                 floats("y", {"rows", "outputs"}), sizes({"rows", "inputs", "outputs"}), flag("relu")});
  exports.add<linear_grad>("linearGrad", {floats("x", {"rows", "inputs"}), floats("weight", {"outputs", "inputs"}),
                                          floats("y", {"rows", "outputs"}), floats("dy", {"rows", "outputs"}),
                                          floats("dx", {"rows", "inputs"}), floats("dWeight", {"outputs", "inputs"}),
                                          floats("dBias", {"outputs"}), sizes({"rows", "inputs", "outputs"}),
                                          flag("relu"), flag("accumulateWeight"), flag("accumulateBias")});
  exports.add<add_bias>("addBias", {floats("y", {"rows", "columns"}), floats("bias", {"columns"}),
                                    sizes({"rows", "columns"}), flag("relu")});
  exports.add<dropout>("dropout", {floats("x", {"rows", "columns"}), or_null(floats("residual", {"rows", "columns"})),
                                   floats("y", {"rows", "columns"}), sizes({"rows", "columns"}), dropout_parameters()});
  exports.add<dropout_mask>("dropoutMask",
                            {floats("mask", {"rows", "columns"}), sizes({"rows", "columns"}), dropout_parameters()});
  exports.add<layer_norm>(
      "layerNorm",
      {floats("x", {"rows", "columns"}), or_null(floats("residual", {"rows", "columns"})), floats("gain", {"columns"}),
       floats("bias", {"columns"}), or_null(floats("sums", {"rows", "columns"})), floats("y", {"rows", "columns"}),
       floats("mean", {"rows"}), floats("rstd", {"rows"}), sizes({"rows", "columns"}), number("epsilon"),
       dropout_parameters()});
  exports.add<layer_norm_grad>(
      "layerNormGrad",
      {floats("x", {"rows", "columns"}), or_null(floats("residual", {"rows", "columns"})), floats("gain", {"columns"}),
       floats("mean", {"rows"}), floats("rstd", {"rows"}), floats("dy", {"rows", "columns"}),
       floats("dx", {"rows", "columns"}), or_null(floats("dResidual", {"rows", "columns"})),
       floats("dGain", {"columns"}), floats("dBias", {"columns"}), sizes({"rows", "columns"}), number("epsilon"),
       flag("accumulateGain"), flag("accumulateBias"), dropout_parameters()});
  exports.add<embedding>(
      "embedding",
      {integers("ids", {"tokens"}), floats("weight", {"vocab", "embed"}), integers("positions", {"tokens"}),
       floats("positionTable", {"positionRows", "embed"}), floats("y", {"tokens", "embed"}),
       sizes({"tokens", "embed", "vocab", "positionRows"}), number("scale")});
  exports.add<scatter_add>(
      "scatterAdd", {integers("ids", {"tokens"}), floats("dy", {"tokens", "embed"}), floats("table", {"rows", "embed"}),
                     sizes({"tokens", "rows", "embed"}), number("scale"), whole("skip"), flag("accumulate")});
}

void add_attention(Exports& exports) {
  const Parameters self =
      group({floats("queryKeyValue", {"rows", "3", "heads", "headDim"}), integers("starts", {"sequences+1"}),
             integers("keyPadding", {"rows"}), floats("context", {"rows", "heads", "headDim"}),
             floats("logSumExp", {"heads", "rows"})});
  exports.add<self_attention>("selfAttention", {self, sizes({"rows"}), attention_parameters(), dropout_parameters()});
  exports.add<self_attention_grad>("selfAttentionGrad",
                                   {self, floats("dContext", {"rows", "heads", "headDim"}),
                                    floats("dQueryKeyValue", {"rows", "3", "heads", "headDim"}), sizes({"rows"}),
                                    attention_parameters(), dropout_parameters()});
  const Parameters cross =
      group({floats("query", {"queryRows", "heads", "headDim"}), integers("queryStarts", {"sequences+1"}),
             floats("keyValue", {"keyRows", "2", "heads", "headDim"}), integers("keyStarts", {"sequences+1"}),
             integers("keyPadding", {"keyRows"}), floats("context", {"queryRows", "heads", "headDim"}),
             floats("logSumExp", {"heads", "queryRows"})});
  exports.add<cross_attention>("crossAttention",
                               {cross, sizes({"queryRows", "keyRows"}), attention_parameters(), dropout_parameters()});
  exports.add<cross_attention_grad>(
      "crossAttentionGrad",
      {cross, floats("dContext", {"queryRows", "heads", "headDim"}),
       floats("dQuery", {"queryRows", "heads", "headDim"}), floats("dKeyValue", {"keyRows", "2", "heads", "headDim"}),
       sizes({"queryRows", "keyRows"}), attention_parameters(), dropout_parameters()});
}

void add_classifier(Exports& exports) {
  const Parameters inputs = group(
      {floats("features", {"rows", "embed"}), floats("weights", {"classes", "embed"}), integers("targets", {"rows"})});
  const Parameters shape = sizes({"rows", "embed", "classes", "functionCount", "chunk"});
  exports.add<classifier_statistics>(
      "classifierStatistics",
      {inputs, floats("targetLogProb", {"rows"}), floats("meanLogProb", {"rows"}), integers("predictions", {"rows"}),
       float_arrays("kept"), float_arrays("sums", "functionCount", {"rows"}),
       doubles("functions", {"functionCount", "8"}), shape});
  exports.add<classifier_statistics_grad>(
      "classifierStatisticsGrad", {inputs, floats("dTargetLogProb", {"rows"}), floats("dMeanLogProb", {"rows"}),
                                   float_arrays("kept"), float_arrays("dSums", "functionCount", {"rows"}),
                                   floats("dFeatures", {"rows", "embed"}), floats("dWeights", {"classes", "embed"}),
                                   doubles("functions", {"functionCount", "8"}), shape, flag("accumulateWeights")});
}

void add_tensor_kernels(Exports& exports) {
  const Parameters table = sizes({"rows", "columns"});
  const Parameters x = floats("x", {"rows", "columns"}), y = floats("y", {"rows", "columns"});
  exports.add<batch_matmul>("batchMatMul",
                            {floats("src", {"srcBatch", "m", "k"}), floats("weights", {"weightsBatch", "k", "n"}),
                             floats("dst", {"batch", "m", "n"}), sizes({"batch"}), counts({"srcBatch", "weightsBatch"}),
                             sizes({"m", "n", "k"}), flag("transposeA"), flag("transposeB")});
  exports.add<binary>(
      "binary", {whole("operation", 0, 3), floats("a", {"aRows", "aColumns"}), floats("b", {"bRows", "bColumns"}), y,
                 table, sizes({"aRows", "aColumns", "bRows", "bColumns"})});
  exports.add<copy_pieces>(
      "copyPieces", {words("source", {"pieces", "sourceStride"}), words("target", {"pieces", "targetStride"}),
                     sizes({"pieces", "length", "sourceStride", "targetStride", "sourceOffset", "targetOffset"})});
  exports.add<gather>(
      "gather", {words("x", {"batch", "outer", "dim", "slice"}), integers("indices", {"batch", "count"}),
                 words("y", {"batch", "outer", "count", "slice"}), sizes({"batch", "outer", "dim", "slice", "count"})});
  exports.add<softmax>("softmax", {x, y, table});
  exports.add<log_softmax>("logSoftmax", {x, y, table});
  exports.add<row_sums>("rowSums", {x, floats("sums", {"rows"}), table});
  exports.add<column_sums>("columnSums", {x, floats("sums", {"columns"}), table});
  exports.add<top_k>("topK",
                     {x, floats("values", {"rows", "k"}), integers("indices", {"rows", "k"}), table, sizes({"k"})});
  exports.add<transpose>("transpose",
                         {words("x", {"sizes"}), words("y", {"sizes"}), numbers("sizes"), numbers("permutation")});
}

void add_search(Exports& exports) {
  exports.add<open_transformer>("openTransformer",
                                {numbers("sizes", {"17"}), number("encoderScale"), number("decoderScale"),
                                 weight_function("weights"), sizes({"count"}), whole("precision", 0, 2)});
  exports.add<close_transformer>("closeTransformer", {whole("transformer")});
  exports.add<open_decoding>("openDecoding",
                             {whole("transformer"), integers("ids", {"rows"}), integers("positions", {"rows"}),
                              integers("starts", {"sentences+1"}), sizes({"rows"}), counts({"sentences", "beam"})});
  exports.add<close_decoding>("closeDecoding", {whole("decoding")});
  exports.add<select_rows>("selectRows", {whole("decoding"), integers("rows", {"count"}), sizes({"count"})});
  exports.add<decoding_step>("decodingStep",
                             {whole("decoding"), integers("tokens", {"rows"}), whole("position"),
                              or_null(floats("features", {"rows", "embed"})), sizes({"rows", "embed"})});
  exports.add<decoding_top>(
      "decodingTop", {whole("decoding"), or_null(floats("penalties", {"classes"})), positive_number("temperature"),
                      floats("table", {"rows", "2", "width"}), sizes({"rows", "classes", "width"})});
}

void add_arena(Exports& exports) {
  const Parameters x = floats("x", {"size"}), size = sizes({"size"});
  exports.add<squared_norm>("squaredNorm", {x, size});
  exports.add<scale>("scale", {x, size, number("factor")});
  exports.add<accumulate>("accumulate", {floats("sum", {"size"}), x, size});
  exports.add<adam_step>("adamStep",
                         {floats("values", {"size"}), floats("gradients", {"size"}), floats("firstMoment", {"size"}),
                          floats("secondMoment", {"size"}), size, number("beta1"), number("beta2"), number("epsilon"),
                          number("stepSize"), number("decay")});
  exports.add<discard>("discard", {x, size});
}

}  // namespace onednn_backend

static Napi::Object initialize_addon(Napi::Env env, Napi::Object object) {
  using namespace onednn_backend;
  try {
    Exports exports(object);
    add_settings(exports);
    add_storage(exports);
    add_layers(exports);
    add_attention(exports);
    add_classifier(exports);
    add_tensor_kernels(exports);
    add_search(exports);
    add_arena(exports);
    exports.end();
    return object;
  } catch (const std::logic_error& error) {  // a signature that does not match its function
    throw Napi::Error::New(env, error.what());
  }
}

NODE_API_MODULE(onednn, initialize_addon)
