// What chat says of its commands and its sessions.
#pragma once

#include "core/base/messages.h"

namespace nety::message {

#define NETY_MESSAGE(id, english, french) inline constexpr Message id{#id, english, french};
#include "app/talk/messages.def"
#undef NETY_MESSAGE

}  // namespace nety::message
