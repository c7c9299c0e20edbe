// One self-contained page: it reads whole without scripts, and nothing is fetched. The data it was
// made from is inside, as JSON.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/results/json.h"
#include "reports/document.h"
#include "reports/escape.h"
#include "reports/page_style.h"
#include "reports/render.h"
#include "reports/svg.h"

namespace nety::reports {
namespace {

using results::FindingStatus;
using results::Verdict;

std::string text(const std::string& plain) { return escape_html(plain); }

/// A sign beside the word, so that colour is not the only cue. Screen readers skip it.
std::string sign(const char* symbol) {
  return fmt::format("<span aria-hidden=\"true\">{}</span> ", symbol);
}

const char* sign_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kSupported:
      return "\u2713";
    case Verdict::kRefuted:
      return "\u2715";
    case Verdict::kInconclusive:
      return "?";
    case Verdict::kNotTested:
      break;
  }
  return "\u2013";
}

const char* sign_of(FindingStatus status) {
  switch (status) {
    case FindingStatus::kOk:
      return "\u2713";
    case FindingStatus::kWarn:
      return "!";
    case FindingStatus::kFail:
      return "\u2715";
    case FindingStatus::kAbsent:
      return "\u2013";
    case FindingStatus::kUnknown:
      break;
  }
  return "?";
}

/// The first word of a verdict, as a class: "NOT" of "NOT TESTED".
std::string class_of(Verdict verdict) {
  const std::string word(results::name_of(verdict));
  return word.substr(0, word.find(' '));
}

/// Writes blocks one after the other.
class HtmlWriter {
 public:
  HtmlWriter(Language language, std::string sort_label)
      : words_(language), sort_label_(std::move(sort_label)) {}

  void operator()(const Paragraph& paragraph) {
    out += fmt::format("<p>{}</p>\n", text(paragraph.text));
  }

  void operator()(const Code& code) {
    out += fmt::format("<pre><code>{}</code></pre>\n", text(code.text));
  }

  void operator()(const Table& table) {
    out += fmt::format(
        "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"{0}\"><table "
        "class=\"cards\" role=\"table\" data-sort=\"{1}\">\n"
        "<caption>{0}</caption>\n<thead role=\"rowgroup\"><tr role=\"row\">",
        text(table.caption), text(sort_label_));
    for (const Column& column : table.columns) {
      const std::string unit =
          column.unit.empty() ? "" : fmt::format(" <small>{}</small>", text(column.unit));
      out += fmt::format("<th scope=\"col\" role=\"columnheader\"{}>{}{}</th>",
                         column.numeric ? " class=\"n\"" : "", text(column.title), unit);
    }
    out += "</tr></thead>\n<tbody role=\"rowgroup\">\n";
    for (const Table::Line& row : table.lines) line(table, row);
    out += "</tbody></table></div>\n";
    detail(table.footnote, "", "more");
  }

  void operator()(const Appendix& appendix) {
    out += fmt::format("<details><summary>{}</summary>\n", text(appendix.title));
    (*this)(appendix.table);
    out += "</details>\n";
  }

  void operator()(const BarChart& chart) {
    const bool rates = !chart.mark_name.empty() || !chart.other_name.empty();
    begin_figure(rates ? "rates" : "", chart.title);
    for (size_t i = 0; i < chart.legend.size(); ++i) key(fmt::format("k{}", i), chart.legend[i]);
    key("ko", chart.other_name);
    key("kw", chart.mark_name);
    key("kc", chart.interval_name);
    key("kl", chart.limit_name);
    drawings(chart, chart.axis);
  }

  void operator()(const PointChart& chart) {
    begin_figure("", chart.title);
    key("kp", chart.own_name);
    key("ks", chart.other_name);
    key("kd", chart.dimmed_name);
    key("kr", chart.marked_name);
    drawings(chart, "");
  }

  void operator()(const LineChart& chart) {
    begin_figure("", chart.title);
    key("kc", chart.interval_name);
    drawings(chart, "");
  }

  void operator()(const SpreadChart& chart) {
    begin_figure("", chart.title);
    key("kb", chart.box_name);
    key("km", chart.median_name);
    key("kc", chart.range_name);
    drawings(chart, chart.axis);
  }

  void operator()(const ClaimList& list) {
    for (const ClaimList::Group& group : list.groups) {
      out += fmt::format("<h3>{}</h3>\n<ul class=\"items{}\">\n", text(group.title),
                         group.brief ? " brief" : "");
      if (group.brief)
        untested(group);
      else
        for (const ClaimList::Item& item : group.items) claim(item);
      out += "</ul>\n";
    }
  }

