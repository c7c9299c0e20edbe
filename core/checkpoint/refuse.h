// How a bad file is refused: one error kind, one form of message.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace nety::checkpoint {

/// Throws kCheckpoint "<file>: <what>". The default hint suits damaged files.
[[noreturn]] void refuse(const std::filesystem::path& file, std::string_view what,
                         std::string hint = "The file is damaged: download or convert it again.");

/// Text from a file made fit for a message: in quotes, at most 100 bytes of it, with control
/// characters and invalid UTF-8 as \xNN.
std::string shown(std::string_view text);

/// `text` with every byte that is not part of valid UTF-8 replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

/// [576, 1536]
template <class Container>
std::string shape_text(const Container& shape) {
  std::string text = "[";
  for (const auto extent : shape) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(extent);
  }
  return text + "]";
}

}  // namespace nety::checkpoint
