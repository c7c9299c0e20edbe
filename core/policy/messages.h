// What the policy says: its rules, its reasons, its notices, what is said at load.
#pragma once

#include "core/base/messages.h"

namespace nety::message {

#define NETY_MESSAGE(id, english, french) inline constexpr Message id{#id, english, french};
#include "core/policy/messages.def"
#undef NETY_MESSAGE

}  // namespace nety::message
