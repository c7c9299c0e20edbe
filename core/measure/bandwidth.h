// Memory bandwidth, one roof of the roofline model: how fast the processors read what is not in
// their caches. Decode reads every weight once per token, so bandwidth / bytes per token bounds its
// rate.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/anonymous_memory.h"
#include "core/base/thread_pool.h"

namespace nety::measure {

/// The order in which a thread reads its share. Which is fastest depends on the processor's
/// prefetchers: peak bandwidth is the best of them.
enum class ReadPattern : uint8_t {
  kForward,  ///< One stream from the beginning to the end.
  kStreams,  ///< Eight streams side by side, as kernels read several rows.
  kAhead,    ///< One stream, with software prefetches of what comes soon.
};
std::span<const ReadPattern> read_patterns();
/// "forward", "streams", "ahead".
std::string_view name_of(ReadPattern pattern);

/// A buffer that `threads` threads read repeatedly, each its own share. Measure with as many bytes
/// as the weights have: a smaller buffer may fit in a cache. The buffer asks for huge pages.
class BandwidthProbe {
 public:
  /// `largest_bytes` is allocated and touched here, by the threads that will read it. Error:
  /// kMemory.
  BandwidthProbe(int threads, uint64_t largest_bytes);

  uint64_t largest_bytes() const { return static_cast<uint64_t>(count_) * sizeof(uint64_t); }
  int threads() const { return pool_.threads(); }

  /// Bytes per second of reading the first `bytes` (at most largest_bytes) once.
  double pass(uint64_t bytes, ReadPattern pattern = ReadPattern::kForward);
  /// The best of `passes`, which take the patterns in turn: the peak, as far as other programs let.
  double best(uint64_t bytes, int passes);
  /// The best of `passes` of one pattern.
  double best(uint64_t bytes, int passes, ReadPattern pattern);

  /// The pattern that reads fastest here, by the best of `passes` of each, by turns.
  ReadPattern fastest(uint64_t bytes, int passes);

  /// STREAM's triad, a[i] = b[i] + s * c[i], in three thirds of the first `bytes`: bytes per second
  /// as STREAM counts them, two doubles read and one written. The read before each write (write
  /// allocate) is not counted, so this may be far below the rate of reading.
  double triad(uint64_t bytes, int passes);

 private:
  ThreadPool pool_;
  int64_t count_ = 0;
  AnonymousMemory memory_;
  uint64_t* words_ = nullptr;  // [count_], in memory_
  uint64_t sum_ = 0;           // keeps the reads from being optimised away
};

}  // namespace nety::measure
