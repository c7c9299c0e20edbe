// Slices: the unit of measuring. A slice is one prefill, or some tens of milliseconds of decode, of
// a worker that stays loaded beside others while they take turns. Whose slice is next is the
// caller's business; this is how one is asked for and what it tells.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "bench/counted.h"
#include "bench/engine_worker.h"
#include "bench/protocol.h"

namespace nety::bench {

enum class SliceKind : uint8_t { kPrefill, kDecode };

/// What to measure, and where in the sequence. All slices of a worker are pieces of one sequence of
/// random tokens, so that those of two workers with the same seed do the same work.
struct SliceRequest {
  SliceKind kind = SliceKind::kDecode;
  int64_t depth = 0;   ///< Tokens before the slice. Those that the worker lacks are fed, untimed.
  int64_t tokens = 1;  ///< Of the prompt; of decode: the most.
  double seconds = 0;  ///< Of decode: no further step after so long; 0: all tokens.
};

/// What one slice gave.
struct Slice {
  int64_t tokens = 0;
  double seconds = 0;  ///< Wall time of exactly these tokens.
  /// Processor time of all of the worker's threads meanwhile; NaN: not told.
  double cpu_s = std::numeric_limits<double>::quiet_NaN();
  double bytes_per_token = std::numeric_limits<double>::quiet_NaN();  ///< Decode.
  std::vector<double> gaps_s;                                         ///< Decode: of each token.
  Counts counts = no_counts();  ///< Of the processor, for these tokens.

  double tps() const { return static_cast<double>(tokens) / seconds; }
};

/// The version of the protocol that a worker speaks, by its answer to kLoad. 1 where it does not
/// say: nety before slices, and the user's Python stack.
int protocol_of(const Reply& loaded);

/// The command for a slice in the words of that version. Before version 2 decode refills the cache
/// for each slice, takes all of its tokens, and has no untimed first step: compare only what was
/// asked in the same words. Error: kUsage for what that version cannot do, or for no tokens.
Command slice_command(const SliceRequest& request, int protocol);

/// The slice in an answer to that command. Error: kInternal for an answer without times.
Slice slice_of(const Reply& reply, const SliceRequest& request);

/// Asks and waits, as EngineWorker::ask() does. `slice` is set where the outcome is kOk.
Outcome take_slice(EngineWorker& worker, int protocol, const SliceRequest& request, double limit_s,
                   Slice& slice, const std::function<bool()>& give_up = nullptr);

}  // namespace nety::bench
