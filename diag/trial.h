// One mode on one backend, tried in a worker process: is it right, and how fast is it?
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/model/backend.h"
#include "core/options/run_options.h"

namespace nety::diag {

/// What to try.
struct TrialRequest {
  options::RunOptions run{.backend = "native", .threads = 1};
  bool timed = true;
  int64_t weights = 1 << 26;  ///< Of the matrix that is timed, about.
  double budget_s = 1;        ///< For the pairs of each of the two products.
};

/// Seconds of one product, in pairs taken in turn: the mode's and fp32's of the same backend.
struct TimedPairs {
  std::vector<double> mode_s, reference_s;
};

struct TrialReply {
  bool ok = false;
  ErrorKind error = ErrorKind::kInternal;  ///< Why there is no answer, if not ok.
  std::string what;
  std::string kernel;           ///< The backend's name for it.
  double error_share = 0;       ///< Worst error found, as a share of what is allowed.
  std::string worst_place;      ///< Where, if it is too large.
  double bytes_per_weight = 0;  ///< As the backend keeps it.
  int64_t vector_weights = 0;   ///< Of the matrix-vector product that was timed.
  int64_t matrix_products = 0;  ///< Multiplications of the matrix-matrix product.
  TimedPairs vector, matrix;

  bool correct() const { return ok && error_share <= 1; }
};

/// Shapes: columns as in a 7-billion-weight model, and as many tokens as a short prompt has.
inline constexpr int64_t kTrialCols = 4096;
inline constexpr int64_t kTrialTokens = 64;

using BackendFactory = std::function<std::unique_ptr<model::Backend>(const TrialRequest& request)>;

/// Known answers first, then, if they are right and it is asked for, the clock. Errors of the
/// backend are part of the reply.
TrialReply try_mode(const TrialRequest& request, const BackendFactory& make_backend);

/// The backend that is really there.
std::unique_ptr<model::Backend> real_backend(const TrialRequest& request);

}  // namespace nety::diag
