// The user's own Python: which interpreters there are, and what each has of the stack that runs
// language models. Asked in a process of its own, with a time limit and no network.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/machine/machine.h"

namespace nety::measure {

/// An interpreter, and what made us consider it: "--python", "VIRTUAL_ENV", "CONDA_PREFIX", "PATH",
/// or "nety setup" for the one in our cache.
struct Python {
  std::filesystem::path program;
  std::string origin;
};

/// The value of an environment variable, if it is set.
using Variables = std::function<std::optional<std::string>(const char* name)>;
/// This process's own.
std::optional<std::string> variable(const char* name);

/// Interpreters, the one that the user means first: those given, the active environment's, the
/// first on the PATH, others on the PATH, the one that `./nety setup --python-stack` makes. Each
/// once, under the first reason. A folder is taken for an environment.
std::vector<Python> find_pythons(const machine::Machine& machine, const Variables& variables,
                                 const std::vector<std::string>& given);

/// What an interpreter has.
struct PythonStack {
  Python python;
  std::string version;                                       ///< "3.11.7"
  std::map<std::string, std::string, std::less<>> packages;  ///< "torch" -> "2.11.0+cu130"
  std::string torch_cuda;        ///< The CUDA torch is built for; empty: none.
  std::string torch_capability;  ///< ATen's choice of kernels, "AVX512"; if torch was imported.
  std::string torch_error;       ///< Why importing torch failed.
  std::filesystem::path bitsandbytes_folder;
  std::vector<std::string> bitsandbytes_libraries;
  std::string failure;  ///< Why nothing is known: it cannot be started, it hangs ...

  bool has(std::string_view package) const { return packages.contains(package); }
  /// torch and transformers; bitsandbytes and accelerate too if `quantised`.
  bool can_run(bool quantised) const;
};

/// Asks an interpreter for at most `limit_s` seconds. `import_torch` takes seconds. Never throws:
/// what cannot be told is `failure`.
PythonStack ask_python(const Python& python, bool import_torch, double limit_s);

/// Variables for running a script of ours: offline, no telemetry, no proxies, text in UTF-8.
std::vector<std::pair<std::string, std::string>> python_environment();

}  // namespace nety::measure
