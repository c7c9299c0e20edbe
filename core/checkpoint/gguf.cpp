// Every length, count and offset of the file is checked against what is left of it before it is
// used, so that no file can make us read past its end, allocate more than its size, or loop.
#include "core/checkpoint/gguf.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <set>
#include <utility>

#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

constexpr GgmlType kTypes[] = {
#define NETY_GGML_TYPE(id, name, block, bytes) {id, name, block, bytes},
#include "core/checkpoint/ggml_types.def"
#undef NETY_GGML_TYPE
};

constexpr std::string_view kMagic = "GGUF";
constexpr size_t kMaxName = 65535;  // docs/gguf.md: keys are at most 2^16 - 1 bytes
constexpr uint32_t kMaxDimensions = 4;
constexpr int kMaxArrayDepth = 4;
constexpr uint64_t kDefaultAlignment = 32;
constexpr uint64_t kMaxAlignment = uint64_t{1} << 30;

enum class ValueType : uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kString,
  kArray,
  kU64,
  kI64,
  kF64
};

/// Bytes of a value of that type, or the fewest it can take; 0 if there is no such type.
size_t least_bytes(ValueType type) {
  switch (type) {
    case ValueType::kU8:
    case ValueType::kI8:
    case ValueType::kBool:
      return 1;
    case ValueType::kU16:
    case ValueType::kI16:
      return 2;
    case ValueType::kU32:
    case ValueType::kI32:
    case ValueType::kF32:
      return 4;
    case ValueType::kU64:
    case ValueType::kI64:
    case ValueType::kF64:
    case ValueType::kString:
      return 8;
    case ValueType::kArray:
      return 12;
  }
  return 0;
}

/// Takes values off the front of the file; `what` names what is being read, for messages.
class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const std::filesystem::path& file)
      : bytes_(bytes), file_(file) {}

  size_t offset() const { return at_; }
  size_t left() const { return bytes_.size() - at_; }
  const std::filesystem::path& file() const { return file_; }

  template <class T>
  T take(std::string_view what) {
    T value;
    std::memcpy(&value, advance(sizeof value, what), sizeof value);
    return value;
  }

  std::string_view take_string(std::string_view what) {
    const uint64_t length = take<uint64_t>(what);
    return {reinterpret_cast<const char*>(advance(length, what)), static_cast<size_t>(length)};
  }

  const std::byte* advance(uint64_t count, std::string_view what) {
    if (count > left())
      refuse(file_,
             fmt::format("is truncated or damaged: {} at byte {} needs {} bytes, {} are left", what,
                         at_, count, left()),
             "Download or copy the file again.");
    const std::byte* start = bytes_.data() + at_;
    at_ += static_cast<size_t>(count);
    return start;
  }

 private:
  std::span<const std::byte> bytes_;
  const std::filesystem::path& file_;
  size_t at_ = 0;
};

std::string take_name(Reader& reader, std::string_view what) {
  const size_t offset = reader.offset();
  const std::string_view name = reader.take_string(what);
  if (name.empty() || name.size() > kMaxName)
    refuse(reader.file(), fmt::format("{} at byte {} has {} bytes", what, offset, name.size()));
  if (valid_utf8(name) != name)
    refuse(reader.file(), fmt::format("{} {} is not valid UTF-8", what, shown(name)));
  return std::string(name);
}

ValueType take_value_type(Reader& reader, std::string_view key) {
  const auto type = static_cast<ValueType>(reader.take<uint32_t>(key));
  if (least_bytes(type) == 0)
    refuse(reader.file(), fmt::format("metadata key {} has the unknown type {}", shown(key),
                                      static_cast<uint32_t>(type)));
  return type;
}

template <class Stored, class Wide>
std::vector<Wide> take_numbers(Reader& reader, uint64_t count, std::string_view key) {
  std::vector<Wide> values(count);
  for (Wide& value : values) value = static_cast<Wide>(reader.take<Stored>(key));
  return values;
}

