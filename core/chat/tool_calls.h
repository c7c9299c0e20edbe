// Calls of tools in an answer, told from what is said as it comes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nety::chat {

/// One row of tool_formats.def.
struct ToolFormat {
  std::string_view sign, open, close;
};

/// How a model with this chat template writes calls; null where the template takes no tools, or
/// its form is not known.
const ToolFormat* tool_format(std::string_view jinja);

/// Text that may be the beginning of a call is held back until that is clear.
class ToolCallFilter {
 public:
  explicit ToolCallFilter(const ToolFormat& format) : format_(&format) {}

  /// What is said for certain, without calls.
  std::string push(std::string_view text);
  /// What was held back, once there is no more text.
  std::string finish();

  /// The JSON of the calls so far, as the model wrote it, without what stands around it. It may be
  /// broken, or no call at all.
  const std::vector<std::string>& calls() const { return calls_; }

 private:
  std::string take(size_t size);
  bool may_be_whole() const;

  const ToolFormat* format_;
  std::string held_;
  bool inside_ = false, said_ = false;
  std::vector<std::string> calls_;
};

}  // namespace nety::chat
