// A linked list of symbols and a heap of candidate merges; a candidate whose symbols have changed
// since is recognised by its length and dropped.
#include "core/tokenizer/bpe.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "core/base/error.h"
#include "core/tokenizer/unicode.h"

namespace nety::tokenizer {
namespace {

bool later(const BpeScratch::Candidate& a, const BpeScratch::Candidate& b) {
  return a.order > b.order;
}

constexpr int kJointBits = 18;

size_t joint_of(char32_t left, char32_t right) {
  return ((left * 0x9e3779b1U) ^ (right * 0x85ebca6bU)) >> (32 - kJointBits);
}

}  // namespace

Bpe::Bpe(const Vocabulary& vocabulary, const BpeOptions& options)
    : vocabulary_(&vocabulary), options_(options) {
  for (size_t byte = 0; byte < byte_ids_.size(); ++byte)
    byte_ids_[byte] = options.byte_fallback ? vocabulary.find(fmt::format("<0x{:02X}>", byte)) : -1;
  for (size_t value = 0; value < character_ids_.size(); ++value) {
    std::string text;
    append_utf8(text, static_cast<char32_t>(value));
    character_ids_[value] = vocabulary.find(text);
  }
  // Where characters are left out, their neighbours come to stand side by side.
  if (options.long_pieces && options.unknown_id >= 0) find_joints();
}

void Bpe::find_joints() {
  joints_.resize(size_t{1} << kJointBits);
  for (int32_t id = 0; id < vocabulary_->size(); ++id) {
    const std::string_view token = vocabulary_->text(id);
    if (!is_valid_utf8(token)) continue;  // no text has it
    char32_t previous = 0;
    for (size_t at = 0; at < token.size();) {
      const CodePoint point = code_point_at(token, at);
      if (at > 0) joints_[joint_of(previous, point.value)] = true;
      previous = point.value;
      at += point.bytes;
    }
  }
}

size_t Bpe::end_of_part(std::string_view piece, size_t begin) const {
  if (joints_.empty()) return piece.size();
  CodePoint previous = code_point_at(piece, begin);
  for (size_t at = begin + previous.bytes; at < piece.size();) {
    const CodePoint point = code_point_at(piece, at);
    if (!joints_[joint_of(previous.value, point.value)]) return at;
    previous = point;
    at += point.bytes;
  }
  return piece.size();
}

int32_t Bpe::id_of_character(char32_t value, std::string_view text) const {
  return value < character_ids_.size() ? character_ids_[value] : vocabulary_->find(text);
}

bool Bpe::bytes_have_tokens(std::string_view text) const {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return byte_ids_[static_cast<unsigned char>(c)] >= 0; });
}

void Bpe::encode(std::string_view piece, BpeScratch& scratch, std::vector<int32_t>& ids) const {
  if (piece.empty()) return;
  if (options_.ignore_merges) {
    const int32_t whole = vocabulary_->find(piece);
    if (whole >= 0) return ids.push_back(whole);
  }
  if (piece.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max()))
    throw Error(ErrorKind::kUsage, fmt::format("a text of {} bytes is too long", piece.size()),
                "Split it into parts of less than 2 GiB.");
  bool after_unknown = false;
  for (size_t begin = 0; begin < piece.size();) {
    const size_t end = end_of_part(piece, begin);
    const std::string_view part = piece.substr(begin, end - begin);
    make_symbols(part, scratch.symbols);
    merge_all(part, scratch);
    after_unknown = emit(part, scratch.symbols, after_unknown, ids);
    begin = end;
  }
}

void Bpe::make_symbols(std::string_view piece, std::vector<Symbol>& symbols) const {
  symbols.clear();
  for (size_t at = 0; at < piece.size();) {
    const CodePoint point = code_point_at(piece, at);
    const std::string_view text = piece.substr(at, point.bytes);
    const int32_t id = id_of_character(point.value, text);
    const auto index = static_cast<int32_t>(symbols.size());
    if (id >= 0 || options_.unknown_id >= 0 || bytes_have_tokens(text))
      symbols.push_back({id, static_cast<uint32_t>(at), point.bytes, index - 1, index + 1});
    at += point.bytes;
  }
  if (!symbols.empty()) symbols.back().next = -1;
}

