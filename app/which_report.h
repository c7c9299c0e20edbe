// What nety which found, as text for a terminal and as JSON (docs/schema/nety.which-1.json).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/messages.h"
#include "core/measure/calibration.h"
#include "core/policy/offers.h"

namespace nety::app {

/// Where a calibration came from.
enum class CalibrationSource : uint8_t {
  kMeasured,  ///< This machine and build, now or earlier.
  kWalls,     ///< This machine's walls alone.
  kOther,     ///< Another machine's calibration.
  kDiag,      ///< Another machine's walls and this machine's shares, or usual ones.
};

struct WhichReport {
  std::string tool;
  policy::Wanted wanted;
  measure::Calibration calibration;
  CalibrationSource source = CalibrationSource::kMeasured;
  std::string file;                      ///< --machine
  size_t models = 0;                     ///< That were looked at.
  std::vector<policy::Offer> offers;     ///< To be shown, in order.
  size_t meeting = 0;                    ///< Models that meet the wishes.
  std::optional<policy::Offer> nearest;  ///< Where none does.
  std::string plan_model;                ///< --plan
  std::vector<policy::Need> needs;
};

struct WhichLayout {
  Language language = Language::kEnglish;
  size_t width = 100;
  size_t rows = 20;       ///< Most lines of the table; the rest is counted.
  bool commands = false;  ///< Under each row the command that checks it.
};

std::string which_text(const WhichReport& report, const WhichLayout& layout);
/// The table of --plan.
std::string plan_text(const WhichReport& report, const WhichLayout& layout);
std::string which_json(const WhichReport& report);

/// "memory", "speed" ...: as JSON has them.
std::string_view name_of(policy::Shortfall shortfall);

}  // namespace nety::app
