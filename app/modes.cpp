// nety modes: the table of precision modes.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "app/command.h"
#include "app/input.h"
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
    std::vector<Cells> rows = {
        {"mode", "title", "kind", "bits/w", "weights", "activations", "sums", "head"}};
    for (const precision::Mode& mode : precision::modes())
      rows.push_back(
          {std::string(mode.name), std::string(mode.title), std::string(kind_name(mode.kind)),
           fmt::format("{:.4g}", mode.bits_per_weight), std::string(mode.storage),
           std::string(mode.activation), std::string(mode.accumulation), std::string(mode.head)});
    write_output(markdown_ ? as_markdown(rows) : as_columns(rows) + kLegend);
    return 0;
  }

 private:
  using Cells = std::array<std::string, 8>;
  static constexpr size_t kBits = 3;  // the column of numbers
  static constexpr const char* kLegend =
      "\nbits/w: per weight of a matrix, scales included. Head: embeddings and lm_head.\n"
      "\"as stored\" modes are formats of GGUF files, fp8 and mxfp4 of directories too: run from "
      "files that\nhave them, not made by --mode.\n";

  static std::string as_markdown(std::span<const Cells> rows) {
    std::string out;
    for (const Cells& row : rows) {
      out += fmt::format("| {} |\n", fmt::join(row, " | "));
      if (&row == rows.data()) out += "|---|---|---|--:|---|---|---|---|\n";
    }
    return out;
  }

  static std::string as_columns(std::span<const Cells> rows) {
    std::array<size_t, 8> widths{};
    for (const Cells& row : rows)
      for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    std::string out;
    for (const Cells& row : rows) {
      for (size_t i = 0; i < row.size(); ++i) {
        if (i > 0) out += "  ";
        if (i == kBits)
          out += fmt::format("{:>{}}", row[i], widths[i]);
        else
          out += fmt::format("{:<{}}", row[i], i + 1 < row.size() ? widths[i] : 0);
      }
      out += '\n';
    }
    return out;
  }

  bool markdown_ = false;
};

}  // namespace

std::unique_ptr<Command> make_modes() { return std::make_unique<Modes>(); }

}  // namespace nety::app
