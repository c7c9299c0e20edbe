// The safetensors container: what is read, and every lie that is refused.
#include "core/checkpoint/safetensors.h"

#include <gtest/gtest.h>

#include "tests/checkpoint/made_files.h"

namespace nety::checkpoint {
namespace {

SafetensorsHeader parse(const std::string& bytes) {
  return parse_safetensors(std::as_bytes(std::span(bytes.data(), bytes.size())),
                           "model.safetensors");
}

TEST(Safetensors, ReadsTensorsAndMetadata) {
  const std::string bytes = safetensors_of({{"b", "BF16", {2, 2}, "12345678"},
                                            {"scalar", "U8", {}, "x"},
                                            {"empty", "F32", {0, 4}, ""},
                                            {"a", "F32", {1}, "abcd"}});
  const SafetensorsHeader header = parse(bytes);
  ASSERT_EQ(header.tensors.size(), 4U);
  EXPECT_EQ(header.metadata.at("format"), "pt");
  for (const SafetensorsEntry& tensor : header.tensors) {
    const std::string data = bytes.substr(tensor.begin, tensor.end - tensor.begin);
    if (tensor.name == "b") {
      EXPECT_EQ(tensor.dtype, "BF16");
      EXPECT_EQ(tensor.shape, (std::vector<int64_t>{2, 2}));
      EXPECT_EQ(data, "12345678");
    } else if (tensor.name == "scalar") {
      EXPECT_TRUE(tensor.shape.empty());
      EXPECT_EQ(data, "x");
    } else if (tensor.name == "a") {
      EXPECT_EQ(data, "abcd");
    }
  }
}

TEST(Safetensors, RefusesEveryTruncation) {
  const std::string whole = safetensors_of({{"a", "F32", {4}, std::string(16, 'x')}});
  parse(whole);
  for (size_t length = 0; length < whole.size(); ++length)
    expect_error([&] { parse(whole.substr(0, length)); }, ErrorKind::kCheckpoint,
                 {"model.safetensors"});
}

/// A file with one tensor "a" described by `entry` and 16 bytes of data.
std::string with_entry(const std::string& entry) {
  return safetensors_of("{\"a\":" + entry + "}", std::string(16, 'x'));
}

std::string two(const std::string& first, const std::string& second) {
  return safetensors_of(R"({"a":{"dtype":"U8","shape":[8],"data_offsets":)" + first +
                            R"(},"b":{"dtype":"U8","shape":[8],"data_offsets":)" + second + "}}",
                        std::string(16, 'x'));
}

std::string nested(size_t depth) {
  return safetensors_of("{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}", "");
}

TEST(Safetensors, RefusesBadHeadersNamingWhatIsWrong) {
  const std::string entry_f32 = R"({"dtype":"F32","shape":[4],"data_offsets":[0,16]})";
  const std::vector<BadCase> cases = {
      {"2^63 header", bytes_of(uint64_t{1} << 63) + "{}", {"9223372036854775808 bytes"}},
      {"2^64-1 header", bytes_of(~uint64_t{0}) + "{}", {"not a safetensors"}},
      {"long header", bytes_of(uint64_t{4096}) + "{}", {"truncated", "4096"}},
      {"not JSON", safetensors_of("{oops}", ""), {"not valid JSON"}},
      {"a list", safetensors_of("[]", ""), {"begins with"}},
      {"no header", bytes_of(uint64_t{0}), {"begins with"}},
      {"deep", nested(100000), {"not valid JSON", "deep"}},
      {"not UTF-8", safetensors_of("{\"a\xff\":1}", ""), {"UTF-8"}},
      {"entry is no object", with_entry("7"), {"\"a\"", "7", "an object"}},
      {"no dtype", with_entry(R"({"shape":[4],"data_offsets":[0,16]})"), {"a.dtype", "missing"}},
      {"unknown dtype",
       with_entry(R"({"dtype":"F33","shape":[4],"data_offsets":[0,16]})"),
       {"\"a\"", "F33"}},
      {"no shape", with_entry(R"({"dtype":"F32","data_offsets":[0,16]})"), {"a.shape"}},
      {"negative dimension",
       with_entry(R"({"dtype":"F32","shape":[-4],"data_offsets":[0,16]})"),
       {"\"a\"", "-4"}},
      {"text dimension",
       with_entry(R"({"dtype":"F32","shape":["4"],"data_offsets":[0,16]})"),
       {"\"a\"", "\"4\""}},
      {"fraction",
       with_entry(R"({"dtype":"F32","shape":[4.5],"data_offsets":[0,16]})"),
       {"\"a\"", "4.5"}},
      {"overflow",
       with_entry(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,16]})"),
       {"\"a\"", "overflows"}},
      {"wrong size",
       with_entry(R"({"dtype":"F32","shape":[5],"data_offsets":[0,16]})"),
       {"\"a\"", "20 bytes", "16"}},
      {"half a byte",
       with_entry(R"({"dtype":"F4","shape":[3],"data_offsets":[0,1]})"),
       {"\"a\"", "whole bytes"}},
      {"one offset",
       with_entry(R"({"dtype":"F32","shape":[4],"data_offsets":[0]})"),
       {"a.data_offsets"}},
      {"descending",
       with_entry(R"({"dtype":"F32","shape":[4],"data_offsets":[16,0]})"),
       {"a.data_offsets"}},
      {"negative offset",
       with_entry(R"({"dtype":"F32","shape":[4],"data_offsets":[-16,0]})"),
       {"a.data_offsets"}},
      {"past end",
       with_entry(R"({"dtype":"F32","shape":[8],"data_offsets":[0,32]})"),
       {"\"a\"", "byte 32", "only 16"}},
      {"far past end",
       with_entry(R"({"dtype":"U8","shape":[1],"data_offsets":[18446744073709551614,)"
                  R"(18446744073709551615]})"),
       {"\"a\"", "18446744073709551615"}},
      {"overlap", two("[0,8]", "[4,12]"), {"\"b\"", "overlaps"}},
      {"same place", two("[0,8]", "[0,8]"), {"overlaps"}},
      {"hole at start",
       safetensors_of(R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[8,16]}})",
                      std::string(16, 'x')),
       {"hole", "8 bytes", "\"a\""}},
      {"left over",
       with_entry(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})"),
       {"16 bytes", "only 8"}},
      {"twice",
       safetensors_of("{\"a\":" + entry_f32 + ",\"a\":" + entry_f32 + "}", std::string(16, 'x')),
       {"\"a\"", "twice"}},
      {"metadata of numbers",
       safetensors_of(R"({"__metadata__":{"format":1}})", ""),
       {"__metadata__.format", "a string"}},
      {"terminal escapes", safetensors_of("{\"\\u001b[2J\":5}", ""), {"\\x1b[2J"}},
  };
  for (const BadCase& bad : cases) {
    SCOPED_TRACE(bad.name);
    std::vector<std::string> mentions = bad.mentions;
    mentions.emplace_back("model.safetensors");
    expect_error([&] { parse(bad.bytes); }, ErrorKind::kCheckpoint, mentions);
  }
}

}  // namespace
}  // namespace nety::checkpoint
