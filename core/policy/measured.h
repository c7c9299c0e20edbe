// Earlier measurements as the rules read them: which mode was the fastest of those that stay close
// to fp32. Private to this folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/policy/case.h"

namespace nety::policy {

/// "stored" is nothing, as a decision has it.
std::optional<precision::ModeId> mode_of(std::string_view name);

/// Whether it stays as close to fp32 as a choice must. fp32 itself does, measured or not.
bool is_admissible(const MeasuredMode& measured);

/// What was measured of a decision's mode, on its backend and device; null: no rate is known.
const MeasuredMode* measurement_of(const Case& c, const Decision& decision);

/// The fastest admissible one that can be run as asked; on `device` if it is named. Null: none.
const MeasuredMode* fastest_admissible(const Case& c, std::string_view device);

/// The arguments of messages: mode, backend, rate, KLD, top-1, date.
std::vector<std::string> account_of(const MeasuredMode& measured);
/// Mode, how many times as fast, than which, KLD, top-1, date.
std::vector<std::string> comparison_of(const MeasuredMode& one, const MeasuredMode& than,
                                       std::string_view name);

}  // namespace nety::policy
