// The form of huggingface/tokenizers' tokenizer.json, in the order in which that library writes it.
#include "core/checkpoint/gguf_tokenizer.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

#include "core/checkpoint/gguf_vocabulary.h"
#include "core/checkpoint/json_text.h"
#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

/// Parts of tokenizer.json that the name in tokenizer.ggml.pre stands for.
struct PreTokenizer {
  std::string_view name, normalizer, pre_tokenizer;
  bool ignore_merges, adds_bos;
};

constexpr std::string_view kByteLevelAlone =
    R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true})";
constexpr std::string_view kDigitsByteLevel =
    R"({"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},)"
    R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}]})";
constexpr std::string_view kLlama3Split =
    R"({"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":)"
    R"("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|)"
    R"( ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"},)"
    R"("behavior":"Isolated","invert":false},)"
    R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]})";
constexpr std::string_view kQwen2Split =
    R"({"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":)"
    R"("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|)"
    R"( ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"},)"
    R"("behavior":"Isolated","invert":false},)"
    R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]})";
constexpr std::string_view kNone = "null";
constexpr std::string_view kNfc = R"({"type":"NFC"})";

constexpr PreTokenizer kPreTokenizers[] = {
    {"gpt-2", kNone, kByteLevelAlone, false, false},
    {"gpt2", kNone, kByteLevelAlone, false, false},
    {"smollm", kNone, kDigitsByteLevel, false, false},
    {"starcoder", kNone, kDigitsByteLevel, false, false},
    {"refact", kNone, kDigitsByteLevel, false, false},
    {"llama-bpe", kNone, kLlama3Split, true, true},
    {"llama3", kNone, kLlama3Split, true, true},
    {"llama-v3", kNone, kLlama3Split, true, true},
    {"falcon3", kNone, kLlama3Split, true, true},
    {"lfm2", kNone, kLlama3Split, true, true},
    {"smaug-bpe", kNone, kLlama3Split, false, false},
    {"dbrx", kNone, kLlama3Split, false, false},
    {"qwen2", kNfc, kQwen2Split, false, false},
    {"deepseek-r1-qwen", kNone, kQwen2Split, false, false},
};

const PreTokenizer* find_pre_tokenizer(std::string_view name) {
  for (const PreTokenizer& known : kPreTokenizers)
    if (known.name == name) return &known;
  return nullptr;
}

bool adds_bos(const GgufTokens& tokens) {
  if (tokens.model == "llama") return true;
  const PreTokenizer* pre = find_pre_tokenizer(tokens.pre);
  return pre != nullptr && pre->adds_bos;
}

std::string_view text_of(const GgufTokens& tokens, int32_t id) {
  return (*tokens.texts)[static_cast<size_t>(id)];
}

std::string added_tokens(const GgufTokens& tokens) {
  std::string list;
  for (size_t id = 0; id < tokens.texts->size(); ++id) {
    const int64_t type = tokens.type(id);
    const bool special = type == GgufTokens::kControl || type == GgufTokens::kUnknown;
    if (!special && type != GgufTokens::kUserDefined) continue;
    list +=
        fmt::format(R"({}{{"id":{},"content":{},"single_word":false,"lstrip":false,"rstrip":false,)"
                    R"("normalized":false,"special":{}}})",
                    list.empty() ? "" : ",", id, json_string((*tokens.texts)[id]), special);
  }
  return "[" + list + "]";
}

/// BOS and EOS around one text or two, where the vocabulary adds them.
std::string post_processor(const GgufTokens& tokens) {
  if (!tokens.add_bos && !tokens.add_eos) return "null";
  const auto special = [&](int32_t id, int type) {
    return fmt::format(R"({{"SpecialToken":{{"id":{},"type_id":{}}}}})",
                       json_string(text_of(tokens, id)), type);
  };
  const auto one = [&](const char* name, int type) {
    std::string parts = fmt::format(R"({{"Sequence":{{"id":"{}","type_id":{}}}}})", name, type);
    if (tokens.add_bos) parts = special(tokens.bos, type) + "," + parts;
    if (tokens.add_eos) parts += "," + special(tokens.eos, type);
    return parts;
  };
  std::string specials;
  for (const int32_t id : {tokens.add_bos ? tokens.bos : -1, tokens.add_eos ? tokens.eos : -1}) {
    if (id < 0 || (id == tokens.bos && !specials.empty())) continue;
    const std::string name = json_string(text_of(tokens, id));
    specials += fmt::format(R"({}{}:{{"id":{},"ids":[{}],"tokens":[{}]}})",
                            specials.empty() ? "" : ",", name, name, id, name);
  }
  return fmt::format(
      R"({{"type":"TemplateProcessing","single":[{}],"pair":[{},{}],"special_tokens":{{{}}}}})",
      one("A", 0), one("A", 0), one("B", 1), specials);
}

std::string vocabulary(const GgufTokens& tokens) {
  std::string object = "{";
  for (size_t id = 0; id < tokens.texts->size(); ++id) {
    if (id > 0) object += ',';
    object += json_string((*tokens.texts)[id]) + ":" + std::to_string(id);
  }
  return object + "}";
}

void append_merge(std::string_view left, std::string_view right, std::string& list) {
  list += list.size() > 1 ? ",[" : "[";
  list += json_string(left) + "," + json_string(right) + "]";
}

