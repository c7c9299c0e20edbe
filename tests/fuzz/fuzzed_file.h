// A file in memory for fuzz targets whose code under test takes a path.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace nety {

class FuzzedFile {
 public:
  FuzzedFile(const uint8_t* data, size_t size) : descriptor_(::memfd_create("fuzz", 0)) {
    const ssize_t put = ::write(descriptor_, data, size);
    if (put != static_cast<ssize_t>(size)) std::abort();
  }
  ~FuzzedFile() { ::close(descriptor_); }
  FuzzedFile(const FuzzedFile&) = delete;
  FuzzedFile& operator=(const FuzzedFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

}  // namespace nety
