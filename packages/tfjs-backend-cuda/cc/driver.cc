#include "driver.h"

namespace cuda_backend {
namespace {

// The driver's name or text of a status; the number if it does not know it.
std::string describe(const Library& library, const char* function, int status) {
  using Describe = int (*)(int, const char**);
  const auto call = reinterpret_cast<Describe>(library.find(function));
  const char* text = nullptr;
  if (call == nullptr || call(status, &text) != kSuccess || text == nullptr) return "error " + std::to_string(status);
  return text;
}

}  // namespace

void throw_driver_error(const Library& library, const char* function, int status) {
  throw DriverError(function, describe(library, "cuGetErrorName", status),
                    describe(library, "cuGetErrorString", status));
}

}  // namespace cuda_backend
