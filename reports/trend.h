// The history of a benchmark and where it changed, as people and programs read it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/messages.h"
#include "core/results/history.h"
#include "reports/wording.h"

namespace nety::reports {

/// What `nety trend` shows.
struct TrendReport {
  std::string source;  ///< The history file, as it was named.
  results::ChangePointOptions options;
  std::vector<results::Trend> trends;
};

/// "tg128 fp32"
std::string title_of(const results::HistorySeries& series, const Wording& words);
/// "-4.1 % [-5.0, -3.2]"
std::string size_of(const results::ChangePoint& change, const Wording& words);
/// "between 1a2b3c4 and 5d6e7f8 (2026-11-20)", and the commits of the 95 % interval if they differ.
std::string place_of(const results::Trend& trend, const results::ChangePoint& change,
                     const Wording& words);
/// The first characters of a commit, and "-dirty" if it is.
std::string short_commit(const std::string& commit);
/// Which series are worse since their last change; or that none is.
std::string trend_headline(const TrendReport& report, const Wording& words);

/// A paragraph per series. Ends in a newline.
std::string terminal_trends(const TrendReport& report, Language language);
std::string markdown_trends(const TrendReport& report, Language language);
/// One picture: a panel per series. Needs no style sheet.
std::string svg_trends(const TrendReport& report, Language language);
/// "nety.trend/1", described in docs/trend.md. The same in every language.
std::string json_trends(const TrendReport& report);

}  // namespace nety::reports
