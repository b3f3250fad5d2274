#include <dlfcn.h>
#include <mpi.h>
#include <napi.h>

#include <cmath>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "world.h"

namespace mpi_addon {
namespace {

/** Of the process; never destroyed, because the watchdog's thread uses it until the process has ended. */
World* the_world = nullptr;

/** Open MPI loads plug-ins that expect its symbols to be global; Node loads add-ons, and what they need, otherwise. */
void MakeLibraryGlobal() {
  Dl_info library;
  if (dladdr(reinterpret_cast<void*>(&MPI_Init_thread), &library) == 0) return;
  dlopen(library.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
}

/** The function whose C++ exceptions are JavaScript errors. */
template <Napi::Value (*function)(const Napi::CallbackInfo&)>
Napi::Value Guarded(const Napi::CallbackInfo& info) {
  try {
    return function(info);
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Napi::Error::New(info.Env(), error.what());
  }
}

World& Joined() {
  if (the_world == nullptr) throw std::logic_error("this process has not joined a world");
  return *the_world;
}

template <class Array>
Array TypedArrayOf(const Napi::Value& value, napi_typedarray_type type, const char* name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
    throw Napi::TypeError::New(value.Env(), std::string("expected a ") + name);
  }
  return value.As<Array>();
}

Napi::Float32Array Floats(const Napi::Value& value) {
  return TypedArrayOf<Napi::Float32Array>(value, napi_float32_array, "Float32Array");
}

double NumberOf(const Napi::Value& value, const char* name, double least, double most) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  if (number >= least && number <= most) return number;
  throw Napi::RangeError::New(value.Env(), std::string(name) + " is " + value.ToString().Utf8Value());
}

Napi::Value Join(const Napi::CallbackInfo& info) {
  if (the_world != nullptr) throw std::logic_error("this process has joined a world before");
  const double timeout = NumberOf(info[0], "heartbeatTimeout", -HUGE_VAL, HUGE_VAL);
  const auto most = static_cast<std::size_t>(NumberOf(info[1], "maxMessageBytes", 64, 0x7fff0000));
  MakeLibraryGlobal();
  the_world = new World({timeout, most});
  Napi::Object result = Napi::Object::New(info.Env());
  result["rank"] = the_world->rank();
  result["size"] = the_world->size();
  result["localRank"] = the_world->local_rank();
  result["localSize"] = the_world->local_size();
  result["hostName"] = the_world->host();
  result["library"] = World::Library();
  return result;
}

Napi::Value Describe(const Napi::CallbackInfo& info) {
  Joined().Describe(info[0].ToString().Utf8Value());
  return info.Env().Undefined();
}

Napi::Value AllGather(const Napi::CallbackInfo& info) {
  const auto bytes = TypedArrayOf<Napi::Uint8Array>(info[0], napi_uint8_array, "Uint8Array");
  Napi::Array all = Napi::Array::New(info.Env());
  Joined().AllGather(bytes.Data(), bytes.ByteLength(), [&](int rank, std::size_t length) -> void* {
    Napi::Uint8Array array = Napi::Uint8Array::New(info.Env(), length);
    all[static_cast<uint32_t>(rank)] = array;
    return array.Data();
  });
  return all;
}

Napi::Value SumSlices(const Napi::CallbackInfo& info) {
  Napi::Float32Array values = Floats(info[0]);
  Joined().SumSlices(values.Data(), values.ElementLength());
  return info.Env().Undefined();
}

Napi::Value GatherSlices(const Napi::CallbackInfo& info) {
  Napi::Float32Array values = Floats(info[0]);
  Joined().GatherSlices(values.Data(), values.ElementLength(), sizeof(float));
  return info.Env().Undefined();
}

Napi::Value GatherSlicesAtRoot(const Napi::CallbackInfo& info) {
  if (info[0].IsTypedArray() && info[0].As<Napi::TypedArray>().TypedArrayType() == napi_float64_array) {
    Napi::Float64Array values = info[0].As<Napi::Float64Array>();
    Joined().GatherSlicesAtRoot(values.Data(), values.ElementLength(), sizeof(double));
  } else {
    Napi::Float32Array values =
        TypedArrayOf<Napi::Float32Array>(info[0], napi_float32_array, "Float32Array or Float64Array");
    Joined().GatherSlicesAtRoot(values.Data(), values.ElementLength(), sizeof(float));
  }
  return info.Env().Undefined();
}

Napi::Value Abort(const Napi::CallbackInfo& info) {
  Joined().Abort(static_cast<int>(NumberOf(info[0], "the exit status", 1, 255)));
}

Napi::Value Finalize(const Napi::CallbackInfo& info) {
  Joined().Finalize();
  return info.Env().Undefined();
}

template <Napi::Value (*function)(const Napi::CallbackInfo&)>
void Export(Napi::Object exports, const char* name) {
  exports[name] = Napi::Function::New<Guarded<function>>(exports.Env(), name);
}

Napi::Object Initialize(Napi::Env, Napi::Object exports) {
  Export<Join>(exports, "join");
  Export<Describe>(exports, "describe");
  Export<AllGather>(exports, "allGather");
  Export<SumSlices>(exports, "sumSlices");
  Export<GatherSlices>(exports, "gatherSlices");
  Export<GatherSlicesAtRoot>(exports, "gatherSlicesAtRoot");
  Export<Abort>(exports, "abort");
  Export<Finalize>(exports, "finalize");
  return exports;
}

}  // namespace
}  // namespace mpi_addon

static Napi::Object Initialize(Napi::Env env, Napi::Object exports) { return mpi_addon::Initialize(env, exports); }

NODE_API_MODULE(mpi, Initialize)
