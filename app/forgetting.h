// What of a conversation is no longer read once the context is full: its oldest turns. The system
// message stays.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "core/chat/chat_template.h"

namespace nety::app {

/// Tokens to keep free for an answer of at most `tokens`: that many, at most a quarter of the
/// context.
int64_t room_for_answer(int64_t context, int64_t tokens);

/// The turn that a prompt begins with, of a conversation that has begun with turn `forgotten` so
/// far: as before while `room` tokens are left of the context. Else a later question, such that at
/// most half of the context is taken, so that it is not full again at once; if none is, the last.
/// `length(first)` is the prompt's length if it begins with turn `first`.
size_t turns_to_forget(std::span<const chat::Message> turns, size_t forgotten, int64_t context,
                       int64_t room, const std::function<int64_t(size_t first)>& length);

}  // namespace nety::app
