// Slices of one configuration into its rows.
#include <algorithm>

#include "bench/entry.h"
#include "core/measure/stopwatch.h"

namespace nety::bench {
namespace {

constexpr int64_t kFewestTokens = 2;  // of a slice of decode

}  // namespace

void Entry::set_prompt(int64_t tokens) {
  Row& row = prefills_.front();
  if (row.samples("pp_tps").empty()) row.key().n_prompt = tokens;
}

void Entry::skip_decode(const std::string& reason) {
  Row& row = decodes_.front();
  if (row.failed()) return;
  row.forget();
  row.fail(results::Status::kSkipped, given_up() ? end_reason_ : reason);
}

/// The slice, or nothing: then the row says why.
std::optional<Slice> Entry::ask_for(Row& row, const SliceRequest& request) {
  Slice slice;
  double limit = silence_s();
  if (surroundings_.slice_limit_s > 0) limit = std::min(limit, surroundings_.slice_limit_s);
  const Outcome outcome = unless_over(
      take_slice(*worker_, protocol_, request, limit, slice, [this] { return ends(); }));
  if (!settle(row, outcome)) return std::nullopt;
  return slice;
}

double Entry::try_prefill(int64_t tokens) {
  if (!loaded()) return 0;
  const std::optional<Slice> slice =
      ask_for(prefills_.front(), {SliceKind::kPrefill, 0, tokens, 0});
  return slice ? slice->seconds : 0;
}

std::optional<double> Entry::slice(SliceKind kind, int64_t turn, double seconds, bool probe) {
  const bool is_prefill = kind == SliceKind::kPrefill;
  Row& row = is_prefill ? prefills_.front() : decodes_.front();
  if (given_up() || row.failed() || !loaded()) return std::nullopt;
  SliceRequest request{kind, is_prefill ? 0 : row.key().depth,
                       is_prefill ? row.key().n_prompt : row.key().n_gen, seconds};
  // A worker of the first version takes all tokens that it is asked for: as many as fit the time.
  if (const std::vector<double> rates = row.samples("tg_tps");
      !is_prefill && protocol_ < kSliceProtocol && !rates.empty())
    request.tokens = std::clamp(static_cast<int64_t>(seconds * rates.back()),
                                std::min(kFewestTokens, request.tokens), request.tokens);
  const measure::Stopwatch watch;
  const std::optional<Slice> slice = ask_for(row, request);
  if (!slice) return std::nullopt;
  take(row, *slice, turn, watch.seconds(), probe && surroundings_.request.probe_bandwidth);
  return slice->tps();
}

/// The roofline is looked at after the slice: both belong to the same second.
void Entry::take(Row& row, const Slice& slice, int64_t turn, double whole_s, bool probe) {
  const bool is_prefill = row.key().phase == "prefill";
  const bool on_cpu = row.key().device == "cpu";
  row.add_in_turn(turn, is_prefill ? "pp_tps" : "tg_tps", slice.tps(), "tok/s", "measured", how());
  add_counts(row, slice.counts, static_cast<double>(slice.tokens));
  row.add_in_turn(turn, "slice_s", whole_s, "s", "measured",
                  {"a slice and what it takes to begin one"});
  if (is_prefill) {
    if (probe && flops_per_token_ > 0)
      add_mfu(row, on_cpu ? Reply() : probe_device(row), slice.tps());
  } else {
    if (slice.bytes_per_token > 0)
      row.set("bytes_per_token", results::exactly("bytes", slice.bytes_per_token));
    add_gaps(row, slice.gaps_s);
    if (probe && slice.bytes_per_token > 0) {
      Reply reply = on_cpu ? Reply() : probe_device(row);
      reply.numbers["bytes_per_token"] = slice.bytes_per_token;
      add_bandwidth(row, reply, slice.tps());
    }
  }
  tell(row);
}

/// A device measures its own roofline, after work that is not a sample.
Reply Entry::probe_device(const Row& row) {
  if (!probes_device(row)) return {};
  Command command;
  command.action = row.key().phase == "prefill" ? Action::kPrefill : Action::kDecode;
  command.n_prompt = row.key().n_prompt;
  command.n_gen = row.key().n_gen;
  command.depth = row.key().depth;
  command.probe = true;
  return ask(command).reply;
}

void Entry::stream_once() {
  if (!given_up() && !generate_.failed() && loaded()) stream(generate_);
}

}  // namespace nety::bench
