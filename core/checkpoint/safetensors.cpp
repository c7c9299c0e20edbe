// Checks every value of the header before using it. No allocation is larger than a small multiple
// of the header.
#include "core/checkpoint/safetensors.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "core/checkpoint/json_raw.h"
#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kLengthBytes = 8;
constexpr uint64_t kMaxHeader = 100'000'000;  // the reference implementation's limit
constexpr size_t kMaxDimensions = 64;

struct Dtype {
  std::string_view name;
  int64_t bits;
};
constexpr Dtype kDtypes[] = {
    {"F32", 32},    {"F16", 16},    {"BF16", 16},   {"I8", 8},      {"U8", 8},
    {"BOOL", 8},    {"F64", 64},    {"I64", 64},    {"U64", 64},    {"I32", 32},
    {"U32", 32},    {"I16", 16},    {"U16", 16},    {"F8_E5M2", 8}, {"F8_E4M3", 8},
    {"F8_E8M0", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F4", 4},      {"C64", 64},
};

/// The JSON text of the header, and where the data begins.
std::string_view header_text(std::span<const std::byte> bytes, const std::filesystem::path& file) {
  if (bytes.size() < kLengthBytes)
    refuse(file,
           fmt::format("is truncated: {} bytes are too few for a safetensors file", bytes.size()),
           "Download or copy the file again.");
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  if (length > kMaxHeader)
    refuse(file, fmt::format("is not a safetensors file: its header would have {} bytes", length),
           "Check that the file is what its name says; download it again.");
  if (length > bytes.size() - kLengthBytes)
    refuse(file,
           fmt::format("is truncated: its header has {} bytes, the file only {}", length,
                       bytes.size()),
           "Download or copy the file again.");
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + kLengthBytes, length);
  if (!text.starts_with('{'))
    refuse(file, fmt::format("is not a safetensors file: its header begins with {}, not {{",
                             shown(text.substr(0, 8))));
  return text;
}

std::vector<int64_t> read_shape(const JsonObject& entry, const std::string& name) {
  dom::array list;
  if (raw(entry).at_key("shape").get(list) != simdjson::SUCCESS)
    entry.refuse_value("shape", "a list of whole numbers");
  if (list.size() > kMaxDimensions)
    refuse(entry.file(), fmt::format("tensor {} has {} dimensions", shown(name), list.size()));
  std::vector<int64_t> shape;
  for (const dom::element item : list) {
    int64_t extent = -1;
    if (item.get(extent) != simdjson::SUCCESS || extent < 0)
      refuse(entry.file(), fmt::format("tensor {} has the dimension {}; whole numbers from 0 are "
                                       "needed",
                                       shown(name), simdjson::minify(item)));
    shape.push_back(extent);
  }
  return shape;
}

/// Bytes that a tensor of that shape takes.
uint64_t data_bytes(const SafetensorsEntry& tensor, const std::filesystem::path& file) {
  const int64_t bits = safetensors_bits(tensor.dtype);
  if (bits == 0)
    refuse(
        file,
        fmt::format("tensor {} has the unknown dtype {}", shown(tensor.name), shown(tensor.dtype)),
        "Convert the model to F32, F16 or BF16.");
  int64_t total = bits;
  for (const int64_t extent : tensor.shape)
    if (__builtin_mul_overflow(total, extent, &total))
      refuse(file, fmt::format("tensor {} has the shape {}, whose product overflows",
                               shown(tensor.name), shape_text(tensor.shape)));
  if (total % 8 != 0)
    refuse(file, fmt::format("tensor {} does not fill whole bytes: {} {}", shown(tensor.name),
                             tensor.dtype, shape_text(tensor.shape)));
  return static_cast<uint64_t>(total / 8);
}

