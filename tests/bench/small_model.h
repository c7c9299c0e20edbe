// A tiny model with a tokenizer.
#pragma once

#include <filesystem>
#include <string>

#include "core/base/files.h"
#include "tests/paths.h"

namespace nety::bench {

/// In a folder of its own.
class SmallModel {
 public:
  SmallModel() {
    namespace fs = std::filesystem;
    for (const char* file : {"config.json", "model.safetensors"})
      fs::copy(fs::path(test_data()) / "checkpoints/fp32" / file, folder_.path() / file);
    fs::copy(fs::path(test_data()) / "tokenizer/smollm.tokenizer.json",
             folder_.path() / "tokenizer.json");
  }
  std::string path() const { return folder_.path().string(); }

 private:
  TemporaryFolder folder_;
};

}  // namespace nety::bench
