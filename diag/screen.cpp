#include "diag/screen.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/base/units.h"
#include "core/base/words.h"
#include "diag/messages.h"
#include "diag/mode_table.h"
#include "diag/terminal_text.h"

namespace nety::diag {
namespace {

using results::Finding;
using results::FindingStatus;

struct Look {
  FindingStatus status;
  char sign;
  Ink ink;
};
// Worst first.
constexpr Look kLooks[] = {
    {FindingStatus::kFail, 'x', Ink::kRed},      {FindingStatus::kWarn, '!', Ink::kYellow},
    {FindingStatus::kUnknown, '?', Ink::kPlain}, {FindingStatus::kOk, '+', Ink::kGreen},
    {FindingStatus::kAbsent, '-', Ink::kDim},
};

bool passed(FindingStatus status) {
  return status == FindingStatus::kOk || status == FindingStatus::kAbsent;
}

class Screen {
 public:
  Screen(const Diagnosis& diagnosis, const ScreenOptions& options)
      : diagnosis_(diagnosis), options_(options) {}

  std::string draw() {
    header();
    if (diagnosis_.gate) {
      machine();
      requirements();
      return out_;
    }
    policy();
    machine();
    modes();
    findings();
    return out_;
  }

 private:
  std::string say(MessageId id, std::vector<std::string> args = {}) const {
    return render({id, std::move(args)}, options_.language);
  }
  void line(const std::string& text) { out_ += text + "\n"; }
  /// Wrapped text. The first line begins with `first`, later ones are indented as far.
  void paragraph(const std::string& first, const std::string& text, Ink ink = Ink::kPlain) {
    std::string indent = first;
    for (const std::string& part : wrapped(one_line(text, "?"), options_.width - width_of(first))) {
      line(indent + inked(part, ink, options_.colours));
      indent.assign(width_of(first), ' ');
    }
  }

  /// What kind of run it was, and how long it took.
  std::string run_text() const {
    if (diagnosis_.gate) return "  " + say(message::diag_screen_gate);
    if (!diagnosis_.trials) return "";
    if (diagnosis_.trials->quick) return "  " + say(message::diag_screen_quick);
    return "  " + say(message::diag_screen_full, {format_seconds(diagnosis_.trials->seconds)});
  }

  void header() {
    const auto& gpus = diagnosis_.machine.gpus;
    const bool usable =
        std::any_of(gpus.begin(), gpus.end(), [](const results::Gpu& gpu) { return gpu.usable; });
    const std::string right = say(gpus.empty() ? message::diag_screen_no_gpu
                                  : usable     ? message::diag_screen_gpu_usable
                                               : message::diag_screen_gpu_unused);
    const size_t taken = width_of(right) + 2;
    const size_t room = options_.width - std::min(options_.width, taken);
    line(inked(padded(shortened(options_.title + run_text(), room), room) + "  ", Ink::kBold,
               options_.colours) +
         right);
    line("");
  }

  void machine() {
    const results::Machine& machine = diagnosis_.machine;
    std::string text = machine.cpu;
    const auto add = [&](const std::string& part) {
      if (!part.empty()) text += " · " + part;
    };
    add(say(message::diag_screen_processors,
            {std::to_string(machine.cpu_budget.threads), std::to_string(machine.processors)}));
    const bool known = machine.memory_total_bytes > 0;
    add(known ? say(message::diag_screen_free, {format_bytes(machine.memory_available_bytes),
                                                format_bytes(machine.memory_total_bytes)})
              : say(message::diag_screen_memory_unknown));
    add(machine.hypervisor);
    add(machine.os);
    paragraph("  ", text);
    if (diagnosis_.trials && diagnosis_.trials->rates &&
        diagnosis_.trials->rates->parts == RateParts::all())
      paragraph("  ", roofline(*diagnosis_.trials->rates));
    line("");
  }

  /// Measured bandwidth and peak arithmetic.
  std::string roofline(const Rates& rates) const {
    const auto giga = [](double per_s) { return format_number(per_s / 1e9); };
    std::string peaks;
    for (const char* type : {"fp32", "bf16", "int8"}) {
      const auto peak = rates.peaks.find(type);
      if (peak == rates.peaks.end()) continue;
      append_word(peaks, fmt::format("{} {}", giga(peak->second.ops_per_s), type));
    }
    return say(message::diag_screen_walls,
               {giga(rates.read_bytes_per_s), giga(rates.read_one_bytes_per_s), peaks});
  }

