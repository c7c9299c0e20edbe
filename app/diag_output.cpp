#include "app/diag_output.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "core/base/files.h"
#include "core/base/units.h"
#include "diag/messages.h"
#include "reports/escape.h"
#include "reports/render.h"

namespace nety::app {
namespace {

using diag::Diagnosis;
using results::Finding;
using results::FindingStatus;

constexpr FindingStatus kWorstFirst[] = {FindingStatus::kFail, FindingStatus::kWarn,
                                         FindingStatus::kUnknown, FindingStatus::kOk,
                                         FindingStatus::kAbsent};

std::string say(MessageId id, Language language, std::vector<std::string> args = {}) {
  return render({id, std::move(args)}, language);
}

std::string speed(const diag::ModeTrial& row) {
  if (!row.speed.median) return "";
  std::string text = fmt::format("{:.2f}", *row.speed.median);
  if (row.speed.ci)
    text += fmt::format(" [{:.2f}, {:.2f}]", row.speed.ci->first, row.speed.ci->second);
  return text;
}

std::string mode_lines(const diag::Trials& trials, Language language) {
  std::string out = fmt::format("| {} | {} | {} | {} | {} | {} |\n|---|---|---|---|---:|---:|\n",
                                say(message::diag_screen_column_mode, language),
                                say(message::diag_screen_column_backend, language),
                                say(message::diag_screen_column_verdict, language),
                                say(message::diag_screen_column_path, language),
                                say(message::diag_screen_column_speed, language),
                                say(message::diag_screen_column_bytes, language));
  for (const diag::ModeTrial& row : trials.rows)
    out += fmt::format(
        "| {} | {} | {} | {} | {} | {} |\n", row.mode, row.backend,
        say(verdict_word(row.verdict), language),
        row.path == diag::ProductPath::kUnknown ? "" : say(path_word(row.path), language),
        speed(row), row.bytes_per_weight > 0 ? fmt::format("{:.3g}", row.bytes_per_weight) : "");
  return out + "\n";
}

std::string fit_lines(const Diagnosis& diagnosis, Language language) {
  std::string out;
  for (const diag::ModeRow& row : diagnosis.modes) {
    if (!row.memory) continue;
    out += fmt::format("- {}: {}\n", row.name,
                       say(row.fits ? message::diag_screen_fits : message::diag_screen_too_big,
                           language, {format_bytes(row.memory->needed())}));
  }
  return out.empty()
             ? out
             : fmt::format("**{}**\n\n{}\n", reports::escape_markdown(diagnosis.model), out);
}

std::string finding_line(const Finding& finding) {
  std::string out =
      fmt::format("- **{}** · {}: {}\n", results::name_of(finding.status),
                  reports::escape_markdown(finding.title), reports::escape_markdown(finding.value));
  for (const std::string* more : {&finding.consequence, &finding.remedy})
    if (!more->empty()) out += fmt::format("  <br>{}\n", reports::escape_markdown(*more));
  return out;
}

}  // namespace

std::string diag_markdown(const Diagnosis& diagnosis, const std::string& title, Language language) {
  const results::Machine& machine = diagnosis.machine;
  std::string out =
      fmt::format("# {}\n\n{} · {}\n\n", reports::escape_markdown(title),
                  reports::escape_markdown(machine.cpu), reports::escape_markdown(machine.os));
  if (diagnosis.decision)
    out +=
        reports::escape_markdown(say(message::diag_screen_policy_model, language,
                                     {diagnosis.model, std::string(diagnosis.decision->mode_name()),
                                      diagnosis.decision->device}) +
                                 " " + render(diagnosis.decision->reasons.back().text, language)) +
        "\n\n";
  if (!diagnosis.refusal.empty()) out += reports::escape_markdown(diagnosis.refusal) + "\n\n";
  if (diagnosis.trials) out += mode_lines(*diagnosis.trials, language);
  out += fit_lines(diagnosis, language);
  out += fmt::format("## {}\n\n", say(message::diag_screen_findings, language));
  for (const FindingStatus status : kWorstFirst)
    for (const Finding& finding : diagnosis.findings)
      if (finding.status == status) out += finding_line(finding);
  return out;
}

std::string diag_junit(const Diagnosis& diagnosis) {
  const auto& findings = diagnosis.findings;
  const auto count = [&findings](FindingStatus status) {
    return std::count_if(findings.begin(), findings.end(),
                         [status](const Finding& finding) { return finding.status == status; });
  };
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  out += fmt::format("<testsuite name=\"nety diag\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n",
                     findings.size(), count(FindingStatus::kFail), count(FindingStatus::kUnknown));
  for (const Finding& finding : findings) {
    const bool required = finding.id.starts_with("require.");
    const std::string name = required ? finding.title : finding.id;
    const std::string head = reports::escape_html(finding.title + ": " + finding.value);
    const std::string rest = reports::escape_html(finding.consequence + " " + finding.remedy);
    out += fmt::format("  <testcase classname=\"nety.{}\" name=\"{}\">\n",
                       required ? "require" : "diag", reports::escape_html(name));
    if (finding.status == FindingStatus::kFail)
      out += fmt::format("    <failure message=\"{}\">{}</failure>\n", head, rest);
    else if (finding.status == FindingStatus::kUnknown)
      out += fmt::format("    <skipped message=\"{}\"/>\n", head);
    else
      out += fmt::format("    <system-out>{}\n{}</system-out>\n", head, rest);
    out += "  </testcase>\n";
  }
  return out + "</testsuite>\n";
}

void write_diag(const Diagnosis& diagnosis, const results::File& file, const std::string& path,
                const std::string& title, Language language) {
  const std::string extension = std::filesystem::path(path).extension().string();
  if (extension == ".md") return write_file(path, diag_markdown(diagnosis, title, language));
  if (extension == ".xml") return write_file(path, diag_junit(diagnosis));
  reports::write(file, path, {.language = language, .admissible = {}});
}

}  // namespace nety::app
