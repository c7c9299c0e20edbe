// Memory of this process, now and at its peak: anonymous memory (a converted model) apart from
// mapped files (a model used in place).
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>
#include <thread>

namespace nety::measure {

/// /proc/self/status; a field is absent where the kernel does not report it.
struct MemoryUse {
  std::optional<uint64_t> rss_bytes;       ///< VmRSS
  std::optional<uint64_t> peak_rss_bytes;  ///< VmHWM
  std::optional<uint64_t> anonymous_bytes, file_bytes,
      shared_bytes;  ///< RssAnon, RssFile, RssShmem
};

/// From the text of /proc/<pid>/status.
MemoryUse parse_memory_use(std::string_view status);
/// Of this process, now.
MemoryUse memory_use();

/// Peaks of the parts, which the kernel does not keep: the largest of the samples taken by note()
/// and, between start() and stop(), by a thread every few milliseconds. Start it for phases whose
/// peak is in the middle (a load that converts), not around timed loops on all processors.
class MemoryPeaks {
 public:
  MemoryPeaks() = default;
  ~MemoryPeaks() { stop(); }
  MemoryPeaks(const MemoryPeaks&) = delete;
  MemoryPeaks& operator=(const MemoryPeaks&) = delete;

  void note();
  void start();
  void stop();

  /// Peaks of the parts so far, VmHWM, and VmRSS at the last sample.
  MemoryUse peaks() const;

 private:
  std::thread watcher_;
  std::atomic<bool> watching_{false};
  std::atomic<uint64_t> rss_{0}, peak_rss_{0}, anonymous_{0}, file_{0}, shared_{0};
};

}  // namespace nety::measure
