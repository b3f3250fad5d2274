// The boundary between JavaScript and the driver. No other file includes Napi except arguments.h. src/driver.ts gives
// the functions types and named arguments.
#include <napi.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "arguments.h"
#include "device.h"
#include "nvrtc.h"

namespace cuda_backend {
namespace {

// A function of the add-on. C++ exceptions become JavaScript's; the code of a driver's error is its name.
using Body = Napi::Value (*)(Arguments&, const Napi::Env&);

struct Definition {
  const char* name;
  std::size_t arguments;
  Body body;
};

// A function as JavaScript calls it, of an open GPU or of none.
struct Bound {
  const Definition* definition;
  Device* device;
};

// A GPU that is open, and its functions.
struct OpenDevice {
  OpenDevice(const std::string& library, int ordinal);
  Device device;
  std::vector<Bound> functions;
};

// What one Node environment (the main thread or a worker) has open.
struct Environment {
  std::vector<Bound> functions;
  std::vector<std::unique_ptr<OpenDevice>> devices;
};

Device& device_of(const Arguments& arguments) {
  Device& device = *static_cast<const Bound*>(arguments.data())->device;
  device.make_current();
  return device;
}

Napi::Object to_object(const Napi::Env& env, const DeviceInfo& info) {
  Napi::Object object = Napi::Object::New(env);
  object["name"] = Napi::String::New(env, info.name);
  object["major"] = Napi::Number::New(env, info.major);
  object["minor"] = Napi::Number::New(env, info.minor);
  object["totalMemory"] = Napi::Number::New(env, static_cast<double>(info.total_memory));
  object["multiprocessors"] = Napi::Number::New(env, info.multiprocessors);
  object["sharedMemoryPerBlock"] = Napi::Number::New(env, info.shared_memory_per_block);
  object["driverVersion"] = Napi::Number::New(env, info.driver_version);
  return object;
}

Napi::Value call(const Napi::CallbackInfo& info) {
  const Definition& definition = *static_cast<const Bound*>(info.Data())->definition;
  const Napi::Env env = info.Env();
  Arguments arguments(info, definition.name, definition.arguments);
  try {
    return definition.body(arguments, env);
  } catch (const Napi::Error&) {
    throw;
  } catch (const DriverError& error) {
    Napi::Error thrown = Napi::Error::New(env, std::string(definition.name) + ": " + error.what());
    thrown.Set("code", Napi::String::New(env, error.name()));
    throw thrown;
  } catch (const std::invalid_argument& error) {
    throw Napi::RangeError::New(env, std::string(definition.name) + ": " + error.what());
  } catch (const std::exception& error) {
    throw Napi::Error::New(env, std::string(definition.name) + ": " + error.what());
  }
}

Napi::Value number(const Napi::Env& env, double value) { return Napi::Number::New(env, value); }

Dimensions read_dimensions(Arguments& arguments, const char* x, const char* y, const char* z, double most_yz) {
  const unsigned width = arguments.count(x, 1), height = arguments.count(y, 1, most_yz);
  return {width, height, arguments.count(z, 1, most_yz)};
}

Napi::Value launch(Arguments& arguments, const Napi::Env& env) {
  Device& device = device_of(arguments);
  const std::size_t function = arguments.size("function");
  const Dimensions grid = read_dimensions(arguments, "grid[0]", "grid[1]", "grid[2]", 65535);
  const Dimensions block = read_dimensions(arguments, "block[0]", "block[1]", "block[2]", 1024);
  const unsigned dynamic_shared = arguments.count("dynamicShared");
  const Bytes parameters = arguments.array_buffer("parameters");
  const std::size_t count = arguments.size("count", 0, static_cast<double>(parameters.size / 8));
  device.launch(function, grid, block, dynamic_shared, parameters.data, count);
  return env.Undefined();
}

Napi::Value multiply(Arguments& arguments, const Napi::Env& env) {
  Device& device = device_of(arguments);
  const auto flag = [&](const char* name) { return arguments.count(name, 0, 1) == 1; };
  const auto size = [&](const char* name) { return static_cast<int>(arguments.count(name, 1)); };
  BlasProduct product{};
  product.bfloat16 = flag("bfloat16");
  product.transpose_a = flag("transposeA");
  product.transpose_b = flag("transposeB");
  product.accumulate = flag("accumulate");
  product.m = size("m");
  product.n = size("n");
  product.k = size("k");
  product.alpha = arguments.real("alpha");
  product.a = arguments.size("a");
  product.b = arguments.size("b");
  product.c = arguments.size("c");
  product.bias = arguments.size("bias");
  const Address workspace = arguments.size("workspace");
  return Napi::Boolean::New(env, device.multiply(product, workspace, arguments.size("workspaceBytes")));
}

const Definition kOfDevice[] = {
    {"loadModule", 1,
     [](Arguments& arguments, const Napi::Env& env) {
       Device& device = device_of(arguments);
       const Bytes image = arguments.typed_array("image");
       const std::string copy(static_cast<const char*>(image.data), image.size);
       return number(env, static_cast<double>(device.load_module(copy)));
     }},
    {"findFunction", 3,
     [](Arguments& arguments, const Napi::Env& env) {
       Device& device = device_of(arguments);
       const std::size_t module = arguments.size("module");
       const std::string name = arguments.text("name");
       return number(env, static_cast<double>(device.find_function(module, name, arguments.count("dynamicShared"))));
     }},
    {"allocate", 1,
     [](Arguments& arguments, const Napi::Env& env) {
       Device& device = device_of(arguments);
       return number(env, static_cast<double>(device.allocate(arguments.size("bytes", 1))));
     }},
    {"release", 1,
     [](Arguments& arguments, const Napi::Env& env) {
       device_of(arguments).release(arguments.size("address"));
       return env.Undefined();
     }},
    {"upload", 2,
     [](Arguments& arguments, const Napi::Env& env) {
       Device& device = device_of(arguments);
       const Address address = arguments.size("address");
       const Bytes values = arguments.typed_array("values");
       device.upload(address, values.data, values.size);
       return env.Undefined();
     }},
    {"download", 2,
     [](Arguments& arguments, const Napi::Env& env) {
       Device& device = device_of(arguments);
       const Address address = arguments.size("address");
       const Bytes values = arguments.typed_array("values");
       device.download(address, values.data, values.size);
       return env.Undefined();
     }},
    {"downloadLater", 2,
     [](Arguments& arguments, const Napi::Env& env) {
       Device& device = device_of(arguments);
       const Address address = arguments.size("address");
       return number(env, static_cast<double>(device.download_later(address, arguments.size("bytes", 1))));
     }},
    {"isDownloaded", 1,
     [](Arguments& arguments, const Napi::Env& env) -> Napi::Value {
       return Napi::Boolean::New(env, device_of(arguments).is_downloaded(arguments.size("download")));
     }},
    {"readDownload", 2,
     [](Arguments& arguments, const Napi::Env& env) {
       Device& device = device_of(arguments);
       const std::size_t download = arguments.size("download");
       const Bytes values = arguments.typed_array("values");
       device.read_download(download, values.data, values.size);
       return env.Undefined();
     }},
    {"releaseDownload", 1,
     [](Arguments& arguments, const Napi::Env& env) {
       device_of(arguments).release_download(arguments.size("download"));
       return env.Undefined();
     }},
    {"copy", 3,
     [](Arguments& arguments, const Napi::Env& env) {
       Device& device = device_of(arguments);
       const Address to = arguments.size("to"), from = arguments.size("from");
       device.copy(to, from, arguments.size("bytes"));
       return env.Undefined();
     }},
    {"fill", 3,
     [](Arguments& arguments, const Napi::Env& env) {
       Device& device = device_of(arguments);
       const Address address = arguments.size("address");
       const auto word = static_cast<std::int64_t>(arguments.number("word", -kMostInt - 1, kMostUnsigned));
       device.fill(address, static_cast<std::uint32_t>(word), arguments.size("count"));
       return env.Undefined();
     }},
    {"launch", 10, launch},
    {"openBlas", 1,
     [](Arguments& arguments, const Napi::Env& env) {
       Device& device = device_of(arguments);
       return number(env, static_cast<double>(device.open_blas(arguments.text("library"))));
     }},
    {"multiply", 14, multiply},
    {"synchronize", 0,
     [](Arguments& arguments, const Napi::Env& env) {
       device_of(arguments).synchronize();
       return env.Undefined();
     }},
    {"recordEvent", 0,
     [](Arguments& arguments, const Napi::Env& env) {
       return number(env, static_cast<double>(device_of(arguments).record_event()));
     }},
    {"isDone", 1,
     [](Arguments& arguments, const Napi::Env& env) -> Napi::Value {
       return Napi::Boolean::New(env, device_of(arguments).is_done(arguments.size("event")));
     }},
    {"elapsed", 2,
     [](Arguments& arguments, const Napi::Env& env) {
       const std::size_t from = arguments.size("from"), to = arguments.size("to");
       return number(env, device_of(arguments).elapsed(from, to));
     }},
    {"releaseEvent", 1,
     [](Arguments& arguments, const Napi::Env& env) {
       device_of(arguments).release_event(arguments.size("event"));
       return env.Undefined();
     }},
    {"memoryInfo", 0,
     [](Arguments& arguments, const Napi::Env& env) -> Napi::Value {
       const auto [free, total] = device_of(arguments).memory_info();
       Napi::Object result = Napi::Object::New(env);
       result["free"] = number(env, static_cast<double>(free));
       result["total"] = number(env, static_cast<double>(total));
       return result;
     }},
};

// The functions of an open GPU, or those of the add-on if there is none.
template <std::size_t kCount>
std::vector<Bound> bind(const Definition (&definitions)[kCount], Device* device) {
  std::vector<Bound> functions;
  for (const Definition& definition : definitions) functions.push_back({&definition, device});
  return functions;
}

OpenDevice::OpenDevice(const std::string& library, int ordinal)
    : device(library, ordinal), functions(bind(kOfDevice, &device)) {}

void add_functions(const Napi::Env& env, Napi::Object object, std::vector<Bound>& functions) {
  for (Bound& bound : functions) {
    const char* name = bound.definition->name;
    object[name] = Napi::Function::New(env, call, name, &bound);
  }
}

// Returns what the GPU is, and its functions. An environment opens each GPU once.
Napi::Value open(Arguments& arguments, const Napi::Env& env) {
  const std::string library = arguments.text("library");
  const int ordinal = static_cast<int>(arguments.count("ordinal"));
  auto& devices = env.GetInstanceData<Environment>()->devices;
  auto found = std::find_if(devices.begin(), devices.end(), [&](const auto& open) {
    return open->device.library() == library && open->device.ordinal() == ordinal;
  });
  if (found == devices.end()) found = devices.insert(found, std::make_unique<OpenDevice>(library, ordinal));
  Napi::Object result = Napi::Object::New(env);
  result["device"] = to_object(env, (*found)->device.describe());
  add_functions(env, result, (*found)->functions);
  return result;
}

Napi::Value list_devices(Arguments& arguments, const Napi::Env& env) {
  const Driver driver(arguments.text("library"));
  Napi::Array devices = Napi::Array::New(env);
  for (int i = 0; i < count_devices(driver); ++i) {
    devices[static_cast<std::uint32_t>(i)] = to_object(env, describe_device(driver, i));
  }
  return devices;
}

Napi::Value compile_source(Arguments& arguments, const Napi::Env& env) {
  const std::string library = arguments.text("library"), source = arguments.text("source"),
                    name = arguments.text("name"), architecture = arguments.text("architecture");
  const Compiled compiled = compile(library, source, name, architecture, arguments.texts("includes"));
  Napi::Object result = Napi::Object::New(env);
  const auto& cubin = compiled.cubin;
  result["cubin"] = Napi::Buffer<char>::Copy(env, cubin.data(), cubin.size());
  result["log"] = Napi::String::New(env, compiled.log);
  return result;
}

const Definition kOfEnvironment[] = {
    {"open", 2, open},
    {"listDevices", 1, list_devices},
    {"compile", 5, compile_source},
};

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  auto* const environment = new Environment{bind(kOfEnvironment, nullptr), {}};
  env.SetInstanceData(environment);
  add_functions(env, exports, environment->functions);
  return exports;
}

}  // namespace
}  // namespace cuda_backend

static Napi::Object Initialize(Napi::Env env, Napi::Object exports) { return cuda_backend::initialize(env, exports); }

NODE_API_MODULE(cuda, Initialize)
