// How a comparison in slices spends its time: how many pairs of processes, how many turns in each,
// how long a slice is. Pure arithmetic on what the programs' speeds were found to be.
#pragma once

#include <cstdint>

namespace nety::bench {

/// The slower of the programs, in seconds.
struct SliceSpeeds {
  double load_s = 0;           ///< A process with the model loaded.
  double prefill_token_s = 0;  ///< A token of prefill.
  double step_s = 0;           ///< A step of decode.
  /// A token of prefill if no other program used the processors: by processor time. The prompt's
  /// length follows from it, so that it does not change with what else is running.
  double undisturbed_token_s = 0;
};

/// What was asked for.
struct SliceWishes {
  int64_t least = 10, most = 40;  ///< Pairs.
  bool fixed_pairs = false;       ///< `most` is an order, not a limit.
  int64_t n_prompt = 512, n_gen = 128;
  bool fixed_prompt = false;  ///< `n_prompt` is an order, not a limit.
  int64_t programs = 3;       ///< Loaded side by side.
  int64_t renew_every = 1;    ///< Pairs that share the processes.
  double budget_s = 0;        ///< For all pairs; 0: none.
  bool fill_budget = true;    ///< Take more turns than usual if there is time.
};

struct SlicePlan {
  int64_t pairs = 0;     ///< The most.
  int64_t n_prompt = 0;  ///< Of a slice of prefill.
  int64_t tokens = 0;    ///< Of a slice of decode.
  int64_t turns = 0;     ///< In each pair, each with a slice of decode of every program.
  int64_t prefills = 0;  ///< Turns that have one of prefill as well.
  /// A pair that takes longer, since the machine became slower, ends after the fewest turns that
  /// make a median; 0: it may take as long as it likes.
  double pair_limit_s = 0;
};

/// About how long a pair takes.
double pair_seconds(const SlicePlan& plan, const SliceSpeeds& speeds, const SliceWishes& wishes);

/// Slices of decode take 20 ms; of prefill, 100 ms at most, by a shorter prompt (64 tokens at
/// least) unless that is fixed. As many pairs as the budget holds with 24 turns each, but no fewer
/// than the least; then as many turns, from 4 to 100, as are left for each.
SlicePlan plan_slices(const SliceSpeeds& speeds, const SliceWishes& wishes);

/// Turns of a pair that is cut short.
inline constexpr int64_t kFewestTurns = 4;

/// Whether `programs` of them fit in memory together: what each has for itself, one at its peak,
/// and once the pages of files that they share.
bool fit_together(int64_t programs, double own_bytes, double peak_bytes, double shared_bytes,
                  double available_bytes);

}  // namespace nety::bench
