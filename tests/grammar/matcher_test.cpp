// Masks against the grammar asked token by token, going back, and copies.
#include <gtest/gtest.h>
// After gtest, as it needs.
#include <rapidcheck/gtest.h>

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "core/grammar/refuse.h"
#include "tests/error_of.h"
#include "tests/grammar/accepts.h"
#include "tests/grammar/vocabularies.h"
#include "tests/grammar/walk.h"

namespace nety::grammar {
namespace {

/// Schemas that reach every kind of state that masks treat by themselves.
const std::vector<Grammar>& grammars() {
  static const std::vector<Grammar> kAll = [] {
    std::vector<Grammar> all;
    for (
        const char* schema :
        {R"({"type":"object","properties":{"name":{"type":"string","maxLength":12},"n":)"
         R"({"type":"integer","minimum":-20,"maximum":300}},"required":["name"]})",
         R"({"type":"object","properties":{"a":{"type":"boolean"},"ab":{},"the":{"type":"null"}},)"
         R"("additionalProperties":{"type":"string","minLength":3,"maxLength":40}})",
         R"({"type":"array","items":{"enum":["red","green","blue",1,12,null]},"minItems":2})",
         R"({"type":"string","pattern":"^[A-Za-z]+( [a-z]+)*\\.$"})",
         R"({"type":"array","items":{"anyOf":[{"type":"string","pattern":"b"},{"type":"number"},)"
         R"({"type":"string","maxLength":2},{"$ref":"#"}]}})",
         R"({"type":"object","patternProperties":{"^x":{"format":"date"},"y$":{"type":"integer"}},)"
         R"("additionalProperties":false})"})
      all.push_back(Grammar::of_schema_text(schema));
    all.push_back(Grammar::any_json());
    all.push_back(Grammar::any_json_object());
    all.push_back(
        Grammar::of_gbnf("root ::= line{1,9}\nline ::= [a-z ]{2,30} (\":\" \"\\\"\" [^\"]* "
                         "\"\\\"\")? \"\\n\""));
    return all;
  }();
  return kAll;
}

const Vocabulary& small_vocabulary() {
  static const Vocabulary kMade = made_up_vocabulary(9000);
  return kMade;
}

std::vector<uint64_t> mask_of(Matcher& matcher) {
  std::vector<uint64_t> mask(mask_words(static_cast<size_t>(small_vocabulary().size())) + 1, ~0ULL);
  matcher.mask(mask);
  EXPECT_EQ(mask.back(), 0U);  // further words are cleared
  return mask;
}

bool bit(const std::vector<uint64_t>& mask, int32_t token) {
  return ((mask[static_cast<size_t>(token) / 64] >> (token % 64)) & 1) != 0;
}

int32_t random_token(const std::vector<uint64_t>& mask, uint64_t number) {
  std::vector<int32_t> allowed;
  for (int32_t token = 0; token < small_vocabulary().size(); ++token)
    if (bit(mask, token)) allowed.push_back(token);
  return allowed.empty() ? -1 : allowed[number % allowed.size()];
}

RC_GTEST_PROP(Mask, HasTheTokensThatAreAccepted, ()) {
  const Grammar& grammar = grammars()[*rc::gen::inRange<size_t>(0, grammars().size())];
  Matcher matcher(grammar, small_vocabulary());
  Matcher plain(grammar, byte_vocabulary());  // by bytes only, without masks
  for (int i = 0; i < 12 && !matcher.ended(); ++i) {
    const std::vector<uint64_t> mask = mask_of(matcher);
    for (int32_t token = 0; token < small_vocabulary().size(); ++token) {
      const bool expected = small_vocabulary().is_end(token)
                                ? plain.can_end()
                                : plain.accept(small_vocabulary().bytes_of(token));
      if (expected && !small_vocabulary().is_end(token)) plain.rollback(1);
      if (bit(mask, token) != expected)
        RC_FAIL(fmt::format("step {}, token {}: {}", i, shown(small_vocabulary().bytes_of(token)),
                            expected));
    }
    const int32_t token = random_token(mask, *rc::gen::arbitrary<uint64_t>());
    RC_ASSERT(token >= 0);
    RC_ASSERT(matcher.accept(token));
    if (!matcher.ended()) RC_ASSERT(plain.accept(small_vocabulary().bytes_of(token)));
  }
}

RC_GTEST_PROP(Matcher, GoesBackToWhereItWas, ()) {
  const Grammar& grammar = grammars()[*rc::gen::inRange<size_t>(0, grammars().size())];
  Matcher matcher(grammar, small_vocabulary());
  std::vector<std::vector<uint64_t>> masks;
  for (int i = 0; i < 20 && !matcher.ended(); ++i) {
    masks.push_back(mask_of(matcher));
    ASSERT_TRUE(matcher.accept(random_token(masks.back(), *rc::gen::arbitrary<uint64_t>())));
  }
  while (!masks.empty()) {
    const size_t back = *rc::gen::inRange<size_t>(1, masks.size() + 1);
    matcher.rollback(back);
    masks.resize(masks.size() - back + 1);
    RC_ASSERT(mask_of(matcher) == masks.back());
    masks.pop_back();
  }
}

RC_GTEST_PROP(Matcher, CopiesGoTheirOwnWays, ()) {
  const Grammar& grammar = grammars()[*rc::gen::inRange<size_t>(0, grammars().size())];
  Matcher one(grammar, small_vocabulary());
  for (int i = 0; i < 5 && !one.ended(); ++i)
    one.accept(random_token(mask_of(one), *rc::gen::arbitrary<uint64_t>()));
  Matcher other = one;
  const std::vector<uint64_t> before = mask_of(other);
  for (int i = 0; i < 5 && !one.ended(); ++i)
    one.accept(random_token(mask_of(one), *rc::gen::arbitrary<uint64_t>()));
  RC_ASSERT(mask_of(other) == before);
}

TEST(Matcher, WalksEndInWhatTheGrammarTakes) {
  size_t ended = 0, all = 0;
  for (const Grammar& grammar : grammars())
    for (uint64_t seed = 0; seed < 40; ++seed) {
      Walk walk(grammar, small_vocabulary(), seed);
      ++all;
      const bool done = walk.run(seed, 600);
      ASSERT_FALSE(walk.stuck()) << walk.text();
      ASSERT_FALSE(walk.refused()) << walk.text();
      if (!done) continue;
      ++ended;
      EXPECT_TRUE(accepts(grammar, walk.text())) << walk.text();
      const bool json = &grammar != &grammars().back();
      EXPECT_TRUE(!json || nlohmann::json::accept(walk.text())) << walk.text();
    }
  EXPECT_GE(ended, all * 9 / 10);
}

TEST(Matcher, EndsOnlyWhereTheTextIsComplete) {
  const Grammar grammar = Grammar::of_schema_text(R"({"type":"integer"})");
  Matcher matcher(grammar, byte_vocabulary());
  EXPECT_FALSE(matcher.accept(256));
  EXPECT_TRUE(matcher.accept('1'));
  EXPECT_TRUE(matcher.can_end());
  EXPECT_TRUE(matcher.accept(256));
  EXPECT_TRUE(matcher.ended());
  EXPECT_FALSE(matcher.accept(256));
  EXPECT_FALSE(matcher.accept('2'));
  std::vector<uint64_t> mask(5, ~0ULL);
  matcher.mask(mask);
  EXPECT_EQ(mask, std::vector<uint64_t>(5, 0));
  matcher.rollback(1);
  EXPECT_TRUE(matcher.accept('2'));
  EXPECT_FALSE(matcher.accept(-1));
  EXPECT_FALSE(matcher.accept(1 << 20));
  EXPECT_EQ(error_of([&] { matcher.rollback(7); }).kind(), ErrorKind::kInternal);
  std::vector<uint64_t> short_mask(4);
  EXPECT_EQ(error_of([&] { matcher.mask(short_mask); }).kind(), ErrorKind::kInternal);
}

TEST(Matcher, KnowsWhatMustFollow) {
  const Grammar grammar = Grammar::of_schema_text(
      R"({"type":"object","properties":{"name":{"const":"x"}},"required":["name"],)"
      R"("additionalProperties":false})");
  Matcher matcher(grammar, byte_vocabulary());
  ASSERT_TRUE(matcher.accept("{\""));
  EXPECT_EQ(matcher.forced(), "name\":");
  ASSERT_TRUE(matcher.accept("name\":\""));
  EXPECT_EQ(matcher.forced(), "x\"");
}

TEST(Vocabulary, HasTheBytesOfEveryKindOfTokenizer) {
  for (const char* name :
       {"smollm", "llama3", "o200k", "qwen2", "llama2", "metaspace-first", "gpt2"}) {
    const tokenizer::Tokenizer tokenizer = test_tokenizer(name);
    const int32_t end = tokenizer.size() - 1;
    const Vocabulary vocabulary(tokenizer, {&end, 1}, tokenizer.size() + 100);
    EXPECT_EQ(vocabulary.size(), tokenizer.size() + 100);
    // Texts in which nothing is stripped are the bytes of their tokens, one after another.
    for (const char* text :
         {"x {\"a\": [1.5, true]}\n", "x \xc3\xa9\xe4\xb8\x96 \xf0\x9f\x98\x80 y"}) {
      std::string bytes;
      bool whole = true;
      for (const int32_t id : tokenizer.encode(text, {.add_special = false})) {
        bytes += vocabulary.bytes_of(id);
        whole = whole && !vocabulary.bytes_of(id).empty();
      }
      if (!whole) continue;  // a character that this small vocabulary lacks
      if (bytes.starts_with(' ')) bytes.erase(0, 1);  // SentencePiece's
      EXPECT_EQ(bytes, text) << name;
    }
    for (int32_t id = 0; id < tokenizer.size(); ++id)
      EXPECT_TRUE(!tokenizer.is_special(id) || vocabulary.bytes_of(id).empty()) << name << id;
  }
}

TEST(Vocabulary, NeverAllowsSpecialTokens) {
  const tokenizer::Tokenizer tokenizer = test_tokenizer("llama3");
  const Vocabulary vocabulary(tokenizer, {});
  const Grammar grammar = Grammar::of_gbnf("root ::= .*");
  Matcher matcher(grammar, vocabulary);
  std::vector<uint64_t> mask(mask_words(static_cast<size_t>(vocabulary.size())));
  matcher.mask(mask);
  size_t special = 0;
  for (int32_t id = 0; id < tokenizer.size(); ++id) {
    if (!tokenizer.is_special(id)) continue;
    ++special;
    EXPECT_FALSE(bit(mask, id)) << tokenizer.token_text(id);
  }
  EXPECT_GT(special, 0U);
}

TEST(Vocabulary, MasksAllowTokensOfPartsOfCharacters) {
  const std::vector<std::string> tokens = {"\"", "\xc3", "\xa9", "\xc3\xa9\"", "a", ""};
  const int32_t end = 5;
  const Vocabulary vocabulary(tokens, {&end, 1});
  const Grammar grammar = Grammar::of_schema_text(R"({"type":"string","maxLength":2})");
  Matcher matcher(grammar, vocabulary);
  const auto allowed = [&] {
    uint64_t mask = 0;
    matcher.mask({&mask, 1});
    return mask;
  };
  EXPECT_EQ(allowed(), 0b000001U);
  ASSERT_TRUE(matcher.accept(0));
  EXPECT_EQ(allowed(), 0b011011U);
  ASSERT_TRUE(matcher.accept(1));
  EXPECT_EQ(allowed(), 0b000100U);
  ASSERT_TRUE(matcher.accept(2));
  ASSERT_TRUE(matcher.accept(4));
  EXPECT_EQ(allowed(), 0b000001U);
  ASSERT_TRUE(matcher.accept(0));
  EXPECT_EQ(allowed(), 0b100000U);
}

}  // namespace
}  // namespace nety::grammar
