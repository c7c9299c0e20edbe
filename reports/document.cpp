// The report's story, top to bottom: verdict, claims, modes, charts, machine, method, how to redo.
#include "reports/document.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "core/base/units.h"
#include "core/base/words.h"
#include "reports/comparison.h"
#include "reports/escape.h"
#include "reports/wording.h"

namespace nety::reports {

MessageId word_of(results::Verdict verdict) {
  switch (verdict) {
    case results::Verdict::kSupported:
      return message::report_supported;
    case results::Verdict::kRefuted:
      return message::report_refuted;
    case results::Verdict::kInconclusive:
      return message::report_inconclusive;
    case results::Verdict::kNotTested:
      break;
  }
  return message::report_not_tested;
}

namespace {

using results::FindingStatus;
using results::Verdict;

MessageId word_of(FindingStatus status) {
  switch (status) {
    case FindingStatus::kOk:
      return message::report_finding_ok;
    case FindingStatus::kWarn:
      return message::report_finding_warn;
    case FindingStatus::kFail:
      return message::report_finding_fail;
    case FindingStatus::kAbsent:
      return message::report_finding_absent;
    case FindingStatus::kUnknown:
      break;
  }
  return message::report_finding_unknown;
}

/// Worst first.
int rank_of(FindingStatus status) {
  constexpr std::array kOrder = {FindingStatus::kFail, FindingStatus::kWarn,
                                 FindingStatus::kUnknown, FindingStatus::kAbsent,
                                 FindingStatus::kOk};
  return static_cast<int>(std::find(kOrder.begin(), kOrder.end(), status) - kOrder.begin());
}

std::string name_of(const ConfigurationView& configuration) { return configuration.name(); }

std::string headline(const BestChoice& choice, const Wording& words) {
  if (choice.chosen == nullptr || choice.best == nullptr)
    return words.say(message::report_headline_unmeasured);
  const std::string chosen = name_of(*choice.chosen);
  switch (choice.verdict) {
    case Verdict::kSupported:
      return words.say(message::report_headline_best, {chosen});
    case Verdict::kRefuted:
      if (choice.best == choice.chosen)
        return words.say(message::report_headline_not_admissible, {chosen});
      return words.say(message::report_headline_beaten,
                       {chosen, name_of(*choice.best), words.times(choice.speedup->value)});
    case Verdict::kInconclusive:
      return words.say(message::report_headline_doubt, {chosen});
    case Verdict::kNotTested:
      break;
  }
  return words.say(message::report_headline_alone, {chosen});
}

/// The CPU rule's choice, fp32, where the policy decided otherwise and both were measured.
std::string second_line(const Evidence& evidence, const BestChoice& choice,
                        const Admissible& admissible, const Wording& words) {
  const BestChoice rule = best_beside_fp32(evidence, admissible);
  if (rule.chosen == nullptr || rule.chosen == choice.chosen || rule.best == nullptr) return "";
  const std::string stored = evidence.model() == nullptr ? "?" : evidence.model()->stored;
  if (rule.verdict == Verdict::kRefuted && rule.best != rule.chosen)
    return words.say(message::report_second_beaten,
                     {stored, rule.best->name(), words.times(rule.speedup->value)});
  if (rule.verdict == Verdict::kSupported) return words.say(message::report_second_best, {stored});
  return words.say(message::report_second_doubt, {stored});
}

std::string lead(const std::vector<results::Claim>& claims, const Wording& words) {
  const auto count = [&claims](Verdict verdict) {
    return std::to_string(
        std::count_if(claims.begin(), claims.end(),
                      [verdict](const results::Claim& claim) { return claim.verdict == verdict; }));
  };
  return words.say(message::report_lead, {std::to_string(claims.size()), count(Verdict::kSupported),
                                          count(Verdict::kRefuted), count(Verdict::kInconclusive),
                                          count(Verdict::kNotTested)});
}

std::vector<Tile> tiles(const BestChoice& choice, const Wording& words) {
  std::vector<Tile> out;
  if (choice.chosen == nullptr) return out;
  const ConfigurationView& chosen = *choice.chosen;
  const std::string name = name_of(chosen);
  if (const results::Metric* rate = chosen.decode_rate())
    out.push_back({words.quantity(*rate->median, rate->unit),
                   words.say(message::report_tile_chosen, {name})});
  if (choice.best != nullptr && choice.best != choice.chosen) {
    const results::Metric& rate = *choice.best->decode_rate();
    out.push_back({words.quantity(*rate.median, rate.unit),
                   words.say(message::report_tile_best, {name_of(*choice.best)})});
  }
  if (const std::optional<double> first = chosen.value("load", "ready_to_first_s"))
    out.push_back({words.seconds(*first), words.say(message::report_tile_first)});
  if (const std::optional<double> peak = chosen.value("load", "peak_rss_bytes"))
    out.push_back({words.bytes(*peak), words.say(message::report_tile_peak)});
  return out;
}

ClaimList::Item item_of(results::Claim claim, const Wording& words) {
  const bool decided = claim.verdict == Verdict::kSupported || claim.verdict == Verdict::kRefuted;
  ClaimList::Item item;
  item.verdict = words.say(reports::word_of(claim.verdict));
  item.margin_title = words.say(message::report_margin);
  if (decided) item.sensitivity_title = words.say(message::report_sensitivity);
  if (!claim.command.empty()) item.command_title = words.say(message::report_to_decide);
  item.claim = std::move(claim);
  return item;
}

/// What was tested in its groups, then everything that was not.
Section claim_section(const std::vector<results::Claim>& claims, const Wording& words) {
  ClaimList list;
  ClaimList::Group untested{words.say(message::report_group_untested), true, {}};
  for (const results::Claim& claim : claims) {
    if (claim.verdict == Verdict::kNotTested) {
      untested.items.push_back(item_of(claim, words));
      continue;
    }
    const std::optional<MessageId> group = group_of(claim.id);
    const std::string title = group ? words.say(*group) : "";
    if (list.groups.empty() || list.groups.back().title != title)
      list.groups.push_back({title, false, {}});
    list.groups.back().items.push_back(item_of(claim, words));
  }
  if (!untested.items.empty()) list.groups.push_back(std::move(untested));
  return {"claims", words.say(message::report_section_claims), {std::move(list)}};
}

/// Model, machine, and why the policy chose what it chose.
Section machine_section(const Evidence& evidence, const Wording& words) {
  Section section{"machine", words.say(message::report_section_machine), {}};
  const auto add = [&section](std::string text) {
    section.blocks.push_back(Paragraph{std::move(text)});
  };
  if (evidence.machine() != nullptr) {
    const results::Machine& machine = *evidence.machine();
    const std::string memory =
        words.say(message::report_memory_of,
                  {words.bytes(static_cast<double>(machine.memory_available_bytes)),
                   words.bytes(static_cast<double>(machine.memory_total_bytes))});
    add(words.say(message::report_machine, {machine.cpu, std::to_string(machine.cpu_budget.threads),
                                            std::to_string(machine.processors), memory, machine.os,
                                            machine.kernel, machine.id}));
    if (!machine.features.empty())
      add(words.say(message::report_features, {joined(machine.features)}));
    if (machine.gpus.empty()) add(words.say(message::report_no_gpu));
    for (const results::Gpu& gpu : machine.gpus)
      add(words.say(gpu.usable ? message::report_gpu_usable : message::report_gpu_unusable,
                    {gpu.name, gpu.reason}));
  }
  if (evidence.model() != nullptr) {
    const results::Model& model = *evidence.model();
    add(words.say(message::report_model,
                  {model.name, model.architecture, words.count(model.parameters), model.format,
                   model.stored, words.bytes(static_cast<double>(model.file_bytes))}));
  }
  if (const results::Decision* decision = evidence.decision()) {
    std::vector<std::string> reasons;
    for (const results::Reason& reason : decision->reasons)
      reasons.push_back(fmt::format("{} ({})", reason.text, reason.rule));
    add(words.say(message::report_decision,
                  {decision->mode, decision->backend, decision->device, joined(reasons, " ")}));
  }
  return section;
}

/// Warnings are about the whole file: the first subject shows them.
Section finding_section(const results::File& file, const Evidence& evidence, bool first,
                        const Wording& words) {
  Section section{"findings", words.say(message::report_section_findings), {}};
  FindingList list;
  for (const std::string& warning : first ? file.warnings : std::vector<std::string>())
    list.items.push_back(
        {FindingStatus::kWarn, words.say(message::report_finding_warn), warning, "", "", "", ""});
  for (const results::Finding* finding : evidence.findings())
    list.items.push_back({finding->status, words.say(word_of(finding->status)), finding->title,
                          finding->value, finding->consequence, finding->remedy, finding->source});
  std::stable_sort(list.items.begin(), list.items.end(),
                   [](const FindingList::Item& a, const FindingList::Item& b) {
                     return rank_of(a.status) < rank_of(b.status);
                   });
  if (!list.items.empty()) section.blocks.push_back(std::move(list));
  return section;
}

void add_reproduction(Section& section, const results::File& file, const Wording& words) {
  section.blocks.push_back(
      Paragraph{words.say(message::report_tool, {file.tool, file.created_utc})});
  if (file.command.empty()) return;
  std::vector<std::string> words_of_command;
  for (const std::string& word : file.command) words_of_command.push_back(escape_shell(word));
  section.blocks.push_back(Paragraph{words.say(message::report_reproduce)});
  section.blocks.push_back(Code{joined(words_of_command, " ")});
}

/// Whether rates were measured by slices.
bool in_turns(const results::File& file) {
  for (const results::Result& row : file.results)
    for (const auto& entry : row.metrics)
      if (!entry.second.turns.empty()) return true;
  return false;
}

Section method_section(const results::File& file, const Evidence& evidence, const Wording& words) {
  Section section{"method", words.say(message::report_section_method), {}};
  std::string prompts;
  for (const int64_t prompt : file.workload.prompts) append_word(prompts, std::to_string(prompt));
  section.blocks.push_back(Paragraph{words.say(
      in_turns(file) ? message::report_method_slices : message::report_method,
      {std::to_string(evidence.configurations().size()), std::to_string(file.workload.repetitions),
       std::to_string(file.workload.seed), prompts})});
  if (!file.workload.quality_text.empty())
    section.blocks.push_back(
        Paragraph{words.say(message::report_method_quality, {file.workload.quality_text})});
  section.blocks.push_back(Paragraph{words.say(message::report_method_terms)});
  add_reproduction(section, file, words);
  return section;
}

std::string overline(const results::File& file, const Wording& words) {
  std::vector<std::string> parts{words.say(message::report_overline)};
  for (const results::Model& model : file.models) parts.push_back(model.name);
  for (const results::Machine& machine : file.machines)
    parts.push_back(fmt::format(
        "{}, {}", machine.cpu,
        words.say(message::report_threads, {std::to_string(machine.cpu_budget.threads)})));
  parts.push_back(file.created_utc.substr(0, 10));
  std::erase(parts, "");
  return joined(parts, " · ");
}

/// What `nety compare` found: its verdicts are the story.
Document comparison_document(const results::File& file, const Wording& words) {
  Document document;
  document.language = words.language();
  document.overline = overline(file, words);
  document.title = document.overline;
  document.headline = comparison_headline(file, words);
  document.lead = comparison_lead(file);
  document.skip_label = words.say(message::report_skip);
  document.sections.push_back(comparison_section(file, words));
  const Evidence evidence(file);
  document.sections.push_back(finding_section(file, evidence, true, words));
  document.sections.push_back(machine_section(evidence, words));
  Section method{"method", words.say(message::report_section_method), {}};
  add_reproduction(method, file, words);
  document.sections.push_back(std::move(method));
  std::erase_if(document.sections, [](const Section& section) { return section.blocks.empty(); });
  return document;
}

/// Everything about one subject. Section ids end in `suffix`, so that a page may hold several.
void add_subject(Document& document, const results::File& file, const Evidence& evidence,
                 const ClaimOptions& options, const std::string& suffix, const Wording& words) {
  std::vector<Section> sections;
  sections.push_back(claim_section(judge(evidence, options), words));
  sections.push_back({"story", words.say(message::report_section_story), {}});
  if (!evidence.configurations().empty()) {
    sections.back().blocks.push_back(story_table(evidence, words));
    sections.push_back({"modes",
                        words.say(message::report_section_modes),
                        {configuration_table(evidence, TablePart::kSpeed, words),
                         configuration_table(evidence, TablePart::kLatency, words),
                         configuration_table(evidence, TablePart::kCost, words)}});
  }
  sections.push_back({"charts", words.say(message::report_section_charts),
                      charts(evidence, options, suffix, words)});
  sections.push_back(finding_section(file, evidence, suffix.empty(), words));
  sections.push_back(machine_section(evidence, words));
  Appendix samples = samples_of(evidence, words);
  if (!samples.table.lines.empty())
    sections.push_back(
        {"samples", words.say(message::report_section_samples), {std::move(samples)}});
  std::erase_if(sections, [](const Section& section) { return section.blocks.empty(); });
  for (Section& section : sections) {
    section.id += suffix;
    document.sections.push_back(std::move(section));
  }
}

/// The tables over all subjects.
Section fleet_section(const results::File& file, const ClaimOptions& options,
                      const Wording& words) {
  return {"fleet",
          words.say(message::report_section_fleet),
          {fleet_table(file, options, words), fleet_claims(file, options, words)}};
}

std::string fleet_headline(const std::vector<Subject>& all, const results::File& file,
                           const ClaimOptions& options, const Wording& words) {
  int64_t best = 0, beaten = 0;
  for (const Subject& subject : all) {
    const Verdict verdict = best_choice(Evidence(file, subject), options.admissible).verdict;
    best += verdict == Verdict::kSupported ? 1 : 0;
    beaten += verdict == Verdict::kRefuted ? 1 : 0;
  }
  return words.say(message::report_headline_fleet,
                   {std::to_string(all.size()), std::to_string(best), std::to_string(beaten)});
}

}  // namespace

Document make_document(const results::File& file, const ClaimOptions& options) {
  const Wording words(options.language);
  if (file.results.empty() && !file.comparisons.empty()) return comparison_document(file, words);
  const std::vector<Subject> all = subjects(file);
  const Evidence evidence(file, all.front());
  const BestChoice choice = best_choice(evidence, options.admissible);

  Document document;
  document.language = options.language;
  document.overline = overline(file, words);
  document.title = document.overline;
  document.skip_label = words.say(message::report_skip);
  document.contents_label = words.say(message::report_contents);
  document.sort_label = words.say(message::report_sort);
  if (all.size() == 1) {
    document.headline = headline(choice, words);
    document.second = second_line(evidence, choice, options.admissible, words);
    document.lead = lead(judge(evidence, options), words);
    document.tiles = tiles(choice, words);
    add_subject(document, file, evidence, options, "", words);
  } else {
    document.headline = fleet_headline(all, file, options, words);
    document.sections.push_back(fleet_section(file, options, words));
    for (size_t i = 0; i < all.size(); ++i) {
      const size_t first = document.sections.size();
      const Evidence one(file, all[i]);
      add_subject(document, file, one, options, i == 0 ? "" : fmt::format("-{}", i + 1), words);
      document.sections[first].about =
          fmt::format("{} · {}", all[i].machine->cpu, all[i].model->name);
      document.sections[first].about_id = all[i].machine->id;
    }
  }
  if (Section compared = comparison_section(file, words); !compared.blocks.empty())
    document.sections.push_back(std::move(compared));
  document.sections.push_back(method_section(file, evidence, words));
  return document;
}

}  // namespace nety::reports
