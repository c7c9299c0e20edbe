// The fuzzers' seeds have every family, in each format that it comes in, and can be read: a seed
// that is refused at its first key leads a fuzzer nowhere.
#include <gtest/gtest.h>

#include <set>

#include "core/base/files.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/family.h"
#include "core/checkpoint/huggingface_config.h"
#include "tests/checkpoint/family_files.h"

namespace nety::checkpoint {
namespace {

namespace fs = std::filesystem;

fs::path corpus(const std::string& name) {
  return fs::path(nety::test_data()).parent_path() / "fuzz" / "corpus" / name;
}

/// Of the metadata that the file begins with.
std::string architecture_of(const Checkpoint& checkpoint) {
  const auto found = checkpoint.metadata().find("general.architecture");
  return found == checkpoint.metadata().end() ? "" : std::get<std::string>(found->second);
}

TEST(FuzzSeeds, HaveTheGgufFilesOfEveryFamily) {
  std::set<std::string, std::less<>> read;
  for (const auto& entry : fs::directory_iterator(corpus("gguf"))) {
    SCOPED_TRACE(entry.path());
    if (entry.path().stem() == "split") continue;  // one part alone
    EXPECT_NO_THROW({
      const Checkpoint checkpoint = Checkpoint::open(entry.path());
      EXPECT_TRUE(checkpoint.notices().empty()) << checkpoint.notices().front().what;
      read.insert(architecture_of(checkpoint));
    });
  }
  for (const Family* family : families())
    if (!family->gguf_architecture.empty()) {
      EXPECT_TRUE(read.contains(family->gguf_architecture)) << family->gguf_architecture;
    }
}

TEST(FuzzSeeds, HaveTheConfigurationOfEveryFamily) {
  std::set<std::string, std::less<>> read;
  for (const auto& entry : fs::directory_iterator(corpus("model_config"))) {
    SCOPED_TRACE(entry.path());
    const std::string text = read_file(entry.path());
    EXPECT_NO_THROW(read.insert(parse_config({text, entry.path()}).model.architecture));
  }
  for (const Family* family : families()) EXPECT_TRUE(read.contains(family->name)) << family->name;
}

/// The files of a seed, each after a line with its name, in a folder.
void unpack(const std::string& seed, const TempFolder& folder) {
  constexpr std::string_view kMark = "=== ", kEnd = " ===\n";
  for (size_t at = 0; at != std::string::npos;) {
    const size_t name_end = seed.find(kEnd, at);
    ASSERT_NE(name_end, std::string::npos);
    const std::string name = seed.substr(at + kMark.size(), name_end - at - kMark.size());
    const size_t begin = name_end + kEnd.size();
    at = seed.find("\n=== ", begin);
    const size_t end = at == std::string::npos ? seed.size() - 1 : at++;
    folder.put(name, std::string_view(seed).substr(begin, end - begin));
  }
}

TEST(FuzzSeeds, HaveModelsOfSeveralFiles) {
  std::set<std::string> modes;
  for (const auto& entry : fs::directory_iterator(corpus("files"))) {
    SCOPED_TRACE(entry.path());
    const TempFolder folder;
    unpack(read_file(entry.path()), folder);
    EXPECT_NO_THROW({
      const Checkpoint checkpoint = Checkpoint::open(folder.path());
      EXPECT_TRUE(checkpoint.notices().empty()) << checkpoint.notices().front().what;
      for (const Tensor& tensor : checkpoint.tensors()) checkpoint.matrix(tensor.name);
      for (const auto& type : checkpoint.storage_types()) modes.insert(type.first);
    });
  }
  for (const char* mode : {"F32", "nf4"}) EXPECT_TRUE(modes.contains(mode)) << mode;
  EXPECT_GE(modes.size(), 4U);  // fp8 and MXFP4 too, under the names that files give them
}

}  // namespace
}  // namespace nety::checkpoint
