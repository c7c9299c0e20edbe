#include "core/grammar/vocabulary.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/grammar/byte_groups.h"
#include "core/grammar/text_tokens.h"
#include "core/tokenizer/tokenizer.h"

namespace nety::grammar {

Vocabulary::Vocabulary(std::span<const std::string> bytes, std::span<const int32_t> end_ids)
    : end_ids_(end_ids.begin(), end_ids.end()) {
  for (size_t id = 0; id < bytes.size(); ++id) {
    begins_.push_back(static_cast<uint32_t>(texts_.size()));
    const bool ends = std::ranges::find(end_ids, static_cast<int32_t>(id)) != end_ids.end();
    if (!ends && bytes[id].size() <= kLongestToken) texts_ += bytes[id];
  }
  begins_.push_back(static_cast<uint32_t>(texts_.size()));
  std::erase_if(end_ids_, [&](int32_t id) { return id < 0 || id >= size(); });
  build();
}

namespace {

std::vector<std::string> bytes_of_all(const tokenizer::Tokenizer& tokenizer, int32_t rows) {
  std::vector<std::string> bytes(static_cast<size_t>(rows < 0 ? tokenizer.size() : rows));
  for (size_t id = 0; id < bytes.size() && id < static_cast<size_t>(tokenizer.size()); ++id)
    bytes[id] = tokenizer.token_bytes(static_cast<int32_t>(id));
  return bytes;
}

}  // namespace

Vocabulary::Vocabulary(const tokenizer::Tokenizer& tokenizer, std::span<const int32_t> end_ids,
                       int32_t rows)
    : Vocabulary(bytes_of_all(tokenizer, rows), end_ids) {}

Vocabulary::Vocabulary(Vocabulary&&) noexcept = default;
Vocabulary& Vocabulary::operator=(Vocabulary&&) noexcept = default;
Vocabulary::~Vocabulary() = default;

bool Vocabulary::is_end(int32_t id) const {
  return std::ranges::find(end_ids_, id) != end_ids_.end();
}

std::string_view Vocabulary::bytes_of(int32_t id) const {
  if (id < 0 || id >= size()) return {};
  const auto at = static_cast<size_t>(id);
  return std::string_view(texts_).substr(begins_[at], begins_[at + 1] - begins_[at]);
}

void Vocabulary::build() {
  std::vector<int32_t> order(static_cast<size_t>(size()));
  std::iota(order.begin(), order.end(), 0);
  std::erase_if(order, [&](int32_t id) { return bytes_of(id).empty(); });
  std::ranges::sort(order, [&](int32_t a, int32_t b) {
    const int by_bytes = bytes_of(a).compare(bytes_of(b));  // as unsigned bytes
    return by_bytes != 0 ? by_bytes < 0 : a < b;
  });
  std::vector<size_t> path;  // the nodes from the root to the token before
  std::string_view before;
  for (const int32_t id : order) {
    const std::string_view text = bytes_of(id);
    const size_t common =
        static_cast<size_t>(std::ranges::mismatch(text, before).in1 - text.begin());
    for (; path.size() > common; path.pop_back())
      nodes_[path.back()].end = static_cast<uint32_t>(nodes_.size());
    for (size_t i = common; i < text.size(); ++i) {
      path.push_back(nodes_.size());
      nodes_.push_back({.end = 0,
                        .first_token = static_cast<uint32_t>(tokens_.size()),
                        .depth = static_cast<uint16_t>(i + 1),
                        .height = 0,
                        .byte = static_cast<uint8_t>(text[i]),
                        .groups = 0});
    }
    tokens_.push_back(id);
    deepest_ = std::max(deepest_, text.size());
    before = text;
  }
  for (const size_t node : path) nodes_[node].end = static_cast<uint32_t>(nodes_.size());
  nodes_.push_back({.end = static_cast<uint32_t>(nodes_.size()),
                    .first_token = static_cast<uint32_t>(tokens_.size()),
                    .depth = 0,
                    .height = 0,
                    .byte = 0,
                    .groups = 0});
  add_groups();
  text_tokens_ = std::make_unique<const TextTokens>(TextTokens::of(*this));
}

/// What is below each node. Backwards, so that all below a node are seen before it.
void Vocabulary::add_groups() {
  struct Below {
    uint16_t height = 0;
    uint8_t groups = 0;
  };
  std::vector<Below> below(deepest_ + 2);  // by depth: of the nodes since the last one above
  for (size_t i = nodes_.size() - 1; i-- > 0;) {
    Node& node = nodes_[i];
    const Below own = std::exchange(below[node.depth + 1U], {});
    node.height = own.height;
    node.groups = own.groups;
    Below& all = below[node.depth];
    all.height = std::max(all.height, static_cast<uint16_t>(own.height + 1));
    all.groups = static_cast<uint8_t>(all.groups | own.groups | group_of(node.byte));
  }
}

}  // namespace nety::grammar
