// Reads the golden vectors.
#include "tests/precision/vectors.h"
#include "tests/paths.h"

#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/base/files.h"
#include "core/base/half.h"

namespace nety::precision {
namespace {

template <class Stored, class Wide>
void append(const std::string& bytes, std::vector<Wide>& out, Wide (*widen)(Stored)) {
  for (size_t at = 0; at + sizeof(Stored) <= bytes.size(); at += sizeof(Stored)) {
    Stored value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    out.push_back(widen(value));
  }
}

template <class Stored>
int64_t widen_integer(Stored value) {
  return static_cast<int64_t>(value);
}

}  // namespace

Vectors::Vectors(const std::string& name) {
  const std::string file = read_file(test_data() + "/vectors/" + name);
  uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  const auto header = nlohmann::json::parse(file.substr(8, length));
  for (const auto& [key, value] : header.items()) {
    if (key == "__metadata__") continue;
    const auto offsets = value.at("data_offsets").get<std::vector<size_t>>();
    entries_[key] = {value.at("dtype"), value.at("shape").get<std::vector<int64_t>>(),
                     file.substr(8 + length + offsets[0], offsets[1] - offsets[0])};
  }
}

const Vectors::Entry& Vectors::at(const std::string& name) {
  covered_.insert(name);
  return entries_.at(name);
}

std::vector<float> Vectors::floats(const std::string& name) {
  const Entry& entry = at(name);
  std::vector<float> out;
  if (entry.dtype == "F32")
    append<float, float>(entry.bytes, out, [](float value) { return value; });
  else if (entry.dtype == "BF16")
    append<uint16_t, float>(entry.bytes, out, float_from_bf16);
  else if (entry.dtype == "F16")
    append<uint16_t, float>(entry.bytes, out, float_from_fp16);
  else
    throw std::runtime_error(name + " is not a float tensor but " + entry.dtype);
  return out;
}

std::vector<int64_t> Vectors::integers(const std::string& name) {
  const Entry& entry = at(name);
  std::vector<int64_t> out;
  if (entry.dtype == "I8")
    append<int8_t, int64_t>(entry.bytes, out, widen_integer<int8_t>);
  else if (entry.dtype == "U8")
    append<uint8_t, int64_t>(entry.bytes, out, widen_integer<uint8_t>);
  else if (entry.dtype == "I32")
    append<int32_t, int64_t>(entry.bytes, out, widen_integer<int32_t>);
  else if (entry.dtype == "I64")
    append<int64_t, int64_t>(entry.bytes, out, widen_integer<int64_t>);
  else
    throw std::runtime_error(name + " is not an integer tensor but " + entry.dtype);
  return out;
}

}  // namespace nety::precision
