// A trie. As in the `tokenizers` library (added_vocabulary.rs), a match that is turned down still
// uses up its text.
#include "core/tokenizer/added_tokens.h"

#include <algorithm>

#include "core/tokenizer/unicode.h"

namespace nety::tokenizer {
namespace {

size_t start_of_last(std::string_view text) {
  size_t at = text.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) --at;
  return at;
}

bool ends_in_word(std::string_view text) {
  return !text.empty() && is_word(code_point_at(text, start_of_last(text)).value);
}

bool begins_with_word(std::string_view text) {
  return !text.empty() && is_word(code_point_at(text, 0).value);
}

size_t trailing_space(std::string_view text) {
  size_t left = text.size();
  while (left > 0) {
    const size_t last = start_of_last(text.substr(0, left));
    if (!is_white_space(code_point_at(text, last).value)) break;
    left = last;
  }
  return text.size() - left;
}

size_t leading_space(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const CodePoint point = code_point_at(text, at);
    if (!is_white_space(point.value)) break;
    at += point.bytes;
  }
  return at;
}

}  // namespace

uint32_t AddedTokens::child(uint32_t node, unsigned char byte) const {
  const auto& children = nodes_[node].children;
  const auto found = std::lower_bound(children.begin(), children.end(), std::pair(byte, 0U));
  return found != children.end() && found->first == byte ? found->second : 0;
}

void AddedTokens::add(AddedToken token) {
  uint32_t node = 0;
  for (const char c : token.content) {
    const auto byte = static_cast<unsigned char>(c);
    uint32_t next = child(node, byte);
    if (next == 0) {
      next = static_cast<uint32_t>(nodes_.size());
      auto& children = nodes_[node].children;
      children.insert(std::lower_bound(children.begin(), children.end(), std::pair(byte, 0U)),
                      {byte, next});
      nodes_.emplace_back();
    }
    node = next;
  }
  begins_[static_cast<unsigned char>(token.content[0])] = true;
  nodes_[node].token = static_cast<int32_t>(tokens_.size());
  tokens_.push_back(std::move(token));
}

int32_t AddedTokens::longest_at(std::string_view text) const {
  int32_t longest = -1;
  uint32_t node = 0;
  for (const char c : text) {
    node = child(node, static_cast<unsigned char>(c));
    if (node == 0) break;
    if (nodes_[node].token >= 0) longest = nodes_[node].token;
  }
  return longest;
}

void AddedTokens::split(std::string_view text, bool skip_special,
                        std::vector<Fragment>& fragments) const {
  size_t done = 0;
  const auto put = [&](size_t begin, size_t end, int32_t id) {
    if (begin < end) fragments.push_back({text.substr(begin, end - begin), id});
  };
  for (size_t at = 0; at < text.size();) {
    const int32_t index =
        begins_[static_cast<unsigned char>(text[at])] ? longest_at(text.substr(at)) : -1;
    if (index < 0) {
      ++at;
      continue;
    }
    const AddedToken& token = tokens_[static_cast<size_t>(index)];
    size_t begin = at;
    size_t end = at + token.content.size();
    at = end;
    if (skip_special && token.special) continue;
    if (token.single_word &&
        (ends_in_word(text.substr(0, begin)) || begins_with_word(text.substr(end))))
      continue;
    if (token.lstrip)
      begin -= std::min(begin - done, trailing_space(text.substr(done, begin - done)));
    if (token.rstrip) end += leading_space(text.substr(end));
    put(done, begin, -1);
    put(begin, end, token.id);
    done = at = end;
  }
  put(done, text.size(), -1);
}

}  // namespace nety::tokenizer
