// How a bad or unsupported tokenizer is refused: one error kind, one form of message.
#pragma once

#include <string>
#include <string_view>

namespace nety::tokenizer {

/// Throws kCheckpoint "<source>: <what>". The default hint suits files with parts we do not know.
[[noreturn]] void refuse(const std::string& source, std::string_view what,
                         std::string hint =
                             "Byte-level BPE and SentencePiece-style BPE "
                             "tokenizers are supported.");

/// The hint for files that contradict themselves.
inline constexpr const char* kDamaged = "The file is damaged: download or convert it again.";

}  // namespace nety::tokenizer
