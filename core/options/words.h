// The sets of words of word_sets.def as enumerations. Apart from the options, so that what needs
// one set does not depend on the list.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace nety::options {

#define NETY_LISTED(...) __VA_ARGS__
#define NETY_WORDS(type, enumerators, words) enum class type : uint8_t { NETY_LISTED enumerators };
#include "core/options/word_sets.def"
#undef NETY_WORDS

/// A set's words, in the order of its enumerators; the argument only names the set.
#define NETY_WORDS(type, enumerators, words) std::span<const std::string_view> words_of(type set);
#include "core/options/word_sets.def"
#undef NETY_WORDS

template <class Set>
concept WordSet = requires(Set value) {
  words_of(value);
};

}  // namespace nety::options
