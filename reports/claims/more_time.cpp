// What an open claim of a report by slices says it would take.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/base/units.h"
#include "reports/claims/judge.h"

namespace nety::reports {
namespace {

constexpr double kShortestBudget = 60;  // seconds
// Others take part in the turns, and quality and loads take time as well.
constexpr double kWhole = 4;
constexpr double kWindows = 6;                   // of text, the fewest with an interval,
constexpr double kTokens = 256, kScoring = 1.5;  // of a window, and more time than its prefill

std::string with_budget(double more_s) {
  const double budget_s = kShortestBudget + kWhole * more_s;
  return fmt::format("nety report --budget {:.0f}s", std::ceil(budget_s / 10) * 10);
}

bool was_by_slices(const ConfigurationView& one) {
  const results::Metric* rate = one.decode_rate();
  return rate != nullptr && !rate->turns.empty();
}

double window_s(const ConfigurationView& one) {
  const results::Metric* rate = one.prefill_rate();
  return rate == nullptr || !(rate->median > 0) ? 0 : kScoring * kTokens / *rate->median;
}

}  // namespace

std::string what_decides(const Case& about, const Ratio& ratio, double threshold,
                         std::string& command) {
  if (ratio.logs.empty()) return "";
  const std::optional<int64_t> pairs = results::pairs_to_tell(ratio.logs, threshold);
  if (!pairs) return about.say(message::report_near_margin, {std::to_string(results::kMostPairs)});
  const double more_s = static_cast<double>(*pairs) * ratio.pair_s;
  command = with_budget(more_s);
  return about.say(message::report_more_slices,
                   {std::to_string(*pairs), format_seconds(std::ceil(more_s))});
}

std::string what_scores(const Case& about, const ConfigurationView& one, std::string& command) {
  const results::Metric* kld = one.metric("quality", "kld");
  if (!was_by_slices(one) || (kld != nullptr && (kld->ci || kld->kind == "derived"))) return "";
  const ConfigurationView* reference = about.evidence.find("fp32", one.backend());
  const double fp32_s = reference == nullptr ? 0 : kWindows * window_s(*reference);
  // Where its own prefill was not measured either, it takes about as long as fp32's.
  double seconds = window_s(one) > 0 ? kWindows * window_s(one) : fp32_s;
  if (reference != &one) seconds += fp32_s;
  if (seconds <= 0) return "";
  command = with_budget(seconds);
  return about.say(message::report_not_scored, {one.name(), format_seconds(std::ceil(seconds))});
}

}  // namespace nety::reports
