// Tokens known by their text, against what llama.cpp says of them.
#include "core/tokenizer/end_texts.h"

#include <algorithm>
#include <deque>

#include "tests/tokenizer/golden.h"

namespace nety::tokenizer {
namespace {

/// A byte-level vocabulary without such tokens, and these, typed normal, after its own.
Tokenizer with(const std::vector<std::string>& texts) {
  GgufVocabulary gguf = gguf_of("gpt2", "gpt-2");
  std::deque<std::string> names;
  for (size_t i = 0; i < gguf.tokens.size(); ++i)
    if (find_end_text(gguf.tokens[i]) != nullptr)
      gguf.tokens[i] = names.emplace_back("other" + std::to_string(i));
  for (const std::string& text : texts) {
    gguf.tokens.push_back(text);
    gguf.token_types.push_back(1);
  }
  return Tokenizer::from_gguf(std::move(gguf));
}

TEST(EndTexts, AreThoseOfLlamaCpp) {
  const GoldenJson golden("end_texts.json");
  for (const std::string& text : texts_of(golden["ends"])) {
    const Tokenizer tokenizer = with({text});
    EXPECT_EQ(end_ids_by_text(tokenizer, true), std::vector<int32_t>{tokenizer.find(text)}) << text;
    EXPECT_TRUE(tokenizer.is_special(tokenizer.find(text))) << text;
  }
  for (const std::string& text : texts_of(golden["control"])) {
    const Tokenizer tokenizer = with({text});
    EXPECT_TRUE(end_ids_by_text(tokenizer, true).empty()) << text;
    EXPECT_TRUE(tokenizer.is_special(tokenizer.find(text))) << text;
  }
  for (const std::string& text : texts_of(golden["neither"])) {
    if (with({}).find(text) >= 0) continue;  // a control token of the vocabulary itself
    const Tokenizer tokenizer = with({text});
    EXPECT_FALSE(tokenizer.is_special(tokenizer.find(text))) << text;
    // We know some more ends than llama.cpp, but give them no other type.
    const EndText* known = find_end_text(text);
    EXPECT_EQ(end_ids_by_text(tokenizer, true).size(), known == nullptr ? 0U : 1U) << text;
  }
}

TEST(EndTexts, KnowHarmony) {
  const GoldenJson golden("end_texts.json");
  int cases = 0;
  for (const simdjson::dom::element row : items(golden["harmony"])) {
    const std::vector<std::string> texts = texts_of(row["tokens"]);
    const Tokenizer tokenizer = with(texts);
    std::vector<int32_t> right, ends = end_ids_by_text(tokenizer, true);
    for (const std::string& text : texts_of(row["ends"])) right.push_back(tokenizer.find(text));
    std::ranges::sort(right);
    std::ranges::sort(ends);
    EXPECT_EQ(ends, right) << texts.back();
    ++cases;
  }
  EXPECT_EQ(cases, 5);
}

TEST(EndTexts, LeaveCodeModelsToGguf) {
  const Tokenizer tokenizer = with({"<|file_sep|>", "<|im_end|>"});
  EXPECT_EQ(end_ids_by_text(tokenizer, false), std::vector<int32_t>{tokenizer.find("<|im_end|>")});
  EXPECT_EQ(end_ids_by_text(tokenizer, true).size(), 2U);
}

std::vector<int32_t> encode(const Tokenizer& tokenizer, std::string_view text,
                            std::vector<TextRange> literal) {
  return tokenizer.encode(text, {.add_special = false, .literal = literal});
}

TEST(LiteralText, HasNoControlTokens) {
  const Tokenizer tokenizer = with({"<|im_end|>", "<|mine|>", "[T]", "word"});
  const auto plain = [&](std::string_view text) {
    return tokenizer.encode(text, {.add_special = false, .parse_special = false});
  };
  const int32_t end = tokenizer.find("<|im_end|>");
  const std::string text = "a<|im_end|>b<|im_end|>";
  EXPECT_EQ(std::ranges::count(encode(tokenizer, text, {}), end), 2);
  const auto first = encode(tokenizer, text, {{0, 12}});
  EXPECT_EQ(std::ranges::count(first, end), 1);
  EXPECT_EQ(first.back(), end);
  EXPECT_EQ(encode(tokenizer, text, {{0, text.size()}}), plain(text));
  // A range that only touches the token is enough; the token after it stands.
  EXPECT_EQ(std::ranges::count(encode(tokenizer, text, {{3, 4}}), end), 1);
}

TEST(LiteralText, MayEndInTheBeginningOfAToken) {
  const Tokenizer tokenizer = with({"<|im_end|>", "<<|im_end|>"});
  const auto ids = encode(tokenizer, "x<<|im_end|>", {{0, 2}});
  EXPECT_EQ(ids.back(), tokenizer.find("<|im_end|>"));
}

TEST(MoreTokens, AreAddedAsTheTokenizersLibraryDoes) {
  const std::string json = R"({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2},
      "merges": []}, "added_tokens": [{"id": 3, "content": "<x>", "special": true}]})";
  const AddedToken more[] = {{.content = "<y>", .special = true},
                             {.content = "c", .special = false, .lstrip = true},
                             {.content = "<x>", .lstrip = true, .if_new = true},
                             {.content = "<y>", .special = true, .if_new = true},
                             {.content = ""}};
  const Tokenizer tokenizer = Tokenizer::from_json(json, "t.json", more);
  EXPECT_EQ(tokenizer.size(), 5);
  EXPECT_EQ(tokenizer.find("<y>"), 4);
  EXPECT_TRUE(tokenizer.is_special(4));
  EXPECT_EQ(tokenizer.encode("a<y>b<x>"), (std::vector<int32_t>{0, 4, 1, 3}));
  EXPECT_EQ(tokenizer.encode("a c"), (std::vector<int32_t>{0, 2}));
  EXPECT_EQ(tokenizer.decode(std::vector<int32_t>{0, 4, 99, 1}), "a b");
}

}  // namespace
}  // namespace nety::tokenizer