  void operator()(const FindingList& list) {
    out += "<ul class=\"items\">\n";
    for (const FindingList::Item& item : list.items) {
      out +=
          fmt::format("<li><span class=\"chip {}\">{}{}</span><div>", results::name_of(item.status),
                      sign(sign_of(item.status)), text(item.status_word));
      out += fmt::format("<p><b>{}</b> {}</p>", text(item.title), text(item.value));
      detail(item.consequence, "", "");
      detail(item.remedy, "", "");
      detail(item.source, "", "more");
      out += "</div></li>\n";
    }
    out += "</ul>\n";
  }

  std::string out;

 private:
  void key(const std::string& style, const std::string& name) {
    if (!name.empty())
      out += fmt::format("<li><i class=\"{}\" aria-hidden=\"true\"></i>{}</li>", style, text(name));
  }

  void begin_figure(const std::string& style, const std::string& title) {
    out += fmt::format("<figure{}><figcaption>{}</figcaption>\n<ul class=\"legend\">",
                       style.empty() ? "" : fmt::format(" class=\"{}\"", style), text(title));
  }

  /// Ends the legend and the figure.
  template <class Chart>
  void drawings(const Chart& chart, const std::string& axis) {
    out += fmt::format("</ul>\n<div class=\"wide\">{}</div>", draw(chart, kWide, words_));
    out += fmt::format("<div class=\"narrow\">{}</div>", draw(chart, kNarrow, words_));
    detail(axis, "", "more");
    out += "</figure>\n";
  }

  void detail(const std::string& plain, const std::string& title, const char* style) {
    if (plain.empty()) return;
    const std::string before = title.empty() ? "" : fmt::format("<b>{}</b> ", text(title));
    const std::string attribute = *style == 0 ? "" : fmt::format(" class=\"{}\"", style);
    out += fmt::format("<p{}>{}{}</p>", attribute, before, text(plain));
  }

  void claim(const ClaimList::Item& item) {
    out += fmt::format("<li id=\"{}\">{}<div><h4>{}</h4>", unique_id("claim-" + item.claim.id),
                       chip(item.claim.verdict, item.verdict), text(item.claim.statement));
    detail(item.claim.evidence, "", "");
    detail(item.claim.margin, item.margin_title, "more");
    detail(item.claim.sensitivity, item.sensitivity_title, "more");
    if (!item.claim.command.empty()) {
      out += fmt::format("<p class=\"more\"><b>{}</b></p>", text(item.command_title));
      (*this)(Code{item.claim.command});
    }
    out += "</div></li>\n";
  }

  /// Claims that the same command would test are grouped above it.
  void untested(const ClaimList::Group& group) {
    std::vector<std::string> commands;
    for (const ClaimList::Item& item : group.items)
      if (std::find(commands.begin(), commands.end(), item.claim.command) == commands.end())
        commands.push_back(item.claim.command);
    for (const std::string& command : commands) {
      bool first = true;
      for (const ClaimList::Item& item : group.items) {
        if (item.claim.command != command) continue;
        if (first) out += fmt::format("<li>{}<div>", chip(item.claim.verdict, item.verdict));
        first = false;
        out += fmt::format("<h4 id=\"{}\">{}</h4>", unique_id("claim-" + item.claim.id),
                           text(item.claim.statement));
        detail(item.claim.evidence, "", "more");
        if (command.empty()) detail(item.claim.sensitivity, "", "more");
      }
      if (!command.empty()) (*this)(Code{command});
      out += "</div></li>\n";
    }
  }

  std::string chip(Verdict verdict, const std::string& word) const {
    return fmt::format("<span class=\"chip {}\">{}{}</span>", class_of(verdict),
                       sign(sign_of(verdict)), text(word));
  }

  /// The id; with a number behind it if an earlier subject of the page has the same.
  std::string unique_id(std::string id) {
    id = text(id);
    const auto seen = std::count(ids_.begin(), ids_.end(), id);
    ids_.push_back(id);
    return seen == 0 ? id : fmt::format("{}-{}", id, seen + 1);
  }

  std::string content(const Cell& cell) const {
    if (cell.verdict) return chip(*cell.verdict, cell.text);
    return cell.estimated
               ? fmt::format("<span class=\"estimated\">\u2248 {}</span>", text(cell.text))
               : text(cell.text);
  }

