// Each step as the `tokenizers` library does it (huggingface/tokenizers, normalizers/).
#include "core/tokenizer/normalizer.h"

#include <utf8proc.h>

namespace nety::tokenizer {
namespace {

std::string strip_accents(std::string_view text) {
  std::string kept;
  for (size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    if (utf8proc_category(static_cast<utf8proc_int32_t>(point.value)) != UTF8PROC_CATEGORY_MN)
      kept += text.substr(at, point.bytes);
    at += point.bytes;
  }
  return kept;
}

std::string strip(std::string_view text, bool left, bool right) {
  size_t begin = 0, end = 0;
  bool started = !left;
  for (size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    const bool space = is_white_space(point.value);
    if (!started && !space) {
      started = true;
      begin = at;
    }
    at += point.bytes;
    if (!space || !right) end = at;
  }
  if (!started || end <= begin) return {};
  return std::string(text.substr(begin, end - begin));
}

}  // namespace

std::string replace_all(std::string_view subject, const Pattern& pattern, std::string_view with) {
  std::string result;
  size_t copied = 0;
  const auto put = [&](size_t begin, size_t end) {
    result += subject.substr(copied, begin - copied);
    result += with;
    copied = end;
  };
  if (pattern.regex != nullptr) {
    std::vector<Span> matches;
    Regex::Search(*pattern.regex).find_all(subject, matches);
    for (const Span& match : matches) put(match.begin, match.end);
  } else if (!pattern.literal.empty()) {
    for (size_t at = subject.find(pattern.literal); at != std::string_view::npos;
         at = subject.find(pattern.literal, copied))
      put(at, at + pattern.literal.size());
  }
  result += subject.substr(copied);
  return result;
}

void NormalizerStep::apply(std::string& subject) const {
  switch (kind) {
    case Kind::kForm:
      subject = normalize(subject, form);
      break;
    case Kind::kLowercase:
      subject = to_lower(subject);
      break;
    case Kind::kStripAccents:
      subject = strip_accents(subject);
      break;
    case Kind::kPrepend:
      if (!subject.empty()) subject.insert(0, text);
      break;
    case Kind::kReplace:
      subject = replace_all(subject, pattern, text);
      break;
    case Kind::kStrip:
      subject = strip(subject, left, right);
      break;
  }
}

void Normalizer::apply(std::string& subject) const {
  for (const NormalizerStep& step : steps_) step.apply(subject);
}

}  // namespace nety::tokenizer
