// GitHub Markdown: the document's blocks, without samples; charts are tables already.
#include <fmt/core.h>

#include "reports/document.h"
#include "reports/escape.h"
#include "reports/render.h"

namespace nety::reports {
namespace {

std::string escaped(const std::string& text) { return escape_markdown(text); }

/// Writes blocks one after the other.
class MarkdownWriter {
 public:
  void operator()(const Paragraph& paragraph) { out += escaped(paragraph.text) + "\n\n"; }

  void operator()(const Code& code) {
    // A fence longer than any run of backticks inside.
    std::string fence = "```";
    while (code.text.find(fence) != std::string::npos) fence += '`';
    out += fmt::format("{}\n{}\n{}\n\n", fence, one_line(code.text), fence);
  }

  void operator()(const Table& table) {
    std::string head = "|", rule = "|";
    for (const Column& column : table.columns) {
      head += fmt::format(" {}{}{} |", escaped(column.title), column.unit.empty() ? "" : ", ",
                          escaped(column.unit));
      rule += column.numeric ? "---:|" : "---|";
    }
    out += head + "\n" + rule + "\n";
    for (const Table::Line& line : table.lines) {
      out += "|";
      for (const Cell& cell : line.cells) out += fmt::format(" {} |", cell_text(cell, line.marked));
      out += "\n";
    }
    out += fmt::format("\n{}{}", escaped(table.footnote), table.footnote.empty() ? "" : "\n\n");
  }

  /// Raw samples are in the JSON file.
  void operator()(const Appendix&) {}

  // Their descriptions say what would be seen.
  void operator()(const BarChart& chart) { described(chart); }
  void operator()(const PointChart& chart) { described(chart); }
  void operator()(const LineChart& chart) { described(chart); }
  void operator()(const SpreadChart& chart) { described(chart); }

  void operator()(const ClaimList& list) {
    for (const ClaimList::Group& group : list.groups) {
      out += fmt::format("### {}\n\n", escaped(group.title));
      for (const ClaimList::Item& item : group.items) {
        out += fmt::format("- **{}** · {} (`{}`)\n", escaped(item.verdict),
                           escaped(item.claim.statement), one_line(item.claim.id));
        if (!group.brief) detail(item.claim.evidence, "");
        if (!group.brief) detail(item.claim.margin, item.margin_title);
        const std::string& command = item.claim.command;
        if (!group.brief || command.empty()) detail(item.claim.sensitivity, item.sensitivity_title);
        if (command.empty()) continue;
        const std::string before = group.brief ? "" : titled(item.command_title);
        out += fmt::format("  <br>{}`{}`\n", before, one_line(command));
      }
      out += "\n";
    }
  }

  void operator()(const FindingList& list) {
    for (const FindingList::Item& item : list.items) {
      out += fmt::format("- **{}** · {}", escaped(item.status_word), escaped(item.title));
      if (!item.value.empty()) out += fmt::format(": {}", escaped(item.value));
      out += "\n";
      detail(item.consequence, "");
      detail(item.remedy, "");
    }
    out += "\n";
  }

  std::string out;

 private:
  template <class Chart>
  void described(const Chart& chart) {
    out += fmt::format("**{}** {}\n\n", escaped(chart.title), escaped(chart.description));
  }

  static std::string cell_text(const Cell& cell, bool marked) {
    std::string text = escaped(cell.text);
    if (cell.estimated) text = fmt::format("\u2248 _{}_", text);
    if (cell.verdict) text = fmt::format("**{}**", text);
    if (marked && !cell.verdict) text = fmt::format("**{}**", text);
    if (!cell.note.empty()) text += fmt::format(" {}", escaped(cell.note));
    return text;
  }

  static std::string titled(const std::string& title) {
    return title.empty() ? "" : fmt::format("_{}_ ", escaped(title));
  }

  void detail(const std::string& text, const std::string& title) {
    if (text.empty()) return;
    out += fmt::format("  <br>{}{}\n", titled(title), escaped(text));
  }
};

}  // namespace

std::string render_markdown(const results::File& file, const ClaimOptions& options) {
  const Document document = make_document(file, options);
  MarkdownWriter writer;
  writer.out = fmt::format("# {}\n\n", escaped(document.headline));
  for (const std::string& line : {document.overline, document.second, document.lead})
    if (!line.empty()) writer.out += escaped(line) + "\n\n";
  for (const Section& section : document.sections) {
    if (!section.about.empty())
      writer.out +=
          fmt::format("---\n\n**{}** {}\n\n", escaped(section.about), escaped(section.about_id));
    if (section.id.starts_with("samples")) continue;
    writer.out += fmt::format("## {}\n\n", escaped(section.title));
    for (const Block& block : section.blocks) std::visit(writer, block);
  }
  while (writer.out.ends_with("\n\n")) writer.out.pop_back();
  return writer.out;
}

}  // namespace nety::reports
