// Comparisons as people read them: one table for the terminal, Markdown and pages, one JUnit suite.
#pragma once

#include <string>
#include <vector>

#include "core/base/messages.h"
#include "core/results/results.h"
#include "reports/document.h"
#include "reports/wording.h"

namespace nety::reports {

/// "tg128 fp32", "load fp32", "tg128@1024 nf4 (torch)".
std::string title_of(const results::Comparison& comparison, const Wording& words);
/// The verdict in the reader's language, with its limit or how many more pairs would decide.
std::string verdict_of(const results::Comparison& comparison, const Wording& words);
/// "tg128 fp32: -5.4 % [-6.1, -4.8], limit 2 %": the sentence of an annotation or a failed test.
std::string evidence_of(const results::Comparison& comparison, const Wording& words);

/// Every comparison, the gated ones marked. None where the file has none.
std::optional<Table> comparison_table(const results::File& file, const Wording& words);

/// The verdict in one sentence, how it was reached, and the table with a title of its own.
std::string comparison_headline(const results::File& file, const Wording& words);
std::string comparison_lead(const results::File& file);
Section comparison_section(const results::File& file, const Wording& words);

/// What `nety compare` prints: one line of protocol, the table. Ends in a newline.
std::string terminal_comparison(const results::File& file, Language language);

/// <testsuite> of the gated comparisons: regressions fail, what is not decided is skipped.
std::string junit_comparisons(const results::File& file, const Wording& words);

/// One comparison per line.
std::string csv_comparisons(const results::File& file);

/// Workflow commands that a GitHub job shows beside the change: at most ten, worst first; a line
/// each, nothing for what is fine.
std::string github_annotations(const results::File& file, Language language);

}  // namespace nety::reports
