// What to measure, in which order. Pure: no process is started here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/contender.h"
#include "core/options/run_options.h"
#include "core/results/closeness.h"
#include "core/results/results.h"

namespace nety::bench {

/// The mode that every other one's quality is compared with.
inline constexpr std::string_view kReferenceMode = "fp32";

/// A benchmark as asked for. Empty words and zeros mean the default.
struct BenchRequest {
  std::string tool;                  ///< "nety 0.1.0", for the result file
  std::vector<std::string> command;  ///< This command line, for the result file

  std::string model = "default";
  std::string shape;  ///< As --shape takes it: random weights instead of a model; empty: a model.
  std::vector<std::string> modes{"fp32"};
  std::vector<std::string> backends{"native"};
  /// Mode and backend are those of the lists. A context of 0: as much as the workload needs.
  options::RunOptions run;

  std::vector<int64_t> prompts{512};
  std::vector<int64_t> gens{32};
  std::vector<int64_t> depths{0};
  /// Six is the fewest whose range covers the median with 95 % confidence.
  int repetitions = 6;
  /// Loads in processes of their own, before the one that is kept for the rounds.
  int load_passes = 1;
  uint64_t seed = 1;

  /// Why this model can read and write no text (it has no tokenizer); empty: it can. Nothing that
  /// needs text is then tried.
  std::string no_text;
  /// The text for quality; empty: no quality. `quality_name` names it in the results.
  std::string quality_text, quality_name;

  /// Slices where they decide something, until the budget ends or everything is decided; else
  /// rounds. With one prompt length, one depth and one number of tokens only.
  bool slices = false;
  bool fit_prompt = false;  ///< The prompt may be shorter than `prompts` says: 64 tokens or more.
  std::string chosen_mode, chosen_backend;  ///< By the policy, as rows name it.
  results::Admissible admissible;

  double budget_s = 0;           ///< For the whole; 0: none. One round is always made.
  double command_limit_s = 300;  ///< Longest silence of a worker within one command.
  bool probe_bandwidth = true;

  /// Other engines, after all backends. A Python's modes are those of the list.
  std::vector<Contender> contenders;
  double contender_limit_s = kContenderLimit;  ///< Longest silence of one.

  /// Interpreters for the backend `installed`, as --python names them; empty: those found.
  std::vector<std::string> pythons;

  /// How to start a worker; empty: this program with the argument "worker".
  std::vector<std::string> worker;
};

/// Throws kUsage for numbers and lists that cannot be measured, naming the option.
void check(const BenchRequest& request);

/// One row's configuration.
struct Configuration {
  std::string mode, backend;
  int threads = 0;  ///< 0: the request's; else this is the noise floor of another configuration.
  std::optional<size_t> contender{};  ///< Of the request's: then `backend` is its name.
};
/// Backends x modes, without repetition, the first backend's modes first. A backend that multiplies
/// only in some modes has only those.
std::vector<Configuration> configurations(const BenchRequest& request);

/// Where a backend runs if `asked` to run there: "auto" is the processor, or the first GPU if the
/// backend has no processor.
std::string device_for(const std::string& asked, const std::string& backend);

/// Tokens that one sequence has to hold for this workload, 0 if the request says.
int64_t context_needed(const BenchRequest& request);

/// The order of `count` things in round `round`: forwards and backwards in turn, so that a slow
/// drift of the machine affects all of them equally.
std::vector<size_t> order_of_round(size_t count, int round);

/// Whether a worker of `more` bytes may run while others use `used`. A worker alone always may.
bool fits_together(uint64_t used, uint64_t more, uint64_t limit);

}  // namespace nety::bench
