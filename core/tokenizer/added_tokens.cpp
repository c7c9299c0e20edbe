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

bool touches(std::span<const TextRange> ranges, size_t begin, size_t end) {
  return std::ranges::any_of(
      ranges, [&](const TextRange& range) { return begin < range.end && range.begin < end; });
}

/// Nothing that people write by chance: "<|im_start|>", and with the bars of DeepSeek.
bool looks_like_control(std::string_view text) {
  constexpr std::string_view kBar = "\xef\xbd\x9c";  // U+FF5C
  if (text.size() < 5 || !text.starts_with('<') || !text.ends_with('>')) return false;
  const std::string_view inside = text.substr(1, text.size() - 2);
  return (inside.starts_with('|') || inside.starts_with(kBar)) &&
         (inside.ends_with('|') || inside.ends_with(kBar));
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

uint32_t AddedTokens::node_of(std::string_view content) const {
  uint32_t node = 0;
  for (const char c : content) {
    node = child(node, static_cast<unsigned char>(c));
    if (node == 0) break;
  }
  return node;
}

void AddedTokens::remove(std::string_view content) {
  if (const uint32_t node = node_of(content); node != 0) nodes_[node].token = -1;
}

const AddedToken* AddedTokens::find(std::string_view content) const {
  const uint32_t node = node_of(content);
  const int32_t token = node == 0 ? -1 : nodes_[node].token;
  return token < 0 ? nullptr : &tokens_[static_cast<size_t>(token)];
}

AddedTokens::Used AddedTokens::used_outside(std::string_view text, const SpecialRule& rule) const {
  Used used(tokens_.size());
  for (size_t at = 0; at < text.size(); ++at) {
    if (!begins_[static_cast<unsigned char>(text[at])]) continue;
    const int32_t index = longest_at(text.substr(at));
    if (index < 0) continue;
    const size_t bytes = tokens_[static_cast<size_t>(index)].content.size();
    if (!touches(rule.literal, at, at + bytes)) used[static_cast<size_t>(index)] = true;
  }
  return used;
}

void AddedTokens::split(std::string_view text, const SpecialRule& rule,
                        std::vector<Fragment>& fragments) const {
  const Used used = rule.literal.empty() ? Used() : used_outside(text, rule);
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
    const bool control = token.special || looks_like_control(token.content) ||
                         (!used.empty() && used[static_cast<size_t>(index)]);
    if (control && touches(rule.literal, begin, end)) {
      ++at;  // one byte: a token of the text around it may begin inside
      continue;
    }
    at = end;
    if (rule.all && token.special) continue;
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
