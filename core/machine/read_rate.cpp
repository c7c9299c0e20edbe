// How fast a file system reads, measured on a file that is going to be read.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "core/machine/host_questions.h"

namespace nety::machine {
namespace {

constexpr size_t kBlock = size_t{4} << 20;
constexpr size_t kAlignment = 4096;  // of O_DIRECT, on every file system we know
constexpr uint64_t kMost = uint64_t{512} << 20;

using Clock = std::chrono::steady_clock;

struct Descriptor {
  int number = -1;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};

/// O_DIRECT goes past the page cache. Where the file system has none (tmpfs, some network ones),
/// the pages are dropped instead, which the kernel does for those that nobody has mapped.
int open_past_cache(const std::string& path) {
  const int direct = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECT);
  if (direct >= 0 || errno != EINVAL) return direct;
  const int plain = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (plain >= 0) ::posix_fadvise(plain, 0, 0, POSIX_FADV_DONTNEED);
  return plain;
}

}  // namespace

Answer<double> measured_read_rate(const std::string& path, double limit_s) {
  Descriptor file{open_past_cache(path)};
  struct stat facts {};
  if (file.number < 0 || ::fstat(file.number, &facts) != 0) return {{}, std::strerror(errno)};
  const auto size = static_cast<uint64_t>(facts.st_size);
  if (!S_ISREG(facts.st_mode) || size < kBlock) return {{}, "the file is too small to time"};
  const std::unique_ptr<void, Free> memory(std::aligned_alloc(kAlignment, kBlock));
  if (!memory) return {{}, "no memory for a buffer"};
  // In order, as a model is read, from places spread over the file, so that a part that a device
  // happens to hold in its own cache does not stand for all.
  const uint64_t blocks = size / kBlock, wanted = std::min(blocks, kMost / kBlock);
  uint64_t bytes = 0;
  double seconds = 0;
  const auto start = Clock::now();
  for (uint64_t i = 0; i < wanted && seconds < limit_s; ++i) {
    const auto at = static_cast<off_t>(blocks * i / wanted * kBlock);
    const ssize_t got = ::pread(file.number, memory.get(), kBlock, at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return {{}, got < 0 ? std::strerror(errno) : "the file ended early"};
    bytes += static_cast<uint64_t>(got);
    seconds = std::chrono::duration<double>(Clock::now() - start).count();
  }
  if (seconds <= 0) return {{}, "the clock did not advance"};
  return {static_cast<double>(bytes) / seconds, ""};
}

}  // namespace nety::machine
