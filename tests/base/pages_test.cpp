// Pages of a mapped file come and go without a change of what is read.
#include "core/base/pages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "core/base/files.h"

namespace nety {
namespace {

TEST(Pages, AreReadAgainAfterTheyWereGivenBack) {
  const auto path = std::filesystem::path(testing::TempDir()) / "nety-pages";
  std::string text(300'000, 'x');
  for (size_t i = 0; i < text.size(); i += 997) text[i] = static_cast<char>('a' + i % 26);
  std::ofstream(path, std::ios::binary) << text;
  const MappedFile file(path);
  const auto same = [&] {
    return std::equal(text.begin(), text.end(), reinterpret_cast<const char*>(file.bytes().data()));
  };
  prefetch_pages(file.bytes().subspan(5, 100'000));
  EXPECT_TRUE(same());
  release_pages(file.bytes().subspan(1, 250'000));
  EXPECT_TRUE(same());
  release_pages(file.bytes().subspan(10, 100));  // less than a page: nothing to give
  prefetch_pages({});
  release_pages({});
  EXPECT_TRUE(same());
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace nety
