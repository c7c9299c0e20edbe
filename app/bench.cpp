// nety bench: load time, memory, speed and quality of each mode.
#include <unistd.h>

#include "app/command.h"
#include "app/console.h"
#include "app/input.h"
#include "app/measurement.h"
#include "core/base/files.h"
#include "core/base/words.h"
#include "core/results/json.h"
#include "reports/render.h"

namespace nety::app {
namespace {

std::string formats() {
  std::string known;
  for (const reports::Renderer& renderer : reports::renderers())
    append_word(known, renderer.extension, " ");
  return known;
}

class Bench final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.text("MODEL", measurement_.model,
                   "A GGUF file, a Hugging Face directory, or default");
    measurement_.usual_budget = "175s";
    measurement_.declare(arguments);
    arguments.flag("--json", json_, "Print JSON");
    arguments.texts("-o,--output", outputs_,
                    "Write a file, by the end of its name: " + formats() + " (repeatable)");
  }

  int run(const Context& context) override {
    for (const std::string& path : outputs_) {  // before any work
      reports::renderer_for(path);
      check_writable(path);
    }
    measurement_.streams = outputs_;
    results::File file = measurement_.run(context);
    const reports::ClaimOptions claims{.language = context.language, .admissible = {}};
    reports::judge_into(file, claims);
    for (const std::string& path : outputs_) reports::write(file, path, claims);
    if (json_)
      write_output(results::to_json(file) + "\n");
    else
      write_output(reports::terminal_table(file, terminal_columns(STDOUT_FILENO).value_or(120),
                                           context.language));
    for (const std::string& warning : file.warnings) notice(context, warning);
    const int code = exit_code_of(file);
    if (code == 0 && measurement_.refusal) throw *measurement_.refusal;
    return code;
  }

 private:
  MeasurementOptions measurement_;
  std::vector<std::string> outputs_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_bench() { return std::make_unique<Bench>(); }

}  // namespace nety::app