void Bpe::merge_all(std::string_view piece, BpeScratch& scratch) const {
  auto& [symbols, queue] = scratch;
  queue.clear();
  const auto symbol = [&list = symbols](int32_t i) -> Symbol& {
    return list[static_cast<size_t>(i)];
  };
  const auto candidate = [&](int32_t left) {
    const Symbol& a = symbol(left);
    const Symbol& b = symbol(a.next);
    const Merge merge = merge_of(piece, a, b);
    const uint64_t order = (uint64_t{merge.rank} << 32) | static_cast<uint32_t>(left);
    return BpeScratch::Candidate{order, merge.id, a.bytes + b.bytes};
  };
  for (size_t i = 0; i + 1 < symbols.size(); ++i) {
    const auto added = candidate(static_cast<int32_t>(i));
    if (added.id >= 0) queue.push_back(added);
  }
  std::make_heap(queue.begin(), queue.end(), later);
  while (!queue.empty()) {
    std::pop_heap(queue.begin(), queue.end(), later);
    const BpeScratch::Candidate best = queue.back();
    queue.pop_back();
    const auto at = static_cast<int32_t>(best.order & 0xffffffffU);
    Symbol& left = symbol(at);
    if (left.bytes == 0 || left.next < 0) continue;
    Symbol& right = symbol(left.next);
    if (left.bytes + right.bytes != best.bytes) continue;
    left.id = best.id;
    left.bytes = best.bytes;
    left.next = right.next;
    right.bytes = 0;
    if (left.next >= 0) symbol(left.next).previous = at;
    for (const int32_t changed : {left.previous, at}) {
      if (changed < 0 || symbol(changed).next < 0) continue;
      const auto added = candidate(changed);
      if (added.id < 0) continue;
      queue.push_back(added);
      std::push_heap(queue.begin(), queue.end(), later);
    }
  }
}

bool Bpe::emit(std::string_view piece, const std::vector<Symbol>& symbols, bool after_unknown,
               std::vector<int32_t>& ids) const {
  for (const Symbol& symbol : symbols) {
    if (symbol.bytes == 0) continue;
    const std::string_view text = piece.substr(symbol.begin, symbol.bytes);
    const bool unknown = symbol.id < 0 && !bytes_have_tokens(text);
    if (symbol.id >= 0) {
      ids.push_back(symbol.id);
    } else if (!unknown) {
      for (const char c : text) ids.push_back(byte_ids_[static_cast<unsigned char>(c)]);
    } else if (!after_unknown || !options_.fuse_unknown) {
      ids.push_back(options_.unknown_id);
    }
    after_unknown = unknown;
  }
  return after_unknown;
}

RankedBpe::RankedBpe(const Vocabulary& vocabulary, const BpeOptions& options,
                     size_t expected_merges)
    : Bpe(vocabulary, options), rules_(std::bit_ceil(expected_merges * 2 + 16)) {}

uint64_t RankedBpe::pair_of(int32_t left, int32_t right) {
  return (uint64_t{static_cast<uint32_t>(left)} << 32) | static_cast<uint32_t>(right);
}

size_t RankedBpe::slot_of(uint64_t pair) const {
  const size_t mask = rules_.size() - 1;
  size_t at = ((pair * 0x9e3779b97f4a7c15ULL) >> 32) & mask;
  while (rules_[at].pair != kNoPair && rules_[at].pair != pair) at = (at + 1) & mask;
  return at;
}

void RankedBpe::add_merge(int32_t left, int32_t right, uint32_t rank, int32_t id) {
  const uint64_t pair = pair_of(left, right);
  rules_[slot_of(pair)] = {pair, {rank, id}};
}

Bpe::Merge RankedBpe::merge_of(std::string_view /*piece*/, const Symbol& left,
                               const Symbol& right) const {
  if (left.id < 0 || right.id < 0) return kNoMerge;
  return rules_[slot_of(pair_of(left.id, right.id))].merge;
}

ScoredBpe::ScoredBpe(const Vocabulary& vocabulary, const BpeOptions& options,
                     const std::vector<float>& scores, std::vector<bool> mergeable)
    : Bpe(vocabulary, options), mergeable_(std::move(mergeable)) {
  ranks_.reserve(scores.size());
  for (const float score : scores) {
    // Floats compare as their bits do once negative ones are flipped; the best score ranks first.
    const uint32_t bits = std::bit_cast<uint32_t>(score + 0.0F);
    ranks_.push_back((bits & 0x80000000U) != 0 ? bits : ~(bits | 0x80000000U));
  }
  for (int32_t id = 0; id < vocabulary.size(); ++id)
    if (mergeable_[static_cast<size_t>(id)])
      longest_ = std::max(longest_, vocabulary.text(id).size());
}

Bpe::Merge ScoredBpe::merge_of(std::string_view piece, const Symbol& left,
                               const Symbol& right) const {
  const size_t bytes = size_t{left.bytes} + right.bytes;
  if (bytes > longest_ || left.begin + left.bytes != right.begin) return kNoMerge;
  const int32_t id = vocabulary().find(piece.substr(left.begin, bytes));
  if (id < 0 || !mergeable_[static_cast<size_t>(id)]) return kNoMerge;
  return {ranks_[static_cast<size_t>(id)], id};
}

}  // namespace nety::tokenizer
