// Requirements against what was found.
#include <fmt/core.h>

#include <algorithm>

#include "core/base/units.h"
#include "diag/examine.h"
#include "diag/messages.h"
#include "diag/quantities.h"
#include "diag/requirement.h"

namespace nety::diag {
namespace {

struct Checker {
  const Requirement& wanted;
  const Diagnosis& diagnosis;
  Language language;

  std::string say(MessageId id, std::vector<std::string> args = {}) const {
    return render({id, std::move(args)}, language);
  }
  RequirementCheck met(bool yes, std::string found) const {
    return {wanted.text, yes, false, std::move(found)};
  }
  RequirementCheck cannot_tell(std::string why) const {
    return {wanted.text, false, true, std::move(why)};
  }

  RequirementCheck quantity() const {
    const Quantity& quantity = *find_quantity(wanted.name);
    const std::optional<double> value = quantity.value(diagnosis);
    if (!value) {
      const bool untimed = quantity.dimension == Dimension::kBytesPerSecond ||
                           quantity.dimension == Dimension::kOperations;
      const bool quick = diagnosis.trials && diagnosis.trials->quick;
      return cannot_tell(
          say(untimed && quick ? message::diag_require_not_timed : message::diag_require_unknown));
    }
    return met(holds(*value), text_of(quantity.dimension, *value));
  }

  bool holds(double value) const {
    switch (wanted.comparison) {
      case Comparison::kAtLeast:
        return value >= wanted.number;
      case Comparison::kAtMost:
        return value <= wanted.number;
      case Comparison::kMore:
        return value > wanted.number;
      case Comparison::kLess:
        return value < wanted.number;
      case Comparison::kEqual:
        return value == wanted.number;
    }
    return false;
  }

  RequirementCheck feature() const {
    const auto& features = diagnosis.machine.features;
    const bool there = std::find(features.begin(), features.end(), wanted.name) != features.end();
    return met(there, say(there ? message::diag_require_there : message::diag_require_not_there));
  }

  RequirementCheck mode() const {
    const std::string backend = wanted.backend.empty() ? "native" : wanted.backend;
    const std::string name = wanted.name == "stored" && !diagnosis.stored_mode.empty()
                                 ? diagnosis.stored_mode
                                 : wanted.name;
    const ModeTrial* row = diagnosis.trials ? diagnosis.trials->find(name, backend) : nullptr;
    if (row == nullptr) return cannot_tell(say(message::diag_require_not_tried, {name, backend}));
    std::string found(name_of(row->verdict));
    if (row->verdict == ModeVerdict::kViable && !row->timed)
      found += ", " + say(message::diag_mode_untimed);
    if (!row->reason.empty()) found += ": " + row->reason;
    if (row->verdict == ModeVerdict::kUnknown && wanted.word != "unknown")
      return cannot_tell(found);
    return met(name_of(row->verdict) == wanted.word, found);
  }

  RequirementCheck fits() const {
    for (const ModeRow& row : diagnosis.modes) {
      if (row.name != wanted.name || !row.memory) continue;
      return met(row.fits, say(message::diag_require_needs,
                               {format_bytes(row.memory->needed()),
                                format_bytes(diagnosis.machine.memory_available_bytes)}));
    }
    return cannot_tell(say(message::diag_require_no_model));
  }

  RequirementCheck finding() const {
    for (const results::Finding& finding : diagnosis.findings) {
      if (finding.id != wanted.name) continue;
      const auto status = results::name_of(finding.status);
      return met(status == wanted.word, fmt::format("{} ({})", status, finding.value));
    }
    return cannot_tell(say(message::diag_require_no_finding));
  }
};

}  // namespace

RequirementCheck check(const Requirement& requirement, const Diagnosis& diagnosis,
                       Language language) {
  const Checker checker{requirement, diagnosis, language};
  switch (requirement.kind) {
    case RequirementKind::kQuantity:
      return checker.quantity();
    case RequirementKind::kFeature:
      return checker.feature();
    case RequirementKind::kMode:
      return checker.mode();
    case RequirementKind::kFits:
      return checker.fits();
    case RequirementKind::kFinding:
      return checker.finding();
  }
  return {};
}

results::Finding finding_of(const RequirementCheck& check, size_t number, Language language) {
  const auto say = [language](MessageId id, std::vector<std::string> args) {
    return render({id, std::move(args)}, language);
  };
  results::Finding finding;
  finding.id = fmt::format("require.{}", number);
  finding.title = say(message::diag_require_title, {check.text});
  finding.value = check.found;
  finding.source = "--require";
  finding.status = check.met ? results::FindingStatus::kOk : results::FindingStatus::kFail;
  if (!check.met)
    finding.consequence =
        say(check.unknown ? message::diag_require_cannot_tell : message::diag_require_not_met, {});
  return finding;
}

}  // namespace nety::diag
