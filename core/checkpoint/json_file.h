// The small JSON files of a model directory, asked by key, with ranges checked and messages that
// name file, key and value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nety::checkpoint {

/// One object of a JsonFile, which must outlive it. Every function gives nothing where the key is
/// absent or null, and throws kCheckpoint where its value has another type or is out of range.
class JsonObject {
 public:
  /// Where simdjson keeps the object. Its own type stays out of this header: parsing simdjson.h
  /// takes longer than compiling a family does (json_raw.h).
  struct Place {
    const void* document = nullptr;
    size_t index = 0;
  };
  JsonObject(const std::filesystem::path& file, std::string prefix, Place place)
      : file_(&file), prefix_(std::move(prefix)), place_(place) {}

  /// The same object, whose values are taken where they can be and else left out, each with a
  /// sentence in `ignored`, which must outlive it: for what no model needs to run.
  JsonObject tolerant(std::vector<std::string>& ignored) const {
    JsonObject object = *this;
    object.ignored_ = &ignored;
    return object;
  }

  const std::filesystem::path& file() const { return *file_; }
  Place place() const { return place_; }
  /// The key as messages name it, with the keys of the objects around it: "rope_scaling.factor".
  std::string path_of(std::string_view key) const { return prefix_ + std::string(key); }

  bool has(std::string_view key) const;
  bool is_null(std::string_view key) const;
  bool is_string(std::string_view key) const;
  /// Whether it has no keys at all.
  bool empty() const;
  std::optional<JsonObject> object(std::string_view key) const;
  /// A whole number in [least, most].
  std::optional<int64_t> integer(std::string_view key, int64_t least, int64_t most) const;
  /// The same, or an error that says the key is missing.
  int64_t required_integer(std::string_view key, int64_t least, int64_t most) const;
  std::optional<double> number(std::string_view key) const;
  std::optional<bool> boolean(std::string_view key) const;
  std::optional<std::string> string(std::string_view key) const;
  /// One whole number or a list of them, all in [least, most].
  std::vector<int64_t> integers(std::string_view key, int64_t least, int64_t most) const;
  std::vector<std::string> strings(std::string_view key) const;

  /// Throws: the value of `key` is not `needed` ("a number").
  [[noreturn]] void refuse_value(std::string_view key, std::string_view needed) const;

 private:
  /// As refuse_value(), unless tolerant.
  void leave_out(std::string_view key, std::string_view needed) const;
  std::string unusable(std::string_view key, std::string_view needed) const;
  template <class T>
  std::optional<T> read(std::string_view key, std::string_view needed) const;

  const std::filesystem::path* file_;
  std::string prefix_;
  Place place_;
  std::vector<std::string>* ignored_ = nullptr;
};

/// A parsed document whose root is an object.
class JsonFile {
 public:
  /// `text` is copied; `path` is for messages. Numbers may be those of Python (python_json.h):
  /// where one is asked for that JSON does not have, it is refused. Error: kCheckpoint if it is not
  /// JSON, nested too deeply, not UTF-8 or not an object.
  JsonFile(std::filesystem::path path, std::string_view text);

  JsonObject root() const { return {*path_, "", root_}; }

 private:
  std::unique_ptr<std::filesystem::path> path_;  // objects keep its address
  std::shared_ptr<void> parser_;                 // simdjson's, which owns the document
  JsonObject::Place root_;
};

}  // namespace nety::checkpoint
