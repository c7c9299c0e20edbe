// Prefill, decode and time to first token: one sample of each, and the roofline it is compared
// with.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "bench/counted.h"
#include "bench/entry.h"
#include "core/base/units.h"

namespace nety::bench {
namespace {

constexpr uint64_t kLargestProbe = uint64_t{1} << 30;
constexpr int kProbePasses = 3;
constexpr int64_t kSliceTokens = 32;  // decoded between two looks at the bandwidth
constexpr double kFmaSeconds = 0.005;

double sum_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

measure::FmaType type_of(std::string_view activation) {
  if (activation.starts_with("bf16")) return measure::FmaType::kBf16;
  if (activation.starts_with("int")) return measure::FmaType::kInt8;
  return measure::FmaType::kFp32;
}

}  // namespace

void add_gaps(Row& row, const std::vector<double>& gaps) {
  for (const double gap : gaps) row.add("itl_s", gap, "s");
  row.set("itl_p50_s", percentile("s", row.samples("itl_s"), 50));
  row.set("itl_p90_s", percentile("s", row.samples("itl_s"), 90));
  row.set("itl_p99_s", percentile("s", row.samples("itl_s"), 99));
}

void Entry::prefill(Row& row) {
  Command command;
  command.action = Action::kPrefill;
  command.n_prompt = row.key().n_prompt;
  command.probe = probes_device(row);
  const Outcome outcome = ask(command);
  if (!settle(row, outcome)) return;
  const double pp_tps = static_cast<double>(command.n_prompt) / outcome.reply.number("seconds");
  row.add("pp_tps", pp_tps, "tok/s", "measured", how());
  add_counts(row, counts_of(outcome.reply), static_cast<double>(command.n_prompt));
  if (surroundings_.request.probe_bandwidth && flops_per_token_ > 0)
    add_mfu(row, outcome.reply, pp_tps);
  tell(row);
}

/// Peak arithmetic, measured in the same second, in the type that the mode multiplies.
void Entry::add_mfu(Row& row, const Reply& reply, double pp_tps) {
  if (row.key().device != "cpu") {
    const double rate = reply.number("product_rate");
    if (!(rate > 0)) return;
    row.add("product_ops_per_s", rate, "ops/s", "measured",
            {"large square products of the device's own library, after the prefill"});
    row.add("mfu", flops_per_token_ * pp_tps / rate, "ratio", "derived",
            {"2 x weights of the layers' matrices x pp_tps", "product_ops_per_s"});
    return;
  }
  std::unique_ptr<measure::FmaProbe>& probe = surroundings_.fma;
  if (probe == nullptr) probe = std::make_unique<measure::FmaProbe>(row.key().threads);
  const auto peak_of = [&](measure::FmaType type) {
    return probe->peak(type, machine::host(), "", 1, kFmaSeconds);
  };
  std::optional<measure::FmaRate> peak = peak_of(type_of(activation_));
  if (!peak) peak = peak_of(measure::FmaType::kFp32);
  if (!peak || !(peak->ops_per_s > 0)) return;
  row.add("fma_peak_ops_per_s", peak->ops_per_s, "ops/s", "measured",
          {fmt::format("{} on {} threads, after the prefill it is paired with", peak->loop,
                       peak->threads)});
  row.add("mfu", flops_per_token_ * pp_tps / peak->ops_per_s, "ratio", "derived",
          {"2 x weights of the layers' matrices x pp_tps", "fma_peak_ops_per_s"});
}

/// In slices, each followed by a measurement of the bandwidth: both belong to the same second.
void Entry::decode(Row& row) {
  const int64_t n_gen = row.key().n_gen, depth = row.key().depth;
  const bool probed = surroundings_.request.probe_bandwidth;
  // Other engines have no way to go on with a sequence.
  const bool goes_on = !is_installed() && !is_driven();
  const int64_t slices = probed && goes_on ? std::max<int64_t>(n_gen / kSliceTokens, 1) : 1;
  std::vector<double> gaps;
  double bytes = 0;
  Counts counts{};
  for (int64_t slice = 0; slice < slices; ++slice) {
    const int64_t first = n_gen * slice / slices, last = n_gen * (slice + 1) / slices;
    Command command;
    command.action = Action::kDecode;
    command.n_gen = last - first;
    command.depth = depth + first;
    command.resume = slice > 0;
    command.probe = probes_device(row);
    const Outcome outcome = ask(command);
    if (!settle(row, outcome)) return;
    const std::vector<double>& taken = outcome.reply.series.at("gaps_s");
    gaps.insert(gaps.end(), taken.begin(), taken.end());
    const double slice_bytes = outcome.reply.number("bytes_per_token");
    bytes += slice_bytes / static_cast<double>(slices);
    const Counts counted = counts_of(outcome.reply);
    for (size_t i = 0; i < counts.size(); ++i) counts[i] += counted[i];
    if (probed && slice_bytes > 0)
      add_bandwidth(row, outcome.reply, static_cast<double>(last - first) / sum_of(taken));
  }
  row.add("tg_tps", static_cast<double>(gaps.size()) / sum_of(gaps), "tok/s", "measured", how());
  if (std::isfinite(bytes)) row.set("bytes_per_token", results::exactly("bytes", bytes));
  add_counts(row, counts, static_cast<double>(n_gen));
  add_gaps(row, gaps);
  tell(row);
}

/// Memory bandwidth, measured in the same second, over as many bytes as a token reads.
void Entry::add_bandwidth(Row& row, const Reply& reply, double tg_tps) {
  const double bytes_per_token = reply.number("bytes_per_token");
  std::string how = fmt::format("best of several reads of {} on the device, after each {} tokens",
                                format_bytes(static_cast<uint64_t>(bytes_per_token)), kSliceTokens);
  const double bandwidth =
      row.key().device == "cpu"
          ? processor_bandwidth(row.key().threads, static_cast<uint64_t>(bytes_per_token), how)
          : reply.number("read_bandwidth");
  if (!(bandwidth > 0)) return;
  row.add("read_bandwidth_bytes_per_s", bandwidth, "bytes/s", "measured", {how});
  row.add("mbu", tg_tps * bytes_per_token / bandwidth, "ratio", "derived",
          {"tg_tps", "bytes_per_token", "read_bandwidth_bytes_per_s"});
}

double Entry::processor_bandwidth(int threads, uint64_t bytes, std::string& how) {
  const uint64_t limit =
      std::max<uint64_t>(std::min(kLargestProbe, surroundings_.machine.memory_available_bytes / 8),
                         uint64_t{16} << 20);
  const uint64_t footprint = std::min(bytes, limit);
  std::unique_ptr<measure::BandwidthProbe>& probe = surroundings_.probe;
  if (probe == nullptr || probe->largest_bytes() < footprint / 4096 * 4096) {
    probe.reset();
    probe = std::make_unique<measure::BandwidthProbe>(threads, footprint);
  }
  how = fmt::format(
      "best of {} reads of {} of anonymous memory by {} threads, after each {} tokens of decode",
      kProbePasses, format_bytes(footprint), threads, kSliceTokens);
  return probe->best(footprint, kProbePasses);
}

void Entry::stream(Row& row) {
  const Outcome outcome = ask(stream_command(row.key().n_prompt, row.key().n_gen));
  if (!settle(row, outcome)) return;
  const std::vector<double>& gaps = outcome.reply.series.at("gaps_s");
  const std::vector<std::string> inputs = {
      fmt::format("prompt of {:.0f} tokens of text", outcome.reply.number("prompt_tokens"))};
  row.add("ttft_s", outcome.reply.number("ttft_s"), "s", "measured", inputs);
  if (!gaps.empty()) {
    const double tpot_s = sum_of(gaps) / static_cast<double>(gaps.size());
    row.add("tpot_s", tpot_s, "s", "measured", inputs);
    row.add("e2e_tg_tps", 1 / tpot_s, "tok/s", "measured", inputs);
    add_gaps(row, gaps);
  }
  tell(row);
}

}  // namespace nety::bench
