// Scores one window of text, a few rows of logits at a time, on several threads: a window of a
// large vocabulary is never held whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "bench/quality.h"
#include "core/base/thread_pool.h"

namespace nety::bench {

/// One value per position of a window; a position predicts the token after it.
struct WindowScores {
  std::vector<double> nll;       ///< -ln p of the token that followed, in nats
  std::vector<double> kld;       ///< divergence from the reference; empty without one
  std::vector<double> same_top;  ///< 1 if the likeliest token is the reference's, else 0; or empty
};

class WindowScorer {
 public:
  /// `tokens` are the window's and outlive this. `write`: a file to make of the distributions;
  /// `compare`: one made so; both may be empty.
  WindowScorer(std::span<const int32_t> tokens, int64_t vocab, ThreadPool& pool,
               const std::filesystem::path& write, const std::filesystem::path& compare);

  /// Logits [rows, vocab] of the positions from `first` on. Errors: those of DistributionFile.
  void add(int64_t first, std::span<const float> logits);
  WindowScores take() { return std::move(scores_); }

 private:
  void score(int64_t position, std::span<const float> logits, std::span<float> expected);

  std::span<const int32_t> tokens_;
  int64_t vocab_;
  ThreadPool& pool_;
  std::unique_ptr<DistributionFile> written_, reference_;
  WindowScores scores_;
};

}  // namespace nety::bench
