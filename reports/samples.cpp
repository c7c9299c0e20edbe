// The raw samples behind the medians, as a table.
#include <fmt/core.h>

#include <algorithm>

#include "core/base/words.h"
#include "reports/document.h"
#include "reports/series.h"

namespace nety::reports {
namespace {

using results::Metric;
using results::Result;

constexpr size_t kMost = 40;  // shown of one metric; the data in the file has them all

std::string workload_of(const Result& row) {
  std::string text = row.phase;
  if (row.phase == "prefill") text += fmt::format(" pp{}", row.n_prompt);
  if (row.phase == "decode") text += fmt::format(" tg{}", row.n_gen);
  if (row.depth > 0) text += fmt::format(" @ d{}", row.depth);
  return text;
}

std::string list_of(const Metric& metric, const Wording& words) {
  std::string text;
  for (size_t i = 0; i < std::min(metric.samples.size(), kMost); ++i)
    append_word(text, words.number(metric.samples[i]), " \u00b7 ");
  if (metric.samples.size() > kMost) text += " \u00b7 \u2026";
  return text;
}

}  // namespace

Appendix samples_of(const Evidence& evidence, const Wording& words) {
  Appendix appendix;
  appendix.title = words.say(message::report_samples);
  Table& table = appendix.table;
  table.caption = words.say(message::report_samples_caption);
  table.columns = {{words.say(message::report_column_mode), "", false},
                   {words.say(message::report_samples_workload), "", false},
                   {words.say(message::report_samples_metric), "", false},
                   {"n", "", true},
                   {words.say(message::report_samples_values), "", false}};
  for (const ConfigurationView& configuration : evidence.configurations())
    for (const Result* row : configuration.rows)
      for (const auto& [name, metric] : row->metrics) {
        if (metric.samples.size() < 2 || is_gaps(name)) continue;
        table.lines.push_back({{{configuration.mode(), configuration.backend(), false},
                                {workload_of(*row), "", false},
                                {name, metric.unit, false},
                                {words.count(metric.n), "", false},
                                {list_of(metric, words), "", false}},
                               false,
                               false});
      }
  return appendix;
}

}  // namespace nety::reports
