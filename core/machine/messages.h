// What is said of GPUs, in both languages.
#pragma once

#include "core/base/messages.h"

namespace nety::message {

#define NETY_MESSAGE(id, english, french) inline constexpr Message id{#id, english, french};
#include "core/machine/messages.def"
#undef NETY_MESSAGE

}  // namespace nety::message
