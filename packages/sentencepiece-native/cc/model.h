#pragma once

#include <napi.h>
#include <sentencepiece_processor.h>

namespace sentencepiece_addon {

/** A loaded model as a JavaScript object; src/addon.ts documents the methods. */
class Model : public Napi::ObjectWrap<Model> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit Model(const Napi::CallbackInfo& info);

 private:
  Napi::Value EncodePieces(const Napi::CallbackInfo& info);
  Napi::Value EncodeIds(const Napi::CallbackInfo& info);
  Napi::Value EncodeLine(const Napi::CallbackInfo& info);
  Napi::Value DecodeLine(const Napi::CallbackInfo& info);
  Napi::Value SamplePieces(const Napi::CallbackInfo& info);
  Napi::Value SampleIds(const Napi::CallbackInfo& info);
  Napi::Value NBestPieces(const Napi::CallbackInfo& info);
  Napi::Value NBestIds(const Napi::CallbackInfo& info);
  Napi::Value DecodePieces(const Napi::CallbackInfo& info);
  Napi::Value DecodeIds(const Napi::CallbackInfo& info);
  Napi::Value Vocabulary(const Napi::CallbackInfo& info);
  void RestrictVocabulary(const Napi::CallbackInfo& info);
  void SetEncodeOptions(const Napi::CallbackInfo& info);
  void SetDecodeOptions(const Napi::CallbackInfo& info);

  sentencepiece::SentencePieceProcessor processor_;
};

}  // namespace sentencepiece_addon
