// Machines and models are merged by id; rows refer to them by id.
#include "core/results/merge.h"

#include <algorithm>

namespace nety::results {
namespace {

template <class T>
void add_missing(std::vector<T>& all, const std::vector<T>& more) {
  for (const T& one : more) {
    const auto same = [&](const T& known) { return known.id == one.id; };
    if (std::none_of(all.begin(), all.end(), same)) all.push_back(one);
  }
}

template <class T>
void append(std::vector<T>& all, const std::vector<T>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

std::string first_id(const auto& all) { return all.empty() ? std::string() : all.front().id; }

/// Writes down the machine and model of findings and decisions, which a single file leaves out.
void name_owners(File& file) {
  const std::string machine = first_id(file.machines), model = first_id(file.models);
  for (Finding& finding : file.findings)
    if (finding.machine.empty()) finding.machine = machine;
  const auto name = [&](Decision& decision) {
    if (decision.machine.empty()) decision.machine = machine;
    if (decision.model.empty()) decision.model = model;
  };
  if (file.decision) name(*file.decision);
  for (Decision& decision : file.decisions) name(decision);
}

void add_findings(File& file, const File& other) {
  for (const Finding& finding : other.findings) {
    const auto same = [&finding](const Finding& known) {
      return known.machine == finding.machine && known.id == finding.id;
    };
    if (std::none_of(file.findings.begin(), file.findings.end(), same))
      file.findings.push_back(finding);
  }
}

void add_decision(File& file, const Decision& decision) {
  const auto same = [&decision](const Decision& known) {
    return known.machine == decision.machine && known.model == decision.model;
  };
  if (!file.decision)
    file.decision = decision;
  else if (!same(*file.decision) &&
           std::none_of(file.decisions.begin(), file.decisions.end(), same))
    file.decisions.push_back(decision);
}

/// One more than any run of the file.
int next_run(const File& file) {
  int next = 0;
  for (const Result& row : file.results) next = std::max(next, row.run + 1);
  return next;
}

}  // namespace

void merge(File& file, const File& added) {
  File other = added;
  name_owners(file);
  name_owners(other);
  const int run = next_run(file);
  for (Result& row : other.results) row.run += run;
  add_findings(file, other);
  if (other.decision) add_decision(file, *other.decision);
  for (const Decision& decision : other.decisions) add_decision(file, decision);
  add_missing(file.machines, other.machines);
  add_missing(file.models, other.models);
  append(file.results, other.results);
  append(file.comparisons, other.comparisons);
  append(file.warnings, other.warnings);
  if (file.workload.repetitions == 0) file.workload = other.workload;
}

}  // namespace nety::results
