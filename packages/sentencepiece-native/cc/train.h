#pragma once

#include <napi.h>

namespace sentencepiece_addon {

/** train(options, nextSentences): the bytes of a model; src/addon.ts documents the arguments. */
Napi::Value Train(const Napi::CallbackInfo& info);

}  // namespace sentencepiece_addon
