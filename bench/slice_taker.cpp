#include "bench/slice_taker.h"

#include <time.h>

#include <algorithm>
#include <limits>

#include "bench/injected/delay.h"
#include "core/base/error.h"
#include "core/measure/stopwatch.h"

namespace nety::bench {
namespace {

/// Of all threads of this process, in seconds; NaN where the system does not tell.
double processor_seconds() {
  timespec time{};
  if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) != 0)
    return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

std::span<const int32_t> SliceTaker::tokens(int64_t first, int64_t count) {
  if (static_cast<int64_t>(tokens_.size()) < first + count) tokens_ = tokens_of_(first + count);
  return std::span<const int32_t>(tokens_).subspan(static_cast<size_t>(first),
                                                   static_cast<size_t>(count));
}

/// Makes the cache hold exactly the first `depth` tokens.
void SliceTaker::place(Engine& engine, int64_t depth) {
  const int64_t kept = std::min(held_, depth);
  held_ = 0;  // if what follows fails
  engine.rewind(kept);
  if (kept < depth) engine.prefill(tokens(kept, depth - kept));
  held_ = depth;
}

Reply SliceTaker::take(Engine& engine, const Command& command, CountedWork& counted) {
  const bool prefill = command.n_prompt > 0;
  const int64_t most = prefill ? command.n_prompt : command.n_gen;
  if (most < 1 || command.depth < 0)
    throw Error(ErrorKind::kInternal, "a slice needs a token and a place");
  const std::span<const int32_t> slice = tokens(command.depth, most);
  place(engine, command.depth);
  engine.decode(slice.front());
  engine.rewind(command.depth);

  Reply reply;
  int64_t done = 0;
  counted.begin();
  const double processor_before = processor_seconds();
  const measure::Stopwatch whole;
  if (prefill) {
    engine.prefill(slice);
    done = most;
  } else {
    std::vector<double>& gaps = reply.series["gaps_s"];
    gaps.reserve(slice.size());
    double before = 0;
    for (const int32_t token : slice) {
      engine.decode(token);
      inject_decode_delay(whole.seconds() - before);
      const double now = whole.seconds();
      gaps.push_back(now - before);
      before = now;
      ++done;
      if (command.limit_s > 0 && now >= command.limit_s) break;
    }
  }
  reply.numbers["seconds"] = whole.seconds();
  reply.numbers["cpu_s"] = processor_seconds() - processor_before;
  counted.end(reply);
  reply.numbers["tokens"] = static_cast<double>(done);
  if (!prefill)
    reply.numbers["bytes_per_token"] =
        static_cast<double>(engine.bytes_per_token(command.depth + done / 2));
  held_ = command.depth + done;
  return reply;
}

}  // namespace nety::bench