  /// Modes that are measurably faster or slower than fp32, and broken ones.
  void verdicts() {
    if (!diagnosis_.trials) return;
    std::string faster, slower, broken;
    for (const ModeTrial& row : diagnosis_.trials->rows) {
      const std::string name = row.backend == "native" ? row.mode : row.mode + " " + row.backend;
      const std::string speed =
          row.speed.median ? fmt::format(" {:.2g}x", *row.speed.median) : std::string();
      if (row.verdict == ModeVerdict::kBroken) append_word(broken, name);
      if (row.verdict == ModeVerdict::kSlow) append_word(slower, name + speed);
      if (row.verdict == ModeVerdict::kViable && row.speed.ci &&
          row.speed.ci->first > 1 + kSpeedMargin)
        append_word(faster, name + speed);
    }
    if (!broken.empty()) paragraph("  ", say(message::diag_screen_broken, {broken}), Ink::kRed);
    if (!faster.empty()) paragraph("  ", say(message::diag_screen_faster, {faster}));
    if (!slower.empty()) paragraph("  ", say(message::diag_screen_slower, {slower}));
  }

  void policy() {
    if (diagnosis_.decision) {
      const policy::Decision& decision = *diagnosis_.decision;
      paragraph("  ",
                say(message::diag_screen_policy_model,
                    {diagnosis_.model, std::string(decision.mode_name()), decision.device}) +
                    " " + render(decision.reasons.back().text, options_.language),
                Ink::kBold);
      for (const Text& notice : decision.notices)
        paragraph("  ", render(notice, options_.language));
    } else if (!diagnosis_.refusal.empty()) {
      paragraph("  ", say(message::diag_screen_refused, {diagnosis_.model}), Ink::kRed);
      paragraph("  ", diagnosis_.refusal);
    } else {
      const bool gpu = diagnosis_.gpu_backend &&
                       std::ranges::any_of(diagnosis_.machine.gpus, &results::Gpu::usable);
      paragraph("  ", say(gpu ? message::diag_screen_policy_gpu : message::diag_screen_policy_cpu),
                Ink::kBold);
    }
    verdicts();
    line("");
  }

  void modes() {
    for (const std::string& row :
         mode_table(diagnosis_, options_.language, options_.width, options_.colours))
      line(row);
    line("");
  }

  void findings() {
    const auto& all = diagnosis_.findings;
    const auto ok = std::count_if(all.begin(), all.end(),
                                  [](const Finding& each) { return passed(each.status); });
    line("  " + inked(say(message::diag_screen_findings), Ink::kBold, options_.colours));
    for (const Look& look : kLooks) {
      // What ends an answer is the model's, not a check: it is said though nothing is wrong.
      const bool hidden = passed(look.status) && !options_.all;
      for (const Finding& finding : all)
        if (finding.status == look.status && (!hidden || finding.id == "tokens.used"))
          one(finding, look);
    }
    if (options_.all) return;
    line("  " + inked("+", Ink::kGreen, options_.colours) + "  " +
         say(message::diag_screen_passed, {std::to_string(ok)}));
  }

  /// In the order given, met or not; with `all`, whatever else was found too.
  void requirements() {
    for (const Finding& finding : diagnosis_.findings)
      for (const Look& look : kLooks)
        if (finding.status == look.status && (options_.all || finding.id.starts_with("require.")))
          one(finding, look);
  }

  void one(const Finding& finding, const Look& look) {
    const auto head =
        wrapped(one_line(say(message::diag_screen_titled, {finding.title, finding.value}), "?"),
                options_.width - 5);
    std::string indent = "  " + inked(std::string(1, look.sign), look.ink, options_.colours) + "  ";
    for (const std::string& part : head) {
      line(indent + part);
      indent = "     ";
    }
    std::string rest = finding.consequence;
    if (!finding.remedy.empty()) append_word(rest, finding.remedy, " ");
    if (options_.all)
      append_word(rest, "[" + say(message::diag_screen_source, {finding.source}) + "]", " ");
    paragraph("     ", rest);
  }

  const Diagnosis& diagnosis_;
  const ScreenOptions& options_;
  std::string out_;
};

}  // namespace

std::string screen(const Diagnosis& diagnosis, const ScreenOptions& options) {
  return Screen(diagnosis, options).draw();
}

}  // namespace nety::diag
