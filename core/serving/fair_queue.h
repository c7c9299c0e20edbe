// Requests that wait for a sequence: clients take turns, so that one with many requests does not
// make the others wait for all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <vector>

namespace nety::serving {

using RequestId = uint64_t;

/// First come, first served among the requests of a client; clients in turn.
class FairQueue {
 public:
  void push(const std::string& client, RequestId id);
  /// The next one in turn; its client is then the last in turn.
  std::optional<RequestId> pop();
  /// False if it is not there.
  bool remove(RequestId id);
  size_t size() const { return size_; }
  /// All that wait, in no order.
  std::vector<RequestId> ids() const;

 private:
  struct Line {
    std::string client;
    std::deque<RequestId> ids;  // never empty
  };
  std::list<Line> lines_;  // in the order of their turns
  size_t size_ = 0;
};

}  // namespace nety::serving
