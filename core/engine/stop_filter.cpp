#include "core/engine/stop_filter.h"

#include <algorithm>

namespace nety::engine {

std::string StopFilter::push(std::string_view text) {
  held_ += text;
  size_t first = std::string::npos;
  for (const std::string& stop : stops_)
    if (!stop.empty()) first = std::min(first, held_.find(stop));
  if (first != std::string::npos) {
    stopped_ = true;
    return take(first);
  }
  return take(held_.size() - possible_beginning());
}

std::string StopFilter::take(size_t count) {
  std::string out = held_.substr(0, count);
  held_.erase(0, count);
  return out;
}

size_t StopFilter::possible_beginning() const {
  size_t longest = 0;
  for (const std::string& stop : stops_)
    for (size_t n = std::min(stop.size(), held_.size()); n > longest; --n)
      if (std::string_view(held_).ends_with(std::string_view(stop).substr(0, n))) longest = n;
  return longest;
}

}  // namespace nety::engine
