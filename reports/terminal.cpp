// The configuration table and the verdicts in plain text.
#include <fmt/format.h>

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

std::string padded(const std::string& text, size_t width, bool right) {
  const size_t used = width_of(text);
  const std::string fill(width > used ? width - used : 0, ' ');
  return right ? fill + text : text + fill;
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

}  // namespace

std::string terminal_table(const results::File& file, size_t width, Language language) {
  const Wording words(language);
  const Evidence evidence(file);
  const Table table = configuration_table(evidence, TablePart::kAll, words);
  const std::vector<std::vector<std::string>> columns = columns_of(table);
  std::vector<std::string> lines(table.lines.size() + 1, "  ");
  size_t used = 2;
  for (size_t c = 0; c < columns.size(); ++c) {
    size_t wide = 0;
    for (const std::string& text : columns[c]) wide = std::max(wide, width_of(text));
    if (c > 0 && used + wide > width) break;
    for (size_t line = 0; line < lines.size(); ++line)
      lines[line] +=
          padded(columns[c][line], wide, table.columns[c].numeric) + std::string(kGap, ' ');
    used += wide + kGap;
  }
  std::string out;
  for (std::string& line : lines) {
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
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
          out += fmt::format("  {}  {}. {}\n", padded(one_line(item.verdict), 12, false),
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
