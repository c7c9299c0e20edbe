// The byte-level alphabet of GPT-2: each byte is written as one printable character, so that a
// vocabulary of text can hold any bytes.
#pragma once

#include <string>
#include <string_view>

namespace nety::tokenizer {

/// Appends the characters that stand for `bytes`.
void append_byte_level(std::string_view bytes, std::string& text);
/// Appends the bytes that the characters of `token` stand for. False, and nothing appended, if one
/// of them stands for no byte or `token` is not UTF-8.
bool append_bytes_of(std::string_view token, std::string& bytes);

}  // namespace nety::tokenizer
