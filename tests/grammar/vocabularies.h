// Vocabularies for tests: those of tests/data/tokenizer, and large ones made up.
#pragma once

#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "core/grammar/vocabulary.h"
#include "core/tokenizer/tokenizer.h"
#include "tests/paths.h"

namespace nety::grammar {

inline tokenizer::Tokenizer test_tokenizer(const std::string& name) {
  std::ostringstream text;
  text << std::ifstream(test_data() + "/tokenizer/" + name + ".tokenizer.json").rdbuf();
  return tokenizer::Tokenizer::from_json(text.str(), name);
}

/// Like a byte-level vocabulary of that many tokens: all bytes; words with and without a space,
/// most of letters; digits up to three; punctuation as it stands in JSON and programs; white space;
/// words in other scripts, and parts of their characters. The last token is the end.
inline std::vector<std::string> made_up_tokens(size_t count) {
  std::vector<std::string> tokens;
  for (int value = 0; value < 256; ++value) tokens.emplace_back(1, static_cast<char>(value));
  for (int value = 0; value < 1000; ++value) {
    std::string digits = std::to_string(value);
    tokens.push_back(digits);
    if (digits.size() < 3) tokens.push_back(std::string(3 - digits.size(), '0') + digits);
  }
  for (size_t spaces = 2; spaces <= 96; ++spaces) {
    tokens.emplace_back(spaces, ' ');
    if (spaces < 40) tokens.push_back("\n" + std::string(spaces, ' '));
  }
  std::mt19937_64 random(7);
  const std::string marks = "\"\"\"{}[]:,:,.()<>=/\\-_;'*&#";
  for (int i = 0; i < 6000; ++i) {
    std::string token;
    for (size_t length = 2 + random() % 3; token.size() < length;)
      token += marks[random() % marks.size()];
    tokens.push_back((random() % 4 == 0 ? " " : "") + token + (random() % 6 == 0 ? "\n" : ""));
  }
  const char* scripts[] = {"\xc3", "\xd0", "\xe4\xb8", "\xe3\x81", "\xed\x95", "\xf0\x9f\x98"};
  while (tokens.size() + 1 < count) {
    std::string token;
    const size_t letters = 1 + random() % 4 + random() % 7;
    if (random() % 6 == 0) {
      const char* script = scripts[random() % 6];
      for (size_t i = 0; i < 1 + letters / 3; ++i)
        token += script + std::string(1, static_cast<char>(0x80 + random() % 0x40));
      if (random() % 20 == 0) token.pop_back();
    } else {
      for (size_t i = 0; i < letters; ++i)
        token += static_cast<char>((i == 0 && random() % 5 == 0 ? 'A' : 'a') + random() % 26);
      if (random() % 40 == 0) token += "\",\":\".),"[random() % 8];
      if (random() % 60 == 0) token.insert(0, "\"");
    }
    tokens.push_back((random() % 2 == 0 ? " " : "") + token);
  }
  tokens.emplace_back();
  return tokens;
}

inline Vocabulary made_up_vocabulary(size_t count) {
  const std::vector<std::string> tokens = made_up_tokens(count);
  const auto end = static_cast<int32_t>(tokens.size()) - 1;
  return Vocabulary(tokens, {&end, 1});
}

}  // namespace nety::grammar
