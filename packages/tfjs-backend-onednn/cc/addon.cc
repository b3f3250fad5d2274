// The boundary between JavaScript and the kernels: the only file that knows both.
#include <dnnl.hpp>

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "arguments.h"
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

bool is_array_of(const Napi::Value& value, napi_typedarray_type type) {
  return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == type;
}

// Fields are read in the order of the struct; src/addon.ts has the same order.
template <>
RowsShape Arguments::read<RowsShape>() {
  return {read<int64_t>(), read<int64_t>()};
}
template <>
LinearShape Arguments::read<LinearShape>() {
  return {read<int64_t>(), read<int64_t>(), read<int64_t>(), read<bool>()};
}
template <>
LayerNormShape Arguments::read<LayerNormShape>() {
  return {read<int64_t>(), read<int64_t>(), read<float>()};
}
template <>
EmbeddingShape Arguments::read<EmbeddingShape>() {
  return {read<int64_t>(), read<int64_t>(), read<int64_t>(), read<int64_t>(), read<float>()};
}
template <>
AttentionShape Arguments::read<AttentionShape>() {
  return {read<int64_t>(), read<int64_t>(), read<int64_t>(), read<int64_t>(), read<bool>()};
}
template <>
ClassifierShape Arguments::read<ClassifierShape>() {
  return {read<int64_t>(), read<int64_t>(), read<int64_t>(), read<int64_t>()};
}
template <>
AdamScalars Arguments::read<AdamScalars>() {
  return {read<double>(), read<double>(), read<double>(), read<double>(), read<double>()};
}
template <>
Dropout Arguments::read<Dropout>() {
  return {read<double>(), read<uint32_t>(), read<uint32_t>(), read<uint32_t>(), read<uint32_t>()};
}

template <>
GemmShape Arguments::read<GemmShape>() {
  return {read<int64_t>(), read<int64_t>(), read<int64_t>(), read<bool>(), read<bool>()};
}
template <>
BatchShape Arguments::read<BatchShape>() {
  return {read<int64_t>(), read<int64_t>(), read<int64_t>()};
}
template <>
BinaryOperation Arguments::read<BinaryOperation>() {
  return static_cast<BinaryOperation>(read<int64_t>());
}
template <>
BinaryShape Arguments::read<BinaryShape>() {
  return {read<int64_t>(), read<int64_t>(), read<int64_t>(), read<int64_t>(), read<int64_t>(), read<int64_t>()};
}
template <>
GatherShape Arguments::read<GatherShape>() {
  return {read<int64_t>(), read<int64_t>(), read<int64_t>(), read<int64_t>(), read<int64_t>()};
}
template <>
CopyShape Arguments::read<CopyShape>() {
  return {read<int64_t>(), read<int64_t>(), read<int64_t>(), read<int64_t>(), read<int64_t>(), read<int64_t>()};
}
template <>
std::vector<int64_t> Arguments::read<std::vector<int64_t>>() {
  const auto numbers = next<Napi::Array>(&Napi::Value::IsArray, "an array of numbers");
  std::vector<int64_t> values;
  for (uint32_t i = 0; i < numbers.Length(); i++) values.push_back(numbers.Get(i).As<Napi::Number>().Int64Value());
  return values;
}

// One number after another in a Float64Array; the order of the fields of ClassFunction.
template <>
std::vector<ClassFunction> Arguments::read<std::vector<ClassFunction>>() {
  const Napi::Value value = next();
  if (!is_array_of(value, napi_float64_array)) refuse("a Float64Array");
  const Napi::Float64Array fields = value.As<Napi::Float64Array>();
  constexpr std::size_t kFields = 8;
  if (fields.ElementLength() % kFields != 0) throw std::invalid_argument("class functions have 8 fields each");
  std::vector<ClassFunction> functions;
  for (std::size_t i = 0; i < fields.ElementLength(); i += kFields) {
    const auto field = [&](std::size_t offset) { return static_cast<float>(fields[i + offset]); };
    functions.push_back({static_cast<ClassFamily>(static_cast<int>(fields[i])), field(1), field(2), field(3), field(4),
                         field(5), field(6), field(7)});
  }
  return functions;
}

