// "A GPU runs a 7B model's 4-bit in about 4 GB": needs a row measured on a GPU.
#include <cmath>

#include "reports/claims/judge.h"

namespace nety::reports {

using results::Verdict;

namespace {

constexpr double kClaimedBytes = 4e9;
constexpr double kMargin = 0.15;
constexpr int64_t kSmallest7b = 6'500'000'000, kLargest7b = 8'000'000'000;

const ConfigurationView* on_gpu(const Evidence& evidence, std::string_view mode) {
  for (const ConfigurationView& configuration : evidence.configurations())
    if (configuration.mode() == mode && configuration.device().starts_with("cuda"))
      return &configuration;
  return nullptr;
}

bool is_7b(const Evidence& evidence, const ConfigurationView& row) {
  for (const results::Model& model : evidence.file().models)
    if (model.id == row.key().model)
      return model.parameters >= kSmallest7b && model.parameters <= kLargest7b;
  return false;
}

}  // namespace

Judgement judge_gpu_four_bit(const Case& about) {
  const ConfigurationView* row = on_gpu(about.evidence, about.subject);
  const std::string command = command_text(about, "--shape mistral-7b --backends cuda --modes nf4");
  const std::optional<double> peak =
      row == nullptr ? std::nullopt : row->value("load", "peak_gpu_bytes");
  if (!peak || !is_7b(about.evidence, *row)) {
    Judgement judgement = not_tested(about, row, command);
    const results::Machine* machine = about.evidence.machine();
    if (row == nullptr && machine != nullptr && machine->gpus.empty())
      judgement.evidence = about.say(message::report_gpu_none);
    return judgement;
  }
  Judgement judgement;
  judgement.margin = about.say(message::report_story_margin, {about.words.plain(100 * kMargin)});
  judgement.sensitivity = about.say(message::report_gpu_sensitivity);
  judgement.evidence = about.say(message::report_gpu_measured, {about.words.bytes(*peak)});
  judgement.verdict = std::fabs(*peak - kClaimedBytes) <= kMargin * kClaimedBytes
                          ? Verdict::kSupported
                          : Verdict::kRefuted;
  return judgement;
}

}  // namespace nety::reports
