// Several machines or models in one file: a line each, and the claims side by side.
#include "core/base/words.h"
#include "reports/document.h"

namespace nety::reports {
namespace {

using results::Verdict;

Cell rate_of(const ConfigurationView* configuration, const Wording& words) {
  return cell_of(configuration == nullptr ? nullptr : configuration->decode_rate(), words);
}

std::string gpus_of(const results::Machine& machine, const Wording& words) {
  std::string text;
  for (const results::Gpu& gpu : machine.gpus) append_word(text, gpu.name);
  return text.empty() ? words.say(message::report_fleet_no_gpu) : text;
}

Table::Line fleet_line(const Subject& subject, const results::File& file,
                       const ClaimOptions& options, const Wording& words) {
  const Evidence evidence(file, subject);
  const BestChoice choice = best_choice(evidence, options.admissible);
  const results::Machine& machine = *subject.machine;
  const results::Decision* decision = evidence.decision();
  Table::Line line;
  line.cells = {{machine.cpu, machine.id, false},
                {subject.model->name, "", false},
                {std::to_string(machine.cpu_budget.threads), "", false},
                {words.bytes(static_cast<double>(machine.memory_available_bytes)), "", false},
                {gpus_of(machine, words), "", false},
                {decision == nullptr ? "-" : decision->mode,
                 decision == nullptr ? "" : decision->backend, false},
                rate_of(choice.chosen, words),
                {choice.best == nullptr ? "-" : choice.best->mode(),
                 choice.best == nullptr ? "" : choice.best->backend(), false},
                rate_of(choice.best, words),
                {words.say(word_of(choice.verdict)), "", false, {}, choice.verdict}};
  return line;
}

}  // namespace

Table fleet_table(const results::File& file, const ClaimOptions& options, const Wording& words) {
  Table table;
  table.caption = words.say(message::report_fleet_caption);
  table.columns = {{words.say(message::report_fleet_machine), "", false},
                   {words.say(message::report_fleet_model), "", false},
                   {words.say(message::report_fleet_threads), "", true},
                   {words.say(message::report_fleet_memory), "", true},
                   {"GPU", "", false},
                   {words.say(message::report_fleet_choice), "", false},
                   {words.say(message::report_fleet_choice_rate), "tok/s", true},
                   {words.say(message::report_fleet_best), "", false},
                   {words.say(message::report_fleet_best_rate), "tok/s", true},
                   {words.say(message::report_fleet_verdict), "", false}};
  for (const Subject& subject : subjects(file))
    if (subject.machine != nullptr && subject.model != nullptr)
      table.lines.push_back(fleet_line(subject, file, options, words));
  table.footnote = words.say(message::report_fleet_footnote);
  return table;
}

Table fleet_claims(const results::File& file, const ClaimOptions& options, const Wording& words) {
  Table table;
  table.caption = words.say(message::report_fleet_claims_caption);
  table.columns = {{words.say(message::report_fleet_claim), "", false}};
  std::vector<std::vector<results::Claim>> judged;
  for (const Subject& subject : subjects(file)) {
    table.columns.push_back({subject.machine == nullptr ? "-" : subject.machine->id,
                             subject.model == nullptr ? "" : subject.model->name, false});
    judged.push_back(judge(Evidence(file, subject), options));
  }
  for (size_t i = 0; i < judged.front().size(); ++i) {
    Table::Line line;
    line.cells = {{judged.front()[i].statement, "", false}};
    bool tested = false;
    for (const std::vector<results::Claim>& claims : judged) {
      line.cells.push_back(
          {words.say(word_of(claims[i].verdict)), "", false, {}, claims[i].verdict});
      tested = tested || claims[i].verdict != Verdict::kNotTested;
    }
    line.dimmed = !tested;
    table.lines.push_back(std::move(line));
  }
  return table;
}

}  // namespace nety::reports
