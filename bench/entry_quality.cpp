// What a configuration predicts of the text, and how far that is from the reference.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "bench/entry.h"
#include "core/base/error.h"

namespace nety::bench {
namespace {

using results::Status;
using Windows = std::vector<std::vector<double>>;

std::vector<double> flattened(const Windows& windows) {
  std::vector<double> all;
  for (const std::vector<double>& window : windows)
    all.insert(all.end(), window.begin(), window.end());
  return all;
}

/// Position by position; windows that only one side has are left out.
Windows differences(const Windows& candidate, const Windows& reference) {
  Windows out;
  for (size_t w = 0; w < std::min(candidate.size(), reference.size()); ++w) {
    if (candidate[w].size() != reference[w].size()) continue;
    std::vector<double> window = candidate[w];
    for (size_t i = 0; i < window.size(); ++i) window[i] -= reference[w][i];
    out.push_back(std::move(window));
  }
  return out;
}

results::Metric exponential(results::Metric metric) {
  metric.unit = "tokens";  // equally likely ones
  metric.kind = "derived";
  metric.inputs = {"exp(nll)"};
  for (std::optional<double>* value : {&metric.median, &metric.min, &metric.max})
    if (*value) **value = std::exp(**value);
  if (metric.ci) metric.ci = {std::exp(metric.ci->first), std::exp(metric.ci->second)};
  return metric;
}

}  // namespace

int64_t Entry::begin_quality() {
  if (is_driven()) return 0;  // its answers were compared before its speed
  Command command;
  command.action = Action::kText;
  command.text = surroundings_.request.quality_text;
  try {
    if (is_installed()) command.tokens = installed().tokens(command.text);
  } catch (const Error& error) {
    quality_.fail(Status::kError, error.what());
    return 0;
  }
  const Outcome outcome = ask(command);
  if (!settle(quality_, outcome)) return 0;
  const double windows = outcome.reply.number("windows");
  if (windows > 0) return static_cast<int64_t>(windows);
  quality_.fail(Status::kSkipped, "the text has fewer than two tokens");
  return 0;
}

bool Entry::quality_window(int64_t window, const std::string& write, const std::string& compare,
                           bool keep_scores) {
  if (given_up() || quality_.failed() || is_driven()) return false;
  Command command;
  command.action = Action::kQuality;
  command.window = window;
  command.write = write;
  command.compare = compare;
  const Outcome outcome = ask(command);
  if (!settle(quality_, outcome)) return false;
  if (!keep_scores) return true;
  const Reply& reply = outcome.reply;
  const auto keep = [&reply](const char* name, std::vector<std::vector<double>>& windows) {
    if (const auto found = reply.series.find(name); found != reply.series.end())
      windows.push_back(found->second);
  };
  keep("nll", nll_);
  keep("kld", kld_);
  keep("same_top", same_top_);
  if (window == 0) repeat_difference_ = reply.number("repeat_difference");
  return true;
}

/// Distances to the reference, each with an interval from the spread among windows.
void Entry::set_distances(const Entry& reference) {
  const std::vector<double> kld = flattened(kld_);
  quality_.set("kld", clustered_mean("nat", kld_));
  quality_.set("kld_median", percentile("nat", kld, 50));
  quality_.set("kld_p99", percentile("nat", kld, 99));
  if (!kld.empty())
    quality_.set("kld_max", results::exactly("nat", *std::max_element(kld.begin(), kld.end())));
  quality_.set("top1_agreement", clustered_mean("ratio", same_top_));
  quality_.set("nll_delta", clustered_mean("nat", differences(nll_, reference.nll_)));
  quality_.set("greedy_divergence", greedy_divergence(same_top_));
}

void Entry::end_quality(const Entry* reference, const std::string& no_reference) {
  if (nll_.empty()) return;
  const results::Metric nll = clustered_mean("nat", nll_);
  quality_.set("nll", nll);
  quality_.set("perplexity", exponential(nll));
  quality_.set("repeat_difference", results::exactly("logit", repeat_difference_));
  if (reference == this) {
    quality_.set("kld", results::derived("nat", 0, {"is the reference itself"}));
    quality_.set("top1_agreement", results::derived("ratio", 1, {"is the reference itself"}));
  } else if (reference != nullptr && !kld_.empty()) {
    set_distances(*reference);
  } else {
    for (const char* name : {"kld", "top1_agreement"}) {
      results::Metric none;
      none.unit = std::string_view(name) == "kld" ? "nat" : "ratio";
      none.reason = no_reference;
      quality_.set(name, none);
    }
  }
  tell(quality_);
}

void Entry::set_noise(const Entry& again) {
  const results::Result row = again.quality_.result();
  for (const char* name : {"kld", "kld_max", "top1_agreement", "nll_delta"})
    if (const auto found = row.metrics.find(name); found != row.metrics.end()) {
      results::Metric metric = found->second;
      metric.inputs.push_back(fmt::format("A/A: this row's mode on {} threads against {}",
                                          row.threads, quality_.key().threads));
      quality_.set(std::string("aa_") + name, std::move(metric));
    }
  tell(quality_);
}

}  // namespace nety::bench