template <>
std::vector<float*> Arguments::read<std::vector<float*>>() {
  const auto arrays = next<Napi::Array>(&Napi::Value::IsArray, "an array of Float32Array");
  std::vector<float*> pointers;
  for (uint32_t i = 0; i < arrays.Length(); i++) {
    const Napi::Value array = arrays.Get(i);
    if (!is_array_of(array, napi_float32_array)) refuse("an array of Float32Array");
    pointers.push_back(array.As<Napi::Float32Array>().Data());
  }
  return pointers;
}
template <>
std::vector<const float*> Arguments::read<std::vector<const float*>>() {
  const std::vector<float*> pointers = read<std::vector<float*>>();
  return {pointers.begin(), pointers.end()};
}

// A function of an index that returns a Float32Array, which JavaScript has to keep.
template <>
WeightSource Arguments::read<WeightSource>() {
  const auto array_of = next<Napi::Function>(&Napi::Value::IsFunction, "a function");
  return [array_of](int64_t index) -> const float* {
    const Napi::Value array = array_of.Call({Napi::Number::New(array_of.Env(), static_cast<double>(index))});
    if (!is_array_of(array, napi_float32_array)) throw std::invalid_argument("weight " + std::to_string(index) + " must be a Float32Array");
    return array.As<Napi::Float32Array>().Data();
  };
}

// query_key_value [rows, 3 · embed]
void self_attention(const float* query_key_value, const int32_t* starts, const int32_t* key_padding, float* context,
                    float* log_sum_exp, const AttentionShape& shape, const Dropout& dropout) {
  const int64_t embed = shape.embed(), stride = 3 * embed;
  attention({query_key_value, stride, starts}, {query_key_value + embed, stride, starts},
            {query_key_value + 2 * embed, stride, starts}, key_padding, context, log_sum_exp, shape, dropout);
}

void self_attention_grad(const float* query_key_value, const int32_t* starts, const int32_t* key_padding,
                         const float* context, const float* log_sum_exp, const float* d_context,
                         float* d_query_key_value, const AttentionShape& shape, const Dropout& dropout) {
  const int64_t embed = shape.embed(), stride = 3 * embed;
  attention_grad({query_key_value, stride, starts}, {query_key_value + embed, stride, starts},
                 {query_key_value + 2 * embed, stride, starts}, key_padding, context, log_sum_exp, d_context,
                 {d_query_key_value, stride}, {d_query_key_value + embed, stride}, {d_query_key_value + 2 * embed, stride},
                 shape, dropout);
}

// query [target rows, embed], key_value [source rows, 2 · embed]
void cross_attention(const float* query, const int32_t* query_starts, const float* key_value, const int32_t* key_starts,
                     const int32_t* key_padding, float* context, float* log_sum_exp, const AttentionShape& shape,
                     const Dropout& dropout) {
  const int64_t embed = shape.embed();
  attention({query, embed, query_starts}, {key_value, 2 * embed, key_starts},
            {key_value + embed, 2 * embed, key_starts}, key_padding, context, log_sum_exp, shape, dropout);
}

void cross_attention_grad(const float* query, const int32_t* query_starts, const float* key_value,
                          const int32_t* key_starts, const int32_t* key_padding, const float* context,
                          const float* log_sum_exp, const float* d_context, float* d_query, float* d_key_value,
                          const AttentionShape& shape, const Dropout& dropout) {
  const int64_t embed = shape.embed();
  attention_grad({query, embed, query_starts}, {key_value, 2 * embed, key_starts},
                 {key_value + embed, 2 * embed, key_starts}, key_padding, context, log_sum_exp, d_context,
                 {d_query, embed}, {d_key_value, 2 * embed}, {d_key_value + embed, 2 * embed}, shape, dropout);
}

Napi::Value can_bfloat16_value(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), can_bfloat16()); }

// An ArrayBuffer of uninitialised, aligned memory that goes back to the system when it is collected or detached.
Napi::Value new_block(const Napi::CallbackInfo& info) {
  const std::size_t bytes = static_cast<std::size_t>(info[0].As<Napi::Number>().Int64Value());
  try {
    void* block = allocate_block(bytes);
    return Napi::ArrayBuffer::New(info.Env(), block, bytes, [](Napi::Env, void* data) { free_block(data); });
  } catch (const std::bad_alloc&) {
    throw Napi::Error::New(info.Env(), "out of memory: " + std::to_string(bytes) + " bytes for a tensor");
  }
}

