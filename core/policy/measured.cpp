// Rates and distances of earlier runs, compared.
#include "core/policy/measured.h"

#include <fmt/core.h>

#include "core/base/units.h"

namespace nety::policy {
namespace {

constexpr std::string_view kReference = "fp32";

std::string kld_text(const MeasuredMode& measured) {
  return format_number(measured.kld.value_or(0));
}
std::string top1_text(const MeasuredMode& measured) {
  return format_number(100 * measured.top1.value_or(1));
}
std::string date_of(const MeasuredMode& measured) { return measured.created_utc.substr(0, 10); }

}  // namespace

std::optional<precision::ModeId> mode_of(std::string_view name) {
  const precision::Mode* const mode = precision::find_mode(name);
  return mode == nullptr ? std::nullopt : std::optional(mode->id);
}

bool is_admissible(const MeasuredMode& measured) {
  if (measured.mode == kReference && !measured.kld) return true;
  return measured.kld.value_or(1) <= kAdmissibleKld && measured.top1.value_or(0) >= kAdmissibleTop1;
}

const MeasuredMode* measurement_of(const Case& c, const Decision& decision) {
  for (const MeasuredMode& one : c.evidence.measured)
    if (one.mode == decision.mode_name() && one.backend == decision.backend &&
        one.device == decision.device && one.tg_tps)
      return &one;
  return nullptr;
}

const MeasuredMode* fastest_admissible(const Case& c, std::string_view device) {
  const MeasuredMode* best = nullptr;
  for (const MeasuredMode& one : c.evidence.measured) {
    if (!one.tg_tps || !is_admissible(one)) continue;
    if (!device.empty() && one.device != device) continue;
    if (best != nullptr && *one.tg_tps <= *best->tg_tps) continue;
    if (c.place_of(one).backend != nullptr) best = &one;
  }
  return best;
}

std::vector<std::string> account_of(const MeasuredMode& measured) {
  return {measured.mode,      measured.backend,    format_number(measured.tg_tps.value_or(0)),
          kld_text(measured), top1_text(measured), date_of(measured)};
}

std::vector<std::string> comparison_of(const MeasuredMode& one, const MeasuredMode& than,
                                       std::string_view name) {
  return {one.mode,          fmt::format("{:.2f}", *one.tg_tps / *than.tg_tps),
          std::string(name), kld_text(one),
          top1_text(one),    date_of(one)};
}

}  // namespace nety::policy
