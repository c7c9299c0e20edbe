// perf_event_open, one descriptor per counter. They are no group: threads that inherit a counter
// cannot be read as part of one.
#include "core/machine/counters.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace nety::machine {
namespace {

constexpr std::array<uint64_t, kCounters> kEvents = {
#define NETY_COUNTER(id, word, event) event,
#include "core/machine/counters.def"
#undef NETY_COUNTER
};

std::string reason_of(int error) {
  if (error == ENOENT || error == EOPNOTSUPP || error == ENODEV || error == ENOSYS)
    return "missing";
  if (error == EACCES || error == EPERM) return "denied";
  return std::strerror(error);
}

class KernelCounters final : public Counters {
 public:
  KernelCounters() {
    for (size_t i = 0; i < kCounters; ++i) {
      perf_event_attr event{};
      event.type = PERF_TYPE_HARDWARE;
      event.size = sizeof event;
      event.config = kEvents[i];
      event.exclude_kernel = 1;
      event.exclude_hv = 1;
      event.inherit = 1;
      event.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
      const long file = ::syscall(SYS_perf_event_open, &event, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
      files_[i] = static_cast<int>(file);
      if (file < 0) reasons_[i] = reason_of(errno);
    }
  }
  ~KernelCounters() override {
    for (const int file : files_)
      if (file >= 0) ::close(file);
  }
  KernelCounters(const KernelCounters&) = delete;
  KernelCounters& operator=(const KernelCounters&) = delete;

  CounterReading read() override {
    CounterReading reading;
    for (size_t i = 0; i < kCounters; ++i) {
      if (files_[i] < 0) {
        reading[i].reason = reasons_[i];
        continue;
      }
      struct {
        uint64_t value, enabled, running;
      } counted{};
      if (::read(files_[i], &counted, sizeof counted) != sizeof counted)
        reading[i].reason = "not readable";
      else if (counted.running == 0 && counted.enabled > 0)
        reading[i].reason = "others use all of the processor's counters";
      else
        reading[i].value = whole(counted.value, counted.enabled, counted.running);
    }
    return reading;
  }

 private:
  /// More counters are wanted than the processor has: each then runs for a part of the time.
  static double whole(uint64_t value, uint64_t enabled, uint64_t running) {
    const double share =
        running == 0 ? 1 : static_cast<double>(enabled) / static_cast<double>(running);
    return static_cast<double>(value) * share;
  }

  std::array<int, kCounters> files_{};
  std::array<std::string, kCounters> reasons_;
};

}  // namespace

std::unique_ptr<Counters> open_counters() { return std::make_unique<KernelCounters>(); }

}  // namespace nety::machine
