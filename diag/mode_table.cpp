#include "diag/mode_table.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/base/units.h"
#include "diag/messages.h"
#include "diag/terminal_text.h"

namespace nety::diag {
namespace {

/// A column, its greatest width, and its turn to be dropped where there is no room (0: never; -1:
/// not shown at all).
struct Column {
  std::string title;
  size_t widest;
  int drop_turn;
};

struct Line {
  std::vector<std::string> cells;
  Ink ink = Ink::kPlain;
};

class Table {
 public:
  Table(const Diagnosis& diagnosis, Language language)
      : diagnosis_(diagnosis), language_(language) {
    const bool tried = diagnosis.trials.has_value();
    const bool model = !diagnosis.modes.empty() && diagnosis.modes.front().memory;
    columns_ = {{say(message::diag_screen_column_mode), 9, 0},
                {say(message::diag_screen_column_backend), 8, tried ? 0 : -1},
                {say(message::diag_screen_column_verdict), 12, tried ? 0 : -1},
                {say(message::diag_screen_column_path), 22, tried ? 3 : -1},
                {say(message::diag_screen_column_kernel), 44, tried ? 1 : 2},
                {say(message::diag_screen_column_speed), 14, timed() ? 0 : -1},
                {say(message::diag_screen_column_bytes), 8, tried ? 4 : -1},
                {say(message::diag_screen_column_bits), 12, tried ? -1 : 0},
                {shortened(one_line(diagnosis.model, "?"), 20), 30, model ? 0 : -1}};
    for (const ModeRow& mode : diagnosis.modes) add(mode);
    add_other_backends();
  }

  std::vector<std::string> lines(size_t width, bool colours) const {
    const std::vector<size_t> widths = widths_for(width);
    std::vector<std::string> out;
    const auto draw = [&](const std::vector<std::string>& cells, Ink ink) {
      std::string text = " ";
      for (size_t i = 0; i < cells.size(); ++i)
        if (widths[i] > 0)
          text +=
              (text.size() > 1 ? "  " : " ") + padded(shortened(cells[i], widths[i]), widths[i]);
      while (text.ends_with(' ')) text.pop_back();
      out.push_back(inked(shortened(text, width), ink, colours));
    };
    std::vector<std::string> titles;
    for (const Column& column : columns_) titles.push_back(column.title);
    draw(titles, Ink::kDim);
    for (const Line& line : lines_) draw(line.cells, line.ink);
    return out;
  }

 private:
  std::string say(MessageId id, std::vector<std::string> args = {}) const {
    return render({id, std::move(args)}, language_);
  }

  bool timed() const {
    return diagnosis_.trials &&
           std::any_of(diagnosis_.trials->rows.begin(), diagnosis_.trials->rows.end(),
                       [](const ModeTrial& row) { return row.timed; });
  }

  std::string fit_text(const ModeRow& row) const {
    if (!row.memory) return "";
    const std::string needed = format_bytes(row.memory->needed());
    return say(row.fits ? message::diag_screen_fits : message::diag_screen_too_big, {needed});
  }

  static std::string speed_text(const ModeTrial& row) {
    if (!row.speed.median) return "";
    std::string text = fmt::format("{:.2f}x", *row.speed.median);
    if (row.speed.ci)
      text += fmt::format(" ±{:.2f}", (row.speed.ci->second - row.speed.ci->first) / 2);
    return text;
  }

  static Ink ink_of(ModeVerdict verdict) {
    switch (verdict) {
      case ModeVerdict::kBroken:
        return Ink::kRed;
      case ModeVerdict::kSlow:
        return Ink::kYellow;
      case ModeVerdict::kViable:
        return Ink::kPlain;
      default:
        return Ink::kDim;
    }
  }

  void add_row(const std::string& name, const ModeTrial* trial, const std::string& backend,
               const std::string& kernel, double bits, const std::string& fit, bool fits) {
    Line line;
    const bool tried = trial != nullptr;
    const bool known_path = tried && trial->path != ProductPath::kUnknown;
    line.cells = {
        name,
        backend,
        tried ? say(verdict_word(trial->verdict)) : "",
        known_path ? say(path_word(trial->path)) : "",
        kernel,
        tried ? speed_text(*trial) : "",
        tried && trial->bytes_per_weight > 0 ? fmt::format("{:.2f}", trial->bytes_per_weight) : "",
        fmt::format("{:.3g}", bits),
        fit};
    line.ink = tried ? ink_of(trial->verdict) : Ink::kPlain;
    if (!fits && line.ink == Ink::kPlain) line.ink = Ink::kYellow;
    lines_.push_back(std::move(line));
  }

  void add(const ModeRow& mode) {
    const std::string name = mode.name == "stored" ? diagnosis_.stored_mode : mode.name;
    const ModeTrial* trial = diagnosis_.trials ? diagnosis_.trials->find(name, "native") : nullptr;
    add_row(mode.name, trial, "native", mode.kernel, mode.bits_per_weight, fit_text(mode),
            mode.fits);
  }

  void add_other_backends() {
    if (!diagnosis_.trials) return;
    for (const ModeTrial& trial : diagnosis_.trials->rows)
      if (trial.backend != "native")
        add_row(trial.mode == diagnosis_.stored_mode ? "stored" : trial.mode, &trial, trial.backend,
                trial.kernel, 0, "", true);
  }

  /// What each column needs, 0 for those that are left out.
  std::vector<size_t> widths_for(size_t width) const {
    std::vector<size_t> widths;
    for (size_t i = 0; i < columns_.size(); ++i) {
      size_t needs = width_of(columns_[i].title);
      for (const Line& line : lines_) needs = std::max(needs, width_of(line.cells[i]));
      widths.push_back(columns_[i].drop_turn < 0 ? 0 : std::min(needs, columns_[i].widest));
    }
    const auto total = [&widths] {
      size_t sum = 1;
      for (const size_t each : widths) sum += each > 0 ? each + 2 : 0;
      return sum - 1;
    };
    for (int next = 1; next <= 4; ++next)
      for (size_t i = 0; i < columns_.size(); ++i)
        if (columns_[i].drop_turn == next && total() > width) widths[i] = 0;
    return widths;
  }

  const Diagnosis& diagnosis_;
  Language language_;
  std::vector<Column> columns_;
  std::vector<Line> lines_;
};

}  // namespace

std::vector<std::string> mode_table(const Diagnosis& diagnosis, Language language, size_t width,
                                    bool colours) {
  return Table(diagnosis, language).lines(width, colours);
}

}  // namespace nety::diag
