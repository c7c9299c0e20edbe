// `--require`: what a machine must have, in a little grammar, so that a script can ask.
//
//   requirement := quantity operator number [unit]      ram>=16GiB   bandwidth>=20GB/s   threads>=4
//                | feature                              avx512_bf16
//                | "mode:" name ["@" backend] ["=" verdict]   mode:int8=viable   mode:nf4@torch
//                | "fits:" name                         fits:fp32 (with a MODEL)
//                | "finding:" id ["=" status]           finding:gpu=ok
//   operator    := ">=" | "<=" | ">" | "<" | "="
//
// Spaces around operators do not matter. A quantity that cannot be told, and a mode that was not
// tried, do not meet a requirement.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/messages.h"
#include "core/results/results.h"

namespace nety::diag {

struct Diagnosis;

enum class RequirementKind : uint8_t { kQuantity, kFeature, kMode, kFits, kFinding };
enum class Comparison : uint8_t { kAtLeast, kAtMost, kMore, kLess, kEqual };

/// One requirement, understood.
struct Requirement {
  std::string text;  ///< As given.
  RequirementKind kind = RequirementKind::kQuantity;
  std::string name;     ///< Of the quantity, feature, mode or finding.
  std::string backend;  ///< kMode: empty is native.
  Comparison comparison = Comparison::kAtLeast;
  double number = 0;  ///< In the quantity's base unit.
  std::string word;   ///< kMode: a verdict; kFinding: a status.
};

/// A pure function of the text. Error: kUsage, naming what is not understood and what would be.
Requirement parse_requirement(std::string_view text);

/// Whether a diagnosis meets it.
struct RequirementCheck {
  std::string text;
  bool met = false;
  bool unknown = false;  ///< Not met because it cannot be told.
  std::string found;     ///< The value found, or why there is none.
};
RequirementCheck check(const Requirement& requirement, const Diagnosis& diagnosis,
                       Language language);

/// The grammar and every name, for `--require help`.
std::string requirement_help(Language language);

/// A check as a finding "require.<number>", ok or fail, so that files and reports carry it.
results::Finding finding_of(const RequirementCheck& check, size_t number, Language language);

}  // namespace nety::diag
