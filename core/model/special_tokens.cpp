// Who names what, in the order in which it counts.
#include "core/model/special_tokens.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "core/checkpoint/stated.h"
#include "core/checkpoint/tokenizer_config.h"
#include "core/model/messages.h"
#include "core/model/tokenizer_source.h"
#include "core/tokenizer/end_texts.h"
#include "core/tokenizer/unicode.h"

namespace nety::model {

std::string shown(const SpecialToken& token) {
  return fmt::format("{} {}", token.id, tokenizer::quote(token.text));
}

namespace {

using checkpoint::Checkpoint;
using checkpoint::NamedToken;
using checkpoint::StatedIds;
using tokenizer::Tokenizer;
using Kind = TokenConflict::Kind;

class Union {
 public:
  explicit Union(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  SpecialToken token(int64_t id, std::string place) const {
    SpecialToken found;
    if (id < 0 || id >= tokenizer_.size()) return found;
    found.id = static_cast<int32_t>(id);
    found.text = tokenizer_.token_text(found.id);
    found.places.push_back(std::move(place));
    return found;
  }

  SpecialToken token(const NamedToken& named) {
    SpecialToken found = token(tokenizer_.find(named.content), named.place);
    if (found.id < 0) missing(named.place, tokenizer::quote(named.content));
    return found;
  }

  /// The tokens that the files name by id, with a conflict for what is none; -1 means "none" there.
  std::vector<SpecialToken> tokens(const std::vector<StatedIds>& stated) {
    std::vector<SpecialToken> found;
    for (const StatedIds& one : stated)
      for (const int64_t id : one.ids) {
        const SpecialToken named = token(id, one.place);
        if (named.id >= 0)
          found.push_back(named);
        else if (id >= 0)
          missing(one.place, std::to_string(id));
      }
    return found;
  }

  void set_bos(const std::vector<SpecialToken>& named) {
    for (const SpecialToken& one : named) {
      if (out.bos.id < 0)
        out.bos = one;
      else if (one.id == out.bos.id)
        out.bos.places.push_back(one.places.front());
      else
        out.conflicts.push_back({Kind::kOtherBos, one.places.front(), model::shown(one),
                                 out.bos.places.front(), model::shown(out.bos)});
    }
  }

  void add_end(const SpecialToken& token) {
    if (token.id < 0) return;
    const auto same = [&](const SpecialToken& other) { return other.id == token.id; };
    const auto there = std::ranges::find_if(out.ends, same);
    if (there == out.ends.end())
      out.ends.push_back(token);
    else
      for (const std::string& place : token.places)
        if (std::ranges::find(there->places, place) == there->places.end())
          there->places.push_back(place);
  }

  /// One file may name more ends than another, but not others.
  void compare_ends() {
    std::map<std::string, std::set<int32_t>> by_place;
    for (const SpecialToken& end : out.ends)
      for (const std::string& place : end.places) by_place[place].insert(end.id);
    for (auto one = by_place.begin(); one != by_place.end(); ++one)
      for (auto other = std::next(one); other != by_place.end(); ++other)
        if (!std::ranges::includes(one->second, other->second) &&
            !std::ranges::includes(other->second, one->second))
          out.conflicts.push_back({Kind::kOtherEos, one->first, shown(one->second), other->first,
                                   shown(other->second)});
  }

  SpecialTokens out;

 private:
  void missing(const std::string& place, std::string named) {
    out.conflicts.push_back({Kind::kNoSuchToken, place, std::move(named), "", ""});
  }

  std::string shown(const std::set<int32_t>& ids) const {
    std::string list;
    for (const int32_t id : ids) list += (list.empty() ? "" : ", ") + model::shown(token(id, ""));
    return list;
  }

  const Tokenizer& tokenizer_;
};

void unite_gguf(const Checkpoint& checkpoint, Union& all) {
  const checkpoint::StatedTokens own = checkpoint::stated_tokens(checkpoint);
  all.set_bos(all.tokens(own.bos));
  for (const SpecialToken& end : all.tokens(own.eos)) all.add_end(end);
  for (const StatedIds& one : own.eos)
    if (one.place.ends_with(".eos_token_id")) all.out.eos = all.token(one.ids.front(), one.place);
  if (!is_sentencepiece(checkpoint)) return;
  const char* const place = "SentencePiece's own ids";
  if (all.out.bos.id < 0) all.out.bos = all.token(tokenizer::kSentencePieceBos, place);
  if (all.out.eos.id >= 0) return;
  all.out.eos = all.token(tokenizer::kSentencePieceEos, place);
  all.add_end(all.out.eos);
}

void unite_directory(const Checkpoint& checkpoint, Union& all) {
  const checkpoint::StatedTokens own = checkpoint::stated_tokens(checkpoint);
  const checkpoint::TokenizerConfig config =
      checkpoint::read_tokenizer_config(checkpoint::folder_of(checkpoint));
  const std::vector<SpecialToken> bos_by_id = all.tokens(own.bos);
  if (config.bos) all.set_bos({all.token(*config.bos)});
  if (config.bos || !config.there) all.set_bos(bos_by_id);
  for (const SpecialToken& end : all.tokens(own.eos)) all.add_end(end);
  if (config.eos) {
    all.out.eos = all.token(*config.eos);
    all.add_end(all.out.eos);
  } else if (!config.there && !all.out.ends.empty()) {
    all.out.eos = all.out.ends.front();
  }
}

}  // namespace

std::vector<int32_t> SpecialTokens::end_ids() const {
  std::vector<int32_t> ids;
  for (const SpecialToken& end : ends) ids.push_back(end.id);
  return ids;
}

SpecialTokens special_tokens(const Checkpoint& checkpoint, const Tokenizer& tokenizer) {
  const bool gguf = checkpoint.format() == checkpoint::Format::kGguf;
  Union all(tokenizer);
  gguf ? unite_gguf(checkpoint, all) : unite_directory(checkpoint, all);
  if (!gguf) all.compare_ends();
  for (const int32_t id : tokenizer::end_ids_by_text(tokenizer, gguf))
    all.add_end(all.token(id, "its text"));
  return std::move(all.out);
}

std::vector<Text> describe(const SpecialTokens& tokens) {
  const auto sentence = [](MessageId id, const SpecialToken& token) {
    return Text{id, {shown(token), fmt::format("{}", fmt::join(token.places, "; "))}};
  };
  std::vector<Text> lines;
  if (tokens.bos.id >= 0)
    lines.push_back(sentence(message::token_bos, tokens.bos));
  else
    lines.push_back({message::token_no_bos, {}});
  for (const SpecialToken& end : tokens.ends) lines.push_back(sentence(message::token_end, end));
  if (tokens.ends.empty()) lines.push_back({message::token_no_end, {}});
  return lines;
}

Text describe(const TokenConflict& conflict) {
  switch (conflict.kind) {
    case Kind::kNoSuchToken:
      return {message::token_missing, {conflict.place, conflict.named}};
    case Kind::kOtherBos:
      return {message::token_other_bos,
              {conflict.place, conflict.named, conflict.other, conflict.used}};
    case Kind::kOtherEos:
      break;
  }
  return {message::token_other_eos,
          {conflict.place, conflict.named, conflict.other, conflict.used}};
}

std::optional<Text> describe_size(const Checkpoint& checkpoint, const Tokenizer& tokenizer) {
  const int64_t rows = checkpoint.config().vocab;
  if (rows <= 0 || tokenizer.size() <= rows) return std::nullopt;
  return Text{message::token_too_many, {std::to_string(tokenizer.size()), std::to_string(rows)}};
}

}  // namespace nety::model
