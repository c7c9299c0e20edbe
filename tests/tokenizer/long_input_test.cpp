// Long texts take time in proportion to their length, whatever is in them.
#include <chrono>

#include "tests/tokenizer/golden.h"

namespace nety::tokenizer {
namespace {

constexpr size_t kBytes = 1'000'000;

class LongInput : public testing::TestWithParam<const char*> {};

// Quadratic time would be minutes, even on a fast machine; this only has to come back.
TEST_P(LongInput, IsTokenisedAndComesBack) {
  const Tokenizer tokenizer = tokenizer_named(GetParam());
  std::string words, mixed;
  while (words.size() < kBytes) words += "The lighthouse keeper's 3 ships, 1024 waves.\n";
  while (mixed.size() < kBytes) mixed += "\xe6\xbc\xa2 <|end|>\xf0\x9f\x98\x80\t\t";
  for (const std::string& text :
       {words, mixed, std::string(kBytes, ' '), std::string(kBytes, 'a'), std::string(kBytes, '\n'),
        std::string(kBytes, '<'), std::string(kBytes, '7')}) {
    const std::vector<int32_t> ids = tokenizer.encode(text, {.add_special = false});
    EXPECT_EQ(tokenizer.decode(ids, false), text);
  }
}

INSTANTIATE_TEST_SUITE_P(Some, LongInput, testing::Values("smollm", "llama3", "llama2"));

TEST(LongInput, OfInvalidBytesIsRepairedOnce) {
  const Tokenizer tokenizer = tokenizer_named("gpt2");
  const std::vector<int32_t> one = tokenizer.encode("\xff");
  EXPECT_EQ(tokenizer.decode(one), "\xef\xbf\xbd");
  const std::vector<int32_t> many = tokenizer.encode(std::string(kBytes, '\xff'));
  EXPECT_EQ(tokenizer.decode(many).size(), 3 * kBytes);
}

}  // namespace
}  // namespace nety::tokenizer
