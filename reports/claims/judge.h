// What the judges of claims share. Private to this folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "reports/claims/claims.h"
#include "reports/wording.h"

namespace nety::reports {

/// One claim before its judge.
struct Case {
  const Evidence& evidence;
  const Wording& words;
  const Admissible& admissible;
  std::string_view subject, backend;

  std::string say(MessageId id, std::vector<std::string> args = {}) const {
    return words.say(id, std::move(args));
  }
};

struct Judgement {
  results::Verdict verdict = results::Verdict::kNotTested;
  std::string evidence, margin, sensitivity;
  std::string command;  ///< That would test or decide it; empty once it is decided.

  /// Adds a sentence to the evidence.
  void add(const std::string& sentence) {
    evidence += ' ';
    evidence += sentence;
  }
};

/// A rate must differ by more than this to count: smaller differences have no consequence.
inline constexpr double kSpeedMargin = 0.02;

/// Where an interval lies with respect to a threshold.
enum class Side : uint8_t { kAbove, kBelow, kUnclear };
/// kUnclear without an interval, or with the threshold inside it.
Side side_of(const std::optional<std::pair<double, double>>& interval, double threshold);

/// Whether a mode's predictions are close enough to the reference's; none if that is not known.
enum class Closeness : uint8_t { kClose, kFar, kUnclear, kUnknown };
Closeness closeness_of(const ConfigurationView& configuration, const Admissible& admissible);
/// "KLD 0.0013 [0.0011, 0.0014], top-1 97.6 % [...]".
std::string closeness_text(const ConfigurationView& configuration, const Wording& words);

/// "1.99x [1.94, 2.05]".
std::string ratio_text(const Ratio& ratio, const Wording& words);

/// NOT TESTED: the configuration failed, or is not there (null). `command` would test it.
Judgement not_tested(const Case& about, const ConfigurationView* configuration,
                     const std::string& command);
/// The rows a claim is about; null if there are none.
const ConfigurationView* candidate_of(const Case& about);
/// The shell line that measures with those options of `nety bench`, on the claim's backend, and
/// adds the result to the report.
std::string command_text(const Case& about, const std::string& options);

/// SUPPORTED above the threshold, REFUTED below.
results::Verdict verdict_of(Side side);

#define NETY_CLAIM(id, group, judge, subject, backend, statement) \
  Judgement judge_##judge(const Case& about);
#include "reports/claims/claims.def"
#undef NETY_CLAIM

}  // namespace nety::reports
