// The caller's side of a slice, in the words of either version of the protocol.
#include "bench/slices.h"

#include <cmath>

#include "core/base/error.h"

namespace nety::bench {

int protocol_of(const Reply& loaded) {
  const double version = loaded.number("protocol");
  return version >= 1 && version < 1000 ? static_cast<int>(version) : 1;
}

Command slice_command(const SliceRequest& request, int protocol) {
  if (request.tokens < 1 || request.depth < 0)
    throw Error(ErrorKind::kUsage, "a slice needs a token and a place");
  const bool prefill = request.kind == SliceKind::kPrefill;
  Command command;
  command.depth = request.depth;
  (prefill ? command.n_prompt : command.n_gen) = request.tokens;
  if (protocol >= kSliceProtocol) {
    command.action = Action::kSlice;
    command.limit_s = prefill ? 0 : request.seconds;
    return command;
  }
  if (prefill && request.depth > 0)
    throw Error(ErrorKind::kUsage, "this worker cannot measure a prefill behind other tokens");
  command.action = prefill ? Action::kPrefill : Action::kDecode;
  return command;
}

Slice slice_of(const Reply& reply, const SliceRequest& request) {
  Slice slice;
  const double tokens = reply.number("tokens");
  slice.tokens = std::isfinite(tokens) ? static_cast<int64_t>(tokens) : request.tokens;
  slice.seconds = reply.number("seconds");
  slice.cpu_s = reply.number("cpu_s");
  slice.bytes_per_token = reply.number("bytes_per_token");
  if (const auto gaps = reply.series.find("gaps_s"); gaps != reply.series.end())
    slice.gaps_s = gaps->second;
  slice.counts = counts_of(reply);
  if (!(slice.seconds > 0) || slice.tokens < 1 || slice.tokens > request.tokens)
    throw Error(ErrorKind::kInternal, "the worker measured no time");
  return slice;
}

Outcome take_slice(EngineWorker& worker, int protocol, const SliceRequest& request, double limit_s,
                   Slice& slice, const std::function<bool()>& give_up) {
  Outcome outcome = worker.ask(slice_command(request, protocol), limit_s, nullptr, give_up);
  if (!outcome) return outcome;
  try {
    slice = slice_of(outcome.reply, request);
  } catch (const Error& error) {
    outcome.status = results::Status::kError;
    outcome.reason = error.what();
  }
  return outcome;
}

}  // namespace nety::bench
