// A nety that is being compared: its worker process, asked in the words of protocol.h. What it does
// not answer is an error that names the program.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/compare.h"
#include "bench/compare_subjects.h"
#include "bench/engine_worker.h"
#include "bench/slices.h"

namespace nety::bench {

class ComparedWorker {
 public:
  /// `workload.engine.run.context` is what one sequence has to hold.
  ComparedWorker(std::vector<std::string> program, CompareWorkload workload);

  /// A fresh process with the model loaded. Returns its answer to kLoad; try_start() also why there
  /// is none.
  Reply start();
  Outcome try_start();
  void quit();
  bool started() const { return worker_ != nullptr; }

  /// Error: kEnvironment, naming the program and why it gave no measurement.
  Reply ask(const Command& command);
  Outcome try_to(const Command& command);
  Slice take(const SliceRequest& request);
  /// The version of the protocol that slices are asked for in: its own, or an older one.
  int protocol() const { return protocol_; }
  void speak(int protocol) { protocol_ = protocol; }

  /// Figures of the answer to kLoad; of one kStream, none from a model without a tokenizer; of
  /// memory now.
  Observation load_figures(const Reply& loaded) const;
  Observation first_token();
  Observation memory();

  /// Throws the error of a program that gave no measurement.
  [[noreturn]] void refuse(const std::string& reason) const;

  /// Adds a figure, unless it is not finite.
  void add(Observation& out, const char* metric, const char* phase, int64_t n_prompt, int64_t n_gen,
           const char* unit, double value) const;
  const CompareWorkload& workload() const { return workload_; }

 private:
  std::vector<std::string> program_;
  CompareWorkload workload_;
  std::unique_ptr<EngineWorker> worker_;
  int protocol_ = 1;
};

/// A command with these numbers.
Command command_of(Action action, int64_t n_prompt = 0, int64_t n_gen = 0);

}  // namespace nety::bench
