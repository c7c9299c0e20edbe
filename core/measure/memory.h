// How much memory this process uses and has used, with what it allocated (anonymous) apart from
// what it maps of files: a mapped model shows in the second, a converted one in the first.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>
#include <thread>

namespace nety::measure {

/// A look at /proc/self/status; a field is absent where the kernel does not tell.
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

/// Peaks of the parts, which the kernel does not keep: the largest of the looks taken by note()
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

  /// Peaks of the parts so far, VmHWM, and VmRSS at the last look.
  MemoryUse peaks() const;

 private:
  std::thread watcher_;
  std::atomic<bool> watching_{false};
  std::atomic<uint64_t> rss_{0}, peak_rss_{0}, anonymous_{0}, file_{0}, shared_{0};
};

}  // namespace nety::measure
