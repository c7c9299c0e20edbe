// Grouping and pairing.
#include "reports/claims/evidence.h"

#include <algorithm>
#include <cmath>

namespace nety::reports {
namespace {

using results::Metric;
using results::Result;
using results::Status;

const std::string kNothing;

bool same_configuration(const Result& a, const Result& b) {
  return a.machine == b.machine && a.model == b.model && a.mode == b.mode &&
         a.backend == b.backend && a.device == b.device && a.isa == b.isa && a.threads == b.threads;
}

bool usable(const Metric* metric) {
  return metric != nullptr && metric->median && *metric->median > 0;
}

}  // namespace

const Result* ConfigurationView::trouble() const {
  const Result* skipped = nullptr;
  for (const Result* row : rows) {
    if (row->status != Status::kOk && row->status != Status::kSkipped) return row;
    if (row->status == Status::kSkipped && skipped == nullptr) skipped = row;
  }
  const bool nothing_ok = std::none_of(
      rows.begin(), rows.end(), [](const Result* row) { return row->status == Status::kOk; });
  return nothing_ok ? skipped : nullptr;
}

Status ConfigurationView::status() const {
  const Result* row = trouble();
  return row == nullptr ? Status::kOk : row->status;
}

const std::string& ConfigurationView::reason() const {
  const Result* row = trouble();
  return row == nullptr ? kNothing : row->reason;
}

const std::string& ConfigurationView::kernel() const {
  for (const Result* row : rows)
    if (!row->kernel.empty()) return row->kernel;
  return kNothing;
}

const Metric* ConfigurationView::metric(std::string_view phase, std::string_view name) const {
  for (const Result* row : rows) {
    if (row->phase != phase) continue;
    const auto found = row->metrics.find(std::string(name));
    if (found != row->metrics.end()) return &found->second;
  }
  return nullptr;
}

std::optional<double> ConfigurationView::value(std::string_view phase,
                                               std::string_view name) const {
  const Metric* found = metric(phase, name);
  return found == nullptr ? std::nullopt : found->median;
}

const Metric* ConfigurationView::decode_rate() const {
  const Metric* best = nullptr;
  int64_t depth = 0;
  for (const Result* row : rows) {
    const auto found = row->metrics.find("tg_tps");
    if (row->phase != "decode" || found == row->metrics.end() || !usable(&found->second)) continue;
    if (best == nullptr || row->depth < depth) {
      best = &found->second;
      depth = row->depth;
    }
  }
  return best;
}

std::optional<Ratio> ratio_of(const Metric* metric, const Metric* to) {
  if (!usable(metric) || !usable(to)) return std::nullopt;
  Ratio ratio;
  if (metric->samples.size() == to->samples.size() && !metric->samples.empty()) {
    std::vector<double> logs;
    for (size_t i = 0; i < metric->samples.size(); ++i)
      logs.push_back(std::log(metric->samples[i] / to->samples[i]));
    const Metric summary = results::summarise("ln ratio", std::move(logs));
    if (!summary.median) return std::nullopt;
    ratio.value = std::exp(*summary.median);
    ratio.n = summary.n;
    if (summary.ci) ratio.ci = {std::exp(summary.ci->first), std::exp(summary.ci->second)};
    return ratio;
  }
  ratio.value = *metric->median / *to->median;
  if (metric->ci && to->ci && to->ci->first > 0)
    ratio.ci = {metric->ci->first / to->ci->second, metric->ci->second / to->ci->first};
  return ratio;
}

Evidence::Evidence(const results::File& file) : file_(file) {
  for (const Result& row : file.results) {
    const auto group = std::find_if(configurations_.begin(), configurations_.end(),
                                    [&row](const ConfigurationView& configuration) {
                                      return same_configuration(configuration.key(), row);
                                    });
    if (group == configurations_.end()) {
      configurations_.emplace_back();
      configurations_.back().rows.push_back(&row);
    } else {
      group->rows.push_back(&row);
    }
  }
}

const ConfigurationView* Evidence::find(std::string_view mode, std::string_view backend) const {
  const ConfigurationView* found = nullptr;
  for (const ConfigurationView& configuration : configurations_) {
    if (configuration.mode() != mode) continue;
    if (configuration.backend() == (backend.empty() ? "native" : backend)) return &configuration;
    if (backend.empty() && found == nullptr) found = &configuration;
  }
  return found;
}

const ConfigurationView* Evidence::chosen() const {
  if (!file_.decision) return nullptr;
  return find(file_.decision->mode, file_.decision->backend);
}

const results::Machine* Evidence::machine() const {
  return file_.machines.empty() ? nullptr : &file_.machines.front();
}

const results::Model* Evidence::model() const {
  return file_.models.empty() ? nullptr : &file_.models.front();
}

std::optional<bool> Evidence::quantised_source() const {
  if (model() == nullptr || model()->stored.empty()) return std::nullopt;
  const std::string& stored = model()->stored;
  for (const char* type : {"F32", "F16", "BF16"})
    if (stored.find(std::string(type) + " ") == 0 || stored == type) return false;
  return true;
}

}  // namespace nety::reports
