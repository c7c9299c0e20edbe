// Findings of a comparison. Their ids are what reports look for.
#include "app/comparison.h"

#include <fmt/core.h>

#include <algorithm>
#include <sstream>

#include "bench/quality.h"
#include "core/base/units.h"
#include "core/base/words.h"
#include "core/results/closeness.h"
#include "reports/comparison.h"
#include "reports/messages.h"

namespace nety::app {
namespace {

using results::Finding;
using results::FindingStatus;

Finding finding(const char* id, MessageId title, Text value, Language language) {
  Finding out;
  out.id = id;
  out.title = render({title, {}}, language);
  out.value = render(value, language);
  return out;
}

/// The largest of the smallest changes that the gated figures could have detected, as a share.
std::optional<double> detectable(const bench::ComparedPrograms& outcome) {
  std::optional<double> largest;
  for (const results::Comparison& comparison : outcome.comparisons)
    if (comparison.gated && comparison.detectable)
      largest = std::max(largest.value_or(0), *comparison.detectable);
  return largest;
}

void add_detectable(std::vector<Finding>& findings, const bench::ComparedPrograms& outcome,
                    Language language) {
  const std::optional<double> share = detectable(outcome);
  if (!share) return;
  const reports::Wording words(language);
  Finding found = finding("compare.detectable", message::compare_detectable_title,
                          {message::compare_detectable, {words.percent(*share)}}, language);
  found.data = share;
  findings.push_back(std::move(found));
}

Finding self_check(const bench::ComparedPrograms& outcome, bool asked, Language language) {
  const reports::Wording words(language);
  if (!asked) {
    Finding found = finding("compare.self_check", message::compare_self_title,
                            {message::compare_self_none, {}}, language);
    found.status = FindingStatus::kAbsent;
    return found;
  }
  if (outcome.fit)
    return finding("compare.self_check", message::compare_self_title,
                   {message::compare_self_passed, {}}, language);
  std::string what;
  for (const results::Comparison& comparison : outcome.self)
    if (comparison.verdict == "regression" || comparison.verdict == "improvement")
      append_word(what, reports::evidence_of(comparison, words), "; ");
  Finding found = finding("compare.self_check", message::compare_self_title,
                          {message::compare_self_failed, {what}}, language);
  found.status = FindingStatus::kFail;
  found.consequence = render({message::compare_self_consequence, {}}, language);
  found.remedy = render({message::compare_self_remedy, {}}, language);
  return found;
}

/// Processor time that the hypervisor gave to others: one percent of it slows rates by one percent.
void add_noise(std::vector<Finding>& findings, const OtherLoad& before, const OtherLoad& after,
               Language language) {
  if (before.average.empty() || !before.stolen || !after.stolen || after.elapsed <= before.elapsed)
    return;
  const double stolen = static_cast<double>(*after.stolen - *before.stolen) /
                        static_cast<double>(*after.elapsed - *before.elapsed);
  const reports::Wording words(language);
  Finding found = finding(
      "compare.noise", message::compare_noise_title,
      {message::compare_noise, {before.average, after.average, words.percent(stolen)}}, language);
  found.source = "/proc/loadavg, /proc/stat";
  found.data = stolen;
  if (stolen > 0.01) found.status = FindingStatus::kWarn;
  findings.push_back(std::move(found));
}

Text text_of(const CompareMethod& method) {
  using Kind = CompareMethod::Kind;
  const auto bytes = [](double count) { return format_bytes(static_cast<uint64_t>(count)); };
  switch (method.kind) {
    case Kind::kCommand:
      return {message::compare_method_command, {}};
    case Kind::kAsked:
      return {message::compare_method_asked, {}};
    case Kind::kMemory:
      if (!method.reason.empty()) return {message::compare_method_refused, {method.reason}};
      return {message::compare_method_memory,
              {bytes(method.needed_bytes), bytes(method.available_bytes)}};
    case Kind::kSlices:
      break;
  }
  return {method.protocol >= bench::kSliceProtocol ? message::compare_method_slices
                                                   : message::compare_method_old_words,
          {std::to_string(method.plan.tokens), std::to_string(method.plan.n_prompt)}};
}

void add_method(std::vector<Finding>& findings, const bench::ComparedPrograms& outcome,
                const CompareMethod& method, Language language) {
  const std::string pairs = std::to_string(outcome.pairs),
                    time = reports::Wording(language).seconds(outcome.seconds);
  const bool slices = method.kind == CompareMethod::Kind::kSlices;
  findings.push_back(finding("compare.protocol", message::compare_title,
                             slices ? Text{message::compare_protocol_slices,
                                           {pairs, std::to_string(method.plan.turns),
                                            std::to_string(method.plan.prefills), time}}
                                    : Text{message::compare_protocol, {pairs, time}},
                             language));
  findings.back().data = static_cast<double>(outcome.pairs);
  findings.push_back(
      finding("compare.method", message::compare_method_title, text_of(method), language));
}

}  // namespace

Finding finding_of_answers(const bench::Contender& contender, const bench::AnswerCheck& check,
                           Language language) {
  if (check.same_top.empty()) {
    Finding found =
        finding("compare.answers", message::compare_answers_title,
                {message::compare_answers_unknown, {contender.name, check.unknown}}, language);
    found.status = FindingStatus::kUnknown;
    return found;
  }
  const results::Metric share = bench::clustered_mean("ratio", check.same_top);
  Finding found = finding(
      "compare.answers", message::compare_answers_title,
      {message::compare_answers, {contender.name, reports::Wording(language).metric(share)}},
      language);
  found.data = share.median;
  if (share.median.value_or(0) < results::Admissible().top1) {
    found.status = FindingStatus::kWarn;
    found.consequence = render({message::compare_answers_differ, {}}, language);
  }
  return found;
}

OtherLoad other_load(const machine::Machine& machine) {
  OtherLoad load;
  const std::string average = machine.read("/proc/loadavg").value.value_or("");
  load.average = average.substr(0, average.find(' '));
  // cpu user nice system idle iowait irq softirq steal ...
  std::istringstream line(machine.read("/proc/stat").value.value_or(""));
  std::string name;
  line >> name;
  uint64_t sum = 0, ticks = 0;
  constexpr int kSteal = 7;
  for (int column = 0; column <= kSteal && line >> ticks; ++column) {
    sum += ticks;
    if (column == kSteal) {
      load.stolen = ticks;
      load.elapsed = sum;
    }
  }
  return load;
}

std::vector<Finding> findings_of_programs(const bench::ComparedPrograms& outcome,
                                          const bench::CompareRequest& request,
                                          const CompareMethod& method, const OtherLoad& before,
                                          const OtherLoad& after, Language language) {
  std::vector<Finding> findings;
  add_method(findings, outcome, method, language);
  findings.push_back(self_check(outcome, request.self_check, language));
  add_detectable(findings, outcome, language);
  add_noise(findings, before, after, language);
  return findings;
}

std::vector<Finding> findings_of_files(const bench::ComparedPrograms& outcome, Language language) {
  std::vector<Finding> findings;
  findings.push_back(finding("compare.protocol", message::compare_title,
                             {message::compare_protocol_files, {std::to_string(outcome.pairs)}},
                             language));
  findings.back().data = static_cast<double>(outcome.pairs);
  findings.push_back(self_check(outcome, false, language));
  add_detectable(findings, outcome, language);
  return findings;
}

}  // namespace nety::app
