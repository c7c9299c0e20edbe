// The memory wall: how fast the processors can read memory they have not in their caches. Decode
// reads every weight once per token, so this over the bytes of a token is its ceiling.
#pragma once

#include <cstdint>
#include <memory>

#include "core/base/thread_pool.h"

namespace nety::measure {

/// A buffer that is read by `threads` threads, each its own share, over and over. Footprints should
/// be those of the weights compared with: a small one may live in a large cache, for both.
class BandwidthProbe {
 public:
  /// `largest_bytes` is allocated and touched here, by the threads that will read it.
  BandwidthProbe(int threads, uint64_t largest_bytes);

  uint64_t largest_bytes() const { return static_cast<uint64_t>(count_) * sizeof(uint64_t); }

  /// Bytes per second of reading the first `bytes` (at most largest_bytes) once.
  double pass(uint64_t bytes);
  /// The best of `passes`: what the machine can do, neighbours willing.
  double best(uint64_t bytes, int passes);

 private:
  ThreadPool pool_;
  int64_t count_ = 0;
  std::unique_ptr<uint64_t[]> words_;  // [count_]
  uint64_t sum_ = 0;                   // keeps the reads from being optimised away
};

}  // namespace nety::measure
