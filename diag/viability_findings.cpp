// The trials in words for people, and as rows for programs.
#include <fmt/core.h>

#include "core/base/units.h"
#include "diag/messages.h"
#include "diag/viability.h"

namespace nety::diag {
namespace {

using results::Finding;
using results::FindingStatus;
using results::Metric;

/// Says things in one language.
struct Voice {
  Language language;
  std::string operator()(MessageId id, std::vector<std::string> args = {}) const {
    return render({id, std::move(args)}, language);
  }
};

std::string rate(double bytes_per_s) {
  return format_bytes(static_cast<uint64_t>(bytes_per_s)) + "/s";
}

std::string giga(double per_s) { return format_number(per_s / 1e9); }

FindingStatus status_of(ModeVerdict verdict) {
  constexpr FindingStatus kStatuses[] = {FindingStatus::kOk, FindingStatus::kWarn,
                                         FindingStatus::kFail, FindingStatus::kAbsent,
                                         FindingStatus::kUnknown};
  return kStatuses[static_cast<size_t>(verdict)];
}

std::string speed_text(const Voice& say, const ModeTrial& row) {
  const Metric& speed = row.speed;
  std::string text = say(message::diag_mode_speed, {fmt::format("{:.2f}", *speed.median)});
  if (speed.ci) text += fmt::format(" [{:.2f}, {:.2f}]", speed.ci->first, speed.ci->second);
  text += " · " + rate(row.bytes_per_s.median.value_or(0));
  if (row.mbu) text += say(message::diag_mode_share, {fmt::format("{:.0f}", 100 * *row.mbu)});
  if (row.prefill_speed.median)
    text +=
        " · " + say(message::diag_mode_prefill, {fmt::format("{:.2f}", *row.prefill_speed.median),
                                                 giga(row.ops_per_s.median.value_or(0))});
  return text;
}

Finding finding_of(const Voice& say, const ModeTrial& row) {
  Finding finding;
  finding.id = "mode." + row.mode + "." + row.backend;
  finding.title = say(message::diag_mode_title, {row.mode, row.backend});
  finding.status = status_of(row.verdict);
  finding.source = row.kernel.empty() ? row.backend : row.kernel;
  finding.value = say(verdict_word(row.verdict));
  if (row.path != ProductPath::kUnknown) finding.value += " · " + say(path_word(row.path));
  switch (row.verdict) {
    case ModeVerdict::kViable:
    case ModeVerdict::kSlow:
      finding.value += " · " + (row.timed ? speed_text(say, row) : say(message::diag_mode_untimed));
      finding.value +=
          " · " + say(message::diag_mode_bytes, {fmt::format("{:.3g}", row.bytes_per_weight)});
      finding.data = row.speed.median;
      break;
    case ModeVerdict::kBroken:
      finding.consequence = say(message::diag_mode_broken, {row.reason});
      finding.remedy = say(message::diag_mode_broken_remedy);
      break;
    case ModeVerdict::kUnsupported:
    case ModeVerdict::kUnknown:
      finding.consequence = row.reason;
      break;
  }
  if (row.verdict == ModeVerdict::kSlow) {
    finding.consequence = say(message::diag_mode_slow);
    finding.remedy = say(message::diag_mode_slow_remedy);
  }
  return finding;
}

Finding measured(std::string id, std::string title, std::string value, double data) {
  Finding finding;
  finding.id = std::move(id);
  finding.title = std::move(title);
  finding.value = std::move(value);
  finding.source = "measured";
  finding.data = data;
  return finding;
}

Finding peak_finding(const Voice& say, const Rates& rates, const std::string& type) {
  const char* unit = type == "int8" ? "GOP/s" : "GFLOP/s";
  const std::string id = "cpu.fma." + type;
  const std::string title = say(message::diag_fma_title, {type});
  const auto peak = rates.peaks.find(type);
  if (peak == rates.peaks.end()) {
    Finding finding = measured(id, title, say(message::diag_fma_none), 0);
    finding.data.reset();
    finding.source = "CPUID";
    finding.status = FindingStatus::kAbsent;
    finding.consequence = say(message::diag_fma_none_means, {type});
    return finding;
  }
  const double one = rates.peaks_one.at(type).ops_per_s;
  std::string value =
      say(message::diag_fma_value, {giga(peak->second.ops_per_s), unit,
                                    std::to_string(rates.threads), giga(one), peak->second.loop});
  if (rates.clock_hz > 0)
    value += " · " + say(message::diag_fma_cycle, {format_number(one / rates.clock_hz),
                                                   fmt::format("{:.2f}", rates.clock_hz / 1e9)});
  return measured(id, title, value, peak->second.ops_per_s);
}

void add_rates(const Voice& say, const Rates& rates, std::vector<Finding>& out) {
  const std::string threads = std::to_string(rates.threads);
  if (rates.parts.bandwidth)
    out.push_back(measured("memory.bandwidth", say(message::diag_bandwidth_title),
                           say(message::diag_bandwidth_value,
                               {rate(rates.read_bytes_per_s), threads, rates.read_pattern,
                                format_bytes(static_cast<uint64_t>(rates.buffer_bytes))}),
                           rates.read_bytes_per_s));
  if (rates.parts.bandwidth_one)
    out.push_back(measured("memory.bandwidth_one", say(message::diag_bandwidth_one_title),
                           say(message::diag_bandwidth_one_value,
                               {rate(rates.read_one_bytes_per_s), rates.read_one_pattern}),
                           rates.read_one_bytes_per_s));
  if (rates.parts.triad)
    out.push_back(measured("memory.triad", say(message::diag_triad_title),
                           say(message::diag_triad_value, {rate(rates.triad_bytes_per_s), threads}),
                           rates.triad_bytes_per_s));
  if (!rates.parts.arithmetic) return;
  for (const char* type : {"fp32", "bf16", "int8"}) out.push_back(peak_finding(say, rates, type));
}

}  // namespace

MessageId verdict_word(ModeVerdict verdict) {
  constexpr MessageId kWords[] = {message::diag_word_viable, message::diag_word_slow,
                                  message::diag_word_broken, message::diag_word_unsupported,
                                  message::diag_word_unknown};
  return kWords[static_cast<size_t>(verdict)];
}

MessageId path_word(ProductPath path) {
  constexpr MessageId kWords[] = {message::diag_path_native, message::diag_path_emulated,
                                  message::diag_path_per_call, message::diag_path_at_load,
                                  message::diag_word_unknown};
  return kWords[static_cast<size_t>(path)];
}

std::vector<Finding> findings_of(const Trials& trials, Language language) {
  const Voice say{language};
  std::vector<Finding> out;
  if (trials.rates) {
    add_rates(say, *trials.rates, out);
  } else if (!trials.quick) {
    Finding finding = measured("memory.bandwidth", say(message::diag_bandwidth_title),
                               say(message::diag_not_told, {trials.rates_reason}), 0);
    finding.data.reset();
    finding.status = FindingStatus::kUnknown;
    out.push_back(finding);
  }
  for (const ModeTrial& row : trials.rows) out.push_back(finding_of(say, row));
  for (const MissingBackend& missing : trials.missing) {
    Finding finding;
    finding.id = "backend." + missing.name;
    finding.title = say(message::diag_backend_title, {missing.name});
    finding.value = missing.what;
    finding.source = "plugin";
    finding.status = FindingStatus::kAbsent;
    finding.remedy = missing.hint;
    out.push_back(finding);
  }
  return out;
}

std::vector<results::Result> results_of(const Trials& trials, const std::string& machine_id) {
  std::vector<results::Result> out;
  for (const ModeTrial& row : trials.rows) {
    results::Result result;
    result.machine = machine_id;
    result.model = "products";
    result.mode = row.mode;
    result.backend = row.backend;
    result.device = "cpu";
    result.isa = trials.isa;
    result.threads = trials.threads;
    result.kernel = row.kernel;
    result.status = row.status;
    result.reason = row.reason;
    result.phase = "matvec";
    result.n_gen = 1;
    if (row.status == results::Status::kOk || row.error_share > 0)
      result.metrics["error_share"] = results::exactly("ratio", row.error_share);
    if (row.bytes_per_weight > 0)
      result.metrics["bytes_per_weight"] = results::exactly("bytes", row.bytes_per_weight);
    if (!row.timed) {
      out.push_back(std::move(result));
      continue;
    }
    results::Result prefill = result;
    result.metrics["speed_vs_fp32"] = row.speed;
    result.metrics["weights_bytes_per_s"] = row.bytes_per_s;
    if (row.mbu)
      result.metrics["mbu"] =
          results::derived("ratio", *row.mbu, {"weights_bytes_per_s", "finding memory.bandwidth"});
    out.push_back(std::move(result));
    prefill.phase = "matmat";
    prefill.n_gen = 0;
    prefill.n_prompt = kTrialTokens;
    prefill.metrics["speed_vs_fp32"] = row.prefill_speed;
    prefill.metrics["ops_per_s"] = row.ops_per_s;
    out.push_back(std::move(prefill));
  }
  return out;
}

}  // namespace nety::diag
