// What a result file holds, as named series of one number: the form that other tools' formats want.
#pragma once

#include <string>
#include <vector>

#include "core/results/results.h"

namespace nety::reports {

/// One row under the name it keeps from run to run.
struct Series {
  std::string name;  ///< "SmolLM2/nf4/native/avx512/t2/tg128@d1024"; no spaces
  const results::Result* row;
  const results::Model* model;      ///< Null if the file does not have it.
  const results::Machine* machine;  ///< Null if the file does not have it.
};

/// The rows, in the file's order. A machine's id is in the name where there are several.
std::vector<Series> series_of(const results::File& file);

/// Whether the samples of a metric are gaps between tokens, hundreds in each run: formats with an
/// entry per sample leave them out.
inline bool is_gaps(const std::string& metric) { return metric == "itl_s"; }

/// Whether more of it is better: rates and ratios; of times, bytes and divergences less is.
bool bigger_is_better(const results::Metric& metric);

}  // namespace nety::reports
