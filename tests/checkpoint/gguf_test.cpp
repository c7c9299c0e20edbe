// The GGUF container: every type of metadata, and every way in which a file can lie about itself.
#include "core/checkpoint/gguf.h"

#include <gtest/gtest.h>

#include "tests/checkpoint/made_files.h"

namespace nety::checkpoint {
namespace {

GgufFile parse(const std::string& bytes, GgufParts parts = GgufParts::kAll) {
  return parse_gguf(std::as_bytes(std::span(bytes.data(), bytes.size())), "model.gguf", parts);
}

MadeGguf with_tensor() {
  MadeGguf file;
  file.add_string("general.architecture", "llama");
  file.add_tensor("a", 0, {2, 3}, std::string(24, 'x'));
  return file;
}

template <class T>
T value_of(const GgufFile& file, const std::string& key) {
  return std::get<T>(file.metadata.at(key));
}

TEST(Gguf, ReadsScalarsOfEveryType) {
  MadeGguf made;
  made.add("u8", 0, bytes_of(uint8_t{200}));
  made.add("i8", 1, bytes_of(int8_t{-100}));
  made.add("u16", 2, bytes_of(uint16_t{60000}));
  made.add("i16", 3, bytes_of(int16_t{-30000}));
  made.add("u32", 4, bytes_of(uint32_t{4000000000}));
  made.add("i32", 5, bytes_of(int32_t{-2000000000}));
  made.add("f32", 6, bytes_of(1.5F));
  made.add("bool", 7, bytes_of(uint8_t{1}));
  made.add_string("string", "héllo");
  made.add("u64", 10, bytes_of(~uint64_t{0}));
  made.add("i64", 11, bytes_of(int64_t{-5}));
  made.add("f64", 12, bytes_of(2.25));
  const GgufFile file = parse(made.bytes());
  EXPECT_EQ(value_of<uint64_t>(file, "u8"), 200U);
  EXPECT_EQ(value_of<int64_t>(file, "i8"), -100);
  EXPECT_EQ(value_of<uint64_t>(file, "u16"), 60000U);
  EXPECT_EQ(value_of<int64_t>(file, "i16"), -30000);
  EXPECT_EQ(value_of<uint64_t>(file, "u32"), 4000000000U);
  EXPECT_EQ(value_of<int64_t>(file, "i32"), -2000000000);
  EXPECT_EQ(value_of<double>(file, "f32"), 1.5);
  EXPECT_TRUE(value_of<bool>(file, "bool"));
  EXPECT_EQ(value_of<std::string>(file, "string"), "héllo");
  EXPECT_EQ(value_of<uint64_t>(file, "u64"), ~uint64_t{0});
  EXPECT_EQ(value_of<int64_t>(file, "i64"), -5);
  EXPECT_EQ(value_of<double>(file, "f64"), 2.25);
}

TEST(Gguf, WidensArraysOfNumbers) {
  MadeGguf made;
  const auto array = [](uint32_t type, uint64_t count, const std::string& values) {
    return bytes_of(type) + bytes_of(count) + values;
  };
  made.add("i32", 9, array(5, 2, bytes_of_all<int32_t>({-1, 7})));
  made.add("u8", 9, array(0, 2, bytes_of_all<uint8_t>({255, 1})));
  made.add("bool", 9, array(7, 2, bytes_of_all<uint8_t>({0, 1})));
  made.add("f32", 9, array(6, 2, bytes_of_all<float>({0.5F, -2})));
  made.add("u64", 9, array(10, 1, bytes_of_all<uint64_t>({9})));
  made.add("nothing", 9, array(6, 0, ""));
  made.add_strings("strings", {"a", "", "\xff"});
  const std::string bytes = made.bytes();
  const GgufFile file = parse(bytes);
  EXPECT_EQ(value_of<std::vector<int64_t>>(file, "i32"), (std::vector<int64_t>{-1, 7}));
  EXPECT_EQ(value_of<std::vector<int64_t>>(file, "u8"), (std::vector<int64_t>{255, 1}));
  EXPECT_EQ(value_of<std::vector<int64_t>>(file, "bool"), (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(value_of<std::vector<double>>(file, "f32"), (std::vector<double>{0.5, -2}));
  EXPECT_EQ(value_of<std::vector<int64_t>>(file, "u64"), (std::vector<int64_t>{9}));
  EXPECT_TRUE(value_of<std::vector<double>>(file, "nothing").empty());
  EXPECT_EQ(value_of<std::vector<std::string_view>>(file, "strings"),
            (std::vector<std::string_view>{"a", "", "\xff"}));
}

TEST(Gguf, SkipsArraysOfArraysAndReadsOn) {
  MadeGguf made;
  const std::string inner = bytes_of(uint32_t{4}) + bytes_of(uint64_t{2}) + std::string(8, 0);
  made.add("nested", 9, bytes_of(uint32_t{9}) + bytes_of(uint64_t{2}) + inner + inner);
  made.add_u32("after", 3);
  const GgufFile file = parse(made.bytes());
  EXPECT_EQ(file.metadata.count("nested"), 0U);
  EXPECT_EQ(value_of<uint64_t>(file, "after"), 3U);
}

TEST(Gguf, ReplacesInvalidUtf8InTexts) {
  MadeGguf made;
  made.add_string("general.author", "caf\xe9");
  EXPECT_EQ(value_of<std::string>(parse(made.bytes()), "general.author"), "caf\xef\xbf\xbd");
}

TEST(Gguf, ReadsVersionsTwoAndThree) {
  for (const uint32_t version : {2U, 3U}) {
    MadeGguf made = with_tensor();
    made.version = version;
    EXPECT_EQ(parse(made.bytes()).version, version);
  }
}

TEST(Gguf, PlacesTensorsByAlignment) {
  for (const uint64_t alignment : {32U, 64U, 256U}) {
    MadeGguf made;
    made.alignment = alignment;
    made.add_u32("general.alignment", static_cast<uint32_t>(alignment));
    made.add_tensor("first", 1, {3}, "aabbcc");
    made.add_tensor("second", 8, {2, 32}, std::string(68, 'q'));
    const std::string bytes = made.bytes();
    const GgufFile file = parse(bytes);
    ASSERT_EQ(file.tensors.size(), 2U);
    EXPECT_EQ(bytes.substr(file.tensors[0].begin, file.tensors[0].bytes), "aabbcc");
    EXPECT_EQ(bytes.substr(file.tensors[1].begin, file.tensors[1].bytes), std::string(68, 'q'));
    EXPECT_EQ(file.tensors[1].begin % alignment, 0U);
    EXPECT_EQ(file.tensors[1].shape, (std::vector<int64_t>{2, 32}));
    EXPECT_EQ(file.tensors[1].type->name, "Q8_0");
  }
}

TEST(Gguf, LeavesTheTensorTableUnreadForTokenising) {
  MadeGguf made;
  made.add_string("tokenizer.ggml.model", "gpt2");
  made.add_tensor_line("broken", 999, {-1}, 1);
  EXPECT_TRUE(parse(made.bytes(), GgufParts::kMetadata).tensors.empty());
}

TEST(Gguf, RefusesEveryTruncation) {
  const std::string whole = with_tensor().bytes();
  parse(whole);
  // The last tensor's data may lack only its padding.
  const size_t data_end = parse(whole).tensors[0].begin + 24;
  for (size_t length = 0; length < data_end; ++length)
    expect_error([&] { parse(whole.substr(0, length)); }, ErrorKind::kCheckpoint, {"model.gguf"});
}

std::string with_line(const std::string& name, uint32_t type, const std::vector<int64_t>& shape,
                      uint64_t offset) {
  MadeGguf made = with_tensor();
  made.add_tensor_line(name, type, shape, offset);
  return made.bytes();
}

std::string with_value(const std::string& key, uint32_t type, const std::string& value) {
  MadeGguf made;
  made.add(key, type, value);
  return made.bytes();
}

std::string with_version(uint32_t version) {
  MadeGguf made = with_tensor();
  made.version = version;
  return made.bytes();
}

std::string with_counts(uint64_t tensors, uint64_t keys) {
  return "GGUF" + bytes_of(uint32_t{3}) + bytes_of(tensors) + bytes_of(keys) + std::string(64, 0);
}

std::string array_of(uint32_t type, uint64_t count) { return bytes_of(type) + bytes_of(count); }

std::string nested_array(int depth) {
  std::string value = array_of(0, 0);
  for (int i = 0; i < depth; ++i) value = array_of(9, 1) + value;
  return value;
}

std::string key_twice() {
  MadeGguf made;
  made.add_u32("llama.block_count", 1);
  made.add_u32("llama.block_count", 2);
  return made.bytes();
}

TEST(Gguf, RefusesBadFilesNamingWhatIsWrong) {
  const int64_t huge = int64_t{1} << 40;
  const uint64_t most = ~uint64_t{0};
  const std::vector<BadCase> cases = {
      {"magic", "GGML" + std::string(60, 0), {"not a GGUF", "GGML"}},
      {"version 1", with_version(1), {"version 1"}},
      {"version 4", with_version(4), {"version 4"}},
      {"big-endian", with_version(0x03000000), {"big-endian"}},
      {"tensor count", with_counts(most, 0), {"18446744073709551615 tensors"}},
      {"key count", with_counts(0, uint64_t{1} << 62), {"metadata keys"}},
      {"unknown value type", with_value("key", 13, "xxxx"), {"\"key\"", "type 13"}},
      {"string length", with_value("key", 8, bytes_of(most)), {"key", "are left"}},
      {"array length", with_value("key", 9, array_of(4, most)), {"\"key\"", "elements"}},
      {"string array length", with_value("key", 9, array_of(8, uint64_t{1} << 60)), {"\"key\""}},
      {"array type", with_value("key", 9, array_of(77, 1)), {"\"key\"", "type 77"}},
      {"nested arrays", with_value("key", 9, nested_array(1000)), {"\"key\"", "deeply"}},
      {"key twice", key_twice(), {"llama.block_count", "twice"}},
      {"empty key", with_value("", 4, "xxxx"), {"0 bytes"}},
      {"key not UTF-8", with_value("k\xff\x1b", 4, "xxxx"), {"\\xff\\x1b", "UTF-8"}},
      {"alignment", with_value("general.alignment", 4, bytes_of(uint32_t{0})), {"alignment"}},
      {"tensor twice", with_line("a", 0, {1}, 32), {"\"a\"", "twice"}},
      {"tensor name", with_line("b\xc3", 0, {1}, 32), {"\\xc3", "UTF-8"}},
      {"negative dimension", with_line("b", 0, {-2, 3}, 32), {"\"b\"", "negative", "-2"}},
      {"overflow", with_line("b", 0, {huge, huge}, 32), {"\"b\"", "overflows"}},
      {"byte overflow", with_line("b", 0, {huge, huge / (1 << 18)}, 32), {"\"b\"", "large"}},
      {"five dimensions", with_line("b", 0, {1, 1, 1, 1, 1}, 32), {"\"b\"", "5 dimensions"}},
      {"unknown type", with_line("b", 200, {32}, 32), {"\"b\"", "type 200"}},
      {"ragged block", with_line("b", 8, {33}, 32), {"\"b\"", "33", "Q8_0", "32"}},
      {"unaligned offset", with_line("b", 0, {1}, 33), {"\"b\"", "offset 33"}},
      {"offset past end", with_line("b", 0, {1}, 1 << 20), {"\"b\"", "past the end", "1048576"}},
      {"offset overflow", with_line("b", 0, {1}, most - 31), {"\"b\"", "past the end"}},
      {"size past end", with_line("b", 0, {1000}, 32), {"\"b\"", "4000 bytes", "past the end"}},
      {"overlap", with_line("b", 0, {1}, 0), {"\"a\"", "\"b\"", "overlap"}},
  };
  for (const BadCase& bad : cases) {
    SCOPED_TRACE(bad.name);
    std::vector<std::string> mentions = bad.mentions;
    mentions.emplace_back("model.gguf");
    std::string bytes = bad.bytes;
    expect_error(
        [&] {
          const GgufFile file = parse(bytes);
          // general.alignment is looked at only where there are tensors.
          if (bad.name == "alignment") {
            MadeGguf made = with_tensor();
            made.add_u32("general.alignment", 0);
            parse(made.bytes());
          }
        },
        ErrorKind::kCheckpoint, mentions);
  }
}

TEST(Gguf, KnowsTypesThatItCannotRunByName) {
  ASSERT_NE(find_ggml_type(18), nullptr);
  EXPECT_EQ(find_ggml_type(18)->name, "IQ3_XXS");
  EXPECT_EQ(find_ggml_type(12)->bytes, 144);
  EXPECT_EQ(find_ggml_type(5), nullptr);
}

}  // namespace
}  // namespace nety::checkpoint
