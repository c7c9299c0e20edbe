// Contenders: any other engine, measured in the same turns and reported in the same rows as ours.
// This is what a command line says of one; bench/contender/ is the program that drives it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/measure/worker.h"
#include "core/results/results.h"

namespace nety::bench {

/// The longest silence of one, in seconds, where nobody says otherwise.
inline constexpr double kContenderLimit = 60;

enum class ContenderKind : uint8_t {
  kLlamaBench,  ///< A command that prints llama-bench's JSON.
  kServer,      ///< An OpenAI-compatible server, started by a command or running already.
  kPython,      ///< A Python with transformers: the backend `installed` in that interpreter.
};
/// "llama-bench", "openai", "python": as results name it.
std::string_view name_of(ContenderKind kind);

/// What became of the comparison of its answers with ours (answers.h), before speed is measured.
struct AnswerCheck {
  /// kOk, or why nothing of it is measured: it died, was silent, wrote nonsense, runs another
  /// model.
  results::Status status = results::Status::kOk;
  std::string reason, hint;  ///< What is wrong, and what to do about it.
  std::string unknown;       ///< kOk, but there were no answers to compare: why.
  /// By prompt, for each token of its answer: 1 where it is our greedy choice too.
  std::vector<std::vector<double>> same_top;
};

struct Contender {
  std::string name;  ///< Its rows' backend.
  ContenderKind kind = ContenderKind::kLlamaBench;
  std::string command;  ///< For the shell; a URL of a running server; a Python.
  std::string mode;     ///< As given, or found in the command's file; empty: not known.
  AnswerCheck answers;
};

/// "NAME=COMMAND" or "NAME@MODE=COMMAND". COMMAND is a URL, a command with {port} that starts a
/// server, the path of a Python, or a command that prints llama-bench's JSON. Error: kUsage.
Contender parse_contender(const std::string& text);

/// Whether a contender's command is the URL of a server that runs already.
bool is_url(const std::string& command);

/// The file that the command names: its first word that ends in .gguf; empty if there is none.
std::string model_file_in(const std::string& command);

/// How to start the program that drives it, which speaks protocol.h. Not for kPython.
measure::WorkerCommand contender_command(const Contender& contender);

/// What to do about a contender that failed in that way.
std::string hint_for(const Contender& contender, results::Status status);

}  // namespace nety::bench
