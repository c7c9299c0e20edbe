#include "diag/examine.h"

#include <filesystem>
#include <iterator>

#include "core/backends/native/native.h"
#include "core/base/error.h"
#include "diag/diagnose.h"

namespace nety::diag {
namespace {

void append(std::vector<results::Finding>& to, std::vector<results::Finding> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

double bits_of(const checkpoint::Checkpoint& checkpoint, const policy::MemoryPlan& memory) {
  const auto weights = static_cast<double>(checkpoint.parameters());
  return weights > 0 ? 8 * static_cast<double>(memory.weights()) / weights : 0;
}

std::vector<ModeRow> mode_rows(const Question& question, const results::Machine& machine) {
  const std::string isa = question.trials ? question.trials->isa : "";
  const auto backend =
      native::make_backend({.threads = 1, .isa = isa, .device = ""}, question.machine);
  const checkpoint::Checkpoint* checkpoint = question.checkpoint;
  const bool known = machine.memory_total_bytes > 0 || machine.memory_available_bytes > 0;
  const auto fits = [&](const policy::MemoryPlan& memory) {
    return !known || memory.needed() <= machine.memory_available_bytes;
  };
  std::vector<ModeRow> rows;
  if (checkpoint != nullptr) {
    ModeRow& row = rows.emplace_back();
    row.name = "stored";
    row.kernel = backend->kernel(checkpoint->stored_mode());
    row.memory = policy::plan(*checkpoint, std::nullopt, question.request.plan);
    row.bits_per_weight = bits_of(*checkpoint, *row.memory);
    row.fits = fits(*row.memory);
  }
  for (const precision::Mode& mode : precision::modes()) {
    if (mode.functions->allocate == nullptr) continue;
    ModeRow& row = rows.emplace_back();
    row.name = mode.name;
    row.kernel = backend->kernel(mode.id);
    row.bits_per_weight = mode.bits_per_weight;
    if (checkpoint == nullptr) continue;
    row.memory = policy::plan(*checkpoint, mode.id, question.request.plan);
    row.fits = fits(*row.memory);
  }
  return rows;
}

/// What is known from elsewhere, and what the trials found not to work.
policy::Evidence evidence_of(const Question& question) {
  policy::Evidence evidence = question.evidence;
  if (!question.trials) return evidence;
  for (const ModeTrial& row : question.trials->rows) {
    const precision::Mode* mode = precision::find_mode(row.mode);
    const bool unusable =
        row.verdict == ModeVerdict::kBroken || row.verdict == ModeVerdict::kUnsupported;
    if (mode != nullptr && unusable)
      evidence.unusable.push_back({mode->id, row.backend, row.reason});
  }
  return evidence;
}

void apply_policy(const Question& question, Diagnosis& out) {
  try {
    out.decision = policy::decide(question.request, out.machine,
                                  policy::facts_of(*question.checkpoint), evidence_of(question));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kUsage) throw;
    out.refusal = error.what();
  }
}

Subject subject_of(const Question& question) {
  Subject subject{.machine = question.machine, .language = question.language};
  subject.quick = question.quick;
  subject.gpu_lacks = question.gpu_lacks;
  for (const policy::BackendFacts& backend : question.evidence.backends)
    subject.gpu_backend = subject.gpu_backend || backend.device == DeviceKind::kCuda;
  if (question.checkpoint != nullptr && !question.checkpoint->files().empty()) {
    const auto& file = question.checkpoint->files().front();
    subject.model_file = std::filesystem::absolute(file.path()).string();
  }
  return subject;
}

}  // namespace

Diagnosis examine(const Question& question) {
  Diagnosis out;
  out.gate = question.gate;
  out.machine = machine::describe(question.machine);
  const Subject subject = subject_of(question);
  out.gpu_backend = subject.gpu_backend;
  out.findings = diagnose(subject);
  out.modes = mode_rows(question, out.machine);
  out.trials = question.trials;
  if (out.trials) append(out.findings, findings_of(*out.trials, question.language));
  if (question.checkpoint == nullptr) return out;
  out.model = question.checkpoint->name();
  out.stored_mode = precision::mode(question.checkpoint->stored_mode()).name;
  append(out.findings, diagnose(*question.checkpoint, question.language));
  if (!question.gate) apply_policy(question, out);
  return out;
}

void check_requirements(const std::vector<Requirement>& requirements, Language language,
                        Diagnosis& diagnosis) {
  std::vector<results::Finding> findings;
  for (const Requirement& requirement : requirements) {
    diagnosis.requirements.push_back(check(requirement, diagnosis, language));
    findings.push_back(
        finding_of(diagnosis.requirements.back(), diagnosis.requirements.size(), language));
  }
  diagnosis.findings.insert(diagnosis.findings.begin(), findings.begin(), findings.end());
}

}  // namespace nety::diag
