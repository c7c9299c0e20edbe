// Model files made by tests: whole ones, and ones damaged on purpose. Writers of their own, so that
// readers are not tested against themselves.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.h"

namespace nety::checkpoint {

/// A directory that is removed with its contents.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  /// Writes a file and returns its path.
  std::filesystem::path put(const std::string& name, std::string_view bytes) const;

 private:
  std::filesystem::path path_;
};

/// The little-endian bytes of a value.
template <class T>
std::string bytes_of(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}
template <class T>
std::string bytes_of_all(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

struct MadeTensor {
  std::string name, dtype;
  std::vector<int64_t> shape;
  std::string data;
};

/// A safetensors file with exactly this header text.
std::string safetensors_of(std::string_view header, std::string_view data);
/// A safetensors file of these tensors, in their order; `pad` puts the data at a multiple of 8.
std::string safetensors_of(const std::vector<MadeTensor>& tensors, bool pad = true);

/// A GGUF file in the making. Metadata and tensors appear in the order they are added.
class MadeGguf {
 public:
  uint32_t version = 3;
  uint64_t alignment = 32;

  void add(std::string_view key, uint32_t type, std::string_view value);
  void add_u32(std::string_view key, uint32_t value) { add(key, 4, bytes_of(value)); }
  void add_f32(std::string_view key, float value) { add(key, 6, bytes_of(value)); }
  void add_string(std::string_view key, std::string_view value);
  void add_strings(std::string_view key, const std::vector<std::string>& values);
  /// `shape` outermost first; the data is put at the next multiple of the alignment.
  void add_tensor(std::string_view name, uint32_t type, const std::vector<int64_t>& shape,
                  std::string_view data);
  /// A tensor line exactly as given.
  void add_tensor_line(std::string_view name, uint32_t type, const std::vector<int64_t>& shape,
                       uint64_t offset);
  std::string bytes() const;

 private:
  uint64_t keys_ = 0, tensors_ = 0;
  std::string metadata_, table_, data_;
};

/// A small Llama with random F32 weights under transformers' names.
struct TinyModel {
  int64_t dim = 8, layers = 2, heads = 2, kv_heads = 1, head_dim = 4, ffn = 16, vocab = 32;
  bool tied = false, bias = false;

  std::vector<MadeTensor> tensors() const;
  /// config.json as transformers 5 writes it, with `extra` ("\"key\": value") in front.
  std::string config(std::string_view extra = {}) const;
  /// The same model as GGUF: metadata and F32 tensors (rows in transformers' order).
  MadeGguf gguf() const { return gguf_of(tensors()); }
  MadeGguf gguf_of(const std::vector<MadeTensor>& tensors) const;
  /// Writes config.json and model.safetensors.
  void write(const TempFolder& folder) const;
};

/// llama.cpp's name of a tensor of the Llama kind, from transformers'.
std::string gguf_name_of(std::string name);

/// Checks that `action` throws an Error of that kind, whose message has all of `parts`, and which
/// says what to do.
void expect_error(const std::function<void()>& action, ErrorKind kind,
                  const std::vector<std::string>& parts);

/// Names for messages: a case and what its refusal must mention.
struct BadCase {
  std::string name;
  std::string bytes;
  std::vector<std::string> mentions;
};

}  // namespace nety::checkpoint
