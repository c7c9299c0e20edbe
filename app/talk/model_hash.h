// Whether a model's files hold the same weights as when a session was kept.
#pragma once

#include <string>

#include "core/checkpoint/checkpoint.h"

namespace nety::talk {

/// 16 hexadecimal digits over what the files say before their weights (types, shapes, constants),
/// config.json, and four pages of each tensor: reading all of a large model would take longer than
/// resuming may. Error: kIo.
std::string model_hash(const checkpoint::Checkpoint& checkpoint);

}  // namespace nety::talk
