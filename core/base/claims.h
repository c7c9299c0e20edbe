// Which pieces of an operation nobody has taken yet: words that threads change by compare and swap.
#pragma once

#include <atomic>
#include <cstdint>

namespace nety {

/// The part [begin, end) of `count` items for `worker` of `workers`, cut at multiples of `grain`.
struct Share {
  int64_t begin, end;
};
Share share_of(int64_t count, int64_t worker, int64_t workers, int64_t grain = 1);

/// An operation as one word, so that a thread which comes late reads all of it or another one.
struct Operation {
  static constexpr int kPieceBits = 14;
  static constexpr int64_t kMostPieces = (int64_t{1} << kPieceBits) - 1;

  uint64_t number = 0;  ///< Counted up from 1.
  int64_t pieces = 0;   ///< At most kMostPieces.
  bool own = false;     ///< Whether every worker takes its own pieces only.

  uint64_t word() const {
    return (number << 1 | uint64_t{own}) << kPieceBits | static_cast<uint64_t>(pieces);
  }
  static Operation of(uint64_t word) {
    return {word >> (kPieceBits + 1), static_cast<int64_t>(word & kMostPieces),
            (word >> kPieceBits & 1) != 0};
  }
};

/// What is left of one worker's share of the pieces. The worker takes from the front, others from
/// the end: each goes through neighbouring pieces.
class Claims {
 public:
  enum class From { kFront, kEnd };
  static constexpr int64_t kNone = -1;

  /// The next piece of `share`, which is this worker's in operation `number`, or kNone. Nobody has
  /// to make the word ready: one that an earlier operation left behind stands for the whole share.
  /// A thread that slept through its operation finds the word of a later one, and takes nothing;
  /// `certain` says that the operation is known to go on.
  int64_t take(const Share& share, uint64_t number, From from, bool certain) {
    if (share.begin == share.end) return kNone;
    const uint64_t stamp = number << kRangeBits;
    uint64_t was = left_.load(std::memory_order_acquire);
    for (;;) {
      const auto later = static_cast<int64_t>((was & ~kRange) - stamp);
      if (later > 0 && !certain) return kNone;
      Share left = later == 0 ? range_of(was) : share;
      if (left.begin == left.end) return kNone;
      const int64_t piece = from == From::kFront ? left.begin++ : --left.end;
      if (left_.compare_exchange_weak(was, stamp | word_of(left), std::memory_order_acq_rel,
                                      std::memory_order_acquire))
        return piece;
    }
  }

 private:
  static constexpr int kRangeBits = 2 * Operation::kPieceBits;
  static constexpr uint64_t kRange = (uint64_t{1} << kRangeBits) - 1;

  static Share range_of(uint64_t word) {
    return {static_cast<int64_t>(word >> Operation::kPieceBits & Operation::kMostPieces),
            static_cast<int64_t>(word & Operation::kMostPieces)};
  }
  static uint64_t word_of(const Share& left) {
    return static_cast<uint64_t>(left.begin) << Operation::kPieceBits |
           static_cast<uint64_t>(left.end);
  }

  std::atomic<uint64_t> left_{0};
};

}  // namespace nety
