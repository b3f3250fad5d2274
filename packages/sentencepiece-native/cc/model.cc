#include "model.h"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.h"
#include "status.h"

namespace sentencepiece_addon {
namespace {

Napi::Array ToArray(Napi::Env env, const std::vector<std::string>& pieces) {
  Napi::Array array = Napi::Array::New(env, pieces.size());
  for (size_t i = 0; i < pieces.size(); ++i) array[i] = Napi::String::New(env, pieces[i]);
  return array;
}

Napi::Array ToArray(Napi::Env env, const std::vector<int>& ids) {
  Napi::Array array = Napi::Array::New(env, ids.size());
  for (size_t i = 0; i < ids.size(); ++i) array[i] = Napi::Number::New(env, ids[i]);
  return array;
}

template <typename Item>
Napi::Array ToArray(Napi::Env env, const std::vector<std::vector<Item>>& lists) {
  Napi::Array array = Napi::Array::New(env, lists.size());
  for (size_t i = 0; i < lists.size(); ++i) array[i] = ToArray(env, lists[i]);
  return array;
}

/** Calls `operation` with an output of type T and gives it back as an array; a refusal becomes a JavaScript error. */
template <typename T, typename Operation>
Napi::Value Result(Napi::Env env, Operation operation) {
  return Guarded(env, [&]() -> Napi::Value {
    T output;
    Check(operation(&output));
    return ToArray(env, output);
  });
}

template <typename Operation>
Napi::Value Text(Napi::Env env, Operation operation) {
  return Guarded(env, [&]() -> Napi::Value {
    std::string text;
    Check(operation(&text));
    return Napi::String::New(env, text);
  });
}

std::string TextArgument(const Napi::CallbackInfo& info) { return info[0].As<Napi::String>().Utf8Value(); }

std::vector<std::string> TextsArgument(const Napi::CallbackInfo& info) {
  const auto array = info[0].As<Napi::Array>();
  std::vector<std::string> texts(array.Length());
  for (uint32_t i = 0; i < array.Length(); ++i) texts[i] = array.Get(i).As<Napi::String>().Utf8Value();
  return texts;
}

/** The library's limits: it refuses longer lists for samples, and silently makes shorter n-best lists than asked for.
 */
constexpr int kMostToSampleFrom = 512;
constexpr int kLongestList = 1024;
constexpr int kLeastInt = std::numeric_limits<int>::min();

template <typename T>
Napi::Value Sample(const Napi::CallbackInfo& info, const sentencepiece::SentencePieceProcessor& processor) {
  const std::string text = TextArgument(info);
  const int n_best = static_cast<int>(Integer("nBest", info[1], kLeastInt, kMostToSampleFrom));
  const float alpha = Finite("alpha", info[2]);
  return Result<T>(info.Env(), [&](T* output) { return processor.SampleEncode(text, n_best, alpha, output); });
}

template <typename T>
Napi::Value NBest(const Napi::CallbackInfo& info, const sentencepiece::SentencePieceProcessor& processor) {
  const std::string text = TextArgument(info);
  const int n_best = static_cast<int>(Integer("nBest", info[1], 1, kLongestList));
  return Result<T>(info.Env(), [&](T* output) { return processor.NBestEncode(text, n_best, output); });
}

}  // namespace

Napi::Function Model::Define(Napi::Env env) {
  return DefineClass(env, "Model",
                     {
                         InstanceMethod<&Model::EncodePieces>("encodePieces"),
                         InstanceMethod<&Model::EncodeIds>("encodeIds"),
                         InstanceMethod<&Model::EncodeLine>("encodeLine"),
                         InstanceMethod<&Model::DecodeLine>("decodeLine"),
                         InstanceMethod<&Model::SamplePieces>("samplePieces"),
                         InstanceMethod<&Model::SampleIds>("sampleIds"),
                         InstanceMethod<&Model::NBestPieces>("nBestPieces"),
                         InstanceMethod<&Model::NBestIds>("nBestIds"),
                         InstanceMethod<&Model::DecodePieces>("decodePieces"),
                         InstanceMethod<&Model::DecodeIds>("decodeIds"),
                         InstanceMethod<&Model::Vocabulary>("vocabulary"),
                         InstanceMethod<&Model::RestrictVocabulary>("restrictVocabulary"),
                         InstanceMethod<&Model::SetEncodeOptions>("setEncodeOptions"),
                         InstanceMethod<&Model::SetDecodeOptions>("setDecodeOptions"),
                     });
}

Model::Model(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Model>(info) {
  const auto bytes = info[0].As<Napi::Uint8Array>();
  const std::string_view proto(reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength());
  Guarded(info.Env(), [&] { Check(processor_.LoadFromSerializedProto(proto)); });
}

Napi::Value Model::EncodePieces(const Napi::CallbackInfo& info) {
  using Pieces = std::vector<std::string>;
  const std::string text = TextArgument(info);
  return Result<Pieces>(info.Env(), [&](Pieces* output) { return processor_.Encode(text, output); });
}

Napi::Value Model::EncodeIds(const Napi::CallbackInfo& info) {
  using Ids = std::vector<int>;
  const std::string text = TextArgument(info);
  return Result<Ids>(info.Env(), [&](Ids* output) { return processor_.Encode(text, output); });
}

Napi::Value Model::EncodeLine(const Napi::CallbackInfo& info) {
  const std::string text = TextArgument(info);
  return Text(info.Env(), [&](std::string* line) {
    std::vector<std::string> pieces;
    const auto status = processor_.Encode(text, &pieces);
    for (const std::string& piece : pieces) {
      if (!line->empty()) line->push_back(' ');
      line->append(piece);
    }
    return status;
  });
}

Napi::Value Model::DecodeLine(const Napi::CallbackInfo& info) {
  const std::string line = TextArgument(info);
  return Text(info.Env(), [&](std::string* text) {
    std::vector<std::string_view> pieces;
    for (size_t start = 0; start < line.size();) {
      const size_t end = std::min(line.find(' ', start), line.size());
      if (end > start) pieces.push_back(std::string_view(line).substr(start, end - start));
      start = end + 1;
    }
    return processor_.Decode(pieces, text);
  });
}

Napi::Value Model::SamplePieces(const Napi::CallbackInfo& info) {
  return Sample<std::vector<std::string>>(info, processor_);
}

Napi::Value Model::SampleIds(const Napi::CallbackInfo& info) { return Sample<std::vector<int>>(info, processor_); }

Napi::Value Model::NBestPieces(const Napi::CallbackInfo& info) {
  return NBest<std::vector<std::vector<std::string>>>(info, processor_);
}

Napi::Value Model::NBestIds(const Napi::CallbackInfo& info) {
  return NBest<std::vector<std::vector<int>>>(info, processor_);
}

Napi::Value Model::DecodePieces(const Napi::CallbackInfo& info) {
  const std::vector<std::string> pieces = TextsArgument(info);
  return Text(info.Env(), [&](std::string* output) { return processor_.Decode(pieces, output); });
}

Napi::Value Model::DecodeIds(const Napi::CallbackInfo& info) {
  const auto array = info[0].As<Napi::Array>();
  std::vector<int> ids(array.Length());
  for (uint32_t i = 0; i < array.Length(); ++i) {
    // Whether the vocabulary has it is for the library to say.
    ids[i] = static_cast<int>(Integer("an id", array.Get(i), kLeastInt, std::numeric_limits<int>::max()));
  }
  return Text(info.Env(), [&](std::string* output) { return processor_.Decode(ids, output); });
}

Napi::Value Model::Vocabulary(const Napi::CallbackInfo& info) {
  const int size = processor_.GetPieceSize();
  Napi::Array array = Napi::Array::New(info.Env(), size);
  for (int id = 0; id < size; ++id) {
    Napi::Array entry = Napi::Array::New(info.Env(), 2);
    entry[0u] = Napi::String::New(info.Env(), processor_.IdToPiece(id));
    entry[1u] = Napi::Number::New(info.Env(), processor_.GetScore(id));
    array[static_cast<uint32_t>(id)] = entry;
  }
  return array;
}

void Model::RestrictVocabulary(const Napi::CallbackInfo& info) {
  const std::vector<std::string> pieces = TextsArgument(info);
  const std::vector<std::string_view> views(pieces.begin(), pieces.end());
  Guarded(info.Env(), [&] { Check(processor_.SetVocabulary(views)); });
}

void Model::SetEncodeOptions(const Napi::CallbackInfo& info) {
  const std::string options = TextArgument(info);
  Guarded(info.Env(), [&] { Check(processor_.SetEncodeExtraOptions(options)); });
}

void Model::SetDecodeOptions(const Napi::CallbackInfo& info) {
  const std::string options = TextArgument(info);
  Guarded(info.Env(), [&] { Check(processor_.SetDecodeExtraOptions(options)); });
}

}  // namespace sentencepiece_addon
