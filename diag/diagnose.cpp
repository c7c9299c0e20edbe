#include "diag/diagnose.h"

#include <iterator>

#include "core/base/error.h"
#include "core/model/messages.h"
#include "core/model/special_tokens.h"
#include "core/model/tokenizer_source.h"
#include "diag/probe.h"

namespace nety::diag {
namespace {

using Probe = Findings (*)(const Subject& subject);

constexpr Probe kProbes[] = {
#define NETY_PROBE(name) probes::name,
#include "diag/probes.def"
#undef NETY_PROBE
};

constexpr std::string_view kNames[] = {
#define NETY_PROBE(name) #name,
#include "diag/probes.def"
#undef NETY_PROBE
};

/// What begins and ends an answer, who says so, and what contradicts it.
void add_tokens(const checkpoint::Checkpoint& checkpoint, Language language, Findings& found) {
  const auto add = [&](const char* id, std::string value, results::FindingStatus status) {
    results::Finding& finding = found.emplace_back();
    finding.id = id;
    finding.title = render({message::token_title, {}}, language);
    finding.value = std::move(value);
    finding.source = checkpoint.name();
    finding.status = status;
  };
  using results::FindingStatus;
  if (!model::has_tokenizer(checkpoint)) return;
  try {
    const tokenizer::Tokenizer tokenizer = model::load_tokenizer(checkpoint);
    const model::SpecialTokens special = model::special_tokens(checkpoint, tokenizer);
    std::string used, conflicts;
    const auto append = [&](std::string& to, const Text& line) {
      to += (to.empty() ? "" : " ") + render(line, language);
    };
    for (const Text& line : model::describe(special)) append(used, line);
    add("tokens.used", used, special.ends.empty() ? FindingStatus::kWarn : FindingStatus::kOk);
    for (const model::TokenConflict& one : special.conflicts)
      append(conflicts, model::describe(one));
    if (!conflicts.empty()) add("tokens.conflict", conflicts, FindingStatus::kWarn);
    if (const auto size = model::describe_size(checkpoint, tokenizer))
      add("tokens.size", render(*size, language), FindingStatus::kWarn);
  } catch (const Error& error) {
    add("tokens.used", error.what(), FindingStatus::kWarn);
  }
}

}  // namespace

results::Finding Subject::finding(std::string id, MessageId title, std::string source) const {
  results::Finding finding;
  finding.id = std::move(id);
  finding.title = say(title);
  finding.source = std::move(source);
  return finding;
}

results::Finding Subject::unknown(std::string id, MessageId title, std::string source,
                                  const std::string& reason) const {
  results::Finding out = finding(std::move(id), title, std::move(source));
  out.status = results::FindingStatus::kUnknown;
  out.value = say(message::diag_not_told, {reason});
  return out;
}

std::vector<results::Finding> diagnose(const machine::Machine& machine, Language language) {
  return diagnose(Subject{.machine = machine, .language = language});
}

std::vector<results::Finding> diagnose(const Subject& subject) {
  Findings found;
  for (const Probe probe : kProbes) {
    Findings some = probe(subject);
    found.insert(found.end(), std::make_move_iterator(some.begin()),
                 std::make_move_iterator(some.end()));
  }
  return found;
}

std::vector<results::Finding> diagnose(const checkpoint::Checkpoint& checkpoint,
                                       Language language) {
  Findings found;
  for (const checkpoint::Notice& notice : checkpoint.notices()) {
    results::Finding& finding = found.emplace_back();
    finding.id = "checkpoint." + notice.id;
    finding.title = render({message::diag_checkpoint_title, {}}, language);
    finding.value = notice.what;
    finding.source = checkpoint.name();
    finding.status = results::FindingStatus::kWarn;
  }
  add_tokens(checkpoint, language, found);
  return found;
}

std::span<const std::string_view> probe_names() { return kNames; }

}  // namespace nety::diag
