#include "app/forgetting.h"

#include <algorithm>

namespace nety::app {

int64_t room_for_answer(int64_t context, int64_t tokens) { return std::min(tokens, context / 4); }

size_t turns_to_forget(std::span<const chat::Message> turns, size_t forgotten, int64_t context,
                       int64_t room, const std::function<int64_t(size_t first)>& length) {
  if (length(forgotten) + room <= context) return forgotten;
  size_t first = forgotten;
  for (size_t turn = forgotten + 1; turn < turns.size(); ++turn) {
    if (turns[turn].role != "user") continue;
    first = turn;
    if (length(turn) <= context / 2) break;
  }
  return first;
}

}  // namespace nety::app
