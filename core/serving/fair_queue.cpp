#include "core/serving/fair_queue.h"

#include <algorithm>

namespace nety::serving {

void FairQueue::push(const std::string& client, RequestId id) {
  auto line = std::ranges::find(lines_, client, &Line::client);
  if (line == lines_.end()) line = lines_.insert(lines_.end(), Line{client, {}});
  line->ids.push_back(id);
  ++size_;
}

std::optional<RequestId> FairQueue::pop() {
  if (lines_.empty()) return std::nullopt;
  Line& line = lines_.front();
  const RequestId id = line.ids.front();
  line.ids.pop_front();
  --size_;
  if (line.ids.empty())
    lines_.pop_front();
  else
    lines_.splice(lines_.end(), lines_, lines_.begin());
  return id;
}

bool FairQueue::remove(RequestId id) {
  for (auto line = lines_.begin(); line != lines_.end(); ++line) {
    const auto found = std::ranges::find(line->ids, id);
    if (found == line->ids.end()) continue;
    line->ids.erase(found);
    --size_;
    if (line->ids.empty()) lines_.erase(line);
    return true;
  }
  return false;
}

std::vector<RequestId> FairQueue::ids() const {
  std::vector<RequestId> all;
  for (const Line& line : lines_) all.insert(all.end(), line.ids.begin(), line.ids.end());
  return all;
}

}  // namespace nety::serving
