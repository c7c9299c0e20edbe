// Groups rows into configurations and pairs their samples.
#include "reports/claims/evidence.h"

#include <algorithm>
#include <cmath>

namespace nety::reports {
namespace {

using results::Metric;
using results::Result;
using results::Status;

const std::string kNothing;

bool same_but_run(const Result& a, const Result& b) {
  return a.machine == b.machine && a.model == b.model && a.mode == b.mode &&
         a.backend == b.backend && a.device == b.device && a.isa == b.isa && a.threads == b.threads;
}

bool same_configuration(const Result& a, const Result& b) {
  return a.run == b.run && same_but_run(a, b);
}

bool usable(const Metric* metric) {
  return metric != nullptr && metric->median && *metric->median > 0;
}

const Metric* rate_in(const Result* row, const std::string& rate) {
  if (row == nullptr) return nullptr;
  const auto found = row->metrics.find(rate);
  return found == row->metrics.end() ? nullptr : &found->second;
}

bool has_phase(const ConfigurationView& configuration, const std::string& phase) {
  return std::any_of(configuration.rows.begin(), configuration.rows.end(),
                     [&phase](const Result* row) { return row->phase == phase; });
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

const Result* ConfigurationView::decode_row() const {
  const Result* best = nullptr;
  for (const Result* row : rows)
    if (row->phase == "decode" && usable(rate_in(row, "tg_tps")) &&
        (best == nullptr || row->depth < best->depth))
      best = row;
  return best;
}

const Metric* ConfigurationView::decode_rate() const { return rate_in(decode_row(), "tg_tps"); }

const Result* ConfigurationView::prefill_row() const {
  const Result* best = nullptr;
  for (const Result* row : rows)
    if (row->phase == "prefill" && usable(rate_in(row, "pp_tps")) &&
        (best == nullptr || row->n_prompt > best->n_prompt))
      best = row;
  return best;
}

const Metric* ConfigurationView::prefill_rate() const { return rate_in(prefill_row(), "pp_tps"); }

std::optional<Ratio> ratio_of(const Metric* metric, const Metric* to, bool paired) {
  if (!usable(metric) || !usable(to)) return std::nullopt;
  Ratio ratio;
  if (paired && !metric->turns.empty() && !to->turns.empty()) {
    ratio.logs = results::paired_logs(*metric, *to);
    if (ratio.logs.empty()) return std::nullopt;
    const results::PairedRatio found = results::ratio_of_logs(ratio.logs);
    ratio.value = found.value;
    ratio.ci = found.ci;
    ratio.n = found.n;
    return ratio;
  }
  if (paired && metric->samples.size() == to->samples.size() && !metric->samples.empty()) {
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

std::optional<Ratio> rate_ratio(const Result* row, const Result* to, const std::string& rate) {
  if (row == nullptr || to == nullptr) return std::nullopt;
  std::optional<Ratio> ratio = ratio_of(rate_in(row, rate), rate_in(to, rate), row->run == to->run);
  const Metric *const slice = rate_in(row, "slice_s"), *const other = rate_in(to, "slice_s");
  if (ratio && usable(slice) && usable(other)) ratio->pair_s = *slice->median + *other->median;
  return ratio;
}

std::vector<Subject> subjects(const results::File& file) {
  std::vector<Subject> out;
  const auto by_id = [](const auto& all, const std::string& id) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&id](const auto& one) { return one.id == id; });
    return found == all.end() ? nullptr : &*found;
  };
  for (const Result& row : file.results) {
    const Subject subject{by_id(file.machines, row.machine), by_id(file.models, row.model)};
    const bool known = std::any_of(out.begin(), out.end(), [&subject](const Subject& other) {
      return other.machine == subject.machine && other.model == subject.model;
    });
    if (!known && subject.machine != nullptr && subject.model != nullptr) out.push_back(subject);
  }
  if (out.empty())
    out.push_back({file.machines.empty() ? nullptr : &file.machines.front(),
                   file.models.empty() ? nullptr : &file.models.front()});
  return out;
}

Evidence::Evidence(const results::File& file, const Subject& subject)
    : file_(file), subject_(subject) {
  const auto group_of = [](std::vector<ConfigurationView>& groups, const Result& row) {
    return std::find_if(groups.begin(), groups.end(), [&row](const ConfigurationView& group) {
      return same_configuration(group.key(), row);
    });
  };
  const auto group_of_any_run = [](std::vector<ConfigurationView>& groups, const Result& row) {
    return std::find_if(groups.begin(), groups.end(), [&row](const ConfigurationView& group) {
      return same_but_run(group.key(), row);
    });
  };
  for (const Result& row : file.results) {
    if (subject.machine != nullptr && row.machine != subject.machine->id) continue;
    // nety diag times products of matrices, not runs of a model.
    if (row.phase == "matvec" || row.phase == "matmat") continue;
    // A configuration that never loaded may know its model only by the name it was asked for.
    const bool other_model =
        std::any_of(file.models.begin(), file.models.end(),
                    [&](const results::Model& model) { return model.id == row.model; });
    if (subject.model != nullptr && other_model && row.model != subject.model->id) continue;
    const auto group = group_of(all_, row);
    if (group == all_.end())
      all_.emplace_back().rows.push_back(&row);
    else
      group->rows.push_back(&row);
  }
  std::vector<const ConfigurationView*> newest_first;
  for (const ConfigurationView& one : all_) newest_first.push_back(&one);
  std::stable_sort(newest_first.begin(), newest_first.end(),
                   [](const ConfigurationView* a, const ConfigurationView* b) {
                     return a->key().run > b->key().run;
                   });
  for (const ConfigurationView& one : all_) {
    if (group_of_any_run(newest_, one.key()) != newest_.end()) continue;
    ConfigurationView& joined = newest_.emplace_back();
    for (const ConfigurationView* part : newest_first) {
      if (!same_but_run(part->key(), one.key())) continue;
      const ConfigurationView before = joined;
      for (const Result* row : part->rows)
        if (!has_phase(before, row->phase)) joined.rows.push_back(row);
    }
  }
  for (const results::Finding& finding : file.findings)
    if (finding.machine.empty() || subject.machine == nullptr ||
        finding.machine == subject.machine->id)
      findings_.push_back(&finding);
}

const ConfigurationView* Evidence::find(std::string_view mode, std::string_view backend) const {
  const ConfigurationView* found = nullptr;
  for (const ConfigurationView& configuration : newest_) {
    if (configuration.mode() != mode) continue;
    if (configuration.backend() == (backend.empty() ? "native" : backend)) return &configuration;
    if (backend.empty() && found == nullptr) found = &configuration;
  }
  return found;
}

std::optional<Ratio> Evidence::speed_over(const ConfigurationView& configuration,
                                          std::string_view to, bool prefill) const {
  const auto row_of = [prefill](const ConfigurationView& one) {
    return prefill ? one.prefill_row() : one.decode_row();
  };
  const Result* own = row_of(configuration);
  const char* rate = prefill ? "pp_tps" : "tg_tps";
  if (own == nullptr) return std::nullopt;
  for (const ConfigurationView& other : all_)
    if (other.mode() == to && other.backend() == configuration.backend() &&
        other.key().run == own->run && row_of(other) != nullptr)
      return rate_ratio(own, row_of(other), rate);
  const ConfigurationView* newest = find(to, configuration.backend());
  return newest == nullptr ? std::nullopt : rate_ratio(own, row_of(*newest), rate);
}

const results::Decision* Evidence::decision() const {
  const auto ours = [this](const results::Decision& decision) {
    return (decision.machine.empty() || subject_.machine == nullptr ||
            decision.machine == subject_.machine->id) &&
           (decision.model.empty() || subject_.model == nullptr ||
            decision.model == subject_.model->id);
  };
  if (file_.decision && ours(*file_.decision)) return &*file_.decision;
  for (const results::Decision& decision : file_.decisions)
    if (ours(decision)) return &decision;
  return nullptr;
}

const ConfigurationView* Evidence::chosen() const {
  const results::Decision* made = decision();
  return made == nullptr ? nullptr : find(made->mode, made->backend);
}

const results::Finding* Evidence::finding(std::string_view id) const {
  for (const results::Finding* finding : findings_)
    if (finding->id == id) return finding;
  return nullptr;
}

std::optional<bool> Evidence::quantised_source() const {
  if (model() == nullptr || model()->stored.empty()) return std::nullopt;
  const std::string& stored = model()->stored;
  for (const char* type : {"F32", "F16", "BF16"})
    if (stored.find(std::string(type) + " ") == 0 || stored == type) return false;
  return true;
}

}  // namespace nety::reports
