// A model in the call that the story made: whether transformers would offload some of its layers.
#include "core/base/units.h"
#include "core/base/words.h"
#include "core/policy/plan.h"
#include "diag/messages.h"
#include "diag/stack.h"
#include "diag/stack_words.h"

namespace nety::diag {
namespace {

using results::Finding;
using results::FindingStatus;

/// transformers hands out at most this share of the memory that is available.
constexpr double kAutoShare = 0.9;

}  // namespace

Finding judge_eight_bit_call(uint64_t needed_bytes, uint64_t available_bytes,
                             const std::string& model, const std::string& fitting,
                             Language language) {
  const StackWords words{language};
  Finding finding = words.finding("stack.model", message::diag_stack_model, "MemAvailable");
  finding.title = words.say(message::diag_stack_model, {model});
  const auto usable = static_cast<uint64_t>(kAutoShare * static_cast<double>(available_bytes));
  const std::string needed = format_bytes(needed_bytes), given = format_bytes(usable);
  finding.data = static_cast<double>(needed_bytes);
  if (needed_bytes <= usable) {
    finding.value = words.say(message::diag_stack_model_fits, {needed, given});
    return finding;
  }
  finding.status = FindingStatus::kWarn;
  finding.value = words.say(message::diag_stack_model_short,
                            {format_bytes(needed_bytes - usable), needed, given});
  finding.consequence =
      words.say(message::diag_stack_model_bad,
                {fitting.empty() ? words.say(message::diag_stack_model_none) : fitting});
  finding.remedy = words.say(message::diag_stack_remedy_offload);
  return finding;
}

std::optional<Finding> eight_bit_call(const checkpoint::Checkpoint& checkpoint,
                                      const Diagnosis& diagnosis, Language language) {
  const uint64_t available = diagnosis.machine.memory_available_bytes;
  if (available == 0) return std::nullopt;  // unknown
  // As the call holds it: int8 matrices, the rest in 16 bits. What it takes meanwhile is more.
  policy::PlanOptions options;
  options.run.head = options::HeadType::kBf16;
  const uint64_t needed =
      policy::plan(checkpoint, precision::find_mode("int8")->id, options).weights();
  std::string fitting;
  for (const ModeRow& row : diagnosis.modes)
    if (row.fits) append_word(fitting, row.name);
  return judge_eight_bit_call(needed, available, checkpoint.name(), fitting, language);
}

}  // namespace nety::diag
