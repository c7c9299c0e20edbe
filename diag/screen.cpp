#include "diag/screen.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/units.h"
#include "diag/messages.h"
#include "diag/page.h"

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
    machine();
    policy();
    modes();
    findings();
    return out_;
  }

 private:
  std::string say(MessageId id, std::vector<std::string> args = {}) const {
    return render({id, std::move(args)}, options_.language);
  }
  void line(const std::string& text) { out_ += text + "\n"; }
  /// Text in lines that begin with `first` and, from the second on, as many spaces.
  void paragraph(const std::string& first, const std::string& text, Ink ink = Ink::kPlain) {
    std::string indent = first;
    for (const std::string& part : wrapped(plain(text), options_.width - width_of(first))) {
      line(indent + inked(part, ink, options_.colours));
      indent.assign(width_of(first), ' ');
    }
  }

  void header() {
    const auto& gpus = diagnosis_.machine.gpus;
    const bool usable =
        std::any_of(gpus.begin(), gpus.end(), [](const results::Gpu& gpu) { return gpu.usable; });
    const std::string right = say(gpus.empty() ? message::diag_screen_no_gpu
                                  : usable     ? message::diag_screen_gpu_usable
                                               : message::diag_screen_gpu_unused);
    const size_t taken = width_of(right) + 2;
    line(inked(padded(options_.title, options_.width - std::min(options_.width, taken)) + "  ",
               Ink::kBold, options_.colours) +
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
    line("");
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
      paragraph("  ", say(message::diag_screen_policy_cpu), Ink::kBold);
    }
    line("");
  }

  std::string fit_text(const ModeRow& row) const {
    if (!row.memory) return "";
    const std::string needed = format_bytes(row.memory->needed());
    if (row.fits) return say(message::diag_screen_fits, {needed});
    return say(message::diag_screen_does_not_fit,
               {needed, format_bytes(diagnosis_.machine.memory_available_bytes)});
  }

  void modes() {
    const auto row = [&](const std::string& mode, const std::string& kernel,
                         const std::string& bits, const std::string& fit, Ink ink) {
      std::string text = "  " + padded(mode, 9) + " " + padded(shortened(kernel, 44), 44) + "  " +
                         padded(bits, fit.empty() ? 0 : 12);
      if (!fit.empty()) text += " " + fit;
      while (!text.empty() && text.back() == ' ') text.pop_back();
      line(inked(text, ink, options_.colours));
    };
    std::string model;
    if (const auto& rows = diagnosis_.modes; !rows.empty() && rows.front().memory)
      model = shortened(plain(diagnosis_.model), 30);
    row(say(message::diag_screen_column_mode), say(message::diag_screen_column_kernel),
        say(message::diag_screen_column_bits), model, Ink::kDim);
    for (const ModeRow& mode : diagnosis_.modes)
      row(mode.name, mode.kernel, fmt::format("{:.3g}", mode.bits_per_weight), fit_text(mode),
          mode.fits ? Ink::kPlain : Ink::kYellow);
    line("");
  }

  void findings() {
    const auto& all = diagnosis_.findings;
    const auto ok = std::count_if(all.begin(), all.end(),
                                  [](const Finding& each) { return passed(each.status); });
    line("  " + inked(say(message::diag_screen_findings), Ink::kBold, options_.colours));
    for (const Look& look : kLooks) {
      if (passed(look.status) && !options_.all) continue;
      for (const Finding& finding : all)
        if (finding.status == look.status) one(finding, look);
    }
    if (options_.all) return;
    line("  " + inked("+", Ink::kGreen, options_.colours) + "  " +
         say(message::diag_screen_passed, {std::to_string(ok)}));
  }

  void one(const Finding& finding, const Look& look) {
    const auto head = wrapped(plain(finding.title + ": " + finding.value), options_.width - 5);
    std::string indent = "  " + inked(std::string(1, look.sign), look.ink, options_.colours) + "  ";
    for (const std::string& part : head) {
      line(indent + part);
      indent = "     ";
    }
    std::string rest = finding.consequence;
    if (!finding.remedy.empty()) rest += (rest.empty() ? "" : " ") + finding.remedy;
    if (options_.all) {
      if (!rest.empty()) rest += " ";
      rest += "[" + say(message::diag_screen_source, {finding.source}) + "]";
    }
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
