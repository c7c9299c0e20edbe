#include "core/measure/python.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/measure/worker.h"

namespace nety::measure {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::json;

constexpr char kFactsScript[] =
#include "core/measure/python_facts.py.inc"
    ;

/// The interpreter in a folder of programs.
std::optional<fs::path> interpreter_in(const machine::Machine& machine, const fs::path& folder) {
  const auto names = machine.list(folder.string());
  if (!names) return std::nullopt;
  for (const char* name : {"python3", "python"})
    if (std::find(names.value->begin(), names.value->end(), name) != names.value->end())
      return folder / name;
  return std::nullopt;
}

/// Interpreters in the order found, each once.
class Found {
 public:
  explicit Found(const machine::Machine& machine) : machine_(machine) {}

  void add(const fs::path& program, const std::string& origin) {
    // An environment's program is a link to the system's: the path tells them apart, not the file.
    const fs::path path = program.lexically_normal();
    const auto same = [&](const Python& other) { return other.program == path; };
    if (std::none_of(pythons_.begin(), pythons_.end(), same)) pythons_.push_back({path, origin});
  }
  void add_folder(const fs::path& folder, const std::string& origin) {
    if (const auto program = interpreter_in(machine_, folder)) add(*program, origin);
  }
  std::vector<Python> take() { return std::move(pythons_); }

 private:
  const machine::Machine& machine_;
  std::vector<Python> pythons_;
};

void take_facts(const std::string& line, PythonStack& stack) try {
  const Json facts = Json::parse(line);
  stack.version = facts.at("python").get<std::string>();
  for (const auto& [key, value] : facts.items())
    if (key.starts_with("package ") && value.is_string())
      stack.packages[key.substr(8)] = value.get<std::string>();
  stack.torch_cuda = facts.value("torch_cuda", "");
  stack.torch_capability = facts.value("torch_capability", "");
  stack.torch_error = facts.value("torch_error", "");
  stack.bitsandbytes_folder = facts.value("bitsandbytes_folder", "");
  stack.bitsandbytes_libraries = facts.value("bitsandbytes_libraries", std::vector<std::string>{});
} catch (const Json::exception&) {
  stack.failure = "its answer cannot be read: " + line.substr(0, 80);
}

}  // namespace

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
}

std::vector<Python> find_pythons(const machine::Machine& machine, const Variables& variables,
                                 const std::vector<std::string>& given) {
  Found found(machine);
  for (const std::string& path : given) {
    // A folder has a bin folder: an environment. Anything else is the program itself.
    if (const auto program = interpreter_in(machine, fs::path(path) / "bin"))
      found.add(*program, "--python");
    else
      found.add(path, "--python");
  }
  for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX"})
    if (const auto prefix = variables(name)) found.add_folder(fs::path(*prefix) / "bin", name);
  const std::string path = variables("PATH").value_or("");
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find(':', begin), path.size());
    if (end > begin && path[begin] == '/')
      found.add_folder(path.substr(begin, end - begin), "PATH");
    begin = end + 1;
  }
  found.add_folder(cache_folder() / "python-stack" / "bin", "nety setup");
  return found.take();
}

bool PythonStack::can_run(bool quantised) const {
  return has("torch") && has("transformers") &&
         (!quantised || (has("bitsandbytes") && has("accelerate")));
}

PythonStack ask_python(const Python& python, bool import_torch, double limit_s) {
  PythonStack stack;
  stack.python = python;
  WorkerCommand command;
  command.argv = {python.program.string(), "-c", kFactsScript};
  if (import_torch) command.argv.emplace_back("import");
  command.environment = python_environment();
  try {
    Worker worker(command);
    const std::optional<std::string> line = worker.receive(limit_s);
    if (line)
      take_facts(*line, stack);
    else
      stack.failure = worker.end()->describe();
    worker.stop(1);
  } catch (const Error& error) {
    stack.failure = error.what();
  }
  return stack;
}

std::vector<std::pair<std::string, std::string>> python_environment() {
  std::vector<std::pair<std::string, std::string>> variables = {
      {"HF_HUB_OFFLINE", "1"},           {"TRANSFORMERS_OFFLINE", "1"},
      {"HF_HUB_DISABLE_TELEMETRY", "1"}, {"HF_DATASETS_OFFLINE", "1"},
      {"PYTHONIOENCODING", "utf-8"},     {"TOKENIZERS_PARALLELISM", "false"}};
  for (const char* proxy :
       {"http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"})
    variables.emplace_back(proxy, "");
  return variables;
}

}  // namespace nety::measure
