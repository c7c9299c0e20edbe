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
  bool estimated = false;                     ///< Typographically distinct.
  std::optional<double> value{};              ///< As a number, for sorting.
  std::optional<results::Verdict> verdict{};  ///< The cell is a verdict's word.
};

struct Column {
  std::string title, unit;
  bool numeric = false;
  bool minor = false;  ///< Left out first where there is no room.
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
  std::optional<double> limit;      ///< A line across all bars, in the axis' unit.
  std::string limit_name;
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

/// An axis of a chart with two: what it shows, and whether in powers of ten.
struct Axis {
  std::string title;
  bool logarithmic = false;
};

/// Points in a plane, such as speed against quality.
struct PointChart {
  std::string id, title, description;
  Axis x, y;
  std::string own_name, other_name, dimmed_name, marked_name;  ///< For the legend; empty: none.
  std::optional<double> limit;                                 ///< A line at that y.
  std::string limit_name;
  struct Point {
    std::string label, sublabel, text;
    double x = 0, y = 0;
    std::optional<std::pair<double, double>> x_interval;
    bool other = false;   ///< Another engine than ours.
    bool dimmed = false;  ///< Something else is better in both.
    bool marked = false;  ///< The policy's choice.
  };
  std::vector<Point> points;
};

/// Lines over x, such as decode rate over depth; each is named at its end.
struct LineChart {
  std::string id, title, description;
  Axis x, y;
  std::string interval_name;  ///< Empty: there are none.
  struct Point {
    double x = 0, y = 0;
    std::optional<std::pair<double, double>> interval;
  };
  struct Line {
    std::string label, sublabel;
    bool other = false;
    std::vector<Point> points;
  };
  std::vector<Line> lines;
};

/// How samples are spread: a box from the first to the third quartile with the median in it,
/// whiskers to the extremes, every sample a tick.
struct SpreadChart {
  std::string id, title, description, axis;
  std::string box_name, median_name, range_name;
  struct Row {
    std::string label, sublabel, text;
    bool other = false;
    std::vector<double> samples;  ///< Sorted, in the axis' unit.
  };
  std::vector<Row> rows;
};

struct Paragraph {
  std::string text;
};

struct Code {
  std::string text;
};

/// Claims with the words of their verdicts, in groups.
struct ClaimList {
  struct Item {
    results::Claim claim;
    std::string verdict;  ///< In the reader's language.
    std::string margin_title, sensitivity_title, command_title;
  };
  struct Group {
    std::string title;
    bool brief = false;  ///< Nothing was tested: only statement, evidence and command.
    std::vector<Item> items;
  };
  std::vector<Group> groups;
};

/// A table that is there to be looked up: folded away where a format can.
struct Appendix {
  std::string title;
  Table table;
};

/// Findings, worst first, and warnings.
struct FindingList {
  struct Item {
    results::FindingStatus status;
    std::string status_word, title, value, consequence, remedy, source;
  };
  std::vector<Item> items;
};

using Block = std::variant<Paragraph, Code, Table, Appendix, BarChart, PointChart, LineChart,
                           SpreadChart, ClaimList, FindingList>;

struct Section {
  std::string id, title;
  std::vector<Block> blocks;
  std::string about{}, about_id{};  ///< Where a new subject begins: its name, and its fingerprint.
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
  std::string second;    ///< What else a reader must know of it; may be empty.
  std::string lead;      ///< How the claims came out.
  std::vector<Tile> tiles;
  std::vector<Section> sections;
  std::string skip_label;      ///< "Skip to the results", for screen readers.
  std::string contents_label;  ///< "Contents", for screen readers.
  std::string sort_label;      ///< "Sort by this column", for the buttons of a page with scripts.
};

/// The document of a file's results; its claims are judged from them.
Document make_document(const results::File& file, const ClaimOptions& options);

/// "supported", "refuted" ...
MessageId word_of(results::Verdict verdict);

/// A metric's value with its interval and count; a dash without a value, with the reason.
Cell cell_of(const results::Metric* metric, const Wording& words);

/// Which columns: all, or those of load and speed, of latency, of memory and quality.
enum class TablePart : uint8_t { kAll, kSpeed, kLatency, kCost };
/// The table of every configuration, as the terminal shows it too.
Table configuration_table(const Evidence& evidence, TablePart part, const Wording& words);
/// Every chart that the evidence has the numbers for. `suffix` makes their ids unique.
std::vector<Block> charts(const Evidence& evidence, const ClaimOptions& options,
                          const std::string& suffix, const Wording& words);
/// The story's table, measured: on a GPU, before and after its fix, and in NETY.
Table story_table(const Evidence& evidence, const Wording& words);
/// One line per machine and model of a merged file.
Table fleet_table(const results::File& file, const ClaimOptions& options, const Wording& words);
/// Every claim's verdict on every one of them.
Table fleet_claims(const results::File& file, const ClaimOptions& options, const Wording& words);
/// Every sample behind the rates and latencies.
Appendix samples_of(const Evidence& evidence, const Wording& words);

}  // namespace nety::reports
