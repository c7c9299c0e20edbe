// Text for a model without a tokenizer: one token per byte. A shape has no vocabulary of its own,
// and a user's wait is measured on it all the same.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nety::bench {

inline std::vector<int32_t> bytes_as_tokens(std::string_view text, int64_t vocab) {
  std::vector<int32_t> tokens;
  tokens.reserve(text.size());
  for (const char c : text)
    tokens.push_back(static_cast<int32_t>(static_cast<unsigned char>(c) % vocab));
  return tokens;
}

/// The byte of a token that came from one; any other token's is a letter.
inline std::string tokens_as_bytes(std::span<const int32_t> tokens) {
  std::string text;
  text.reserve(tokens.size());
  for (const int32_t token : tokens)
    text += token < 256 ? static_cast<char>(token) : static_cast<char>('a' + token % 26);
  return text;
}

}  // namespace nety::bench
