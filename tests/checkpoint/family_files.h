// The files of tests/data/families, to be damaged on purpose.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/files.h"
#include "core/checkpoint/safetensors.h"
#include "tests/checkpoint/made_files.h"
#include "tests/paths.h"

namespace nety::checkpoint {

inline std::filesystem::path family(const std::string& name) {
  return std::filesystem::path(nety::test_data()) / "families" / name;
}

/// Of the directory's model.safetensors.
inline std::vector<MadeTensor> tensors_of(const std::filesystem::path& directory) {
  const MappedFile file(directory / "model.safetensors");
  std::vector<MadeTensor> tensors;
  for (const SafetensorsEntry& entry : parse_safetensors(file.bytes(), directory).tensors)
    tensors.push_back({entry.name, entry.dtype, entry.shape,
                       std::string(reinterpret_cast<const char*>(file.bytes().data()) + entry.begin,
                                   entry.end - entry.begin)});
  return tensors;
}

inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

}  // namespace nety::checkpoint
