// From results to files: the format is chosen by the file's extension.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/results/results.h"
#include "reports/claims/claims.h"

namespace nety::reports {

/// One format.
struct Renderer {
  std::string_view extension;  ///< ".json"
  std::string_view title;
  std::string (*render)(const results::File& file, const ClaimOptions& options);
};

/// All formats, in the table's order.
std::span<const Renderer> renderers();
/// The format for that file name. Error: kUsage for an extension that is none, naming those we
/// know.
const Renderer& renderer_for(const std::filesystem::path& path);

/// Renders and writes whole files, or none: (path, format by extension). Error: kUsage, kIo.
void write(const results::File& file, const std::filesystem::path& path,
           const ClaimOptions& options);

/// Judges the claims (in English) and keeps them in the file, so that its archives have them too.
void judge_into(results::File& file, const ClaimOptions& options);

/// Judges the claims into the file and writes report.json, report.md and report.html into `folder`,
/// which is made if need be. Returns their paths.
std::vector<std::filesystem::path> write_report(results::File& file,
                                                const std::filesystem::path& folder,
                                                const ClaimOptions& options);

/// The table of all configurations for a terminal `columns` wide: what does not fit is left out
/// from the right. Reasons of failures follow. No control characters, ends in a newline.
std::string terminal_table(const results::File& file, size_t columns, Language language);
/// The claims' verdicts for a terminal, and the headline first.
std::string terminal_verdicts(const results::File& file, const ClaimOptions& options);

/// One row as a line of JSON (without newline), for a stream while a benchmark runs.
std::string result_line(const results::Result& row);

#define NETY_RENDERER(extension, symbol, title) \
  std::string render_##symbol(const results::File& file, const ClaimOptions& options);
#include "reports/renderers.def"
#undef NETY_RENDERER

}  // namespace nety::reports
