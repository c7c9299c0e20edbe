// One claim of a file, and files that differ from fp32 in one thing.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "fixtures.h"
#include "reports/claims/claims.h"

namespace nety::reports {

using results::Claim;
using results::File;
using results::Result;
using results::Status;
using results::Verdict;

inline Claim claim(const File& file, std::string_view id, const ClaimOptions& options = {}) {
  for (Claim& candidate : judge(file, options))
    if (candidate.id == id) return candidate;
  ADD_FAILURE() << "no claim " << id;
  return {};
}

inline Verdict verdict(const File& file, std::string_view id) { return claim(file, id).verdict; }

/// fp32 as the reference and one more configuration; the policy chose fp32.
inline File pair(const Sketch& other) {
  File file = bare_file();
  Sketch fp32{.mode = "fp32", .tg_tps = 100};
  fp32.reference = true;
  add_configuration(file, fp32);
  add_configuration(file, other);
  decide_for(file, "fp32");
  return file;
}

/// A configuration whose decode rate is `ratio` times that of fp32 in every round.
inline Sketch at_ratio(const std::string& mode, double ratio) {
  return {.mode = mode, .peak_mb = 300, .tg_tps = 100 * ratio, .kld = 0.001, .top1 = 0.98};
}

}  // namespace nety::reports
