// "Mistral-7B in fp32 needs about 14 GB": the story's number, held against arithmetic.
#include <cmath>

#include "reports/claims/judge.h"

namespace nety::reports {

using results::Verdict;

namespace {

// Mistral-7B-Instruct-v0.2, from its config.json.
constexpr int64_t kVocab = 32000, kDim = 4096, kLayers = 32, kFfn = 14336, kKvDim = 1024;
constexpr int64_t kAttention = 2 * kDim * kDim + 2 * kDim * kKvDim;
constexpr int64_t kLayer = kAttention + 3 * kDim * kFfn + 2 * kDim;
constexpr int64_t kParameters = 2 * kVocab * kDim + kLayers * kLayer + kDim;
static_assert(kParameters == 7'241'732'096);

constexpr double kClaimedBytes = 14e9;
constexpr double kMargin = 0.15;

}  // namespace

Judgement judge_story_memory(const Case& about) {
  const Wording& words = about.words;
  constexpr double kNeeded = 4.0 * kParameters;
  Judgement judgement;
  judgement.verdict = std::fabs(kNeeded - kClaimedBytes) <= kMargin * kClaimedBytes
                          ? Verdict::kSupported
                          : Verdict::kRefuted;
  judgement.evidence =
      about.say(message::report_story,
                {words.count(kParameters), words.bytes(kNeeded), words.bytes(kNeeded / 2)});
  const results::Machine* machine = about.evidence.machine();
  if (machine != nullptr && machine->memory_available_bytes > 0) {
    const double available = static_cast<double>(machine->memory_available_bytes);
    judgement.add(about.say(
        available < kNeeded ? message::report_story_too_small : message::report_story_large_enough,
        {words.bytes(available)}));
  }
  judgement.margin = about.say(message::report_story_margin, {words.plain(100 * kMargin)});
  judgement.sensitivity = about.say(message::report_story_sensitivity);
  return judgement;
}

}  // namespace nety::reports
