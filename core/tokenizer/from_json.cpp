// tokenizer.json of the `tokenizers` library (huggingface/tokenizers, version "1.0").
#include <fmt/core.h>
#include <simdjson.h>

#include "core/tokenizer/json.h"
#include "core/tokenizer/json_components.h"
#include "core/tokenizer/pipeline.h"
#include "core/tokenizer/refuse.h"
#include "core/tokenizer/tokenizer.h"
#include "core/tokenizer/unicode.h"

namespace nety::tokenizer {
namespace {

int32_t read_id(const Json& json, int64_t id, std::string_view token) {
  if (id < 0 || id > kMaxTokenId)
    json.fail_damaged(
        fmt::format("token {} has the id {}, which is out of range", quote(token), id));
  return static_cast<int32_t>(id);
}

void read_vocabulary(const Json& json, Vocabulary& vocabulary) {
  const simdjson::dom::object object = json.object();
  vocabulary = Vocabulary(object.size());
  for (const simdjson::dom::key_value_pair entry : object) {
    int64_t value = 0;
    if (entry.value.get(value) != simdjson::SUCCESS)
      json.fail_damaged(fmt::format("token {} has no integer id", quote(entry.key)));
    const int32_t id = read_id(json, value, entry.key);
    if (!vocabulary.add(entry.key, id))
      json.fail_damaged(
          fmt::format("token {}, id {}: the token or its id is there twice", quote(entry.key), id));
  }
  if (vocabulary.size() == 0) json.fail_damaged("is empty");
}

/// One merge: "left right" or ["left", "right"].
class MergeReader {
 public:
  MergeReader(const Json& json, const Vocabulary& vocabulary)
      : json_(&json), vocabulary_(&vocabulary) {}

  void read(simdjson::dom::element element, uint32_t rank, RankedBpe& model) {
    std::string_view left, right;
    if (!split(element, left, right))
      json_->fail_damaged(fmt::format("entry {} is not a pair of tokens", rank));
    joined_.assign(left).append(right);
    const int32_t left_id = find(left, rank);
    const int32_t right_id = find(right, rank);
    // Tokens mostly stand in the order of their merges: looking there first saves a search.
    const bool next = vocabulary_->contains(id_ + 1) && vocabulary_->text(id_ + 1) == joined_;
    id_ = next ? id_ + 1 : find(joined_, rank);
    model.add_merge(left_id, right_id, rank, id_);
  }

 private:
  static bool split(simdjson::dom::element element, std::string_view& left,
                    std::string_view& right) {
    std::string_view line;
    if (element.get(line) == simdjson::SUCCESS) {
      const size_t space = line.find(' ');
      if (space == std::string_view::npos || line.find(' ', space + 1) != line.npos) return false;
      left = line.substr(0, space);
      right = line.substr(space + 1);
      return true;
    }
    simdjson::dom::array pair;
    return element.get(pair) == simdjson::SUCCESS && pair.size() == 2 &&
           pair.at(0).get(left) == simdjson::SUCCESS && pair.at(1).get(right) == simdjson::SUCCESS;
  }
  int32_t find(std::string_view token, uint32_t rank) const {
    const int32_t id = vocabulary_->find(token);
    if (id < 0)
      json_->fail_damaged(
          fmt::format("entry {} names {}, which is not a token", rank, quote(token)));
    return id;
  }

