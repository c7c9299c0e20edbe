// Patterns as published in the models' tokenizer.json. GGUF has only names for them.
#include "core/tokenizer/gguf_pre_tokenizers.h"

#include <memory>

namespace nety::tokenizer {
namespace {

using Kind = PreTokenizerStep::Kind;

// Llama 3; Qwen2 differs in taking numbers one digit at a time.
constexpr const char* kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
// Mistral Nemo and its followers: words end where lower case does.
constexpr const char* kTekkenPattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
    R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
// GPT-4o: the same, with what English joins to a word, and numbers of up to three digits.
constexpr const char* kO200kPattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
// DeepSeek LLM: the letters that have case, as its tokenizer.json lists them.
constexpr const char* kDeepseekLetters =
    R"(\s?[)"
    R"(A-Za-z\x{b5}\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{1ba}\x{1bc}-\x{1bf}\x{1c4}-\x{293})"
    R"(\x{295}-\x{2af}\x{370}-\x{373}\x{376}\x{377}\x{37b}-\x{37d}\x{37f}\x{386})"
    R"(\x{388}-\x{38a}\x{38c}\x{38e}-\x{3a1}\x{3a3}-\x{3f5}\x{3f7}-\x{481}\x{48a}-\x{52f})"
    R"(\x{531}-\x{556}\x{10a0}-\x{10c5}\x{13a0}-\x{13f5}\x{13f8}-\x{13fd}\x{1c90}-\x{1cba})"
    R"(\x{1cbd}-\x{1cbf}\x{1d00}-\x{1d2b}\x{1d6b}-\x{1d77}\x{1d79}-\x{1d9a})"
    R"(\x{1e00}-\x{1f15}\x{1f18}-\x{1f1d}\x{1f20}-\x{1f45}\x{1f48}-\x{1f4d})"
    R"(\x{1f50}-\x{1f57}\x{1f59}\x{1f5b}\x{1f5d}\x{1f5f}-\x{1f7d}\x{1f80}-\x{1fb4})"
    R"(\x{1fb6}-\x{1fbc}\x{1fbe}\x{1fc2}-\x{1fc4}\x{1fc6}-\x{1fcc}\x{1fd0}-\x{1fd3})"
    R"(\x{1fd6}-\x{1fdb}\x{1fe0}-\x{1fec}\x{1ff2}-\x{1ff4}\x{1ff6}-\x{1ffc}\x{2102}\x{2107})"
    R"(\x{210a}-\x{2113}\x{2115}\x{2119}-\x{211d}\x{2124}\x{2126}\x{2128}\x{212a}-\x{212d})"
    R"(\x{212f}-\x{2134}\x{2139}\x{213c}-\x{213f}\x{2145}-\x{2149}\x{214e}\x{2183}\x{2184})"
    R"(\x{2c00}-\x{2c7b}\x{2c7e}-\x{2ce4}\x{2ceb}-\x{2cee}\x{2cf2}\x{2cf3}\x{a640}-\x{a66d})"
    R"(\x{a680}-\x{a69b}\x{a722}-\x{a76f}\x{a771}-\x{a787}\x{a78b}-\x{a78e})"
    R"(\x{ab70}-\x{abbf}\x{fb00}-\x{fb06}\x{fb13}-\x{fb17}\x{ff21}-\x{ff3a})"
    R"(\x{ff41}-\x{ff5a}\x{10400}-\x{1044f}\x{104b0}-\x{104d3}\x{104d8}-\x{104fb})"
    R"(\x{10c80}-\x{10cb2}\x{10cc0}-\x{10cf2}\x{118a0}-\x{118df}\x{1e900}-\x{1e943})"
    R"(]+)";
constexpr const char* kDeepseekPunctuation =
    R"(\s?[!-/:-~\x{ff01}-\x{ff0f}\x{ff1a}-\x{ff5e}\x{2018}-\x{201f}\x{3000}-\x{3002}]+)";
constexpr const char* kDeepseekCjk = R"([\x{4e00}-\x{9fa5}\x{800}-\x{4e00}\x{ac00}-\x{d7ff}]+)";

void add_split(const std::string& source, const char* pattern, PreTokenizer& pre) {
  PreTokenizerStep step{.kind = Kind::kSplit};
  step.pattern.regex = std::make_shared<const Regex>(pattern, source);
  pre.add(std::move(step));
}

void add_byte_level(const std::string& source, const char* pattern, PreTokenizer& pre) {
  PreTokenizerStep step{.kind = Kind::kByteLevel};
  if (pattern != nullptr) step.pattern.regex = std::make_shared<const Regex>(pattern, source);
  pre.add(std::move(step));
}

// Checked with GPT-2 and MPT.
void gpt2(const std::string& source, Normalizer& /*normalizer*/, PreTokenizer& pre) {
  add_byte_level(source, kGpt2Pattern, pre);
}

// Checked with SmolLM2, StarCoder and Refact.
void smollm(const std::string& source, Normalizer& /*normalizer*/, PreTokenizer& pre) {
  // Decimal digits only: transformers, reading the same GGUF, leaves "\u2460" and the like
  // together.
  add_split(source, "\\p{Nd}", pre);
  add_byte_level(source, kGpt2Pattern, pre);
}

void llama3(const std::string& source, Normalizer& /*normalizer*/, PreTokenizer& pre) {
  add_byte_level(source, kLlama3Pattern, pre);
}

void tekken(const std::string& source, Normalizer& /*normalizer*/, PreTokenizer& pre) {
  add_byte_level(source, kTekkenPattern, pre);
}

// Phi-4-mini and gpt-oss.
void o200k(const std::string& source, Normalizer& /*normalizer*/, PreTokenizer& pre) {
  add_byte_level(source, kO200kPattern, pre);
}

// Qwen2's own tokenizer normalises; its distillations by DeepSeek do not.
void qwen2(const std::string& source, Normalizer& normalizer, PreTokenizer& pre) {
  normalizer.add({.kind = NormalizerStep::Kind::kForm, .form = NormalForm::kNfc});
  add_byte_level(source, kQwen2Pattern, pre);
}

void deepseek_r1_qwen(const std::string& source, Normalizer& /*normalizer*/, PreTokenizer& pre) {
  add_byte_level(source, kQwen2Pattern, pre);
}

// Checked with DeepSeek LLM.
void deepseek_llm(const std::string& source, Normalizer& /*normalizer*/, PreTokenizer& pre) {
  add_split(source, "[\r\n]", pre);
  add_split(source, kDeepseekLetters, pre);
  add_split(source, kDeepseekPunctuation, pre);
  add_split(source, "\\s+$", pre);
  add_split(source, kDeepseekCjk, pre);
  pre.add({.kind = Kind::kDigits});
  add_byte_level(source, nullptr, pre);
}

// Checked with DeepSeek Coder.
void deepseek_coder(const std::string& source, Normalizer& /*normalizer*/, PreTokenizer& pre) {
  add_split(source, "[\r\n]", pre);
  add_split(source, "\\s?\\p{L}+", pre);
  add_split(source, "\\s?\\p{P}+", pre);
  add_split(source, kDeepseekCjk, pre);
  pre.add({.kind = Kind::kDigits});
  add_byte_level(source, nullptr, pre);
}

constexpr GgufPreTokenizer kRows[] = {
#define NETY_PRE_TOKENIZER(name, rules, ignore_merges, adds_bos) \
  {name, ignore_merges, adds_bos, rules},
#include "core/tokenizer/pre_tokenizers.def"
#undef NETY_PRE_TOKENIZER
};

}  // namespace

const GgufPreTokenizer* find_gguf_pre_tokenizer(std::string_view name) {
  for (const GgufPreTokenizer& row : kRows)
    if (row.name == name) return &row;
  return nullptr;
}

std::string gguf_pre_tokenizer_names() {
  std::string names;
  for (const GgufPreTokenizer& row : kRows)
    names.append(names.empty() ? "" : ", ").append(row.name);
  return names;
}

}  // namespace nety::tokenizer
