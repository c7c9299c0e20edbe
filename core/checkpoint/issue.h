// Something that is wrong, or dangerous, or only unusual about a checkpoint, with what to do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nety::checkpoint {

enum class Severity : uint8_t {
  kFatal,      ///< The checkpoint cannot be used.
  kRepaired,   ///< Damaged in a way that can be undone, and undone when it is read.
  kElsewhere,  ///< Fine here; other programs, perhaps only on some CPUs, get it wrong or crash.
  kNote,       ///< Unusual and legal.
};

/// "fatal", "repaired", "elsewhere", "note"
std::string_view name_of(Severity severity);

/// One kind of trouble, whatever the number of tensors that have it.
struct Issue {
  std::string id;  ///< Stable word; see inspector.h.
  Severity severity = Severity::kNote;
  std::string what;                  ///< What is known, naming the first tensor. One sentence.
  std::string hint;                  ///< What to do.
  std::vector<std::string> tensors;  ///< All tensors concerned, by name; may be empty.
};

/// Collects issues, one per id. The first `what` given for an id stays.
class IssueList {
 public:
  /// `tensor` may be empty.
  void add(std::string_view id, Severity severity, std::string_view tensor, std::string what,
           std::string_view hint);
  /// The issues, gravest first, each `what` completed with how many more tensors it is about.
  std::vector<Issue> finish() const;

 private:
  std::vector<Issue> issues_;
};

}  // namespace nety::checkpoint
