// Single characters by utf8proc; those that become several by the table below (SpecialCasing.txt).
#include "core/jinja/case_mapping.h"

#include <utf8proc.h>

#include "core/tokenizer/unicode.h"

namespace nety::jinja {
namespace {

using tokenizer::code_point_at;
using tokenizer::CodePoint;

struct Special {
  char32_t value;
  std::u32string_view upper, title;
};
constexpr Special kSpecial[] = {
    {0xdf, U"SS", U"Ss"},
    {0x149, U"\u02bcN", U"\u02bcN"},
    {0x1f0, U"J\u030c", U"J\u030c"},
    {0x390, U"\u0399\u0308\u0301", U"\u0399\u0308\u0301"},
    {0x3b0, U"\u03a5\u0308\u0301", U"\u03a5\u0308\u0301"},
    {0x587, U"\u0535\u0552", U"\u0535\u0582"},
    {0x1e96, U"H\u0331", U"H\u0331"},
    {0x1e97, U"T\u0308", U"T\u0308"},
    {0x1e98, U"W\u030a", U"W\u030a"},
    {0x1e99, U"Y\u030a", U"Y\u030a"},
    {0x1e9a, U"A\u02be", U"A\u02be"},
    {0xfb00, U"FF", U"Ff"},
    {0xfb01, U"FI", U"Fi"},
    {0xfb02, U"FL", U"Fl"},
    {0xfb03, U"FFI", U"Ffi"},
    {0xfb04, U"FFL", U"Ffl"},
    {0xfb05, U"ST", U"St"},
    {0xfb06, U"ST", U"St"},
    {0xfb13, U"\u0544\u0546", U"\u0544\u0576"},
    {0xfb14, U"\u0544\u0535", U"\u0544\u0565"},
    {0xfb15, U"\u0544\u053b", U"\u0544\u056b"},
    {0xfb16, U"\u054e\u0546", U"\u054e\u0576"},
    {0xfb17, U"\u0544\u053d", U"\u0544\u056d"},
};

utf8proc_int32_t plain(char32_t value) { return static_cast<utf8proc_int32_t>(value); }

utf8proc_category_t category_of(char32_t value) { return utf8proc_category(plain(value)); }

bool is_cased(char32_t value) {
  const utf8proc_category_t category = category_of(value);
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL ||
         category == UTF8PROC_CATEGORY_LT;
}

/// Characters that case rules look past.
bool is_ignorable(char32_t value) {
  if (value == U'\'' || value == U'.' || value == U':' || value == 0xb7 || value == 0x2019)
    return true;
  switch (category_of(value)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return false;
  }
}

void add_upper(std::string& out, char32_t value) {
  for (const Special& special : kSpecial)
    if (special.value == value) {
      for (const char32_t one : special.upper) tokenizer::append_utf8(out, one);
      return;
    }
  tokenizer::append_utf8(out, static_cast<char32_t>(utf8proc_toupper(plain(value))));
}

void add_title(std::string& out, char32_t value) {
  for (const Special& special : kSpecial)
    if (special.value == value) {
      for (const char32_t one : special.title) tokenizer::append_utf8(out, one);
      return;
    }
  tokenizer::append_utf8(out, static_cast<char32_t>(utf8proc_totitle(plain(value))));
}

/// Whether the sigma at `at` ends a word: a letter before it and none behind it.
bool ends_word(std::string_view text, size_t at) {
  const auto is_continuation = [&](size_t i) {
    return (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80;
  };
  bool before = false;
  for (size_t i = at; i > 0;) {
    do --i;
    while (is_continuation(i));
    const char32_t value = code_point_at(text, i).value;
    if (is_ignorable(value)) continue;
    before = is_cased(value);
    break;
  }
  if (!before) return false;
  for (size_t i = at + code_point_at(text, at).bytes; i < text.size();) {
    const CodePoint point = code_point_at(text, i);
    if (!is_ignorable(point.value)) return !is_cased(point.value);
    i += point.bytes;
  }
  return true;
}

void add_lower(std::string& out, std::string_view text, size_t at) {
  const char32_t value = code_point_at(text, at).value;
  if (value == 0x130)
    out += "i\xcc\x87";
  else if (value == 0x3a3)
    tokenizer::append_utf8(out, ends_word(text, at) ? U'\u03c2' : U'\u03c3');
  else
    tokenizer::append_utf8(out, static_cast<char32_t>(utf8proc_tolower(plain(value))));
}

template <class Add>
std::string mapped(std::string_view text, Add add) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size(); at += code_point_at(text, at).bytes)
    add(out, code_point_at(text, at).value, at);
  return out;
}

}  // namespace

std::string upper_case(std::string_view text) {
  return mapped(text, [](std::string& out, char32_t value, size_t) { add_upper(out, value); });
}

std::string lower_case(std::string_view text) {
  return mapped(text, [&](std::string& out, char32_t, size_t at) { add_lower(out, text, at); });
}

std::string title_case(std::string_view text) {
  bool inside = false;
  return mapped(text, [&](std::string& out, char32_t value, size_t at) {
    if (inside)
      add_lower(out, text, at);
    else
      add_title(out, value);
    inside = is_cased(value);
  });
}

std::string swapped_case(std::string_view text) {
  return mapped(text, [&](std::string& out, char32_t value, size_t at) {
    const utf8proc_category_t category = category_of(value);
    if (category == UTF8PROC_CATEGORY_LU)
      add_lower(out, text, at);
    else if (category == UTF8PROC_CATEGORY_LL)
      add_upper(out, value);
    else
      tokenizer::append_utf8(out, value);
  });
}

std::string capitalized(std::string_view text) {
  return mapped(text, [&](std::string& out, char32_t value, size_t at) {
    if (at == 0)
      add_title(out, value);
    else
      add_lower(out, text, at);
  });
}

bool is_upper(std::string_view text) {
  bool any = false;
  for (size_t at = 0; at < text.size(); at += code_point_at(text, at).bytes) {
    const utf8proc_category_t category = category_of(code_point_at(text, at).value);
    if (category == UTF8PROC_CATEGORY_LL || category == UTF8PROC_CATEGORY_LT) return false;
    any = any || category == UTF8PROC_CATEGORY_LU;
  }
  return any;
}

bool is_lower(std::string_view text) {
  bool any = false;
  for (size_t at = 0; at < text.size(); at += code_point_at(text, at).bytes) {
    const utf8proc_category_t category = category_of(code_point_at(text, at).value);
    if (category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LT) return false;
    any = any || category == UTF8PROC_CATEGORY_LL;
  }
  return any;
}

bool is_title(std::string_view text) {
  bool any = false, inside = false;
  for (size_t at = 0; at < text.size(); at += code_point_at(text, at).bytes) {
    const utf8proc_category_t category = category_of(code_point_at(text, at).value);
    const bool upper = category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LT;
    const bool lower = category == UTF8PROC_CATEGORY_LL;
    if ((upper && inside) || (lower && !inside)) return false;
    inside = upper || lower;
    any = any || inside;
  }
  return any;
}

}  // namespace nety::jinja
