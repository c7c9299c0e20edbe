// Stop strings: text that may be the beginning of one is held back until it is not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nety::engine {

class StopFilter {
 public:
  explicit StopFilter(std::vector<std::string> stops) : stops_(std::move(stops)) {}

  /// Text that is now certain; sets stopped() when a stop string is complete.
  std::string push(std::string_view text);
  /// What was held back, once there is no more text.
  std::string finish() { return stopped_ ? std::string() : take(held_.size()); }
  bool stopped() const { return stopped_; }

 private:
  std::string take(size_t count);
  /// The longest end of what is held that begins a stop string.
  size_t possible_beginning() const;

  std::vector<std::string> stops_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace nety::engine
