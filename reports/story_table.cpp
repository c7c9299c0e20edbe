// The story's table, with what was measured in its cells: GPU, CPU before (8-bit through the
// installed stack) and CPU after (fp32), and NETY's own fp32 and choice beside them.
#include "core/precision/mode.h"
#include "reports/document.h"

namespace nety::reports {
namespace {

using results::Metric;
using results::Status;

/// A row of the table, and the configuration that was measured for it.
struct StoryRow {
  MessageId title;
  std::string quantisation, dtype;
  const ConfigurationView* configuration = nullptr;
  MessageId absent;  ///< Why there is none.
};

const ConfigurationView* on_gpu(const Evidence& evidence) {
  for (const ConfigurationView& one : evidence.configurations())
    if (one.on_gpu() && one.mode() == "nf4") return &one;
  return nullptr;
}

class StoryTable {
 public:
  StoryTable(const Evidence& evidence, const Wording& words) : evidence_(evidence), words_(words) {}

  Table table() {
    Table table;
    table.caption = words_.say(message::report_story_caption);
    table.columns = {{words_.say(message::report_story_where), "", false},
                     {words_.say(message::report_story_quantisation), "", false},
                     {words_.say(message::report_story_dtype), "", false},
                     {words_.say(message::report_story_stability), "", false},
                     {words_.say(message::report_column_load), "s", true},
                     {words_.say(message::report_story_speed), "tok/s", true},
                     {words_.say(message::report_column_peak), "", true},
                     {"KLD", "nat", true}};
    for (const StoryRow& row : rows()) table.lines.push_back(line(row));
    table.footnote = words_.say(message::report_story_footnote);
    return table;
  }

 private:
  std::vector<StoryRow> rows() const {
    std::vector<StoryRow> rows = {
        {message::report_story_gpu, "nf4", "bf16", on_gpu(evidence_), message::report_story_no_gpu},
        {message::report_story_before, "int8", "fp16", evidence_.find("int8", "installed"),
         message::report_story_no_stack},
        {message::report_story_after, "", "fp32", evidence_.find("fp32", "installed"),
         message::report_story_no_stack},
        {message::report_story_own, "", "fp32", evidence_.find("fp32", "native"),
         message::report_not_measured}};
    const ConfigurationView* chosen = evidence_.chosen();
    if (chosen != nullptr && chosen != rows.back().configuration)
      rows.push_back(
          {message::report_story_chosen, chosen->mode(), "", chosen, message::report_not_measured});
    return rows;
  }

  Cell metric(const ConfigurationView* one, const char* phase, const char* name) const {
    return cell_of(one == nullptr ? nullptr : one->metric(phase, name), words_);
  }

  Cell stability(const StoryRow& row) const {
    if (row.configuration == nullptr)
      return {words_.say(message::report_not_tested), words_.say(row.absent), false};
    const Status status = row.configuration->status();
    if (status == Status::kOk) {
      int64_t rounds = 0;
      if (const Metric* rate = row.configuration->decode_rate()) rounds = rate->n;
      return {words_.say(message::report_story_works),
              words_.say(message::report_story_rounds, {std::to_string(rounds)}), false};
    }
    return {std::string(results::name_of(status)), row.configuration->reason(), false};
  }

  Table::Line line(const StoryRow& row) const {
    const ConfigurationView* one = row.configuration;
    const std::string none = words_.say(message::report_story_none);
    Table::Line line;
    line.marked = one != nullptr && one == evidence_.chosen();
    line.dimmed = one == nullptr || one->status() != Status::kOk;
    line.cells = {{words_.say(row.title), one == nullptr ? "" : one->backend(), false},
                  {row.quantisation.empty() ? none : row.quantisation, "", false},
                  {row.dtype.empty() ? "-" : row.dtype, "", false},
                  stability(row),
                  metric(one, "load", "load_s"),
                  cell_of(one == nullptr ? nullptr : one->decode_rate(), words_),
                  metric(one, "load", "peak_rss_bytes"),
                  metric(one, "quality", "kld")};
    return line;
  }

  const Evidence& evidence_;
  const Wording& words_;
};

}  // namespace

Table story_table(const Evidence& evidence, const Wording& words) {
  return StoryTable(evidence, words).table();
}

}  // namespace nety::reports
