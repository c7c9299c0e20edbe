// Several answers to one prompt, which is read once.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "core/engine/generation.h"

namespace nety::engine {

/// Receives the text of answer `index` as it comes; returns false to stop all of them.
using OnAnswer = std::function<bool(size_t index, std::string_view text)>;

/// The same options `count` times; the seed of answer i is that of `options` plus i.
std::vector<GenerateOptions> with_seeds(const GenerateOptions& options, size_t count);

/// Feeds `prompt` to the sequence and answers it once for each of `options`, on forks of the
/// sequence and on itself (the first). Every answer has the tokens that it has alone. They share
/// steps where company does not change bits (Backend::same_bits_for_many), else they come one after
/// another. Error: kUsage as Generation's, and if the engine has no room for so many sequences.
std::vector<Answer> generate(Sequence& sequence, const tokenizer::Tokenizer& tokenizer,
                             std::span<const int32_t> prompt,
                             std::span<const GenerateOptions> options, const OnAnswer& on_text);

}  // namespace nety::engine