std::pair<ValueType, uint64_t> take_array_header(Reader& reader, std::string_view key) {
  const ValueType type = take_value_type(reader, key);
  const uint64_t count = reader.take<uint64_t>(key);
  if (count > reader.left() / least_bytes(type))
    refuse(reader.file(), fmt::format("is truncated or damaged: metadata array {} says it has {} "
                                      "elements, only {} bytes are left",
                                      shown(key), count, reader.left()));
  return {type, count};
}

void skip_array(Reader& reader, std::string_view key, int depth) {
  if (depth > kMaxArrayDepth)
    refuse(reader.file(), fmt::format("metadata key {} nests arrays too deeply", shown(key)));
  const std::pair<ValueType, uint64_t> header = take_array_header(reader, key);
  for (uint64_t i = 0; i < header.second; ++i) {
    if (header.first == ValueType::kArray)
      skip_array(reader, key, depth + 1);
    else if (header.first == ValueType::kString)
      reader.take_string(key);
    else
      reader.advance(least_bytes(header.first), key);
  }
}

std::vector<std::string_view> take_strings(Reader& reader, uint64_t count, std::string_view key) {
  std::vector<std::string_view> values(count);
  for (std::string_view& value : values) value = reader.take_string(key);
  return values;
}

/// The value of `key`; nothing for an array of arrays.
std::optional<MetadataValue> take_array(Reader& reader, std::string_view key) {
  const std::pair<ValueType, uint64_t> header = take_array_header(reader, key);
  const uint64_t count = header.second;
  switch (header.first) {
    case ValueType::kU8:
    case ValueType::kBool:
      return take_numbers<uint8_t, int64_t>(reader, count, key);
    case ValueType::kI8:
      return take_numbers<int8_t, int64_t>(reader, count, key);
    case ValueType::kU16:
      return take_numbers<uint16_t, int64_t>(reader, count, key);
    case ValueType::kI16:
      return take_numbers<int16_t, int64_t>(reader, count, key);
    case ValueType::kU32:
      return take_numbers<uint32_t, int64_t>(reader, count, key);
    case ValueType::kI32:
      return take_numbers<int32_t, int64_t>(reader, count, key);
    case ValueType::kU64:
    case ValueType::kI64:
      return take_numbers<int64_t, int64_t>(reader, count, key);
    case ValueType::kF32:
      return take_numbers<float, double>(reader, count, key);
    case ValueType::kF64:
      return take_numbers<double, double>(reader, count, key);
    case ValueType::kString:
      return take_strings(reader, count, key);
    case ValueType::kArray:
      for (uint64_t i = 0; i < count; ++i) skip_array(reader, key, 2);
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<MetadataValue> take_value(Reader& reader, std::string_view key) {
  switch (take_value_type(reader, key)) {
    case ValueType::kU8:
      return uint64_t{reader.take<uint8_t>(key)};
    case ValueType::kU16:
      return uint64_t{reader.take<uint16_t>(key)};
    case ValueType::kU32:
      return uint64_t{reader.take<uint32_t>(key)};
    case ValueType::kU64:
      return reader.take<uint64_t>(key);
    case ValueType::kI8:
      return int64_t{reader.take<int8_t>(key)};
    case ValueType::kI16:
      return int64_t{reader.take<int16_t>(key)};
    case ValueType::kI32:
      return int64_t{reader.take<int32_t>(key)};
    case ValueType::kI64:
      return reader.take<int64_t>(key);
    case ValueType::kF32:
      return static_cast<double>(reader.take<float>(key));
    case ValueType::kF64:
      return reader.take<double>(key);
    case ValueType::kBool:
      return reader.take<uint8_t>(key) != 0;
    case ValueType::kString:
      return valid_utf8(reader.take_string(key));
    case ValueType::kArray:
      return take_array(reader, key);
  }
  return std::nullopt;
}

void check_magic(Reader& reader) {
  const std::string_view magic(reinterpret_cast<const char*>(reader.advance(4, "the magic")), 4);
  if (magic != kMagic)
    refuse(reader.file(), fmt::format("is not a GGUF file: it begins with {}", shown(magic)),
           "Give a GGUF file, or a directory with config.json and *.safetensors.");
}

uint32_t take_version(Reader& reader) {
  const uint32_t version = reader.take<uint32_t>("the version");
  if (version == 2 || version == 3) return version;
  if ((version & 0xffffU) == 0)
    refuse(reader.file(), "is a big-endian GGUF, which is not supported",
           "Convert it with gguf-convert-endian, or download the little-endian file.");
  refuse(reader.file(), fmt::format("is GGUF version {}; versions 2 and 3 are supported", version),
         "Convert the model again with a current llama.cpp.");
}

void take_metadata(Reader& reader, uint64_t count, GgufFile& gguf) {
  for (uint64_t i = 0; i < count; ++i) {
    std::string key = take_name(reader, "a metadata key");
    std::optional<MetadataValue> value = take_value(reader, key);
    if (gguf.metadata.count(key) != 0)
      refuse(reader.file(), fmt::format("metadata key {} occurs twice", shown(key)));
    if (value) gguf.metadata.emplace(std::move(key), std::move(*value));
  }
}

uint64_t alignment_of(const GgufFile& gguf, const std::filesystem::path& file) {
  const auto found = gguf.metadata.find("general.alignment");
  if (found == gguf.metadata.end()) return kDefaultAlignment;
  const uint64_t* value = std::get_if<uint64_t>(&found->second);
  if (value == nullptr || !std::has_single_bit(*value) || *value > kMaxAlignment)
    refuse(file, fmt::format("general.alignment is {}; a power of two is needed",
                             value == nullptr ? "not a whole number" : std::to_string(*value)));
  return *value;
}

/// The tensor's extents, outermost first, with a product that fits.
std::vector<int64_t> take_shape(Reader& reader, const std::string& name) {
  const uint32_t dimensions = reader.take<uint32_t>(name);
  if (dimensions > kMaxDimensions)
    refuse(reader.file(), fmt::format("tensor {} has {} dimensions; at most {} are possible",
                                      shown(name), dimensions, kMaxDimensions));
  std::vector<int64_t> shape(dimensions);
  int64_t elements = 1;
  for (uint32_t d = 0; d < dimensions; ++d) {
    const auto extent = reader.take<int64_t>(name);
    if (extent < 0)
      refuse(reader.file(),
             fmt::format("tensor {} has the negative dimension {}", shown(name), extent));
    if (__builtin_mul_overflow(elements, extent, &elements))
      refuse(reader.file(),
             fmt::format("tensor {} has dimensions whose product overflows", shown(name)));
    shape[dimensions - 1 - d] = extent;
  }
  return shape;
}

size_t bytes_of(const GgufTensor& tensor, const std::filesystem::path& file) {
  const int64_t row = tensor.shape.empty() ? 1 : tensor.shape.back();
  if (row % tensor.type->block != 0)
    refuse(file, fmt::format("tensor {}: rows of {} weights are not a multiple of {}'s block of {}",
                             shown(tensor.name), row, tensor.type->name, tensor.type->block));
  int64_t blocks = 1;
  for (const int64_t extent : tensor.shape) blocks *= extent;  // take_shape: no overflow
  blocks /= tensor.type->block;
  int64_t bytes = 0;
  if (__builtin_mul_overflow(blocks, tensor.type->bytes, &bytes))
    refuse(file, fmt::format("tensor {} is impossibly large: shape {}", shown(tensor.name),
                             shape_text(tensor.shape)));
  return static_cast<size_t>(bytes);
}

/// One line of the table; `begin` is still relative to the data section.
GgufTensor take_tensor(Reader& reader, uint64_t alignment) {
  GgufTensor tensor;
  tensor.name = take_name(reader, "a tensor name");
  tensor.shape = take_shape(reader, tensor.name);
  const uint32_t type = reader.take<uint32_t>(tensor.name);
  tensor.type = find_ggml_type(type);
  if (tensor.type == nullptr)
    refuse(reader.file(),
           fmt::format("tensor {} has the unknown type {}", shown(tensor.name), type),
           "The file is newer than this program or damaged; use a file in a common type (Q8_0, "
           "Q4_K, BF16 ...).");
  const uint64_t offset = reader.take<uint64_t>(tensor.name);
  if (offset % alignment != 0)
    refuse(reader.file(), fmt::format("tensor {} begins at offset {}, not a multiple of {}",
                                      shown(tensor.name), offset, alignment));
  tensor.begin = static_cast<size_t>(offset);
  tensor.bytes = bytes_of(tensor, reader.file());
  return tensor;
}

void check_overlaps(const GgufFile& gguf, const std::filesystem::path& file) {
  std::vector<const GgufTensor*> order;
  for (const GgufTensor& tensor : gguf.tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const GgufTensor* a, const GgufTensor* b) {
    return std::pair(a->begin, a->bytes) < std::pair(b->begin, b->bytes);
  });
  for (size_t i = 1; i < order.size(); ++i) {
    const GgufTensor& before = *order[i - 1];
    if (before.begin + before.bytes > order[i]->begin)
      refuse(file, fmt::format("tensors {} and {} overlap at byte {}", shown(before.name),
                               shown(order[i]->name), order[i]->begin));
  }
}

void take_tensors(Reader& reader, uint64_t count, size_t file_bytes, GgufFile& gguf) {
  const uint64_t alignment = alignment_of(gguf, reader.file());
  std::set<std::string_view> names;
  gguf.tensors.reserve(count);  // at least 24 bytes each are left: checked by the caller
  for (uint64_t i = 0; i < count; ++i) {
    gguf.tensors.push_back(take_tensor(reader, alignment));
    if (!names.insert(gguf.tensors.back().name).second)
      refuse(reader.file(), fmt::format("tensor {} occurs twice", shown(gguf.tensors.back().name)));
  }
  const size_t data = (reader.offset() + alignment - 1) / alignment * alignment;
  for (GgufTensor& tensor : gguf.tensors) {
    const bool fits = data <= file_bytes && tensor.begin <= file_bytes - data &&
                      tensor.bytes <= file_bytes - data - tensor.begin;
    if (!fits)
      refuse(
          reader.file(),
          fmt::format("is truncated or damaged: tensor {} ({}, {}) of {} bytes at offset {} ends "
                      "past the end of the file ({} bytes, data from {})",
                      shown(tensor.name), tensor.type->name, shape_text(tensor.shape), tensor.bytes,
                      tensor.begin, file_bytes, data),
          "Download or copy the file again.");
    tensor.begin += data;
  }
  check_overlaps(gguf, reader.file());
}

}  // namespace

