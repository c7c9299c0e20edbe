// The small text files of a model directory.
#pragma once

#include <filesystem>
#include <string>

namespace nety::checkpoint {

/// True if something of that name exists, of whatever kind.
bool is_there(const std::filesystem::path& path);

/// The whole of a file such as config.json, which cannot be large. Never hangs on a pipe. Errors:
/// kIo if it cannot be opened; kCheckpoint if it is no regular file, empty or larger than 64 MiB.
std::string read_text(const std::filesystem::path& path);

}  // namespace nety::checkpoint
