#include <napi.h>
#include <sentencepiece_processor.h>

#include <random>

#include "arguments.h"
#include "model.h"
#include "train.h"

// The library declares this in a header that it does not install; SetRandomGeneratorSeed alone counts only before the
// first draw of a thread.
namespace sentencepiece::random {
std::mt19937* GetRandomGenerator();
}

namespace sentencepiece_addon {
namespace {

void Seed(const Napi::CallbackInfo& info) {
  // 2^32 - 1 stands for a seed of the system's choice.
  const auto seed = static_cast<uint32_t>(Integer("the seed", info[0], 0, 0xFFFFFFFE));
  sentencepiece::SetRandomGeneratorSeed(seed);
  sentencepiece::random::GetRandomGenerator()->seed(seed);
}

Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
  exports["Model"] = Model::Define(env);
  exports["train"] = Napi::Function::New(env, Train, "train");
  exports["seed"] = Napi::Function::New(env, Seed, "seed");
  return exports;
}

}  // namespace
}  // namespace sentencepiece_addon

static Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
  return sentencepiece_addon::Initialize(env, exports);
}

NODE_API_MODULE(sentencepiece, Initialize)
