// One line per configuration; metric_columns() lists the columns.
#include <fmt/core.h>

#include <algorithm>

#include "reports/document.h"
#include "reports/wording.h"

namespace nety::reports {
namespace {

using results::Metric;
using results::Result;
using results::Status;

/// A column: a metric of a phase, for one prompt length or depth where that matters.
struct MetricColumn {
  std::string title, unit;
  std::string phase, metric;
  int64_t n_prompt = 0, n_gen = 0, depth = 0;
  bool minor = false;
};

const Metric* find(const ConfigurationView& configuration, const MetricColumn& column) {
  for (const Result* row : configuration.rows) {
    if (row->phase != column.phase || row->depth != column.depth) continue;
    if (column.n_prompt != 0 && row->n_prompt != column.n_prompt) continue;
    if (column.n_gen != 0 && row->n_gen != column.n_gen) continue;
    const auto found = row->metrics.find(column.metric);
    if (found != row->metrics.end()) return &found->second;
  }
  return nullptr;
}

std::string decode_title(const Result& row) {
  return row.depth == 0 ? fmt::format("tg{}", row.n_gen)
                        : fmt::format("tg{} @ d{}", row.n_gen, row.depth);
}

void add_cost_columns(std::vector<MetricColumn>& columns, const Wording& words) {
  const auto add = [&](MessageId title, const char* unit, const char* phase, const char* metric) {
    columns.push_back({words.say(title), unit, phase, metric});
  };
  add(message::report_column_planned, "bytes", "load", "planned_bytes");
  columns.back().minor = true;
  add(message::report_column_peak, "bytes", "load", "peak_rss_bytes");
  add(message::report_column_weights, "bytes", "load", "weights_bytes");
  add(message::report_column_perplexity, "tokens", "quality", "perplexity");
  columns.push_back({"KLD", "nat", "quality", "kld"});
  columns.push_back({"top-1", "ratio", "quality", "top1_agreement"});
}

/// Columns for the workloads that the file holds, in the order of first appearance.
std::vector<MetricColumn> metric_columns(const Evidence& evidence, TablePart part,
                                         const Wording& words) {
  std::vector<MetricColumn> prefills, decodes;
  const auto add = [](std::vector<MetricColumn>& columns, MetricColumn column) {
    const bool known =
        std::any_of(columns.begin(), columns.end(),
                    [&column](const MetricColumn& other) { return other.title == column.title; });
    if (!known) columns.push_back(std::move(column));
  };
  for (const Result& row : evidence.file().results) {
    if (row.phase == "prefill")
      add(prefills, {fmt::format("pp{}", row.n_prompt), "tok/s", "prefill", "pp_tps", row.n_prompt,
                     row.n_gen, 0});
    if (row.phase == "decode")
      add(decodes, {decode_title(row), "tok/s", "decode", "tg_tps", 0, row.n_gen, row.depth});
  }
  const int64_t depth = decodes.empty() ? 0 : decodes.front().depth;
  const auto wants = [part](TablePart one) { return part == one || part == TablePart::kAll; };
  std::vector<MetricColumn> columns;
  if (wants(TablePart::kSpeed)) {
    columns = {{words.say(message::report_column_load), "s", "load", "load_s"},
               {words.say(message::report_column_first), "s", "load", "ready_to_first_s"}};
    columns.insert(columns.end(), prefills.begin(), prefills.end());
    columns.push_back(
        {words.say(message::report_column_peak_share), "ratio", "prefill", "mfu", 0, 0, 0, true});
    columns.insert(columns.end(), decodes.begin(), decodes.end());
    columns.push_back(
        {words.say(message::report_column_wall), "ratio", "decode", "mbu", 0, 0, depth});
  }
  if (wants(TablePart::kSpeed)) {
    const auto add_count = [&](MessageId title, const char* unit, const char* metric) {
      columns.push_back({words.say(title), unit, "decode", metric, 0, 0, depth, true});
    };
    add_count(message::report_column_instructions, "instructions", "instructions_per_token");
    add_count(message::report_column_cycles, "cycles", "cycles_per_token");
    add_count(message::report_column_memory_bytes, "bytes", "memory_bytes_per_token");
  }
  if (wants(TablePart::kLatency)) {
    columns.push_back({"TTFT", "s", "generate", "ttft_s"});
    columns.push_back(
        {words.say(message::report_column_e2e), "tok/s", "generate", "e2e_tg_tps", 0, 0, 0, true});
    for (const int percent : {50, 90, 99})
      columns.push_back({fmt::format("{} p{}", words.say(message::report_column_gap), percent), "s",
                         "decode", fmt::format("itl_p{}_s", percent), 0, 0, depth, true});
  }
  if (wants(TablePart::kCost)) add_cost_columns(columns, words);
  return columns;
}

/// Drops columns that are empty for every configuration.
void drop_empty(std::vector<MetricColumn>& columns, const Evidence& evidence) {
  std::erase_if(columns, [&evidence](const MetricColumn& column) {
    const auto& all = evidence.configurations();
    return std::none_of(all.begin(), all.end(), [&column](const ConfigurationView& configuration) {
      const Metric* metric = find(configuration, column);
      return metric != nullptr && (metric->median || !metric->samples.empty());
    });
  });
}

Cell bits_per_weight(const ConfigurationView& configuration, const Evidence& evidence,
                     const Wording& words) {
  const std::optional<double> bytes = configuration.value("load", "weights_bytes");
  for (const results::Model& model : evidence.file().models)
    if (bytes && model.id == configuration.key().model && model.parameters > 0)
      return {words.number(8 * *bytes / static_cast<double>(model.parameters)), "", false,
              8 * *bytes / static_cast<double>(model.parameters)};
  return {"-", "", false};
}

/// A faster engine that answers differently is no faster engine.
std::string status_text(const ConfigurationView& configuration, const Wording& words) {
  const bool differs = !configuration.key().contender.empty() &&
                       answers_of(configuration, Admissible()) == results::Closeness::kFar;
  return differs ? words.say(message::report_contender_marked)
                 : std::string(results::name_of(configuration.status()));
}

}  // namespace

Cell cell_of(const Metric* metric, const Wording& words) {
  if (metric == nullptr) return {"-", "", false};
  if (!metric->median) return {"-", metric->reason, false};
  Cell cell{words.bare(*metric->median, metric->unit), words.interval(*metric), false};
  cell.estimated = metric->kind == "estimated";
  cell.value = metric->median;
  if (metric->n > 1) {
    if (!cell.note.empty()) cell.note += " ";
    cell.note += fmt::format("n={}", words.count(metric->n));
  }
  return cell;
}

Table configuration_table(const Evidence& evidence, TablePart part, const Wording& words) {
  std::vector<MetricColumn> columns = metric_columns(evidence, part, words);
  drop_empty(columns, evidence);
  const bool all = part == TablePart::kAll;
  const bool status = all || part == TablePart::kSpeed, bits = all || part == TablePart::kCost;
  Table table;
  table.caption = words.say(part == TablePart::kCost      ? message::report_table_cost
                            : part == TablePart::kLatency ? message::report_table_latency
                                                          : message::report_table_speed);
  table.columns = {{words.say(message::report_column_mode), "", false}};
  if (status) {
    table.columns.push_back({words.say(message::report_column_status), "", false});
    table.columns.push_back({words.say(message::report_column_kernel), "", false, true});
  }
  for (const MetricColumn& column : columns)
    table.columns.push_back({column.title, words.column_unit(column.unit), true, column.minor});
  if (bits) table.columns.push_back({words.say(message::report_column_bits), "", true, true});

  const ConfigurationView* const chosen = evidence.chosen();
  for (const ConfigurationView& configuration : evidence.configurations()) {
    Table::Line line;
    line.marked = &configuration == chosen;
    line.dimmed = configuration.status() != Status::kOk;
    line.cells.push_back({configuration.mode(), configuration.backend(), false});
    if (status) {
      line.cells.push_back({status_text(configuration, words), configuration.reason(), false});
      line.cells.push_back(
          {configuration.kernel().empty() ? "-" : configuration.kernel(), "", false});
    }
    for (const MetricColumn& column : columns)
      line.cells.push_back(cell_of(find(configuration, column), words));
    if (bits) line.cells.push_back(bits_per_weight(configuration, evidence, words));
    table.lines.push_back(std::move(line));
  }
  if (bits) table.footnote = words.say(message::report_table_footnote);
  return table;
}

}  // namespace nety::reports
