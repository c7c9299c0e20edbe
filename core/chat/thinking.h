// The part of an answer that a model thinks before it says something, told apart as it comes.
#pragma once

#include <string>
#include <string_view>

namespace nety::chat {

/// The tag with which a prompt leaves a thinking part open at its end; empty if it does not.
std::string_view opened_thinking(std::string_view prompt);

/// Tells thoughts from what is said. Text that may be the beginning of a tag is held back. Thoughts
/// stand at the beginning of an answer only.
class ThinkFilter {
 public:
  /// Text that has become certain: `thought` with its tags, then `said`.
  struct Piece {
    std::string thought, said;
  };

  /// `opened`: the tag that the prompt left open, or nothing.
  explicit ThinkFilter(std::string_view opened);

  Piece push(std::string_view text);
  /// What was held back, once there is no more text.
  Piece finish();

  /// Whether a thinking part has ended.
  bool has_thought() const { return thought_; }
  /// What was thought and said so far, without the tags and the blank lines around them.
  const std::string& thinking() const { return thinking_; }
  const std::string& content() const { return content_; }

 private:
  enum class State : uint8_t { kBegins, kThinks, kSays };
  void begin(Piece& piece, bool last);
  void think(Piece& piece, bool last);
  void say(Piece& piece, std::string_view text);

  State state_;
  bool thought_ = false;
  std::string held_;        // not certain yet
  std::string_view close_;  // of the tag that is open
  std::string thinking_, content_;
};

}  // namespace nety::chat
