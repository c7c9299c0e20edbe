// What is said of a model and its tokens.
#pragma once

#include "core/base/messages.h"

namespace nety::message {

#define NETY_MESSAGE(id, english, french) inline constexpr Message id{#id, english, french};
#include "core/model/messages.def"
#undef NETY_MESSAGE

}  // namespace nety::message