/// One entry; offsets are still relative to the data section.
SafetensorsEntry read_entry(const JsonObject& entry, std::string name) {
  SafetensorsEntry tensor;
  const std::optional<std::string> dtype = entry.string("dtype");
  if (!dtype) entry.refuse_value("dtype", "a string");
  tensor.dtype = *dtype;
  tensor.shape = read_shape(entry, name);
  tensor.name = std::move(name);
  dom::array offsets;
  uint64_t begin = 0;
  uint64_t end = 0;
  const bool good = raw(entry).at_key("data_offsets").get(offsets) == simdjson::SUCCESS &&
                    offsets.size() == 2 && offsets.at(0).get(begin) == simdjson::SUCCESS &&
                    offsets.at(1).get(end) == simdjson::SUCCESS && begin <= end;
  if (!good) entry.refuse_value("data_offsets", "a list of two ascending whole numbers");
  const uint64_t needed = data_bytes(tensor, entry.file());
  if (end - begin != needed)
    refuse(entry.file(),
           fmt::format("tensor {} is {} {}, which takes {} bytes, but its offsets [{}, {}] span {}",
                       shown(tensor.name), tensor.dtype, shape_text(tensor.shape), needed, begin,
                       end, end - begin));
  tensor.begin = begin;
  tensor.end = end;
  return tensor;
}

void check_layout(SafetensorsHeader& header, size_t data, size_t file_bytes,
                  const std::filesystem::path& file) {
  std::sort(header.tensors.begin(), header.tensors.end(),
            [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
              return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
            });
  size_t at = 0;
  for (SafetensorsEntry& tensor : header.tensors) {
    if (tensor.end > file_bytes - data)
      refuse(file,
             fmt::format("is truncated or damaged: tensor {} ends at byte {} of the data, "
                         "which has only {}",
                         shown(tensor.name), tensor.end, file_bytes - data),
             "Download or copy the file again.");
    if (tensor.begin < at)
      refuse(file, fmt::format("tensor {} at offset {} overlaps the tensor before it, which ends "
                               "at {}",
                               shown(tensor.name), tensor.begin, at));
    if (tensor.begin > at)
      refuse(file, fmt::format("has a hole of {} bytes before tensor {}", tensor.begin - at,
                               shown(tensor.name)));
    at = tensor.end;
    tensor.begin += data;
    tensor.end += data;
  }
  if (at != file_bytes - data)
    refuse(file,
           fmt::format("has {} bytes of data, its tensors take only {}", file_bytes - data, at));
}

void read_metadata(const JsonObject& root, SafetensorsHeader& header) {
  const std::optional<JsonObject> metadata = root.object("__metadata__");
  if (!metadata) return;
  for (const dom::key_value_pair field : raw(*metadata)) {
    std::string_view text;
    if (field.value.get(text) != simdjson::SUCCESS) metadata->refuse_value(field.key, "a string");
    header.metadata.emplace(field.key, text);
  }
}

}  // namespace

int64_t safetensors_bits(std::string_view dtype) {
  for (const Dtype& known : kDtypes)
    if (known.name == dtype) return known.bits;
  return 0;
}

SafetensorsHeader parse_safetensors(std::span<const std::byte> bytes,
                                    const std::filesystem::path& file) {
  const std::string_view text = header_text(bytes, file);
  const JsonFile json(file, text);
  const JsonObject root = json.root();
  SafetensorsHeader header;
  read_metadata(root, header);
  std::set<std::string_view> names;
  for (const dom::key_value_pair field : raw(root)) {
    if (!names.insert(field.key).second)
      refuse(file, fmt::format("tensor {} occurs twice", shown(field.key)));
    if (field.key == "__metadata__") continue;
    dom::object entry;
    if (field.value.get(entry) != simdjson::SUCCESS) root.refuse_value(field.key, "an object");
    const JsonObject object(file, fmt::format("{}.", field.key), place_of(entry));
    header.tensors.push_back(read_entry(object, std::string(field.key)));
  }
  check_layout(header, kLengthBytes + text.size(), bytes.size(), file);
  return header;
}

}  // namespace nety::checkpoint