// A piece of a block: its beginning and its size in bytes, and whether it may be touched.
[[maybe_unused]] Napi::Value guard_piece(const Napi::CallbackInfo& info) {
  char* piece = static_cast<char*>(info[0].As<Napi::ArrayBuffer>().Data()) + info[1].As<Napi::Number>().Int64Value();
  const std::size_t bytes = static_cast<std::size_t>(info[2].As<Napi::Number>().Int64Value());
  info[3].As<Napi::Boolean>().Value() ? permit(piece, bytes) : forbid(piece, bytes);
  return info.Env().Undefined();
}

// Bytes from the last multiple of 64 to the address of an array's first element.
double misalignment(const float* memory) { return static_cast<double>(reinterpret_cast<std::uintptr_t>(memory) % 64); }

Napi::Value release_block(const Napi::CallbackInfo& info) {
  info[0].As<Napi::ArrayBuffer>().Detach();
  return info.Env().Undefined();
}

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

Napi::Value describe(const Napi::CallbackInfo& info) {
  const dnnl_version_t* version = dnnl_version();
  Napi::Object description = Napi::Object::New(info.Env());
  description.Set("oneDnnVersion", std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
                                       std::to_string(version->patch));
  description.Set("threads", team_threads());
  description.Set("isa", isa_name());
  return description;
}

// The best of the add-on's builds for this processor; binding.gyp names them.
std::string best_build() {
  return has_x86_64_v4() ? "v4" : has_x86_64_v3() ? "v3" : "baseline";
}

Napi::Value best_build_name(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), best_build()); }

template <auto function>
void add(Napi::Object& exports, const char* name) {
  exports.Set(name, Napi::Function::New<call<function>>(exports.Env(), name));
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports.Set("describe", Napi::Function::New<describe>(env, "describe"));
  exports.Set("bestBuild", Napi::Function::New<best_build_name>(env, "bestBuild"));
  exports.Set("newBlock", Napi::Function::New<new_block>(env, "newBlock"));
  exports.Set("releaseBlock", Napi::Function::New<release_block>(env, "releaseBlock"));
#if defined(__SANITIZE_ADDRESS__)
  exports.Set("guardPiece", Napi::Function::New<guard_piece>(env, "guardPiece"));
#endif
  add<misalignment>(exports, "misalignment");
  add<set_team_threads>(exports, "setThreads");
  add<set_bfloat16>(exports, "setBfloat16");
  add<cached_primitives>(exports, "cachedPrimitives");
  exports.Set("canBfloat16", Napi::Function::New<can_bfloat16_value>(env, "canBfloat16"));
  add<linear>(exports, "linear");
  add<linear_grad>(exports, "linearGrad");
  add<self_attention>(exports, "selfAttention");
  add<self_attention_grad>(exports, "selfAttentionGrad");
  add<cross_attention>(exports, "crossAttention");
  add<cross_attention_grad>(exports, "crossAttentionGrad");
  add<dropout>(exports, "dropout");
  add<dropout_mask>(exports, "dropoutMask");
  add<layer_norm>(exports, "layerNorm");
  add<layer_norm_grad>(exports, "layerNormGrad");
  add<embedding>(exports, "embedding");
  add<scatter_add>(exports, "scatterAdd");
  add<classifier_statistics>(exports, "classifierStatistics");
  add<classifier_statistics_grad>(exports, "classifierStatisticsGrad");
  add<add_bias>(exports, "addBias");
  add<batch_matmul>(exports, "batchMatMul");
  add<binary>(exports, "binary");
  add<copy_pieces>(exports, "copyPieces");
  add<gather>(exports, "gather");
  add<softmax>(exports, "softmax");
  add<log_softmax>(exports, "logSoftmax");
  add<row_sums>(exports, "rowSums");
  add<column_sums>(exports, "columnSums");
  add<top_k>(exports, "topK");
  add<transpose>(exports, "transpose");
  add<open_transformer>(exports, "openTransformer");
  add<close_transformer>(exports, "closeTransformer");
  add<open_decoding>(exports, "openDecoding");
  add<close_decoding>(exports, "closeDecoding");
  add<select_rows>(exports, "selectRows");
  add<decoding_step>(exports, "decodingStep");
  add<decoding_top>(exports, "decodingTop");
  add<squared_norm>(exports, "squaredNorm");
  add<scale>(exports, "scale");
  add<accumulate>(exports, "accumulate");
  add<adam_step>(exports, "adamStep");
  add<discard>(exports, "discard");
  return exports;
}

}  // namespace onednn_backend

static Napi::Object initialize_addon(Napi::Env env, Napi::Object exports) {
  return onednn_backend::initialize(env, exports);
}

NODE_API_MODULE(onednn, initialize_addon)