  const Json* json_;
  const Vocabulary* vocabulary_;
  std::string joined_;
  int32_t id_ = -1;  // of the last merge's token
};

void refuse_text(const Json& json, std::string_view key) {
  if (!json.text_or(key, "").empty())
    json.fail(fmt::format("\"{}\": {} is not supported", key, quote(json.text_or(key, ""))));
}

std::unique_ptr<Bpe> read_model(const Json& json, bool long_pieces, Vocabulary& vocabulary) {
  const std::string_view type = json.text_or("type", json.find("merges") ? "BPE" : "");
  if (type != "BPE") json.fail(fmt::format("the model {} is not supported", quote(type)));
  refuse_text(json, "continuing_subword_prefix");
  refuse_text(json, "end_of_word_suffix");
  // A model that drops merges at random gives other ids every time.
  if (const auto dropout = json.find("dropout"); dropout && dropout->number() != 0)
    dropout->fail(fmt::format("{} is not supported", dropout->number()));
  read_vocabulary(json.at("vocab"), vocabulary);
  BpeOptions options;
  options.fuse_unknown = json.flag_or("fuse_unk", false);
  options.byte_fallback = json.flag_or("byte_fallback", false);
  options.ignore_merges = json.flag_or("ignore_merges", false);
  options.long_pieces = long_pieces;
  if (const auto unknown = json.find("unk_token")) {
    options.unknown_id = vocabulary.find(unknown->text());
    if (options.unknown_id < 0)
      unknown->fail_damaged(fmt::format("{} is not a token", quote(unknown->text())));
  }
  const Json merges = json.at("merges");
  const simdjson::dom::array list = merges.array();
  size_t count = 0;
  for ([[maybe_unused]] const simdjson::dom::element merge : list) ++count;
  auto model = std::make_unique<RankedBpe>(vocabulary, options, count);
  MergeReader reader(merges, vocabulary);
  uint32_t rank = 0;
  for (const simdjson::dom::element merge : list) reader.read(merge, rank++, *model);
  return model;
}

AddedToken read_added_token(const Json& json, Vocabulary& vocabulary) {
  AddedToken token;
  token.content = json.at("content").text();
  if (token.content.empty()) json.fail_damaged("\"content\" is empty");
  token.special = json.flag_or("special", false);
  token.single_word = json.flag_or("single_word", false);
  token.lstrip = json.flag_or("lstrip", false);
  token.rstrip = json.flag_or("rstrip", false);
  token.normalized = json.flag_or("normalized", !token.special);
  const int32_t id = read_id(json, json.at("id").integer(), token.content);
  // A token that the model's own vocabulary has keeps the id it has there.
  token.id = vocabulary.find(token.content);
  if (token.id < 0 && !vocabulary.add(token.content, token.id = id))
    json.fail_damaged(fmt::format("token {} has the id {}, which is that of {}",
                                  quote(token.content), id, quote(vocabulary.text(id))));
  return token;
}

void read_components(const Json& root, Pipeline& pipeline) {
  if (const auto json = root.find("normalizer")) read_normalizer(*json, pipeline.normalizer);
  if (const auto json = root.find("added_tokens"))
    for (const Json& item : json->items())
      pipeline.add(read_added_token(item, pipeline.vocabulary));
  if (const auto json = root.find("pre_tokenizer"))
    read_pre_tokenizer(*json, pipeline.pre_tokenizer);
  if (const auto json = root.find("post_processor")) {
    AddedIds ids;
    read_post_processor(*json, pipeline.vocabulary, ids);
    pipeline.prefix_ids = std::move(ids.prefix);
    pipeline.suffix_ids = std::move(ids.suffix);
  }
  if (const auto json = root.find("decoder"))
    read_decoder(*json, pipeline.decoder);
  else
    pipeline.decoder.add({.kind = DecoderStep::Kind::kJoin, .text = " "});
}

void add_more(std::span<const AddedToken> more, Pipeline& pipeline) {
  for (AddedToken token : more) {
    if (token.content.empty()) continue;
    token.id = pipeline.vocabulary.find(token.content);
    if (token.id < 0) {
      token.id = pipeline.vocabulary.size();
      if (token.id > kMaxTokenId || !pipeline.vocabulary.add(token.content, token.id))
        refuse(pipeline.source, fmt::format("there is no id left for {}", quote(token.content)));
    }
    token.if_new ? pipeline.name(std::move(token)) : pipeline.add(std::move(token));
  }
}

}  // namespace

Tokenizer Tokenizer::from_json(std::string_view tokenizer_json, const std::string& source,
                               std::span<const AddedToken> more) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const auto error = parser.parse(tokenizer_json.data(), tokenizer_json.size()).get(root);
  if (error != simdjson::SUCCESS)
    refuse(source, fmt::format("is not JSON: {}", simdjson::error_message(error)), kDamaged);
  auto pipeline = std::make_unique<Pipeline>();
  pipeline->source = source;
  const Json json(root, "", pipeline->source);
  // Without byte-level splitting, texts reach the model whole or nearly so.
  const bool long_pieces =
      !json.find("pre_tokenizer") || json.at("pre_tokenizer").text_or("type", "") == "Metaspace";
  pipeline->model = read_model(json.at("model"), long_pieces, pipeline->vocabulary);
  read_components(json, *pipeline);
  add_more(more, *pipeline);
  return Tokenizer(std::move(pipeline));
}

}  // namespace nety::tokenizer
