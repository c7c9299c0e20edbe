// Regular expressions as tokenizer.json means them: Oniguruma's Ruby syntax and Unicode's newest
// classes, run by PCRE2.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace nety::tokenizer {

/// A part of a text, in bytes.
struct Span {
  size_t begin, end;
  size_t size() const { return end - begin; }
  std::string_view of(std::string_view text) const { return text.substr(begin, end - begin); }
};

/// `pattern`, written for Oniguruma, in PCRE2's words: \s, \w, \h and \p{L} and the like mean what
/// they mean there, x{1,3}+ repeats and is not possessive, (?m:...) lets the dot match line ends.
/// Errors: kCheckpoint, naming `source`, for syntax that has no counterpart.
std::string translate_regex(std::string_view pattern, const std::string& source);

/// A compiled pattern. Immutable; may be used by several threads.
class Regex {
 public:
  /// Errors: kCheckpoint naming `source` if the pattern is wrong or uses what we do not translate.
  Regex(std::string_view pattern, std::string source);
  ~Regex();
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;

  /// Memory for matching: one per thread and text.
  class Search {
   public:
    explicit Search(const Regex& regex);
    ~Search();
    Search(const Search&) = delete;
    Search& operator=(const Search&) = delete;
    /// Replaces `matches` by all matches in `text` (valid UTF-8), leftmost first, not overlapping.
    /// An empty match marks a place. Error: kCheckpoint if the pattern is too costly on this text.
    void find_all(std::string_view text, std::vector<Span>& matches);

   private:
    const Regex* regex_;
    void* data_;
  };

 private:
  void* code_;  // pcre2_code: the header is included in one file only
  std::string source_;
};

}  // namespace nety::tokenizer
