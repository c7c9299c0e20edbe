// What golden tests share: tensors of a safetensors file and models that are ready to run.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/backends/native/native.h"
#include "core/base/files.h"
#include "core/checkpoint/safetensors.h"
#include "core/engine/engine.h"
#include "tests/paths.h"

namespace nety::model {

inline std::filesystem::path test_data(const std::string& name) {
  return std::filesystem::path(nety::test_data()) / name;
}

/// The values of one tensor of a safetensors file.
template <class T>
std::vector<T> read_tensor(const std::filesystem::path& path, const std::string& name) {
  const MappedFile file(path);
  for (const auto& entry : checkpoint::parse_safetensors(file.bytes(), path).tensors) {
    if (entry.name != name) continue;
    std::vector<T> values((entry.end - entry.begin) / sizeof(T));
    std::memcpy(values.data(), file.bytes().data() + entry.begin, values.size() * sizeof(T));
    return values;
  }
  ADD_FAILURE() << path << " has no " << name;
  return {};
}

/// A checkpoint loaded into a backend.
struct Ready {
  std::unique_ptr<checkpoint::Checkpoint> checkpoint;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Model> model;
};

inline Ready make_ready(const std::filesystem::path& path, std::unique_ptr<Backend> backend,
                        const LoadOptions& options = {}) {
  Ready ready;
  ready.checkpoint = std::make_unique<checkpoint::Checkpoint>(checkpoint::Checkpoint::open(path));
  ready.backend = std::move(backend);
  ready.model = std::make_unique<Model>(
      load_model(*ready.checkpoint, *ready.backend, options, silent_progress()));
  return ready;
}

inline std::unique_ptr<Backend> native_backend(int threads = 2, const std::string& isa = {}) {
  return native::make_backend({.threads = threads, .isa = isa, .device = "cpu"}, machine::host());
}

/// The default model in the cache, or an empty path.
inline std::filesystem::path default_model() {
  const auto path = cache_folder() / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf";
  return std::filesystem::exists(path) ? path : std::filesystem::path();
}

}  // namespace nety::model
