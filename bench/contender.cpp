#include "bench/contender.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "bench/installed.h"
#include "core/base/error.h"
#include "core/model/plugin.h"
#include "core/precision/mode.h"

namespace nety::bench {
namespace fs = std::filesystem;
namespace {

using results::Status;

constexpr const char* kHowTo =
    "Give NAME=COMMAND, NAME being the engine's name in the report: a llama-bench "
    "(llama.cpp=\"llama-bench -m model.gguf\"), a server (\"llama-server -m model.gguf --port "
    "{port}\", or http://127.0.0.1:8080 of one that runs), or a Python with transformers.";

/// Options of llama-bench that are nety's to give.
constexpr std::string_view kOwnOptions[] = {"-p",      "--n-prompt", "-n", "--n-gen",       "-pg",
                                            "-d",      "--n-depth",  "-r", "--repetitions", "-o",
                                            "--output"};

std::vector<std::string> words_of(const std::string& command) {
  std::vector<std::string> words;
  std::istringstream stream(command);
  for (std::string word; stream >> word;) {
    std::erase_if(word, [](char c) { return c == '"' || c == '\''; });
    words.push_back(std::move(word));
  }
  return words;
}

/// A Python by its path, or the folder of an environment.
bool is_python(const std::string& command) {
  if (command.find(' ') != std::string::npos) return false;
  std::error_code ignored;
  return fs::path(command).filename().string().starts_with("python") ||
         fs::is_regular_file(fs::path(command) / "bin/python", ignored);
}

void check_name(const std::string& name) {
  const bool good = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-' || c == '+';
  });
  if (!good)
    throw Error(ErrorKind::kUsage, fmt::format("--contender: '{}' is no name", name), kHowTo);
  const auto plugins = model::plugin_names();
  if (name == "native" || name == kInstalled ||
      std::find(plugins.begin(), plugins.end(), name) != plugins.end())
    throw Error(ErrorKind::kUsage,
                fmt::format("--contender: '{}' is the name of a backend of nety", name),
                "Give the other engine a name of its own.");
}

void check_llama_bench(const std::string& command) {
  for (const std::string& word : words_of(command))
    for (const std::string_view option : kOwnOptions)
      if (word == option && command.find("{prompt}") == std::string::npos)
        throw Error(ErrorKind::kUsage, fmt::format("--contender: '{}' has {}", command, option),
                    "Leave -p, -n, -d, -r and -o of llama-bench out: nety gives them, so that both "
                    "engines do the same work. A command of another kind names its places: "
                    "{prompt}, {gen}, {depth}.");
}

}  // namespace

std::string_view name_of(ContenderKind kind) {
  switch (kind) {
    case ContenderKind::kLlamaBench:
      return "llama-bench";
    case ContenderKind::kServer:
      return "openai";
    case ContenderKind::kPython:
      return "python";
  }
  return "";
}

Contender parse_contender(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals + 1 == text.size())
    throw Error(ErrorKind::kUsage, fmt::format("--contender: '{}' is no NAME=COMMAND", text),
                kHowTo);
  Contender contender;
  contender.name = text.substr(0, equals);
  contender.command = text.substr(equals + 1);
  if (const size_t at = contender.name.find('@'); at != std::string::npos) {
    contender.mode = contender.name.substr(at + 1);
    contender.name.resize(at);
    if (contender.mode != "stored" && precision::find_mode(contender.mode) == nullptr)
      throw Error(
          ErrorKind::kUsage,
          fmt::format("--contender: unknown mode '{}' of {}", contender.mode, contender.name),
          "nety modes lists them.");
  }
  check_name(contender.name);
  if (is_url(contender.command) || contender.command.find("{port}") != std::string::npos) {
    contender.kind = ContenderKind::kServer;
  } else if (is_python(contender.command)) {
    contender.kind = ContenderKind::kPython;
  } else {
    contender.kind = ContenderKind::kLlamaBench;
    check_llama_bench(contender.command);
  }
  return contender;
}

bool is_url(const std::string& command) {
  return command.starts_with("http://") || command.starts_with("https://");
}

std::string model_file_in(const std::string& command) {
  for (const std::string& word : words_of(command))
    if (word.ends_with(".gguf")) return word.substr(word.find('=') + 1);
  return "";
}

measure::WorkerCommand contender_command(const Contender& contender) {
  const fs::path program = fs::path(measure::own_program()).parent_path() / "nety-contender";
  return {{program.string(), std::string(name_of(contender.kind)), contender.command}, {}};
}

std::string hint_for(const Contender& contender, Status status) {
  if (status == Status::kTimeout)
    return "Give it more time (--contender-limit 5min), or look at what it waits for.";
  if (contender.kind == ContenderKind::kServer && is_url(contender.command))
    return fmt::format("Look whether the server runs: curl {}/v1/models", contender.command);
  if (contender.kind == ContenderKind::kServer)
    return fmt::format("Start it by hand and look at what it says: {}", contender.command);
  if (contender.kind == ContenderKind::kPython)
    return "./nety setup --python-stack makes an environment that works.";
  return fmt::format("Run it by hand and look at what it prints: {} -o json", contender.command);
}

}  // namespace nety::bench
