// Libraries that a plugin's own library needs and may not bring: where toolkits put them, and which
// package has one.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/model/shared_library.h"

namespace nety::model {

/// $CUDA_HOME and $CUDA_PATH with lib64, and the usual place of CUDA's toolkit.
std::vector<std::filesystem::path> toolkit_folders();

/// "libcupti.so.13 is missing, needed by FILE; ..."
std::string missing_text(const std::vector<MissingLibrary>& missing);
/// "libcupti.so.13 is in the PyPI package nvidia-cuda-cupti. ..."; empty where nothing is known.
std::string package_hints(const std::vector<MissingLibrary>& missing);

}  // namespace nety::model
