// Which reported faults of bitsandbytes an installation has: what its tests say, taken together.
#include "diag/stack_reports.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "core/base/words.h"

namespace nety::diag {
namespace {

using results::Finding;
using results::FindingStatus;

struct ReportRow {
  std::string_view name, reference;
  std::array<std::string_view, 2> checks;
  MessageId title;
};
constexpr ReportRow kReports[] = {
#define NETY_STACK_REPORT(name, reference, first, second) \
  {#name, reference, {#first, #second}, message::diag_stack_report_##name},
#include "diag/stack_reports.def"
#undef NETY_STACK_REPORT
};

/// The one that decides where tests of one fault differ comes first.
constexpr Presence kOrder[] = {Presence::kPresent, Presence::kDormant, Presence::kUndecided,
                               Presence::kAbsent};

struct Why {
  std::string_view key;
  MessageId message;
};
constexpr Why kWhys[] = {{"never_packs", message::diag_stack_why_never_packs},
                         {"packed_by_hand", message::diag_stack_why_packed_by_hand},
                         {"needs_avx512", message::diag_stack_why_needs_avx512},
                         {"needs_no_avx512", message::diag_stack_why_needs_no_avx512},
                         {"other_width", message::diag_stack_why_other_width},
                         {"no_four_bit", message::diag_stack_why_no_four_bit},
                         {"not_run", message::diag_stack_why_not_run}};

MessageId word_of(Presence presence) {
  switch (presence) {
    case Presence::kPresent:
      return message::diag_stack_present;
    case Presence::kDormant:
      return message::diag_stack_dormant;
    case Presence::kAbsent:
      return message::diag_stack_absent;
    case Presence::kUndecided:
      break;
  }
  return message::diag_stack_undecided;
}

FindingStatus status_of(Presence presence) {
  switch (presence) {
    case Presence::kPresent:
      return FindingStatus::kWarn;
    case Presence::kDormant:
      return FindingStatus::kOk;
    case Presence::kAbsent:
      return FindingStatus::kAbsent;
    case Presence::kUndecided:
      break;
  }
  return FindingStatus::kUnknown;
}

const StackCheck* find(const std::vector<StackCheck>& checks, std::string_view name) {
  const auto found = std::ranges::find(checks, name, &StackCheck::check);
  return found == checks.end() ? nullptr : &*found;
}

/// What one test says. A failure is the fault's only where a 4-bit layer works otherwise.
StackVerdict verdict_of(const std::vector<StackCheck>& checks, std::string_view name) {
  const StackCheck* check = find(checks, name);
  if (check == nullptr || check->result == "timeout") return {Presence::kUndecided, "not_run"};
  if (!check->ok()) {
    const StackCheck* usual = find(checks, "nf4_forward");
    if (usual != nullptr && !usual->ok()) return {Presence::kUndecided, "no_four_bit"};
    return {Presence::kPresent, check->why};
  }
  if (check->verdict == "dormant") return {Presence::kDormant, check->why};
  if (check->verdict == "undecided") return {Presence::kUndecided, check->why};
  return {Presence::kAbsent, check->why};
}

StackVerdict verdict_of(const std::vector<StackCheck>& checks, const ReportRow& row) {
  const StackVerdict first = verdict_of(checks, row.checks[0]),
                     second = verdict_of(checks, row.checks[1]);
  for (const Presence presence : kOrder) {
    if (first.presence == presence) return first;
    if (second.presence == presence) return second;
  }
  return first;
}

std::string title_of(const ReportRow& row, const StackWords& words) {
  const std::string title = words.say(row.title);
  return row.reference.empty() ? title : fmt::format("{} ({})", title, row.reference);
}

std::string reason_of(const StackVerdict& verdict, const StackWords& words) {
  const auto known = std::ranges::find(kWhys, verdict.why, &Why::key);
  return known == std::end(kWhys) ? "" : words.say(known->message);
}

}  // namespace

std::vector<Finding> judge_reports(const std::vector<StackCheck>& checks,
                                   const std::string& versions, const StackWords& words) {
  std::vector<Finding> findings;
  std::array<std::string, std::size(kOrder)> names;
  Finding all = words.finding("stack.reports", message::diag_stack_reports, versions);
  all.data = 0;
  for (const ReportRow& row : kReports) {
    const StackVerdict verdict = verdict_of(checks, row);
    Finding finding = words.finding("stack.report." + std::string(row.name), row.title, versions);
    finding.title = title_of(row, words);
    finding.status = status_of(verdict.presence);
    finding.value = words.say(word_of(verdict.presence));
    if (const std::string reason = reason_of(verdict, words); !reason.empty())
      finding.value += ": " + reason;
    findings.push_back(std::move(finding));
    const auto place = std::ranges::find(kOrder, verdict.presence) - std::begin(kOrder);
    append_word(names[static_cast<size_t>(place)], title_of(row, words));
    if (verdict.presence == Presence::kPresent) all.data = *all.data + 1;
  }
  for (size_t i = 0; i < names.size(); ++i)
    if (!names[i].empty())
      append_word(all.value, words.say(word_of(kOrder[i])) + ": " + names[i], "; ");
  if (*all.data > 0)
    all.status = FindingStatus::kWarn;
  else if (!names[2].empty())
    all.status = FindingStatus::kUnknown;
  if (*all.data > 0) all.remedy = words.say(message::diag_stack_reports_remedy);
  findings.insert(findings.begin(), std::move(all));
  return findings;
}

}  // namespace nety::diag
