#include "diag/diagnose.h"

#include <iterator>

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
  return found;
}

std::span<const std::string_view> probe_names() { return kNames; }

}  // namespace nety::diag
