// The machine we run on, asked directly.
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#if defined(__x86_64__)  // the architecture guard: elsewhere there is no CPUID to ask
#include <cpuid.h>
#endif

#include "core/machine/host_questions.h"

namespace nety::machine {
namespace {

constexpr size_t kReadLimit = size_t{1} << 20;
constexpr int kMostProcessors = 1 << 16;

std::string reason_of(int error) {
  if (error == ENOENT || error == ENOTDIR) return "missing";
  if (error == EACCES || error == EPERM) return "denied";
  return std::strerror(error);
}

bool ask_cpuid(uint32_t leaf, uint32_t subleaf, CpuidLeaf& out) {
#if defined(__x86_64__)
  __cpuid_count(leaf, subleaf, out.eax, out.ebx, out.ecx, out.edx);
  return true;
#else
  static_cast<void>(leaf), static_cast<void>(subleaf), static_cast<void>(out);
  return false;
#endif
}

/// XCR0. Only where CPUID says OSXSAVE: elsewhere the instruction is illegal.
uint64_t read_xcr0() {
#if defined(__x86_64__)
  uint32_t low = 0;
  uint32_t high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32 | low;
#else
  return 0;
#endif
}

class Host final : public Machine {
 public:
  explicit Host(DriverAsker asker) : asker_(std::move(asker)) {}

  Answer<std::string> read(const std::string& path) const override {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return {{}, reason_of(errno)};
    std::string text;
    char buffer[16384];
    ssize_t got = 1;
    int error = 0;
    while (text.size() < kReadLimit && (got = ::read(file, buffer, sizeof buffer)) != 0) {
      if (got > 0) {
        text.append(buffer, std::min(static_cast<size_t>(got), kReadLimit - text.size()));
      } else if (errno != EINTR) {
        error = errno;
        break;
      }
    }
    ::close(file);
    if (error != 0) return {{}, reason_of(error)};
    return {std::move(text), ""};
  }

  Answer<std::vector<std::string>> list(const std::string& path) const override {
    std::error_code error;
    std::vector<std::string> names;
    std::filesystem::directory_iterator entry(path, error);
    while (!error && entry != std::filesystem::directory_iterator()) {
      names.push_back(entry->path().filename().string());
      entry.increment(error);
    }
    if (error) return {{}, reason_of(error.value())};
    std::sort(names.begin(), names.end());
    return {std::move(names), ""};
  }

  Answer<CpuidLeaf> cpuid(uint32_t leaf, uint32_t subleaf) const override {
    CpuidLeaf out{};
    if (!ask_cpuid(leaf, subleaf, out)) return {{}, "not an x86-64 processor"};
    return {out, ""};
  }

  Answer<uint64_t> xgetbv() const override {
    constexpr uint32_t kOsxsave = 1U << 27;
    CpuidLeaf features{};
    if (!ask_cpuid(1, 0, features)) return {{}, "not an x86-64 processor"};
    if ((features.ecx & kOsxsave) == 0) return {{}, "the system does not save extended state"};
    return {read_xcr0(), ""};
  }

  Answer<int> affinity() const override {
    // The mask must be at least as large as the kernel's own; grow until it is.
    for (int processors = 1024; processors <= kMostProcessors; processors *= 2) {
      cpu_set_t* set = CPU_ALLOC(processors);
      const size_t size = CPU_ALLOC_SIZE(processors);
      const int status = sched_getaffinity(0, size, set);
      const int error = errno;
      const int count = status == 0 ? CPU_COUNT_S(size, set) : 0;
      CPU_FREE(set);
      if (status == 0) return {count, ""};
      if (error != EINVAL) return {{}, reason_of(error)};
    }
    return {{}, "more processors than the mask can hold"};
  }

  Answer<uint64_t> address_space_limit() const override {
    rlimit limit{};
    if (getrlimit(RLIMIT_AS, &limit) != 0) return {{}, reason_of(errno)};
    if (limit.rlim_cur == RLIM_INFINITY) return {{}, "unlimited"};
    return {limit.rlim_cur, ""};
  }

  Answer<bool> tile_permission() const override {
#if defined(__x86_64__)
    constexpr unsigned long kRequest = 0x1023;  // ARCH_REQ_XCOMP_PERM
    constexpr unsigned long kTileData = 18;
    if (::syscall(SYS_arch_prctl, kRequest, kTileData) == 0) return {true, ""};
    return {false, reason_of(errno)};
#else
    return {{}, "not an x86-64 processor"};
#endif
  }

  Answer<std::string> libc() const override {
    char text[64] = {};
    if (::confstr(_CS_GNU_LIBC_VERSION, text, sizeof text) == 0) return {{}, "not glibc"};
    return {text, ""};
  }

  Answer<std::string> topology() const override { return ask_hwloc(); }

  Answer<double> read_rate(const std::string& path, double limit_s) const override {
    return measured_read_rate(path, limit_s);
  }

  Answer<std::string> gpu_drivers() const override {
    if (!asker_) return {{}, "nothing here computes on a GPU"};
    const std::lock_guard lock(mutex_);
    if (!drivers_) drivers_ = asker_();
    return *drivers_;
  }

  std::unique_ptr<Counters> counters() const override { return open_counters(); }

 private:
  DriverAsker asker_;
  mutable std::mutex mutex_;
  mutable std::optional<Answer<std::string>> drivers_;
};

}  // namespace

const Machine& host() {
  static const Host machine(nullptr);
  return machine;
}

std::unique_ptr<Machine> host_asking(DriverAsker asker) {
  return std::make_unique<Host>(std::move(asker));
}

}  // namespace nety::machine
