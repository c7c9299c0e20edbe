// What the judges of claims share. Private to this folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/results/paired.h"
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

using results::kSpeedMargin;

using results::Closeness;
using results::Side;
using results::side_of;

Closeness closeness_of(const ConfigurationView& configuration, const Admissible& admissible);
/// "KLD 0.0013 [0.0011, 0.0014], top-1 97.6 % [...]".
std::string closeness_text(const ConfigurationView& configuration, const Wording& words);

/// What would decide on which side of `threshold` a ratio is that was measured in turns: so much
/// more time, or none because it is a tie; empty where there were no turns. `command` becomes the
/// report with a budget that is enough.
std::string what_decides(const Case& about, const Ratio& ratio, double threshold,
                         std::string& command);

/// The same of a configuration whose text was not scored for want of time: of so many windows that
/// they make an interval. Empty where that is not the reason.
std::string what_scores(const Case& about, const ConfigurationView& one, std::string& command);

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

/// Whether two rates were measured to differ by no more than the margin, either way. Only for pairs
/// taken in turns.
bool is_tie(const Ratio& ratio);

/// SUPPORTED above the threshold, REFUTED below.
results::Verdict verdict_of(Side side);

#define NETY_CLAIM(id, group, judge, subject, backend, statement) \
  Judgement judge_##judge(const Case& about);
#include "reports/claims/claims.def"
#undef NETY_CLAIM

}  // namespace nety::reports
