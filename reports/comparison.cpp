// Comparisons in words. Signs are of the change as measured: a slower rate is negative.
#include "reports/comparison.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/base/words.h"
#include "core/results/change.h"
#include "reports/escape.h"
#include "reports/messages.h"

namespace nety::reports {
namespace {

using results::Change;
using results::Comparison;
using results::Finding;

constexpr size_t kMostAnnotations = 10;

bool is(const Comparison& comparison, Change change) {
  return comparison.verdict == results::name_of(change);
}

/// "-5.4 %"; 0 where nothing changed at all.
std::string change_of(double ratio, const Wording& words) {
  const double percent = 100 * (ratio - 1);
  if (ratio == 1) return "0";
  std::string text = fmt::format("{:+.{}f}", percent, std::fabs(percent) < 0.095 ? 2 : 1);
  if (words.language() == Language::kFrench) std::replace(text.begin(), text.end(), '.', ',');
  return text + " %";
}

std::string interval_of(const Comparison& comparison, const Wording& words) {
  if (comparison.margin == 0) return words.say(message::compare_exact);
  if (!comparison.ratio.ci) return "-";
  const auto [low, high] = *comparison.ratio.ci;
  const auto bare = [&](double ratio) {
    std::string text = change_of(ratio, words);
    return text == "0" ? text : text.substr(0, text.size() - 2);
  };
  return words.range(bare(low), bare(high));
}

struct MetricName {
  std::string_view metric;
  MessageId name;
};
constexpr MetricName kNames[] = {{"load_s", message::compare_load},
                                 {"ready_to_first_s", message::compare_ready},
                                 {"ttft_s", message::compare_first},
                                 {"tpot_s", message::compare_per_token},
                                 {"e2e_tg_tps", message::compare_with_text},
                                 {"peak_rss_bytes", message::compare_peak},
                                 {"peak_anon_bytes", message::compare_peak_allocated},
                                 {"weights_bytes", message::compare_weights},
                                 {"kv_bytes", message::compare_cache},
                                 {"tg_cpu_s", message::compare_processor},
                                 {"instructions_per_token", message::report_column_instructions},
                                 {"bytes_per_token", message::compare_bytes_per_token}};

/// "tg128", "pp512" as llama-bench calls them; others in words.
std::string name_of_metric(const Comparison& comparison, const Wording& words) {
  if (comparison.metric == "tg_tps") return fmt::format("tg{}", comparison.n_gen);
  if (comparison.metric == "pp_tps") return fmt::format("pp{}", comparison.n_prompt);
  for (const MetricName& known : kNames)
    if (known.metric == comparison.metric) return words.say(known.name);
  return comparison.metric;
}

MessageId word_of(const Comparison& comparison) {
  if (is(comparison, Change::kRegression)) return message::compare_regression;
  if (is(comparison, Change::kImprovement)) return message::compare_improvement;
  if (is(comparison, Change::kSame)) return message::compare_same;
  if (is(comparison, Change::kIncomparable)) return message::compare_incomparable;
  return message::compare_inconclusive;
}

std::string value_of(const results::Metric& metric, const Wording& words) {
  return metric.median ? words.quantity(*metric.median, metric.unit) : "-";
}

const Finding* find(const results::File& file, std::string_view id) {
  for (const Finding& finding : file.findings)
    if (finding.id == id) return &finding;
  return nullptr;
}

}  // namespace

std::string title_of(const Comparison& comparison, const Wording& words) {
  std::string name = name_of_metric(comparison, words);
  if (comparison.depth > 0) name += fmt::format("@{}", comparison.depth);
  if (!comparison.mode.empty()) name += " " + comparison.mode;
  if (!comparison.backend.empty() && comparison.backend != "native")
    name += fmt::format(" ({})", comparison.backend);
  return name;
}

std::string verdict_of(const Comparison& comparison, const Wording& words) {
  const std::string word = words.say(word_of(comparison));
  if (is(comparison, Change::kRegression) && comparison.margin > 0)
    return fmt::format(
        "{} ({})", word,
        words.say(message::compare_limit, {words.plain(100 * comparison.margin) + " %"}));
  if (is(comparison, Change::kInconclusive))
    return fmt::format("{} ({})", word,
                       comparison.more_pairs ? words.say(message::compare_more_pairs,
                                                         {std::to_string(*comparison.more_pairs)})
                                             : words.say(message::compare_no_pairs));
  return word;
}

std::string evidence_of(const Comparison& comparison, const Wording& words) {
  if (is(comparison, Change::kIncomparable) || !comparison.ratio.median)
    return fmt::format("{}: {}", title_of(comparison, words), comparison.reason);
  return fmt::format("{}: {} -> {}, {} {}, {}", title_of(comparison, words),
                     value_of(comparison.baseline, words), value_of(comparison.candidate, words),
                     change_of(*comparison.ratio.median, words), interval_of(comparison, words),
                     verdict_of(comparison, words));
}

std::optional<Table> comparison_table(const results::File& file, const Wording& words) {
  if (file.comparisons.empty()) return std::nullopt;
  Table table;
  const double level = file.comparisons.front().ratio.ci_level;
  table.columns = {
      {words.say(message::compare_column_metric), "", false},
      {words.say(message::compare_column_baseline), "", true},
      {words.say(message::compare_column_candidate), "", true},
      {words.say(message::compare_column_change), "", true},
      {words.say(message::compare_column_interval, {words.plain(100 * level)}), "", true},
      {words.say(message::compare_column_verdict), "", false}};
  for (const Comparison& comparison : file.comparisons) {
    Table::Line line;
    line.marked = comparison.gated;
    const bool none = !comparison.ratio.median;
    line.cells = {{title_of(comparison, words), "", false},
                  {value_of(comparison.baseline, words), "", false},
                  {value_of(comparison.candidate, words), "", false},
                  {none ? "-" : change_of(*comparison.ratio.median, words), "", false},
                  {none ? "-" : interval_of(comparison, words),
                   comparison.ratio.ci && comparison.ratio.ci_level != level
                       ? words.plain(100 * comparison.ratio.ci_level) + " %"
                       : "",
                   false},
                  {verdict_of(comparison, words), comparison.reason, false}};
    table.lines.push_back(std::move(line));
  }
  table.footnote = words.say(message::compare_footnote);
  return table;
}

std::string comparison_headline(const results::File& file, const Wording& words) {
  const std::pair<Change, MessageId> kinds[] = {
      {Change::kIncomparable, message::compare_headline_unfit},
      {Change::kRegression, message::compare_headline_regression},
      {Change::kInconclusive, message::compare_headline_inconclusive},
      {Change::kImprovement, message::compare_headline_better}};
  for (const auto& [change, sentence] : kinds) {
    std::string which;
    for (const Comparison& comparison : file.comparisons)
      if (comparison.gated && is(comparison, change))
        append_word(which, title_of(comparison, words));
    if (!which.empty()) return words.say(sentence, {which});
  }
  return words.say(message::compare_headline_fine);
}

std::string comparison_lead(const results::File& file) {
  std::string lead;
  for (const char* id :
       {"compare.protocol", "compare.self_check", "compare.detectable", "compare.answers"})
    if (const Finding* finding = find(file, id)) append_word(lead, one_line(finding->value), " · ");
  return lead;
}

Section comparison_section(const results::File& file, const Wording& words) {
  Section section{"comparison", words.say(message::compare_title), {}};
  if (std::optional<Table> table = comparison_table(file, words))
    section.blocks.push_back(std::move(*table));
  return section;
}

std::string terminal_comparison(const results::File& file, Language language) {
  const Wording words(language);
  const std::string head = comparison_lead(file);
  const std::optional<Table> table = comparison_table(file, words);
  if (!table) return head + "\n";
  std::vector<std::vector<std::string>> rows;
  std::vector<bool> marked = {false};
  rows.emplace_back();
  for (const Column& column : table->columns) rows.back().push_back(column.title);
  for (const Table::Line& line : table->lines) {
    rows.emplace_back();
    marked.push_back(line.marked);
    for (const Cell& cell : line.cells)
      rows.back().push_back(
          one_line(cell.note.empty() ? cell.text : fmt::format("{} ({})", cell.text, cell.note)));
  }
  std::vector<size_t> widths(table->columns.size(), 0);
  for (const auto& row : rows)
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  std::string out = head + "\n\n";
  for (size_t r = 0; r < rows.size(); ++r) {
    std::string line = marked[r] ? "> " : "  ";
    for (size_t i = 0; i < rows[r].size(); ++i)
      line += padded(rows[r][i], widths[i], table->columns[i].numeric) + "   ";
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  return out + "\n  " + table->footnote + "\n";
}

std::string junit_comparisons(const results::File& file, const Wording& words) {
  size_t tests = 0, failures = 0, skipped = 0;
  std::string cases;
  for (const Comparison& comparison : file.comparisons) {
    if (!comparison.gated) continue;
    ++tests;
    const std::string evidence = escape_html(one_line(evidence_of(comparison, words)));
    cases += fmt::format("  <testcase classname=\"nety.compare\" name=\"{}\">\n",
                         escape_html(title_of(comparison, words)));
    if (is(comparison, Change::kRegression)) {
      ++failures;
      cases += fmt::format("    <failure message=\"{}\">{}</failure>\n", evidence, evidence);
    } else if (is(comparison, Change::kInconclusive) || is(comparison, Change::kIncomparable)) {
      ++skipped;
      cases += fmt::format("    <skipped message=\"{}\"/>\n", evidence);
    } else {
      cases += fmt::format("    <system-out>{}</system-out>\n", evidence);
    }
    cases += "  </testcase>\n";
  }
  return fmt::format(
      "<testsuite name=\"nety compare\" tests=\"{}\" failures=\"{}\" "
      "skipped=\"{}\">\n{}</testsuite>\n",
      tests, failures, skipped, cases);
}

std::string csv_comparisons(const results::File& file) {
  std::string out =
      "metric,mode,backend,phase,n_prompt,n_gen,depth,gated,unit,baseline,candidate,ratio,"
      "ratio_low,ratio_high,level,pairs,margin,detectable,verdict,more_pairs,reason\n";
  const auto number = [](const std::optional<double>& value) {
    return value && std::isfinite(*value) ? fmt::format("{}", *value) : std::string();
  };
  for (const Comparison& it : file.comparisons) {
    std::optional<double> low, high;
    if (it.ratio.ci) {
      low = it.ratio.ci->first;
      high = it.ratio.ci->second;
    }
    out += fmt::format("{},{},{},{},{},{},{},{},{},", escape_csv(it.metric), escape_csv(it.mode),
                       escape_csv(it.backend), escape_csv(it.phase), it.n_prompt, it.n_gen,
                       it.depth, it.gated ? 1 : 0, escape_csv(it.baseline.unit));
    out += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}\n", number(it.baseline.median),
                       number(it.candidate.median), number(it.ratio.median), number(low),
                       number(high), number(it.ratio.ci_level), it.ratio.n, number(it.margin),
                       number(it.detectable), escape_csv(it.verdict),
                       it.more_pairs ? std::to_string(*it.more_pairs) : "", escape_csv(it.reason));
  }
  return out;
}

std::string github_annotations(const results::File& file, Language language) {
  const Wording words(language);
  const auto escaped = [](std::string_view text) {
    std::string out;
    for (const char c : one_line(text)) out += c == '%' ? std::string("%25") : std::string(1, c);
    return out;
  };
  std::vector<std::string> lines;
  const std::pair<Change, const char*> kinds[] = {{Change::kRegression, "error"},
                                                  {Change::kIncomparable, "warning"},
                                                  {Change::kInconclusive, "warning"},
                                                  {Change::kImprovement, "notice"}};
  for (const bool gated : {true, false})
    for (const auto& [change, level] : kinds)
      for (const Comparison& comparison : file.comparisons)
        if (comparison.gated == gated && is(comparison, change) && lines.size() < kMostAnnotations)
          lines.push_back(fmt::format("::{} title=nety compare::{}\n", gated ? level : "notice",
                                      escaped(evidence_of(comparison, words))));
  return joined(lines, "");
}

}  // namespace nety::reports
