// Strings and keys of JSON that a CharDfa describes.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string_view>
#include <utility>

#include "core/grammar/char_dfa.h"
#include "core/grammar/json_rules.h"

namespace nety::grammar {

/// Adds the inside of a JSON string, from behind its first quote at `from`, in `from`'s rule. A
/// text with the labels L may end by a quote that leads to closed(L), or may not where that is -1.
/// Characters are written as json_string() does; control characters without a letter are left out.
void add_text_pattern(JsonRules& rules, int32_t from, const CharDfa& dfa,
                      const std::function<int32_t(CharDfa::Labels)>& closed);

/// The same for any text but `names`: keys that are left for others. A key that begins as none of
/// them does may have any escape.
void add_other_names(JsonRules& rules, int32_t from, std::span<const std::string_view> names,
                     int32_t closed);

}  // namespace nety::grammar
