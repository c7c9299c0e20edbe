// Files that stand where a model's file should be: what a download left instead of it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace nety::checkpoint {

/// Error: kCheckpoint for a Git LFS pointer (a clone without LFS) and for a web page (a link to a
/// page about the file, or a login), saying which and how to get the file itself.
void refuse_stand_in(const std::filesystem::path& file, std::span<const std::byte> bytes);

}  // namespace nety::checkpoint
