// Who may ask.
#include "app/serve/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "tests/error_of.h"

namespace nety::serve {
namespace {

const std::string kKey = "0123456789abcdef";

HttpRequest from(const std::string& host, const std::string& authorization = {}) {
  HttpRequest request;
  request.host = host;
  request.authorization = authorization;
  return request;
}

int status(const Access& access, const HttpRequest& request) {
  const auto error = check_access(access, request);
  return error ? error->status() : 200;
}

TEST(Access, WithoutAKeyIsForThisMachineByName) {
  const Access access{.key = {}, .host = "127.0.0.1", .origin = {}};
  for (const std::string host :
       {"localhost", "localhost:8080", "127.0.0.1:8080", "127.0.0.2", "[::1]:8080", ""})
    EXPECT_EQ(status(access, from(host)), 200) << host;
  for (const std::string host : {"evil.example", "evil.example:8080", "localhost.evil.example",
                                 "127.evil.example", "[::2]:8080", "10.0.0.1"})
    EXPECT_EQ(status(access, from(host)), 403) << host;
}

TEST(Access, WithAKeyIsForWhoeverHasIt) {
  const Access access{.key = kKey, .host = "0.0.0.0", .origin = {}};
  EXPECT_EQ(status(access, from("anything", "Bearer " + kKey)), 200);
  const std::vector<std::string> wrong{"",
                                       "Bearer ",
                                       "Bearer " + kKey + "x",
                                       "Bearer " + kKey.substr(1),
                                       "Basic " + kKey,
                                       kKey,
                                       "Bearer " + kKey + kKey,
                                       "bearer"};
  for (const std::string& given : wrong)
    EXPECT_EQ(status(access, from("localhost", given)), 401) << given;
}

TEST(Access, ComparesSecrets) {
  EXPECT_TRUE(same_secret("abc", "abc"));
  EXPECT_TRUE(same_secret("", ""));
  EXPECT_FALSE(same_secret("", "abc"));
  EXPECT_FALSE(same_secret("abc", ""));
  EXPECT_FALSE(same_secret("abcabc", "abc"));
  EXPECT_FALSE(same_secret("abd", "abc"));
}

TEST(Access, ReadsTheKeyFromAFileOrTheEnvironment) {
  ::unsetenv("NETY_API_KEY");
  EXPECT_EQ(read_api_key(""), "");
  const std::string file = testing::TempDir() + "/nety-serve-key";
  std::ofstream(file) << kKey << "\r\nsomething else\n";
  EXPECT_EQ(read_api_key(file), kKey);
  for (const std::string bad : {"", "short", "has blanks in it ok", "\n0123456789abcdef"}) {
    std::ofstream(file) << bad;
    EXPECT_EQ(error_of([&] { read_api_key(file); }).kind(), ErrorKind::kUsage) << bad;
  }
  ::setenv("NETY_API_KEY", kKey.c_str(), 1);
  EXPECT_EQ(read_api_key(""), kKey);
  ::setenv("NETY_API_KEY", "", 1);
  EXPECT_EQ(error_of([&] { read_api_key(""); }).kind(), ErrorKind::kUsage);
  ::unsetenv("NETY_API_KEY");
}

TEST(Access, LetsPagesReadOnlyIfAsked) {
  HttpRequest request = from("localhost");
  request.origin = "https://a.example";
  const auto headers = [&](const std::string& origin) {
    HttpAnswer answer;
    add_origin_headers({.key = {}, .host = "localhost", .origin = origin}, request, answer);
    return answer.headers.size();
  };
  EXPECT_EQ(headers(""), 0U);
  EXPECT_EQ(headers("https://b.example"), 0U);
  EXPECT_EQ(headers("https://a.example"), 2U);
  EXPECT_EQ(headers("*"), 2U);
}

}  // namespace
}  // namespace nety::serve
