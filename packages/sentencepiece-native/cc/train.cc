#include "train.h"

#include <sentencepiece_trainer.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "child-process.h"
#include "status.h"

namespace sentencepiece_addon {
namespace {

using sentencepiece::util::Status;
using Options = std::unordered_map<std::string, std::string>;

/** What the process that trains says to the one that has the sentences; a text follows the last two. */
enum class Message : char { kMoreSentences, kModel, kRefusal };

/** In the process that trains: sentences that the other one gives, some more for each request. */
class RequestedSentences : public sentencepiece::SentenceIterator {
 public:
  explicit RequestedSentences(Connection& connection) : connection_(connection) { Next(); }

  bool done() const override { return done_; }
  const std::string& value() const override { return value_; }
  Status status() const override { return Status(); }

  void Next() override {
    while (!done_ && sentences_.empty()) Request();
    if (done_) return;
    value_ = std::move(sentences_.back());
    sentences_.pop_back();
  }

 private:
  /** Takes all that it is sent: the other process must not stand in the midst of sending where the library refuses. */
  void Request() {
    connection_.SendValue(Message::kMoreSentences);
    done_ = connection_.ReceiveValue<bool>();
    if (done_) return;
    sentences_.resize(connection_.ReceiveValue<uint32_t>());
    for (std::string& sentence : sentences_) sentence = connection_.ReceiveText();
    std::reverse(sentences_.begin(), sentences_.end());
  }

  Connection& connection_;
  std::vector<std::string> sentences_;  // the next one is the last
  std::string value_;
  bool done_ = false;
};

/** Some more sentences of a JavaScript function, which gives null after the last. */
void SendSentences(const Napi::Function& next, Connection& connection) {
  const Napi::HandleScope scope(next.Env());
  const Napi::Value batch = next.Call({});
  std::vector<std::string> sentences;
  if (!batch.IsNull()) {
    const auto array = batch.As<Napi::Array>();
    for (uint32_t i = 0; i < array.Length(); ++i) sentences.push_back(array.Get(i).As<Napi::String>().Utf8Value());
  }
  connection.SendValue(batch.IsNull());
  if (batch.IsNull()) return;
  connection.SendValue(static_cast<uint32_t>(sentences.size()));
  for (const std::string& sentence : sentences) connection.SendText(sentence);
}

/** Trains in this process, which is the child: the library may end it. */
void TrainFor(Connection& connection, const Options& options) {
  std::string result;
  Message message = Message::kRefusal;
  try {
    RequestedSentences sentences(connection);
    Check(sentencepiece::SentencePieceTrainer::Train(options, &sentences, &result));
    message = Message::kModel;
  } catch (const std::exception& exception) {
    result = exception.what();
  }
  connection.SendValue(message);
  connection.SendText(result);
}

std::string TrainInChild(const Options& options, const Napi::Function& next) {
  ChildProcess child([&](Connection& connection) { TrainFor(connection, options); });
  try {
    for (;;) {
      switch (child.connection().ReceiveValue<Message>()) {
        case Message::kMoreSentences: SendSentences(next, child.connection()); break;
        case Message::kModel: return child.connection().ReceiveText();
        case Message::kRefusal: throw Refusal(child.connection().ReceiveText());
      }
    }
  } catch (const Disconnected&) {
    throw Refusal(child.Reason());
  }
}

Options ReadOptions(const Napi::Object& object) {
  Options options;
  const Napi::Array names = object.GetPropertyNames();
  for (uint32_t i = 0; i < names.Length(); ++i) {
    const Napi::Value name = names[i];
    options[name.As<Napi::String>()] = object.Get(name).As<Napi::String>();
  }
  return options;
}

}  // namespace

Napi::Value Train(const Napi::CallbackInfo& info) {
  const Options options = ReadOptions(info[0].As<Napi::Object>());
  const auto next = info[1].As<Napi::Function>();
  return Guarded(info.Env(), [&]() -> Napi::Value {
    const std::string model = TrainInChild(options, next);
    return Napi::Buffer<char>::Copy(info.Env(), model.data(), model.size());
  });
}

}  // namespace sentencepiece_addon
