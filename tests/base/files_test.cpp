// Files appear whole or not at all; what cannot be read says why.
#include "core/base/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"

namespace nety {
namespace fs = std::filesystem;
namespace {

class Files : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              ("nety-files-" + std::to_string(::getpid()) + "-" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_))
      names.push_back(entry.path().filename());
    return names;
  }
  fs::path folder_;
};

ErrorKind kind_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_STRNE(error.what(), "");
    return error.kind();
  }
  ADD_FAILURE() << "no error";
  return ErrorKind::kInternal;
}

TEST_F(Files, AppearOnlyWhenCommitted) {
  const fs::path path = folder_ / "a.json";
  {
    AtomicFile file(path);
    file.write("half");
    EXPECT_FALSE(fs::exists(path));
  }
  EXPECT_TRUE(names().empty());
  write_file(path, "whole");
  EXPECT_EQ(read_file(path), "whole");
  EXPECT_THAT(names(), testing::ElementsAre("a.json"));
}

TEST_F(Files, KeepTheOldContentWhenAWriteIsAbandoned) {
  const fs::path path = folder_ / "a.json";
  write_file(path, "old");
  {
    AtomicFile file(path);
    file.write("new");
  }
  EXPECT_EQ(read_file(path), "old");
}

TEST_F(Files, ReplaceTheTargetOfALinkAndKeepTheLink) {
  write_file(folder_ / "target", "old");
  fs::create_symlink(folder_ / "target", folder_ / "link");
  write_file(folder_ / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(read_file(folder_ / "target"), "new");
}

TEST_F(Files, WriteDevicesInPlace) {
  write_file("/dev/null", "gone");
  EXPECT_EQ(kind_of([] { write_file("/dev/full", "x"); }), ErrorKind::kIo);
}

TEST_F(Files, RefuseToWriteWhereTheyCannot) {
  EXPECT_EQ(kind_of([&] { write_file(folder_, "x"); }), ErrorKind::kIo);
  EXPECT_EQ(kind_of([&] { write_file(folder_ / "no" / "such", "x"); }), ErrorKind::kIo);
}

TEST_F(Files, AreCheckedForWritingWithoutATrace) {
  check_writable(folder_ / "new");
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
  write_file(folder_ / "old", "kept");
  check_writable(folder_ / "old");
  EXPECT_EQ(read_file(folder_ / "old"), "kept");
  check_writable("/dev/null");
  EXPECT_EQ(kind_of([&] { check_writable(folder_); }), ErrorKind::kIo);
  EXPECT_EQ(kind_of([&] { check_writable(folder_ / "no" / "such"); }), ErrorKind::kIo);
}

TEST_F(Files, MapWhatTheyHold) {
  write_file(folder_ / "a", "content");
  MappedFile file(folder_ / "a");
  EXPECT_EQ(file.size(), 7U);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(file.bytes().data()), 7), "content");
  const MappedFile moved = std::move(file);
  EXPECT_EQ(moved.size(), 7U);
  EXPECT_GE(moved.resident_share(), 0);
}

TEST_F(Files, RefuseToMapWhatIsNoModel) {
  write_file(folder_ / "empty", "");
  ::mkfifo((folder_ / "pipe").c_str(), 0600);
  EXPECT_EQ(kind_of([&] { MappedFile file(folder_ / "empty"); }), ErrorKind::kCheckpoint);
  EXPECT_EQ(kind_of([&] { MappedFile file(folder_); }), ErrorKind::kCheckpoint);
  EXPECT_EQ(kind_of([&] { MappedFile file(folder_ / "pipe"); }), ErrorKind::kCheckpoint);
  EXPECT_EQ(kind_of([&] { MappedFile file(folder_ / "missing"); }), ErrorKind::kIo);
}

TEST_F(Files, StopReadingAtTheLimit) {
  write_file(folder_ / "a", "123456");
  EXPECT_EQ(read_file(folder_ / "a", 6), "123456");
  EXPECT_EQ(kind_of([&] { read_file(folder_ / "a", 5); }), ErrorKind::kCheckpoint);
}

}  // namespace
}  // namespace nety
