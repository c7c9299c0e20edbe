// nety modes: the table of precision modes.
#include <fmt/format.h>

#include <cstdio>

#include "app/command.h"
#include "core/precision/mode.h"

namespace nety::app {
namespace {

std::string_view kind_name(precision::ModeKind kind) {
  switch (kind) {
    case precision::ModeKind::kFloat:
      return "float";
    case precision::ModeKind::kQuantised:
      return "quantised";
    case precision::ModeKind::kStored:
      return "as stored";
  }
  return "";
}

class Modes final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.flag("--markdown", markdown_, "As a Markdown table");
  }

  int run(const Context&) override {
    const auto line = [this](std::string_view name, std::string_view title, std::string_view kind,
                             std::string_view bits, std::string_view storage,
                             std::string_view activation, std::string_view sums,
                             std::string_view rest) {
      if (markdown_)
        fmt::print("| {} | {} | {} | {} | {} | {} | {} | {} |\n", name, title, kind, bits, storage,
                   activation, sums, rest);
      else
        fmt::print("{:<7} {:<24} {:<10} {:>6}  {:<38} {:<16} {:<20} {}\n", name, title, kind, bits,
                   storage, activation, sums, rest);
    };
    line("mode", "title", "kind", "bits/w", "weights", "activations", "sums", "the rest");
    if (markdown_) fmt::print("|---|---|---|--:|---|---|---|---|\n");
    for (const precision::Mode& mode : precision::modes())
      line(mode.name, mode.title, kind_name(mode.kind), fmt::format("{:.4g}", mode.bits_per_weight),
           mode.storage, mode.activation, mode.accumulation, mode.remainder);
    if (!markdown_)
      fmt::print(
          "\nbits/w: per weight of a matrix, scales included. The rest: embeddings and lm_head.\n"
          "\"as stored\" modes are GGUF formats: run from a file that has them, not made by "
          "--mode.\n");
    return 0;
  }

 private:
  bool markdown_ = false;
};

}  // namespace

std::unique_ptr<Command> make_modes() { return std::make_unique<Modes>(); }

}  // namespace nety::app
