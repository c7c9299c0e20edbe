// Directories that appear whole or not at all.
#include "core/checkpoint/writer.h"

#include <gtest/gtest.h>

#include "core/base/files.h"
#include "core/checkpoint/safetensors.h"
#include "core/checkpoint/shard_index.h"
#include "tests/checkpoint/made_files.h"

namespace nety::checkpoint {
namespace {

std::span<const std::byte> raw(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

class Writer : public testing::Test {
 protected:
  std::filesystem::path destination() const { return folder_.path() / "model"; }
  /// Names in the folder, hidden ones too.
  size_t entries() const {
    return static_cast<size_t>(
        std::distance(std::filesystem::directory_iterator(folder_.path()), {}));
  }
  TempFolder folder_;
};

TEST_F(Writer, WritesTensorsInAnyOrderAndInPieces) {
  {
    ModelWriter writer(destination(), {{"small", "U8", {3}},
                                       {"wide", "F32", {2, 1}},
                                       {"state", "U8", {100}, true},
                                       {"scalar", "U8", {}}});
    writer.put_late("state", "{\"a\": 1}");
    writer.put("wide", 4, raw("5678"));
    writer.put("scalar", 0, raw("s"));
    writer.put("small", 0, raw("abc"));
    writer.put("wide", 0, raw("1234"));
    writer.put_file("config.json", "{}");
    EXPECT_FALSE(std::filesystem::exists(destination()));
    writer.commit();
  }
  EXPECT_EQ(entries(), 1U);
  EXPECT_EQ(read_file(destination() / "config.json"), "{}");
  const std::string file = read_file(destination() / "model.safetensors");
  const SafetensorsHeader header = parse_safetensors(raw(file), "model.safetensors");
  EXPECT_EQ(header.metadata.at("format"), "pt");
  std::map<std::string, std::string> found;
  for (const SafetensorsEntry& tensor : header.tensors)
    found[tensor.name] = file.substr(tensor.begin, tensor.end - tensor.begin);
  EXPECT_EQ(found,
            (std::map<std::string, std::string>{
                {"small", "abc"}, {"wide", "12345678"}, {"state", "{\"a\": 1}"}, {"scalar", "s"}}));
  // Widest first, so that everything is aligned; late ones last.
  EXPECT_EQ(header.tensors.front().name, "wide");
  EXPECT_EQ(header.tensors.front().begin % 8, 0U);
  EXPECT_EQ(header.tensors.back().name, "state");
  EXPECT_EQ(header.tensors.back().shape, (std::vector<int64_t>{8}));
}

TEST_F(Writer, ShardsAboveTheLimit) {
  ModelWriter writer(destination(),
                     {{"a", "U8", {6}}, {"b", "U8", {6}}, {"c", "U8", {20}}, {"d", "U8", {4}}}, 12);
  for (const char* name : {"a", "b"}) writer.put(name, 0, raw("123456"));
  writer.put("c", 0, raw(std::string(20, 'c')));
  writer.put("d", 0, raw("dddd"));
  writer.commit();
  const auto index = destination() / "model.safetensors.index.json";
  const auto places = parse_shard_index(read_file(index), index);
  EXPECT_EQ(places.at("a"), "model-00001-of-00003.safetensors");
  EXPECT_EQ(places.at("b"), "model-00001-of-00003.safetensors");
  EXPECT_EQ(places.at("c"), "model-00002-of-00003.safetensors");
  EXPECT_EQ(places.at("d"), "model-00003-of-00003.safetensors");
  EXPECT_NE(read_file(index).find("\"total_size\": 36"), std::string::npos);
  for (const auto& place : places) {
    const auto path = destination() / place.second;
    EXPECT_NO_THROW(parse_safetensors(raw(read_file(path)), path));
  }
}

TEST_F(Writer, LeavesNothingBehindWithoutCommit) {
  {
    ModelWriter writer(destination(), {{"a", "U8", {2}}});
    writer.put("a", 0, raw("12"));
    EXPECT_EQ(entries(), 1U);
  }
  EXPECT_EQ(entries(), 0U);
}

TEST_F(Writer, RefusesWhatExists) {
  const auto refused = [&](const std::filesystem::path& path) {
    expect_error([&] { ModelWriter writer(path, {}); }, ErrorKind::kUsage,
                 {path.string(), "exists already"});
  };
  refused(folder_.put("file", "x"));
  std::filesystem::create_directory(destination());
  refused(destination());
  std::filesystem::create_symlink("nowhere", folder_.path() / "link");
  refused(folder_.path() / "link");
  refused(".");
  EXPECT_EQ(entries(), 3U);
}

TEST_F(Writer, RefusesADirectoryThatAppearedMeanwhile) {
  ModelWriter writer(destination(), {{"a", "U8", {1}}});
  writer.put("a", 0, raw("1"));
  std::filesystem::create_directory(destination());
  expect_error([&] { writer.commit(); }, ErrorKind::kUsage, {"exists already"});
}

TEST_F(Writer, SaysWhereItCannotWrite) {
  expect_error([&] { ModelWriter writer(folder_.path() / "no" / "model", {}); }, ErrorKind::kIo,
               {"no"});
  const auto file = folder_.put("file", "x");
  expect_error([&] { ModelWriter writer(file / "model", {}); }, ErrorKind::kIo, {"file"});
  const int64_t exabyte = 1'000'000'000'000'000'000;
  expect_error(
      [&] {
        ModelWriter writer(destination(), {{"a", "U8", {exabyte}}});
      },
      ErrorKind::kIo, {"the model takes", "left"});
  EXPECT_EQ(entries(), 1U);
}

TEST_F(Writer, InsistsOnWholeTensors) {
  ModelWriter writer(destination(), {{"a", "U8", {4}}, {"l", "U8", {4}, true}});
  EXPECT_THROW(writer.put("b", 0, raw("1")), Error);
  EXPECT_THROW(writer.put("a", 2, raw("123")), Error);
  EXPECT_THROW(writer.put("a", 5, raw("")), Error);
  EXPECT_THROW(writer.put_late("l", "12345"), Error);
  writer.put("a", 0, raw("1234"));
  EXPECT_THROW(writer.commit(), Error);  // "l" is missing
}

}  // namespace
}  // namespace nety::checkpoint