/// The document around the parts that differ.
std::string document(const GgufTokens& tokens, std::string_view normalizer,
                     std::string_view pre_tokenizer, std::string_view decoder,
                     std::string_view model_options, const std::string& merges) {
  return fmt::format(
      R"({{"version":"1.0","truncation":null,"padding":null,"added_tokens":{},"normalizer":{},)"
      R"("pre_tokenizer":{},"post_processor":{},"decoder":{},"model":{{"type":"BPE",)"
      R"("dropout":null,{},"continuing_subword_prefix":null,"end_of_word_suffix":null,)"
      R"("vocab":{},"merges":{}]}}}})",
      added_tokens(tokens), normalizer, pre_tokenizer, post_processor(tokens), decoder,
      model_options, vocabulary(tokens), merges);
}

void make_byte_level(const GgufTokens& tokens, MadeTokenizer& made) {
  const PreTokenizer* pre = find_pre_tokenizer(tokens.pre);
  if (pre == nullptr) {
    made.problem = fmt::format("the pre-tokeniser {} is not known", shown(tokens.pre));
    return;
  }
  if (tokens.merges == nullptr) {
    made.problem = "the GGUF has no tokenizer.ggml.merges";
    return;
  }
  std::string merges = "[";
  for (const std::string_view merge : *tokens.merges) {
    const size_t space = merge.find(' ', 1);
    if (space == std::string_view::npos || valid_utf8(merge) != merge) {
      made.problem = fmt::format("the merge {} is not a pair of tokens", shown(merge));
      return;
    }
    append_merge(merge.substr(0, space), merge.substr(space + 1), merges);
  }
  constexpr std::string_view kDecoder =
      R"({"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true})";
  const std::string options =
      fmt::format(R"("unk_token":null,"fuse_unk":false,"byte_fallback":false,"ignore_merges":{})",
                  pre->ignore_merges);
  made.tokenizer_json =
      document(tokens, pre->normalizer, pre->pre_tokenizer, kDecoder, options, merges);
}

void make_sentencepiece(const GgufTokens& tokens, MadeTokenizer& made) {
  if (tokens.scores == nullptr || tokens.scores->size() != tokens.texts->size()) {
    made.problem = "the GGUF has not one score per token";
    return;
  }
  std::string merges = "[";
  for (const auto& merge : merges_by_score(tokens)) append_merge(merge.first, merge.second, merges);
  const std::string_view prepend =
      tokens.add_space_prefix ? R"({"type":"Prepend","prepend":"▁"},)" : "";
  const std::string_view strip =
      tokens.add_space_prefix ? R"(,{"type":"Strip","content":" ","start":1,"stop":0})" : "";
  const std::string normalizer = fmt::format(
      R"({{"type":"Sequence","normalizers":[{}{{"type":"Replace","pattern":{{"String":" "}},)"
      R"("content":"▁"}}]}})",
      prepend);
  const std::string decoder = fmt::format(
      R"({{"type":"Sequence","decoders":[{{"type":"Replace","pattern":{{"String":"▁"}},)"
      R"("content":" "}},{{"type":"ByteFallback"}},{{"type":"Fuse"}}{}]}})",
      strip);
  const int32_t unknown = std::max(tokens.unknown, 0);  // SentencePiece's own default
  const std::string options =
      fmt::format(R"("unk_token":{},"fuse_unk":true,"byte_fallback":true,"ignore_merges":false)",
                  json_string(text_of(tokens, unknown)));
  made.tokenizer_json = document(tokens, normalizer, kNone, decoder, options, merges);
}

std::string tokenizer_config(const Checkpoint& gguf, const GgufTokens& tokens) {
  std::string text = "{\n";
  const auto add = [&](const char* key, int32_t id) {
    if (id >= 0) text += fmt::format("  \"{}\": {},\n", key, json_string(text_of(tokens, id)));
  };
  add("bos_token", tokens.bos);
  if (!gguf.chat_template().empty())
    text += fmt::format("  \"chat_template\": {},\n", json_string(gguf.chat_template()));
  text += "  \"clean_up_tokenization_spaces\": false,\n";
  add("eos_token", tokens.eos);
  text += fmt::format("  \"model_max_length\": {},\n", gguf.config().context);
  add("pad_token", tokens.pad);
  text += "  \"tokenizer_class\": \"PreTrainedTokenizerFast\"";
  const int32_t unknown = tokens.model == "llama" ? std::max(tokens.unknown, 0) : tokens.unknown;
  if (unknown >= 0)
    text += fmt::format(",\n  \"unk_token\": {}", json_string(text_of(tokens, unknown)));
  return text + "\n}\n";
}

}  // namespace

MadeTokenizer make_tokenizer(const Checkpoint& gguf) {
  MadeTokenizer made;
  const GgufTokens tokens = read_tokens(gguf, adds_bos);
  made.problem = tokens.problem;
  if (!made.problem.empty()) return made;
  if (tokens.model == "gpt2")
    make_byte_level(tokens, made);
  else if (tokens.model == "llama")
    make_sentencepiece(tokens, made);
  else
    made.problem = fmt::format("the tokenizer {} is not known", shown(tokens.model));
  if (made.problem.empty()) made.tokenizer_config_json = tokenizer_config(gguf, tokens);
  return made;
}

}  // namespace nety::checkpoint