  void line(const Table& table, const Table::Line& row) {
    out += fmt::format("<tr role=\"row\"{}>", row.marked   ? " class=\"marked\""
                                              : row.dimmed ? " class=\"dimmed\""
                                                           : "");
    for (size_t i = 0; i < row.cells.size(); ++i) {
      const Cell& cell = row.cells[i];
      const Column& column = table.columns.at(i);
      const std::string note =
          cell.note.empty() ? "" : fmt::format(" <small>{}</small>", text(cell.note));
      if (i == 0) {
        out += fmt::format("<th scope=\"row\" role=\"rowheader\">{}{}</th>", content(cell), note);
        continue;
      }
      const bool nothing = cell.text == "-" && cell.note.empty();
      const std::string label =
          column.unit.empty() ? column.title : column.title + ", " + column.unit;
      const std::string value = cell.value && std::isfinite(*cell.value)
                                    ? fmt::format(" data-v=\"{}\"", *cell.value)
                                    : "";
      out +=
          fmt::format("<td role=\"cell\" class=\"{}{}\" data-label=\"{}\"{}><span>{}{}</span></td>",
                      column.numeric ? "n" : "t", nothing ? " void" : "", text(label), value,
                      content(cell), note);
    }
    out += "</tr>\n";
  }

  Wording words_;
  std::string sort_label_;
  std::vector<std::string> ids_;
};

/// The file as JSON. "<" could end the script element, and HTML forbids DEL, C1 controls and the
/// noncharacters U+FFFE and U+FFFF: all of them are escaped.
std::string embedded(const results::File& file) {
  const std::string json = results::to_json(file);
  std::string out;
  for (size_t i = 0; i < json.size(); ++i) {
    const auto byte = [&json, i](size_t k) {
      return i + k < json.size() ? static_cast<unsigned char>(json[i + k]) : 0U;
    };
    if (byte(0) == '<' || byte(0) == 0x7f) {
      out += fmt::format("\\u{:04x}", byte(0));
    } else if (byte(0) == 0xc2 && byte(1) < 0xa0) {
      out += fmt::format("\\u{:04x}", byte(1));
      i += 1;
    } else if (byte(0) == 0xef && byte(1) == 0xbf && byte(2) >= 0xbe) {
      out += fmt::format("\\uff{:02x}", byte(2) + 0x40U);
      i += 2;
    } else {
      out += json[i];
    }
  }
  return out;
}

/// Links to the sections.
void navigation(const Document& document, std::string& out) {
  out += fmt::format("<nav aria-label=\"{}\"><ul>", text(document.contents_label));
  for (const Section& section : document.sections)
    if (section.id.find('-') == std::string::npos)
      out += fmt::format("<li><a href=\"#{}\">{}</a></li>", section.id, text(section.title));
  out += "</ul></nav>\n";
}

}  // namespace

std::string render_html(const results::File& file, const ClaimOptions& options) {
  const Document document = make_document(file, options);
  HtmlWriter writer(options.language, document.sort_label);
  std::string& out = writer.out;
  out = fmt::format(
      "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n",
      options.language == Language::kFrench ? "fr" : "en", text(document.title), page_style());
  out += fmt::format("<a class=\"skip\" href=\"#{}\">{}</a>\n<main>\n<header>\n",
                     document.sections.front().id, text(document.skip_label));
  out += fmt::format("<p class=\"over\">{}</p>\n<h1>{}</h1>\n", text(document.overline),
                     text(document.headline));
  for (const std::string& sentence : {document.second, document.lead})
    if (!sentence.empty()) out += fmt::format("<p class=\"lead\">{}</p>\n", text(sentence));
  if (!document.tiles.empty()) {
    out += "<ul class=\"tiles\">";
    for (const Tile& tile : document.tiles)
      out += fmt::format("<li><b>{}</b><span>{}</span></li>", text(tile.value), text(tile.caption));
    out += "</ul>\n";
  }
  navigation(document, out);
  out += "</header>\n";
  for (const Section& section : document.sections) {
    if (!section.about.empty())
      out += fmt::format("<p class=\"about\"><b>{}</b> {}</p>\n", text(section.about),
                         text(section.about_id));
    // A named landmark. Sections of several subjects share names: only the first's are landmarks.
    const bool named = section.id.find('-') == std::string::npos;
    out += fmt::format("<section id=\"{0}\"{1}>\n<h2 id=\"{0}-h\">{2}</h2>\n", section.id,
                       named ? fmt::format(" aria-labelledby=\"{}-h\"", section.id) : "",
                       text(section.title));
    for (const Block& block : section.blocks) std::visit(writer, block);
    out += "</section>\n";
  }
  out += "</main>\n<script type=\"application/json\" id=\"nety-results\">\n";
  out += embedded(file);
  out += fmt::format("</script>\n<script>{}</script>\n</body>\n</html>\n", page_script());
  return std::move(out);
}

}  // namespace nety::reports
