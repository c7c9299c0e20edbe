// One look at a machine and, if there is one, a model: everything that the screen and the result
// file say.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/machine/machine.h"
#include "core/policy/policy.h"
#include "core/results/results.h"
#include "diag/requirement.h"
#include "diag/viability.h"

namespace nety::diag {

/// What is asked.
struct Question {
  const machine::Machine& machine;
  Language language = Language::kEnglish;
  const checkpoint::Checkpoint* checkpoint = nullptr;  ///< Null: the machine alone.
  policy::Request request;
  policy::Evidence evidence;
  bool quick = false;  ///< Facts only: nothing that takes time is measured.
  bool gate = false;   ///< Only requirements are to be checked: the policy is not asked.
  /// Libraries that the backend on a GPU does without, and is slower for.
  std::vector<std::string> gpu_lacks{};
  /// What running the modes found, if they were run. Broken ones are evidence for the policy.
  std::optional<Trials> trials{};
};

/// A mode on this machine.
struct ModeRow {
  std::string name;    ///< "fp32" or "stored"
  std::string kernel;  ///< What computes its products here.
  double bits_per_weight = 0;
  std::optional<policy::MemoryPlan> memory;  ///< Of the model, if there is one.
  bool fits = true;
};

struct Diagnosis {
  bool gate = false;
  results::Machine machine;
  std::vector<results::Finding> findings;
  bool gpu_backend = false;  ///< A backend is here that computes on a GPU.
  std::string model;         ///< Its name; empty: none was given.
  std::optional<policy::Decision> decision;
  std::string refusal;  ///< Why there is no decision for the model.
  std::vector<ModeRow> modes;
  std::string stored_mode;  ///< The model's main format, "q4_1"; empty: there is no model.
  std::optional<Trials> trials;
  std::vector<RequirementCheck> requirements;
};

/// Checks requirements and adds a finding for each, before the others.
void check_requirements(const std::vector<Requirement>& requirements, Language language,
                        Diagnosis& diagnosis);

/// Probes the machine, applies the policy to the model, plans every mode. Reads headers only.
/// Errors of the request (kUsage) pass; a model that does not fit is part of the answer.
Diagnosis examine(const Question& question);

}  // namespace nety::diag
