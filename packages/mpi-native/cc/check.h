#pragma once

#include <mpi.h>

#include <stdexcept>
#include <string>

namespace mpi_addon {

/** Throws a std::runtime_error with MPI's message unless `status` is success. */
inline void Check(int status, const char* function) {
  if (status == MPI_SUCCESS) return;
  char message[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(status, message, &length);
  throw std::runtime_error(std::string(function) + ": " + std::string(message, length));
}

}  // namespace mpi_addon
