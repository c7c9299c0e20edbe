// The backend `installed`: the user's own Python stack, transformers and bitsandbytes, in its own
// interpreter. Its worker is a script of ours (installed_worker.py) that speaks the same protocol;
// this is what has to be there before it starts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/plan.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/measure/python.h"
#include "core/measure/worker.h"
#include "core/tokenizer/tokenizer.h"

namespace nety::bench {

inline constexpr std::string_view kInstalled = "installed";

/// True if any configuration of the request is of that backend.
bool wants_installed(const BenchRequest& request);

/// The stack of one run.
class Installed {
 public:
  /// Looks for a Python that has what the request's modes need. Never throws for lack of one.
  explicit Installed(const BenchRequest& request) : Installed(request, request.pythons) {}
  /// The same of these Pythons.
  Installed(const BenchRequest& request, std::vector<std::string> pythons);

  /// Why there can be no rows, with the command that changes it; empty if there can.
  const std::string& missing() const { return missing_; }
  /// Why this mode cannot run on this source; empty if it can.
  std::string unsupported(const std::string& mode) const;

  measure::WorkerCommand command() const;
  /// What transformers can load for that mode: the source itself, or a copy of it in fp32 that is
  /// made here, in the cache, if it is not there yet. Errors: those of checkpoint::convert().
  std::filesystem::path model_for(const std::string& mode, Progress& progress);
  /// The source, as the other backends' rows name it.
  const results::Model& model() const { return *model_; }

  /// A prompt of `count` tokens of the evaluation text, and the ids of a text: by our tokenizer, so
  /// that every backend has the same. Errors: those of loading a tokenizer.
  std::string prompt(int64_t count);
  std::vector<int32_t> tokens(const std::string& text);

 private:
  void choose_python(bool quantised);
  bool widened(const std::string& mode) const;
  const tokenizer::Tokenizer& tokenizer();

  const BenchRequest& request_;
  std::vector<std::string> pythons_;
  std::string missing_;
  measure::PythonStack stack_;
  std::optional<checkpoint::Checkpoint> source_;
  std::optional<results::Model> model_;
  std::optional<tokenizer::Tokenizer> tokenizer_;
};

}  // namespace nety::bench
