// Rows are shared among threads; each is scored by one, in order, so the numbers do not depend on
// how many there are.
#include "bench/window_scorer.h"

#include <algorithm>
#include <exception>

namespace nety::bench {
namespace {

int64_t top_of(std::span<const float> logits) {
  return std::max_element(logits.begin(), logits.end()) - logits.begin();
}

}  // namespace

WindowScorer::WindowScorer(std::span<const int32_t> tokens, int64_t vocab, ThreadPool& pool,
                           const std::filesystem::path& write, const std::filesystem::path& compare)
    : tokens_(tokens), vocab_(vocab), pool_(pool) {
  if (!write.empty()) written_ = std::make_unique<DistributionFile>(write, vocab, true);
  if (!compare.empty()) reference_ = std::make_unique<DistributionFile>(compare, vocab, false);
  scores_.nll.resize(tokens.size() - 1);
  if (reference_) scores_.kld = scores_.same_top = scores_.nll;
}

void WindowScorer::score(int64_t position, std::span<const float> logits,
                         std::span<float> expected) {
  const auto at = static_cast<size_t>(position);
  const double lse = log_sum_exp(logits);
  scores_.nll[at] = lse - logits[static_cast<size_t>(tokens_[at + 1])];
  if (written_) written_->write(position, lse, logits);
  if (!reference_) return;
  const double expected_lse = reference_->read(position, expected);
  scores_.kld[at] = divergence(expected, expected_lse, logits, lse);
  scores_.same_top[at] = top_of(logits) == top_of(expected) ? 1 : 0;
}

void WindowScorer::add(int64_t first, std::span<const float> logits) {
  const auto vocab = static_cast<size_t>(vocab_);
  const auto rows = static_cast<int64_t>(logits.size() / vocab);
  std::vector<std::exception_ptr> failures(static_cast<size_t>(pool_.threads()));
  pool_.run([&](int worker, int workers) {
    const Share share = share_of(rows, worker, workers);
    try {
      std::vector<float> expected(reference_ ? vocab : 0);
      for (int64_t row = share.begin; row < share.end; ++row)
        score(first + row, logits.subspan(static_cast<size_t>(row) * vocab, vocab), expected);
    } catch (...) {
      failures[static_cast<size_t>(worker)] = std::current_exception();
    }
  });
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

}  // namespace nety::bench
