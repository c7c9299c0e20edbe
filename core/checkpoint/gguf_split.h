// Models that llama.cpp's gguf-split has cut into several files.
#pragma once

#include <filesystem>
#include <vector>

#include "core/base/files.h"
#include "core/checkpoint/gguf.h"

namespace nety::checkpoint {

/// Whether the name is that of a part after the first: "m-00002-of-00003.gguf".
bool is_later_part(const std::filesystem::path& file);

/// Reads the tables of a GGUF file into one, or of all files of one that is split, given by any of
/// them: the first part's metadata, and every part's tensors. `files` are the files in order, and
/// GgufTensor::file an index of them. With kMetadata the first part alone. Error: kCheckpoint for a
/// part that is missing, or is not what the others say of it.
GgufFile read_gguf_files(const std::filesystem::path& path, GgufParts parts,
                         std::vector<MappedFile>& files);

}  // namespace nety::checkpoint
