// The table of nety which. What a narrow terminal has no room for is left out column by column.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "app/messages.h"
#include "app/which_report.h"
#include "core/base/plain_text.h"
#include "core/base/printable.h"
#include "core/base/units.h"
#include "core/base/words.h"

namespace nety::app {
namespace {

using policy::Estimate;
using policy::Offer;
using policy::Shortfall;

struct Column {
  MessageId title;
  size_t width;
  bool right;
  size_t from;  ///< The narrowest screen that has room for it.
  std::string (*cell)(const Offer& offer, bool wide, Language language);
};

std::string say(MessageId id, Language language, std::vector<std::string> args = {}) {
  return render({id, std::move(args)}, language);
}

/// Three digits: "0.42", "12.3", "1480".
std::string number(double value) {
  if (!std::isfinite(value) || value <= 0) return "-";
  return value >= 100  ? fmt::format("{:.0f}", value)
         : value >= 10 ? fmt::format("{:.1f}", value)
                       : fmt::format("{:.2f}", value);
}

/// What the user gave, as given.
std::string plain(double value) { return fmt::format("{:g}", value); }

std::string seconds(double value) {
  if (!std::isfinite(value) || value < 0) return "-";
  if (value >= 120) return fmt::format("{:.0f} min", value / 60);
  return fmt::format("{} s", value < 0.005 ? "0.00" : number(value));
}

std::string rate(const Estimate& estimate, bool wide) {
  if (!wide || !(estimate.value > 0)) return number(estimate.value);
  return fmt::format("{} [{}, {}]", number(estimate.value), number(estimate.low),
                     number(estimate.high));
}

/// A figure from walls alone is marked.
std::string marked(const Offer& offer, std::string text) {
  return offer.prediction.basis == policy::Basis::kWalls ? "~" + text : text;
}

std::string quality(const Offer& offer, bool wide, Language language) {
  if (offer.kld && offer.top1)
    return fmt::format("KLD {}", format_number(*offer.kld)) +
           (wide ? fmt::format(", top-1 {:.1f} %", *offer.top1 * 100) : "");
  return wide ? say(message::which_not_measured, language) : "-";
}

std::string terms(const std::string& word, Language language) {
  if (word == "open") return say(message::which_open, language);
  if (word == "conditions") return say(message::which_conditions, language);
  if (word == "non-commercial") return say(message::which_non_commercial, language);
  return "-";
}

constexpr size_t kWide = 118;  // columns from which intervals have room

const Column kColumns[] = {
    {message::which_model, 20, false, 0,
     [](const Offer& o, bool, Language) { return one_line(o.model->name); }},
    {message::which_mode, 6, false, 0, [](const Offer& o, bool, Language) { return o.mode; }},
    {message::which_fits, 4, false, 0,
     [](const Offer& o, bool, Language language) {
       return say(o.fits() ? message::which_yes : message::which_no, language);
     }},
    {message::which_memory, 7, true, 0,
     [](const Offer& o, bool, Language) { return format_bytes(o.plan.needed()); }},
    {message::which_load, 7, true, 0,
     [](const Offer& o, bool, Language) {
       return seconds(o.prediction.load_cold_s.value_or(o.prediction.load_warm_s));
     }},
    {message::which_prefill, 8, true, 0,
     [](const Offer& o, bool wide, Language) {
       return marked(o, rate(o.prediction.prefill_tps, wide));
     }},
    {message::which_decode, 7, true, 0,
     [](const Offer& o, bool wide, Language) {
       return marked(o, rate(o.prediction.decode_tps, wide));
     }},
    {message::which_first_token, 7, true, 0,
     [](const Offer& o, bool, Language) { return seconds(o.prediction.first_token_s.value); }},
    {message::which_quality, 5, false, 0, quality},
    {message::which_terms, 14, false, kWide,
     [](const Offer& o, bool, Language language) { return terms(o.model->terms, language); }},
};

std::string shortened_to(std::string text, size_t width) {
  if (width_of(text) <= width) return text;
  while (width_of(text) >= width) text.pop_back();
  while (!text.empty() && utf8_sequence(text) == 0) text.pop_back();
  return text + "~";
}

std::string table(const std::vector<Offer>& offers, const WhichLayout& layout) {
  const bool wide = layout.width >= kWide;
  std::vector<std::vector<std::string>> columns;
  for (const Column& column : kColumns) {
    if (layout.width < column.from) continue;
    std::vector<std::string>& cells = columns.emplace_back();
    cells.push_back(say(column.title, layout.language));
    for (const Offer& offer : offers) cells.push_back(column.cell(offer, wide, layout.language));
  }
  std::vector<size_t> widths;
  for (const auto& cells : columns) {
    size_t most = 0;
    for (const std::string& cell : cells) most = std::max(most, width_of(cell));
    widths.push_back(most);
  }
  if (!wide) widths.front() = std::min(widths.front(), kColumns[0].width);
  std::string out;
  for (size_t line = 0; line <= offers.size(); ++line) {
    std::string text;
    for (size_t c = 0; c < columns.size(); ++c)
      text += (c == 0 ? ""
               : wide ? "  "
                      : " ") +
              padded(shortened_to(columns[c][line], widths[c]), widths[c], kColumns[c].right);
    while (text.ends_with(' ')) text.pop_back();
    out += text + "\n";
    if (layout.commands && line > 0) out += "    " + one_line(offers[line - 1].check) + "\n";
  }
  return out;
}

/// Words, broken into lines of a width.
std::string paragraph(const std::string& text, size_t width) {
  std::string out, line;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (!line.empty() && width_of(line) + 1 + width_of(word) > width) {
      out += line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    at = end + 1;
  }
  return out + line + "\n";
}

std::string giga(double value) { return number(value / 1e9); }

/// "712 GOP/s int8", "3.98 TFLOP/s fp32"
std::string operations(double rate, const std::string& type) {
  const bool tera = rate >= 1e12;
  return fmt::format("{} {}{}/s {}", number(rate / (tera ? 1e12 : 1e9)), tera ? "T" : "G",
                     type == "int8" ? "OP" : "FLOP", type);
}

std::string machine_line(const WhichReport& report, Language language) {
  const measure::Calibration& calibration = report.calibration;
  const measure::Spread read = calibration.read_rate(uint64_t{1} << 28);
  std::string text = fmt::format("{} · ", one_line(calibration.machine.cpu));
  text += say(message::which_machine, language,
              {std::to_string(calibration.threads), format_bytes(report.wanted.memory_bytes),
               giga(read.median)});
  switch (report.source) {
    case CalibrationSource::kMeasured:
    case CalibrationSource::kOther:
      return text + " · " +
             say(message::which_calibrated, language,
                 {calibration.created_utc.substr(0, 10), std::to_string(calibration.modes.size())});
    case CalibrationSource::kWalls:
      return text + " · " + say(message::which_walls_only, language);
    case CalibrationSource::kDiag:
      return text + " · " +
             say(calibration.modes.empty() ? message::which_other_walls
                                           : message::which_other_shares,
                 language);
  }
  return text;
}

std::string wishes(const WhichReport& report, Language language) {
  const policy::Wanted& wanted = report.wanted;
  std::string text;
  if (wanted.plan.run.context > 0)
    append_word(text, say(message::which_wish_context, language,
                          {std::to_string(wanted.plan.run.context)}));
  if (wanted.min_tps > 0)
    append_word(text, say(message::which_wish_speed, language, {plain(wanted.min_tps)}));
  if (wanted.max_first_token_s > 0)
    append_word(text, say(message::which_wish_first, language, {plain(wanted.max_first_token_s)}));
  return text;
}

/// Why an offer that was asked for is no answer.
std::string misses_of(const WhichReport& report, const Offer& offer, Language language) {
  const policy::Wanted& wanted = report.wanted;
  std::string text;
  for (const Shortfall shortfall : offer.misses) switch (shortfall) {
      case Shortfall::kMemory:
        append_word(text,
                    say(message::which_miss_memory, language,
                        {format_bytes(offer.plan.needed()), format_bytes(wanted.memory_bytes)}));
        break;
      case Shortfall::kContext:
        append_word(text, say(message::which_miss_context, language,
                              {std::to_string(offer.model->facts.config.context)}));
        break;
      case Shortfall::kSpeed:
        append_word(text, say(message::which_miss_speed, language,
                              {number(offer.prediction.decode_tps.value), plain(wanted.min_tps)}));
        break;
      case Shortfall::kFirstToken:
        append_word(text, say(message::which_miss_first, language,
                              {number(offer.prediction.first_token_s.value),
                               plain(wanted.max_first_token_s)}));
        break;
    }
  return text;
}

/// The first rows, and those that were asked for wherever they stand.
std::vector<Offer> shown_of(const std::vector<Offer>& offers, size_t rows) {
  std::vector<Offer> shown;
  for (size_t i = 0; i < offers.size(); ++i)
    if (i < rows || offers[i].model->asked) shown.push_back(offers[i]);
  return shown;
}

std::string notes(const WhichReport& report, const std::vector<Offer>& shown,
                  const WhichLayout& layout) {
  const Language language = layout.language;
  std::string out;
  const auto add = [&](const std::string& text) { out += paragraph(text, layout.width); };
  for (const Offer& offer : shown) {
    if (offer.meets() || !offer.model->asked) continue;
    add(one_line(fmt::format("{} {}: {}", offer.model->name, offer.mode,
                             misses_of(report, offer, language))));
  }
  if (shown.size() < report.offers.size())
    add(say(message::which_more, language, {std::to_string(report.offers.size() - shown.size())}));
  add(say(message::which_legend, language, {std::to_string(shown.front().workload.prompt)}));
  const auto walls = [](const Offer& offer) {
    return offer.prediction.basis == policy::Basis::kWalls;
  };
  if (std::ranges::any_of(shown, walls)) add(say(message::which_mark, language));
  if (!layout.commands)
    out += say(message::which_check, language) + "\n    " + one_line(shown.front().check) + "\n";
  return out;
}

}  // namespace

std::string_view name_of(Shortfall shortfall) {
  switch (shortfall) {
    case Shortfall::kMemory:
      return "memory";
    case Shortfall::kContext:
      return "context";
    case Shortfall::kSpeed:
      return "speed";
    case Shortfall::kFirstToken:
      return "first_token";
  }
  return "";
}

std::string which_text(const WhichReport& report, const WhichLayout& layout) {
  const Language language = layout.language;
  std::string out = paragraph(machine_line(report, language), layout.width);
  const std::string wanted = wishes(report, language);
  out += paragraph(say(wanted.empty() ? message::which_found_all : message::which_found, language,
                       {std::to_string(report.meeting), std::to_string(report.models), wanted}),
                   layout.width);
  if (report.nearest) {
    out += paragraph(say(message::which_nearest, language,
                         {report.nearest->model->name, report.nearest->mode,
                          misses_of(report, *report.nearest, language)}),
                     layout.width);
  }
  if (report.offers.empty()) return out;
  const std::vector<Offer> shown = shown_of(report.offers, layout.rows);
  return out + "\n" + table(shown, layout) + "\n" + notes(report, shown, layout);
}

std::string plan_text(const WhichReport& report, const WhichLayout& layout) {
  const Language language = layout.language;
  const policy::Wanted& wanted = report.wanted;
  std::string out = paragraph(machine_line(report, language), layout.width);
  out += paragraph(
      say(message::which_plan, language,
          {one_line(report.plan_model), plain(wanted.min_tps), plain(wanted.max_first_token_s)}),
      layout.width);
  out += fmt::format("\n{} {} {} {} {}\n", padded(say(message::which_mode, language), 7),
                     padded(say(message::which_memory, language), 9, true),
                     padded(say(message::which_reads, language), 10, true),
                     padded(say(message::which_computes, language), 18, true),
                     say(message::which_here, language));
  const double read = report.calibration.read_rate(uint64_t{1} << 28).median;
  for (const policy::Need& need : report.needs) {
    std::string lacks;
    if (need.plan.needed() > wanted.memory_bytes)
      append_word(lacks, say(message::which_memory, language));
    if (!need.possible || need.read_bytes_per_s > read)
      append_word(lacks, say(message::which_reads, language));
    const auto peak = report.calibration.peaks.find(need.type);
    if (peak != report.calibration.peaks.end() && need.peak_ops_per_s > peak->second)
      append_word(lacks, say(message::which_computes, language));
    const std::string reads =
        need.possible ? giga(need.read_bytes_per_s) + " GB/s" : std::string("-");
    const std::string computes =
        need.peak_ops_per_s > 0 ? operations(need.peak_ops_per_s, need.type) : std::string("-");
    out += fmt::format("{} {} {} {} {}\n", padded(need.mode, 7),
                       padded(format_bytes(need.plan.needed()), 9, true),
                       padded((need.calibrated ? "" : "~") + reads, 10, true),
                       padded((need.calibrated ? "" : "~") + computes, 18, true),
                       lacks.empty() ? say(message::which_enough, language)
                                     : say(message::which_lacks, language, {lacks}));
  }
  return out + "\n" + paragraph(say(message::which_plan_legend, language), layout.width);
}

}  // namespace nety::app
