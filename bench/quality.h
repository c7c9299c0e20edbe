// How far one configuration's predictions are from the text, and from the reference's. In double,
// from the logits themselves: differences near 1e-5 are meant to be seen.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/results/results.h"

namespace nety::bench {

inline constexpr int64_t kWindowTokens = 256;
/// The fewest windows whose figures have an interval.
inline constexpr int64_t kFewestWindows = 6;

/// ln(sum of exp(logits)); NaN if any logit is not finite.
double log_sum_exp(std::span<const float> logits);

/// Kullback-Leibler divergence of `candidate` from `reference` in nats, given the log_sum_exp of
/// each: sum over v of p_ref(v) (ln p_ref(v) - ln p_cand(v)).
double divergence(std::span<const float> reference, double reference_lse,
                  std::span<const float> candidate, double candidate_lse);

/// The predictions of the reference for one window, in a file that the candidates' workers read:
/// rows of one double (log_sum_exp) and `vocab` floats (logits). Row by row, so that a window of a
/// large vocabulary does not count as memory of the engine.
class DistributionFile {
 public:
  /// Made anew if `writable`. Error: kIo, naming the path.
  DistributionFile(const std::filesystem::path& path, int64_t vocab, bool writable);
  ~DistributionFile();
  DistributionFile(const DistributionFile&) = delete;
  DistributionFile& operator=(const DistributionFile&) = delete;

  /// From several threads at once. Error: kIo; kInternal for a row that is not there.
  void write(int64_t row, double lse, std::span<const float> logits);
  double read(int64_t row, std::span<float> logits) const;

 private:
  uint64_t row_bytes() const;

  std::filesystem::path path_;
  int64_t vocab_;
  int descriptor_ = -1;
};

/// Tokens per window, and how many of its positions are context only. A text of at most 1024 tokens
/// is one window, scored whole. A longer one is cut into windows of 256 tokens; their distributions
/// are compared at every position, their likelihood is that of their second half.
struct Windows {
  int64_t tokens = 0;  ///< per window
  int64_t count = 0;
  int64_t likelihood_from = 0;  ///< First token of a window whose likelihood counts.
};
/// Windows for `tokens` tokens where one sequence can hold `context`. count is 0 for fewer than 2.
Windows cut_windows(int64_t tokens, int64_t context);

/// The mean of all values of all windows, with the 95 % interval that their spread between windows
/// gives (Student's t; positions of one window are not independent). From 6 windows on.
results::Metric clustered_mean(const std::string& unit,
                               const std::vector<std::vector<double>>& windows);

/// By window: how many tokens come before the first one at which greedy decoding of the two would
/// differ, both having read the same text. The whole window if they never differ.
results::Metric greedy_divergence(const std::vector<std::vector<double>>& same_top);

}  // namespace nety::bench
