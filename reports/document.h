// A report before it has a format: headings, paragraphs, tables, charts. Building it knows metrics
// and languages; rendering it knows formats. Texts are plain; renderers escape them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/messages.h"
#include "core/results/results.h"
#include "reports/claims/claims.h"
#include "reports/wording.h"

namespace nety::reports {

/// A cell: its value, and what stands small beside it (an interval, a reason).
struct Cell {
  std::string text, note;
  bool estimated = false;  ///< Typographically distinct.
};

struct Column {
  std::string title, unit;
  bool numeric = false;
};

struct Table {
  std::string caption;
  std::vector<Column> columns;
  struct Line {
    std::vector<Cell> cells;  ///< One per column; the first names the row.
    bool marked = false;      ///< The policy's choice.
    bool dimmed = false;      ///< Not measured.
  };
  std::vector<Line> lines;
  std::string footnote;
};

/// Horizontal bars, possibly of several parts, each with an interval, a mark and a text.
struct BarChart {
  std::string id;                   ///< Unique in the page, for its title and description.
  std::string title, description;   ///< The description says what a reader would see.
  std::string axis;                 ///< "tokens per second"
  std::vector<std::string> legend;  ///< One per part
  std::string other_name;           ///< What bars of other engines are; empty: there are none.
  std::string mark_name;            ///< What the marks are; empty: there are none.
  std::string interval_name;        ///< What the whiskers are; empty: there are none.
  struct Bar {
    std::string label, sublabel;
    std::vector<double> parts;  ///< In the axis' unit; empty: a row without a bar.
    std::optional<std::pair<double, double>> interval;
    std::optional<double> mark;
    std::string text;    ///< At the bar's end.
    bool other = false;  ///< Another engine than ours.
  };
  std::vector<Bar> bars;
};

struct Paragraph {
  std::string text;
};

struct Code {
  std::string text;
};

/// Claims with the words of their verdicts.
struct ClaimList {
  struct Item {
    results::Claim claim;
    std::string verdict;  ///< In the reader's language.
    std::string margin_title, sensitivity_title;
    std::string command;  ///< That would test or decide it: the end of the sensitivity, apart.
  };
  std::vector<Item> items;
};

/// Findings, worst first, and warnings.
struct FindingList {
  struct Item {
    results::FindingStatus status;
    std::string status_word, title, value, consequence, remedy, source;
  };
  std::vector<Item> items;
};

using Block = std::variant<Paragraph, Code, Table, BarChart, ClaimList, FindingList>;

struct Section {
  std::string id, title;
  std::vector<Block> blocks;
};

/// A large number and what it is.
struct Tile {
  std::string value, caption;
};

struct Document {
  Language language = Language::kEnglish;
  std::string title;     ///< Of the page.
  std::string overline;  ///< Model, machine, date.
  std::string headline;  ///< The verdict in one sentence.
  std::string lead;      ///< How the claims came out.
  std::vector<Tile> tiles;
  std::vector<Section> sections;
  std::string skip_label;  ///< "Skip to the results", for screen readers.
};

/// The document of a file's results; its claims are judged from them.
Document make_document(const results::File& file, const ClaimOptions& options);

/// Which columns: all, those of load and speed, or those of memory and quality.
enum class TablePart : uint8_t { kAll, kSpeed, kCost };
/// The table of every configuration, as the terminal shows it too.
Table configuration_table(const Evidence& evidence, TablePart part, const Wording& words);
/// Decode rates against the memory wall; none where nothing was measured.
std::optional<BarChart> decode_chart(const Evidence& evidence, const Wording& words);
/// Peak memory of each configuration, allocated and mapped apart.
std::optional<BarChart> memory_chart(const Evidence& evidence, const Wording& words);
/// The load's parts, where they are known.
std::optional<BarChart> load_chart(const Evidence& evidence, const Wording& words);

}  // namespace nety::reports
