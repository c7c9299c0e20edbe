// A reader of the golden vectors: small safetensors files, all in memory. It remembers which
// tensors were looked at, so that a test can tell whether all of them were.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace nety::precision {

class Vectors {
 public:
  /// The file tests/data/vectors/`name`.
  explicit Vectors(const std::string& name);

  struct Entry {
    std::string dtype;  // "F32", "BF16", "F16", "I8", "U8", "I32", "I64"
    std::vector<int64_t> shape;
    std::string bytes;
  };

  bool has(const std::string& name) const { return entries_.contains(name); }
  const std::vector<int64_t>& shape(const std::string& name) { return at(name).shape; }
  /// Values of any float type, widened.
  std::vector<float> floats(const std::string& name);
  /// Values of any integer type, widened.
  std::vector<int64_t> integers(const std::string& name);
  /// The bytes as they are.
  std::string bytes(const std::string& name) { return at(name).bytes; }

  const std::map<std::string, Entry>& entries() const { return entries_; }
  const std::set<std::string>& covered() const { return covered_; }

 private:
  const Entry& at(const std::string& name);

  std::map<std::string, Entry> entries_;
  std::set<std::string> covered_;
};

}  // namespace nety::precision
