#include "train.h"

#include <sentencepiece_trainer.h>

#include <optional>
#include <string>
#include <unordered_map>

#include "status.h"

namespace sentencepiece_addon {
namespace {

using sentencepiece::util::Status;
using sentencepiece::util::StatusCode;

/** Sentences out of a JavaScript function that gives some more at each call, and null after the last. */
class CallbackSentences : public sentencepiece::SentenceIterator {
 public:
  explicit CallbackSentences(Napi::Function next) : next_(next) { Next(); }

  bool done() const override { return done_; }
  const std::string& value() const override { return value_; }
  Status status() const override {
    return error_ ? Status(StatusCode::kCancelled, "the sentences broke off") : Status();
  }
  const std::optional<Napi::Error>& error() const { return error_; }

  void Next() override {
    while (!done_ && (batch_.IsEmpty() || index_ == batch_.Length())) Refill();
    if (!done_) value_ = batch_.Get(index_++).As<Napi::String>().Utf8Value();
  }

 private:
  // The trainer is not made for exceptions: one is kept until training has returned.
  void Refill() {
    try {
      const Napi::Value batch = next_.Call({});
      done_ = batch.IsNull();
      if (!done_) batch_ = batch.As<Napi::Array>();
      index_ = 0;
    } catch (const Napi::Error& error) {
      error_ = error;
      done_ = true;
    }
  }

  Napi::Function next_;
  Napi::Array batch_;
  uint32_t index_ = 0;
  std::string value_;
  bool done_ = false;
  std::optional<Napi::Error> error_;
};

std::unordered_map<std::string, std::string> ReadOptions(const Napi::Object& object) {
  std::unordered_map<std::string, std::string> options;
  const Napi::Array names = object.GetPropertyNames();
  for (uint32_t i = 0; i < names.Length(); ++i) {
    const Napi::Value name = names[i];
    options[name.As<Napi::String>()] = object.Get(name).As<Napi::String>();
  }
  return options;
}

}  // namespace

Napi::Value Train(const Napi::CallbackInfo& info) {
  const auto options = ReadOptions(info[0].As<Napi::Object>());
  CallbackSentences sentences(info[1].As<Napi::Function>());
  std::string model;
  const Status status = sentencepiece::SentencePieceTrainer::Train(options, &sentences, &model);
  if (sentences.error()) throw Napi::Error(*sentences.error());
  if (!status.ok()) throw Napi::Error::New(info.Env(), status.error_message());
  return Napi::Buffer<char>::Copy(info.Env(), model.data(), model.size());
}

}  // namespace sentencepiece_addon
