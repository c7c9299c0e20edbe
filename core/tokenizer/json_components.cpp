// One function per list of components, one branch per type. A type that is missing here is refused
// by its name: a tokenizer that is nearly right is wrong.
#include "core/tokenizer/json_components.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/tokenizer/unicode.h"

namespace nety::tokenizer {
namespace {

[[noreturn]] void unsupported(const Json& json, std::string_view kind) {
  json.fail(fmt::format("the {} {} is not supported", kind, quote(json.at("type").text())));
}

Pattern read_pattern(const Json& json) {
  if (const auto literal = json.find("String")) return {std::string(literal->text()), nullptr};
  const Json regex = json.at("Regex");
  return {"", std::make_shared<const Regex>(regex.text(), json.source())};
}

SplitBehavior read_behavior(const Json& json) {
  const std::string_view name = json.text();
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  json.fail(fmt::format("{} is not a behavior of splits", quote(name)));
}

/// Newer files say prepend_scheme, older ones add_prefix_space.
PrependScheme read_prepend_scheme(const Json& json) {
  const std::optional<Json> scheme = json.find("prepend_scheme");
  if (!scheme)
    return json.flag_or("add_prefix_space", true) ? PrependScheme::kAlways : PrependScheme::kNever;
  if (scheme->text() == "always") return PrependScheme::kAlways;
  if (scheme->text() == "first") return PrependScheme::kFirst;
  if (scheme->text() == "never") return PrependScheme::kNever;
  scheme->fail(fmt::format("{} is not a prepend scheme", quote(scheme->text())));
}

std::string read_character(const Json& json) {
  const std::string text(json.text());
  if (text.empty() || code_point_at(text, 0).bytes != text.size())
    json.fail_damaged(fmt::format("{} is not one character", quote(text)));
  return text;
}

size_t read_count(const Json& json) {
  if (json.integer() < 0 || json.integer() > 1000)
    json.fail_damaged(fmt::format("{} is out of range", json.integer()));
  return static_cast<size_t>(json.integer());
}

PreTokenizerStep read_split(const Json& json) {
  PreTokenizerStep step{.kind = PreTokenizerStep::Kind::kSplit};
  step.pattern = read_pattern(json.at("pattern"));
  step.behavior = read_behavior(json.at("behavior"));
  step.invert = json.flag_or("invert", false);
  return step;
}

PreTokenizerStep read_byte_level(const Json& json) {
  PreTokenizerStep step{.kind = PreTokenizerStep::Kind::kByteLevel};
  step.add_prefix_space = json.flag_or("add_prefix_space", true);
  if (json.flag_or("use_regex", true))
    step.pattern.regex = std::make_shared<const Regex>(kGpt2Pattern, json.source());
  return step;
}

PreTokenizerStep read_metaspace(const Json& json) {
  PreTokenizerStep step{.kind = PreTokenizerStep::Kind::kMetaspace};
  step.replacement = read_character(json.at("replacement"));
  step.prepend = read_prepend_scheme(json);
  step.split = json.flag_or("split", true);
  return step;
}

/// What cannot be decoded token by token once tokens have become one text.
void check_fused(const Json& json, const DecoderStep& step, const Decoder& decoder) {
  const auto is_fuse = [](const DecoderStep& s) { return s.kind == DecoderStep::Kind::kFuse; };
  if (std::none_of(decoder.steps().begin(), decoder.steps().end(), is_fuse)) return;
  const std::string& literal = step.pattern.literal;
  const bool one_character = step.pattern.regex == nullptr && !literal.empty() &&
                             code_point_at(literal, 0).bytes == literal.size();
  if (step.kind == DecoderStep::Kind::kByteFallback || step.kind == DecoderStep::Kind::kMetaspace ||
      (step.kind == DecoderStep::Kind::kReplace && !one_character))
    json.fail(
        fmt::format("the decoder {} after Fuse is not supported", quote(json.at("type").text())));
}

DecoderStep read_decoder_step(const Json& json, std::string_view type) {
  using Kind = DecoderStep::Kind;
  if (type == "ByteLevel") return {.kind = Kind::kByteLevel};
  if (type == "ByteFallback") return {.kind = Kind::kByteFallback};
  if (type == "Fuse") return {.kind = Kind::kFuse};
  if (type == "Replace")
    return {.kind = Kind::kReplace,
            .pattern = read_pattern(json.at("pattern")),
            .text = std::string(json.at("content").text())};
  if (type == "Strip")
    return {.kind = Kind::kStrip,
            .text = read_character(json.at("content")),
            .start = read_count(json.at("start")),
            .stop = read_count(json.at("stop"))};
  if (type == "Metaspace")
    return {.kind = Kind::kMetaspace,
            .text = read_character(json.at("replacement")),
            .start = read_prepend_scheme(json) == PrependScheme::kNever ? size_t{0} : size_t{1}};
  unsupported(json, "decoder");
}

void add_template(const Json& json, const Vocabulary& vocabulary, AddedIds& ids) {
  AddedIds own;
  bool seen_text = false;
  for (const Json& item : json.at("single").items()) {
    if (const auto sequence = item.find("Sequence")) {
      if (seen_text || sequence->text_or("id", "A") != "A")
        item.fail("a template for one text must hold it once");
      seen_text = true;
      continue;
    }
    const std::string_view name = item.at("SpecialToken").at("id").text();
    for (const Json& id : json.at("special_tokens").at(name).at("ids").items()) {
      if (id.integer() < 0 || id.integer() >= vocabulary.size())
        id.fail_damaged(fmt::format("{} is not a token id", id.integer()));
      (seen_text ? own.suffix : own.prefix).push_back(static_cast<int32_t>(id.integer()));
    }
  }
  if (!seen_text) json.fail("the template for one text leaves it out");
  ids.prefix.insert(ids.prefix.begin(), own.prefix.begin(), own.prefix.end());
  ids.suffix.insert(ids.suffix.end(), own.suffix.begin(), own.suffix.end());
}

}  // namespace

void read_normalizer(const Json& json, Normalizer& normalizer) {
  using Kind = NormalizerStep::Kind;
  const std::string_view type = json.at("type").text();
  const auto add_form = [&](NormalForm form) {
    normalizer.add({.kind = Kind::kForm, .form = form});
  };
  if (type == "Sequence") {
    for (const Json& item : json.at("normalizers").items()) read_normalizer(item, normalizer);
  } else if (type == "NFC") {
    add_form(NormalForm::kNfc);
  } else if (type == "NFD") {
    add_form(NormalForm::kNfd);
  } else if (type == "NFKC") {
    add_form(NormalForm::kNfkc);
  } else if (type == "NFKD") {
    add_form(NormalForm::kNfkd);
  } else if (type == "Lowercase") {
    normalizer.add({.kind = Kind::kLowercase});
  } else if (type == "StripAccents") {
    normalizer.add({.kind = Kind::kStripAccents});
  } else if (type == "Prepend") {
    normalizer.add({.kind = Kind::kPrepend, .text = std::string(json.at("prepend").text())});
  } else if (type == "Replace") {
    normalizer.add({.kind = Kind::kReplace,
                    .pattern = read_pattern(json.at("pattern")),
                    .text = std::string(json.at("content").text())});
  } else if (type == "Strip") {
    normalizer.add({.kind = Kind::kStrip,
                    .left = json.flag_or("strip_left", true),
                    .right = json.flag_or("strip_right", true)});
  } else {
    unsupported(json, "normalizer");
  }
}

void read_pre_tokenizer(const Json& json, PreTokenizer& pre_tokenizer) {
  using Kind = PreTokenizerStep::Kind;
  const std::string_view type = json.at("type").text();
  if (type == "Sequence") {
    for (const Json& item : json.at("pretokenizers").items())
      read_pre_tokenizer(item, pre_tokenizer);
  } else if (type == "Split") {
    pre_tokenizer.add(read_split(json));
  } else if (type == "ByteLevel") {
    pre_tokenizer.add(read_byte_level(json));
  } else if (type == "Metaspace") {
    pre_tokenizer.add(read_metaspace(json));
  } else if (type == "Digits") {
    const bool single = json.flag_or("individual_digits", false);
    pre_tokenizer.add({.kind = Kind::kDigits,
                       .behavior = single ? SplitBehavior::kIsolated : SplitBehavior::kContiguous});
  } else if (type == "Punctuation") {
    const std::optional<Json> behavior = json.find("behavior");
    pre_tokenizer.add({.kind = Kind::kPunctuation,
                       .behavior = behavior ? read_behavior(*behavior) : SplitBehavior::kIsolated});
  } else if (type == "WhitespaceSplit") {
    pre_tokenizer.add({.kind = Kind::kWhitespace, .behavior = SplitBehavior::kRemoved});
  } else {
    unsupported(json, "pre-tokenizer");
  }
}

void read_decoder(const Json& json, Decoder& decoder) {
  const std::string_view type = json.at("type").text();
  if (type == "Sequence") {
    for (const Json& item : json.at("decoders").items()) read_decoder(item, decoder);
    return;
  }
  DecoderStep step = read_decoder_step(json, type);
  check_fused(json, step, decoder);
  decoder.add(std::move(step));
}

void read_post_processor(const Json& json, const Vocabulary& vocabulary, AddedIds& ids) {
  const std::string_view type = json.at("type").text();
  if (type == "Sequence") {
    for (const Json& item : json.at("processors").items())
      read_post_processor(item, vocabulary, ids);
  } else if (type == "TemplateProcessing") {
    add_template(json, vocabulary, ids);
  } else if (type != "ByteLevel") {  // which only moves offsets
    unsupported(json, "post-processor");
  }
}

}  // namespace nety::tokenizer
