// The worker's side: one configuration, measured command by command.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bench/counted.h"
#include "bench/engine.h"
#include "bench/protocol.h"
#include "bench/quality.h"
#include "bench/slice_taker.h"
#include "core/base/progress.h"
#include "core/base/thread_pool.h"
#include "core/measure/memory.h"

namespace nety::bench {

/// Performs commands on the engine that its first command, kLoad, makes.
class ModeMeasurement {
 public:
  explicit ModeMeasurement(EngineFactory factory, const machine::Machine& machine = machine::host())
      : factory_(std::move(factory)),
        counted_(machine),
        slices_([this](int64_t count) { return random_tokens(count); }) {}

  /// The answer to one command. Errors are thrown: the engine's own, and kInternal for a command
  /// before kLoad or a window before kText.
  Reply perform(const Command& command, Progress& progress);
  /// What the last load planned to need, even if it was refused; 0: no plan was made.
  uint64_t planned_bytes() const { return engine_ == nullptr ? 0 : engine_->planned_bytes(); }

 private:
  Reply load(const Command& command, Progress& progress);
  Reply warm_up(const Command& command);
  Reply prefill(const Command& command);
  Reply decode(const Command& command);
  Reply stream(const Command& command);
  Reply slice(const Command& command);
  Reply take_text(const Command& command);
  Reply quality(const Command& command);
  Reply judge(const Command& command);
  Reply memory();

  Engine& engine();
  const std::string& prompt_of(int64_t tokens);
  std::vector<int32_t> random_tokens(int64_t count) const;
  double repeat_difference(std::span<const int32_t> tokens);

  EngineFactory factory_;
  CountedWork counted_;  // of the engine's threads, which are started later
  std::unique_ptr<Engine> engine_;
  LoadReport report_;
  uint64_t seed_ = 0;
  int64_t logit_rows_ = 1;
  measure::MemoryPeaks peaks_;
  SliceTaker slices_;
  std::map<int64_t, std::string> prompts_;  // by the number of tokens asked for
  std::vector<int32_t> text_;               // what kQuality scores
  Windows windows_;
  std::unique_ptr<ThreadPool> pool_;  // for scoring; the engine's own is idle then
};

/// `count` token ids below `vocab`, the same for the same seed on every machine.
std::vector<int32_t> random_token_ids(uint64_t seed, int64_t count, int64_t vocab);

/// Reads commands from `input` and writes replies to `output` (descriptors) until kQuit or the end
/// of the input. Errors and exhausted memory become replies. Returns the exit code.
int answer_commands(int input, int output, const EngineFactory& factory,
                    const machine::Machine& machine = machine::host());

}  // namespace nety::bench