const GgmlType* find_ggml_type(uint32_t id) {
  for (const GgmlType& type : kTypes)
    if (type.id == id) return &type;
  return nullptr;
}

bool looks_like_gguf(std::span<const std::byte> bytes) {
  return bytes.size() >= kMagic.size() &&
         std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) == 0;
}

GgufFile parse_gguf(std::span<const std::byte> bytes, const std::filesystem::path& file,
                    GgufParts parts) {
  Reader reader(bytes, file);
  check_magic(reader);
  GgufFile gguf;
  gguf.version = take_version(reader);
  const uint64_t tensors = reader.take<uint64_t>("the number of tensors");
  const uint64_t keys = reader.take<uint64_t>("the number of metadata keys");
  constexpr uint64_t kLeastTensorBytes = 8 + 1 + 4 + 4 + 8;
  constexpr uint64_t kLeastKeyBytes = 8 + 1 + 4 + 1;
  if (tensors > reader.left() / kLeastTensorBytes || keys > reader.left() / kLeastKeyBytes)
    refuse(file, fmt::format("is truncated or damaged: it says it has {} tensors and {} metadata "
                             "keys, but has only {} bytes",
                             tensors, keys, bytes.size()));
  take_metadata(reader, keys, gguf);
  if (parts == GgufParts::kAll) take_tensors(reader, tensors, bytes.size(), gguf);
  return gguf;
}

}  // namespace nety::checkpoint
