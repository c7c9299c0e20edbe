// A Python that has the stack, a copy of the model that it can read, the workload's tokens.
#include "bench/installed.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <system_error>

#include "bench/evaluation_text.h"
#include "bench/model_facts.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/words.h"
#include "core/checkpoint/convert.h"
#include "core/model/tokenizer_source.h"
#include "core/precision/mode.h"

namespace nety::bench {
namespace fs = std::filesystem;
namespace {

constexpr double kAskLimit = 20;  // seconds for an interpreter to say what it has

constexpr char kWorkerScript[] =
#include "bench/installed_worker.py.inc"
    ;

bool is_quantised(const std::string& name) {
  const precision::Mode* mode = precision::find_mode(name);
  return mode != nullptr && mode->kind == precision::ModeKind::kQuantised;
}

bool is_quantised(const checkpoint::Checkpoint& checkpoint) {
  return precision::mode(checkpoint.stored_mode()).kind != precision::ModeKind::kFloat;
}

/// Increased when the content of a copy changes, so that older ones are made again.
constexpr int kCopyVersion = 2;

/// The folder of a source's copy. Sizes and times are part of its name: a changed source has
/// another.
fs::path widened_folder(const checkpoint::Checkpoint& source, const results::Model& model) {
  std::string what = fmt::format("{}|{}", kCopyVersion, fs::absolute(source.path()).string());
  for (const MappedFile& file : source.files()) {
    std::error_code ignored;
    const auto time = fs::last_write_time(file.path(), ignored).time_since_epoch().count();
    what += fmt::format("|{}|{}", file.size(), time);
  }
  std::string name;
  for (const char c : model.name) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '-';
  return cache_folder() / "widened" /
         fmt::format("{}-fp32-{:016x}", name, std::hash<std::string>()(what));
}

}  // namespace

bool wants_installed(const BenchRequest& request) {
  return std::find(request.backends.begin(), request.backends.end(), kInstalled) !=
         request.backends.end();
}

Installed::Installed(const BenchRequest& request, std::vector<std::string> pythons)
    : request_(request), pythons_(std::move(pythons)) {
  const bool quantised = std::any_of(request.modes.begin(), request.modes.end(),
                                     [](const std::string& mode) { return is_quantised(mode); });
  choose_python(quantised);
  if (!missing_.empty()) return;
  try {
    source_.emplace(checkpoint::Checkpoint::open(request.model));
    model_ = describe(*source_);
  } catch (const Error& error) {
    missing_ = error.what();
  }
}

/// The first that has everything, else the first that has at least what float modes need.
void Installed::choose_python(bool quantised) {
  std::string asked;
  std::optional<measure::PythonStack> enough_for_floats;
  for (const measure::Python& python :
       measure::find_pythons(machine::host(), measure::variable, pythons_)) {
    if (!pythons_.empty() && python.origin != "--python") continue;
    measure::PythonStack stack = measure::ask_python(python, false, kAskLimit);
    if (stack.can_run(quantised)) {
      stack_ = std::move(stack);
      return;
    }
    const std::string why = stack.failure.empty() ? "" : ": " + stack.failure;
    append_word(asked, python.program.string() + why);
    if (!enough_for_floats && stack.can_run(false)) enough_for_floats = std::move(stack);
  }
  if (enough_for_floats) {
    stack_ = std::move(*enough_for_floats);
    return;
  }
  missing_ = fmt::format(
      "no Python here has torch, transformers{} (looked at: {}); ./nety setup --python-stack makes "
      "one, --python PATH names another",
      quantised ? ", accelerate and bitsandbytes" : "", asked.empty() ? "none found" : asked);
}

std::string Installed::unsupported(const std::string& mode) const {
  if (mode == "stored" && source_->format() == checkpoint::Format::kGguf)
    return "transformers runs no GGUF as it is stored: it would widen it";
  if (const precision::Mode* known = precision::find_mode(mode);
      known != nullptr && known->kind == precision::ModeKind::kStored)
    return fmt::format("transformers and bitsandbytes have no mode {}", mode);
  if (is_quantised(mode) && !stack_.can_run(true))
    return fmt::format(
        "{} lacks bitsandbytes or accelerate; ./nety setup --python-stack makes an "
        "environment that has them",
        stack_.python.program.string());
  return "";
}

measure::WorkerCommand Installed::command() const {
  measure::WorkerCommand command;
  command.argv = {stack_.python.program.string(), "-c", kWorkerScript};
  command.environment = measure::python_environment();
  if (request_.run.threads > 0)
    command.environment.emplace_back("OMP_NUM_THREADS", std::to_string(request_.run.threads));
  return command;
}

/// Whether transformers needs a copy in fp32: of a GGUF, and of a quantised source that is to run
/// in another mode than its own.
bool Installed::widened(const std::string& mode) const {
  if (source_->format() == checkpoint::Format::kGguf) return true;
  const bool as_stored = mode == "stored" || mode == precision::mode(source_->stored_mode()).name;
  return !as_stored && is_quantised(*source_);
}

fs::path Installed::model_for(const std::string& mode, Progress& progress) {
  if (!widened(mode)) return fs::absolute(source_->path());
  fs::path folder = widened_folder(*source_, *model_);
  std::error_code failure;
  if (fs::exists(folder / "config.json", failure)) return folder;
  fs::create_directories(folder.parent_path(), failure);
  ThreadPool pool(std::max(static_cast<int>(request_.run.threads), 1));
  checkpoint::convert(*source_, folder, {.mode = precision::find_mode("fp32")->id}, pool, progress);
  return folder;
}

const tokenizer::Tokenizer& Installed::tokenizer() {
  if (!tokenizer_) tokenizer_.emplace(model::load_tokenizer(*source_));
  return *tokenizer_;
}

std::string Installed::prompt(int64_t count) {
  const std::vector<int32_t> text = tokenizer().encode(evaluation_text());
  std::vector<int32_t> ids;
  while (!text.empty() && static_cast<int64_t>(ids.size()) < count)
    ids.insert(ids.end(), text.begin(), text.end());
  ids.resize(static_cast<size_t>(std::min<int64_t>(count, static_cast<int64_t>(ids.size()))));
  return tokenizer().decode(ids);
}

std::vector<int32_t> Installed::tokens(const std::string& text) { return tokenizer().encode(text); }

}  // namespace nety::bench
