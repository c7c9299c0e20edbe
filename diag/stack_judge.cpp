// From what a test found to what a person should know: value, consequence, remedy.
#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "core/base/units.h"
#include "core/base/words.h"
#include "diag/stack.h"
#include "diag/stack_reports.h"
#include "diag/stack_words.h"

namespace nety::diag {
namespace {

using results::Finding;
using results::FindingStatus;

struct CheckRow {
  std::string_view check;
  bool grave;
  MessageId title, bad;
};
constexpr CheckRow kRows[] = {
#define NETY_STACK_CHECK(check, grave) \
  {#check, grave, message::diag_stack_##check, message::diag_stack_##check##_bad},
#include "diag/stack_checks.def"
#undef NETY_STACK_CHECK
};

/// The same codes and scales: only a last bit may differ.
constexpr double kLibraryTolerance = 1e-6;

std::string short_number(double value) { return fmt::format("{:.2g}", value); }

std::string bytes(double value) { return format_bytes(static_cast<uint64_t>(value)); }

const StackCheck* find(const std::vector<StackCheck>& checks, std::string_view name) {
  for (const StackCheck& check : checks)
    if (check.check == name) return &check;
  return nullptr;
}

class Judge {
 public:
  Judge(const std::vector<StackCheck>& checks, std::string versions, StackWords words)
      : checks_(checks), versions_(std::move(versions)), words_(words) {}

  std::vector<Finding> findings() const {
    std::vector<Finding> all;
    // What keeps every test from running: the import, or the model they share.
    for (const char* name : {"import", "model"})
      if (const StackCheck* check = find(checks_, name); check != nullptr && !check->ok())
        return {not_running(*check)};
    for (const CheckRow& row : kRows)
      if (const StackCheck* check = find(checks_, row.check); check != nullptr)
        all.push_back(finding(row, *check));
    std::vector<Finding> reports = judge_reports(checks_, versions_, words_);
    std::move(reports.begin(), reports.end(), std::back_inserter(all));
    return all;
  }

 private:
  std::string value(const StackCheck& check) const {
    if (check.ok()) {
      const double error = check.number("error_relative");
      return error > 1e-6 ? words_.say(message::diag_stack_works_error, {short_number(error)})
                          : words_.say(message::diag_stack_works);
    }
    if (check.result == "failed")
      return words_.say(message::diag_stack_failed, {check.step, check.error, check.where});
    if (check.result == "crashed") return words_.say(message::diag_stack_crashed, {check.error});
    if (check.result == "timeout") return words_.say(message::diag_stack_timeout, {check.error});
    if (check.result == "slow")
      return words_.say(message::diag_stack_slow, {short_number(check.number("times"))});
    return wrong(check);
  }

  std::string wrong(const StackCheck& check) const {
    if (!check.error.empty()) return words_.say(message::diag_stack_wrong_how, {check.error});
    if (check.check == "nf4_save")
      return words_.say(message::diag_stack_damaged,
                        {fmt::format("{:.0f}", check.number("damaged")),
                         fmt::format("{:.0f}", check.number("layers")),
                         short_number(check.number("reload_difference"))});
    const std::string error = short_number(check.number("error_relative"));
    if (check.number("rows") > 0)
      return words_.say(message::diag_stack_wrong_shape,
                        {fmt::format("{:.0f}", check.number("rows")),
                         fmt::format("{:.0f}", check.number("columns")), error});
    return words_.say(message::diag_stack_wrong, {error});
  }

  Finding not_running(const StackCheck& check) const {
    Finding finding = words_.finding("stack.import", message::diag_stack_import, versions_);
    finding.status = FindingStatus::kFail;
    finding.value = check.error;
    finding.consequence = words_.say(message::diag_stack_import_bad);
    finding.remedy = words_.say(message::diag_stack_import_remedy);
    return finding;
  }

  Finding finding(const CheckRow& row, const StackCheck& check) const {
    Finding finding = words_.finding("stack." + std::string(row.check), row.title, versions_);
    finding.value = value(check);
    if (const auto error = check.numbers.find("error_relative"); error != check.numbers.end())
      finding.data = error->second;
    if (check.ok()) return finding;
    // Values that are wrong without a word are worse than a crash, which at least is seen.
    finding.status =
        row.grave || check.result == "wrong" ? FindingStatus::kFail : FindingStatus::kWarn;
    finding.consequence = row.check == "int8_offload" ? offload(row, check) : words_.say(row.bad);
    finding.remedy = words_.say(remedy(row.check));
    if (row.check == "int8_offload") finding.data = check.number("missing_bytes");
    return finding;
  }

  static MessageId remedy(std::string_view check) {
    if (check.find("_offload") != std::string_view::npos) return message::diag_stack_remedy_offload;
    if (check == "nf4_save") return message::diag_stack_remedy_save;
    if (check.ends_with("_uneven") || check.ends_with("_narrow"))
      return message::diag_stack_remedy_shape;
    if (check == "nf4_move") return message::diag_stack_remedy_move;
    return check == "fp32" ? message::diag_stack_import_remedy : message::diag_stack_remedy_cpu;
  }

  /// The story's crash: the same call with memory enough tells what the cause is.
  std::string offload(const CheckRow& row, const StackCheck& check) const {
    const StackCheck* enough = find(checks_, "int8");
    const bool works = enough != nullptr && enough->ok();
    return words_.say(row.bad,
                      {bytes(check.number("missing_bytes")), bytes(check.number("needed_bytes")),
                       bytes(check.number("given_bytes"))}) +
           " " +
           words_.say(works ? message::diag_stack_offload_cause
                            : message::diag_stack_offload_other);
  }

  const std::vector<StackCheck>& checks_;
  std::string versions_;
  StackWords words_;
};

std::string versions_of(const measure::PythonStack& stack) {
  std::string text;
  for (const char* name : {"transformers", "bitsandbytes", "torch"})
    if (const auto found = stack.packages.find(name); found != stack.packages.end())
      append_word(text, std::string(name) + " " + found->second);
  return text;
}

}  // namespace

std::vector<Finding> judge(const measure::PythonStack& stack, const std::vector<StackCheck>& checks,
                           Language language) {
  return Judge(checks, versions_of(stack), StackWords{language}).findings();
}

Finding judge_library(Finding finding, const LibraryReport& report, const StackWords& words) {
  if (!report.failure.empty()) {
    finding.status = FindingStatus::kWarn;
    finding.value = words.say(message::diag_stack_crashed, {report.failure});
    finding.consequence = words.say(message::diag_stack_library_unloadable);
    return finding;
  }
  std::string wrong;
  double worst = 0;
  size_t called = 0, bad = 0;
  for (const LibraryCheck& check : report.checks) {
    if (!check.found) continue;
    ++called;
    worst = std::max(worst, check.error_relative);
    if (check.error_relative <= kLibraryTolerance) continue;
    ++bad;
    append_word(wrong, fmt::format("{} [{}, {}]: {:.2g}", check.function, check.rows, check.columns,
                                   check.error_relative));
  }
  finding.data = worst;
  if (bad == 0) {
    finding.value = words.say(message::diag_stack_library_right, {std::to_string(called)});
    return finding;
  }
  finding.status = FindingStatus::kFail;
  finding.value = words.say(message::diag_stack_library_wrong,
                            {std::to_string(bad), std::to_string(called), wrong});
  finding.consequence = words.say(message::diag_stack_library_bad,
                                  {words.say(message::diag_stack_nf4_dequantise_uneven_bad)});
  finding.remedy = words.say(message::diag_stack_remedy_shape);
  return finding;
}

}  // namespace nety::diag
