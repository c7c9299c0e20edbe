// The configuration table and the verdicts in plain text.
#include <fmt/core.h>

#include <algorithm>

#include "reports/document.h"
#include "reports/escape.h"
#include "reports/render.h"
#include "reports/wording.h"

namespace nety::reports {
namespace {

constexpr size_t kGap = 2;

std::string cell_text(const Cell& cell, bool first) {
  std::string text = one_line(cell.text);
  if (cell.estimated) text.insert(0, "\u2248");
  if (first && !cell.note.empty()) text += fmt::format(" {}", one_line(cell.note));  // the backend
  return text;
}

/// The text of every cell by column, the title first.
std::vector<std::vector<std::string>> columns_of(const Table& table) {
  std::vector<std::vector<std::string>> columns;
  for (size_t c = 0; c < table.columns.size(); ++c) {
    const Column& column = table.columns[c];
    columns.push_back(
        {column.unit.empty() ? column.title : fmt::format("{} {}", column.title, column.unit)});
    for (const Table::Line& line : table.lines)
      columns.back().push_back(cell_text(line.cells.at(c), c == 0));
  }
  return columns;
}

size_t width_of_column(const std::vector<std::string>& column) {
  size_t wide = 0;
  for (const std::string& text : column) wide = std::max(wide, width_of(text));
  return wide;
}

/// Indices of the columns to show; minor ones only while all columns fit `width`.
std::vector<size_t> shown_columns(const Table& table, const std::vector<size_t>& widths,
                                  size_t width) {
  size_t used = 0;
  for (size_t c = 0; c < widths.size(); ++c)
    if (!table.columns[c].minor) used += kGap + widths[c];
  std::vector<size_t> shown;
  for (size_t c = 0; c < widths.size(); ++c) {
    if (table.columns[c].minor && used + kGap + widths[c] > width) continue;
    if (table.columns[c].minor) used += kGap + widths[c];
    shown.push_back(c);
  }
  return shown;
}

/// Columns side by side. Those beyond `width` follow below, with the first column repeated.
std::string laid_out(const Table& table, size_t width) {
  const std::vector<std::vector<std::string>> columns = columns_of(table);
  std::vector<size_t> widths;
  for (const auto& column : columns) widths.push_back(width_of_column(column));
  const std::vector<size_t> shown = shown_columns(table, widths, width);
  std::string out;
  for (size_t next = 1; next < shown.size();) {
    std::vector<size_t> block{shown[0]};
    size_t used = kGap + widths[shown[0]];
    for (; next < shown.size(); ++next) {
      if (block.size() > 1 && used + kGap + widths[shown[next]] > width) break;
      block.push_back(shown[next]);
      used += kGap + widths[shown[next]];
    }
    if (!out.empty()) out += "\n";
    for (size_t line = 0; line <= table.lines.size(); ++line) {
      std::string text;
      for (const size_t c : block)
        text +=
            std::string(kGap, ' ') + padded(columns[c][line], widths[c], table.columns[c].numeric);
      while (text.ends_with(' ')) text.pop_back();
      out += text + "\n";
    }
  }
  return out;
}

}  // namespace

std::string terminal_table(const results::File& file, size_t width, Language language) {
  const Wording words(language);
  const Evidence evidence(file);
  std::string out = laid_out(configuration_table(evidence, TablePart::kAll, words), width);
  for (const ConfigurationView& configuration : evidence.configurations())
    if (configuration.status() != results::Status::kOk)
      out += fmt::format(
          "  {} {}: {}: {}\n", one_line(configuration.mode()), one_line(configuration.backend()),
          results::name_of(configuration.status()), one_line(configuration.reason()));
  return out;
}

std::string terminal_verdicts(const results::File& file, const ClaimOptions& options) {
  const Document document = make_document(file, options);
  std::string out;
  for (const std::string& line : {document.headline, document.second, document.lead})
    if (!line.empty()) out += one_line(line) + "\n";
  size_t untested = 0;
  for (const Section& section : document.sections) {
    if (!section.about.empty())
      out += fmt::format("\n{}  {}\n", one_line(section.about), one_line(section.about_id));
    for (const Block& block : section.blocks) {
      const auto* claims = std::get_if<ClaimList>(&block);
      if (claims == nullptr) continue;
      for (const ClaimList::Group& group : claims->groups) {
        if (group.brief) untested += group.items.size();
        if (group.brief) continue;
        for (const ClaimList::Item& item : group.items)
          out += fmt::format("  {}  {}. {}\n", padded(one_line(item.verdict), 12),
                             one_line(item.claim.statement), one_line(item.claim.evidence));
      }
    }
  }
  if (untested > 0)
    out += fmt::format(
        "  {}\n",
        render({message::report_terminal_untested, {std::to_string(untested)}}, options.language));
  return out;
}

}  // namespace nety::reports
