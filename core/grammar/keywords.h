// The keywords of JSON Schema, and their values read with errors that name the place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/grammar/value.h"

namespace nety::grammar {

enum class Treatment : uint8_t { kAssert, kApply, kNote, kRefuse };

/// Throws kUsage "JSON schema: #/a/minLength: <what>".
[[noreturn]] void refuse_keyword(const Value& schema, std::string_view keyword,
                                 std::string_view what);

/// Error: kUsage for a keyword of `schema` (an object) that cannot be honoured or is not known.
void check_keywords(const Value& schema);
/// Whether any keyword of `schema` itself asserts something.
bool asserts(const Value& schema);

/// Accessors: null, or the value where it is of the kind that the keyword needs.
const Value* list_of(const Value& schema, std::string_view keyword);
const Value* object_of(const Value& schema, std::string_view keyword);
const Value* text_of(const Value& schema, std::string_view keyword);
/// An integer from 0; larger ones than `kUnbounded` are that.
int32_t count_of(const Value& schema, std::string_view keyword, int32_t otherwise);
/// true or false; false where it is absent.
bool flag_of(const Value& schema, std::string_view keyword);

}  // namespace nety::grammar
