// Issues are grouped: 224 layers with the same fault are one issue.
#include "core/checkpoint/issue.h"

#include <fmt/core.h>

#include <algorithm>

namespace nety::checkpoint {

std::string_view name_of(Severity severity) {
  switch (severity) {
    case Severity::kFatal:
      return "fatal";
    case Severity::kRepaired:
      return "repaired";
    case Severity::kElsewhere:
      return "elsewhere";
    case Severity::kNote:
      return "note";
  }
  return "note";
}

void IssueList::add(std::string_view id, Severity severity, std::string_view tensor,
                    std::string what, std::string_view hint) {
  auto found = std::find_if(issues_.begin(), issues_.end(),
                            [&](const Issue& issue) { return issue.id == id; });
  if (found == issues_.end()) {
    issues_.push_back({std::string(id), severity, std::move(what), std::string(hint), {}});
    found = issues_.end() - 1;
  }
  if (!tensor.empty()) found->tensors.emplace_back(tensor);
}

std::vector<Issue> IssueList::finish() const {
  std::vector<Issue> issues = issues_;
  for (Issue& issue : issues) {
    const size_t more = issue.tensors.empty() ? 0 : issue.tensors.size() - 1;
    if (more > 0)
      issue.what += fmt::format(" (and {} more {})", more, more == 1 ? "tensor" : "tensors");
  }
  std::stable_sort(issues.begin(), issues.end(),
                   [](const Issue& a, const Issue& b) { return a.severity < b.severity; });
  return issues;
}

}  // namespace nety::checkpoint
