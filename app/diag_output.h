// nety diag's own files: Markdown for a comment, JUnit for a build server. Other formats are the
// report's.
#pragma once

#include <string>

#include "core/base/messages.h"
#include "core/results/results.h"
#include "diag/examine.h"

namespace nety::app {

/// The verdict, the table of modes and the findings, worst first, as GitHub Markdown.
std::string diag_markdown(const diag::Diagnosis& diagnosis, const std::string& title,
                          Language language);
/// One test case per requirement and finding: failed ones fail, unknown ones are skipped.
std::string diag_junit(const diag::Diagnosis& diagnosis);
/// Writes `file` in the format of the path's extension. Error: kUsage, kIo.
void write_diag(const diag::Diagnosis& diagnosis, const results::File& file,
                const std::string& path, const std::string& title, Language language);

}  // namespace nety::app
