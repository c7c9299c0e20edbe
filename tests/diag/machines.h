// The captured machines of tests/data/machines.
#pragma once

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/machine/machine.h"
#include "tests/paths.h"

namespace nety::diag {

inline std::filesystem::path machines_folder() {
  return std::filesystem::path(test_data()) / "machines";
}

inline std::unique_ptr<machine::Machine> captured_machine(const std::string& name) {
  return machine::captured(machines_folder() / name);
}

inline std::vector<std::string> machine_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(machines_folder()))
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

/// The name as GoogleTest wants it.
inline std::string test_name(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

}  // namespace nety::diag
