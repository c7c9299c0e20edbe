// nety quantize: a checkpoint as a Hugging Face directory in another precision, either way: into
// bitsandbytes' formats or out of them.
#include <fmt/core.h>

#include "app/command.h"
#include "app/console.h"
#include "app/messages.h"
#include "app/model_options.h"
#include "app/run_arguments.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "core/checkpoint/convert.h"
#include "core/machine/machine.h"
#include "core/measure/stopwatch.h"

namespace nety::app {
namespace {

/// Passes progress on, and ends the work at the next step once the user presses Ctrl-C; what was
/// written so far is removed on the way out.
class StoppableProgress final : public Progress {
 public:
  explicit StoppableProgress(Progress& shown) : shown_(shown) {}
  void begin(std::string_view label, int64_t total) override { shown_.begin(label, total); }
  void advance(int64_t done) override {
    if (interrupted())
      throw Error(ErrorKind::kInterrupted, "interrupted", "Nothing was kept of the new directory.");
    shown_.advance(done);
  }
  void end() override { shown_.end(); }

 private:
  Progress& shown_;
};

std::string mode_list() { return std::string(precision::selectable_mode_names()); }

class Quantize final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.text("SRC", source_, "A GGUF file, a Hugging Face directory, or default");
    arguments.text("DST", destination_, "The directory to make; it must not exist");
    arguments.text("--mode", mode_, "Precision of the linear layers: " + mode_list());
    declare_run(arguments, run_, named({options::rows::threads.name}));
  }

  int run(const Context& context) override {
    const precision::ModeId mode = checked_mode();
    const measure::Stopwatch watch;
    const auto source = checkpoint::Checkpoint::open(resolve_model(source_));
    for (const checkpoint::Notice& note : source.notices()) notice(context, note.what);
    ThreadPool pool(machine::threads_for(run_.threads, machine::host()));
    const auto shown = make_progress(context);
    StoppableProgress progress(*shown);
    const auto notices = checkpoint::convert(source, destination_, {.mode = mode}, pool, progress);
    for (const checkpoint::Notice& note : notices) notice(context, note.what);
    const auto made = checkpoint::Checkpoint::open(destination_);
    notice(context, {message::quantize_done,
                     {destination_, mode_, format_bytes(made.weight_bytes()),
                      format_bytes(source.weight_bytes()), format_seconds(watch.seconds())}});
    return 0;
  }

 private:
  precision::ModeId checked_mode() const {
    if (source_.empty() || destination_.empty())
      throw Error(ErrorKind::kUsage, "quantize: needs a source and a destination",
                  "nety quantize SRC DST --mode MODE");
    const precision::Mode* mode = precision::find_mode(mode_);
    if (mode == nullptr || mode->kind == precision::ModeKind::kStored)
      throw Error(ErrorKind::kUsage,
                  mode_.empty()     ? "quantize: no --mode"
                  : mode == nullptr ? fmt::format("--mode: '{}' cannot be written", mode_)
                                    : fmt::format("--mode: '{}' cannot be written: it is run as "
                                                  "files have it, and nothing here makes it",
                                                  mode_),
                  fmt::format("Modes that can be written: {}.", mode_list()));
    return mode->id;
  }

  std::string source_, destination_, mode_;
  options::RunOptions run_;
};

}  // namespace

std::unique_ptr<Command> make_quantize() { return std::make_unique<Quantize>(); }

}  // namespace nety::app
