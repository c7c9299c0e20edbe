// A value of tokenizer.json that knows where it stands, so that every error can say so.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nety::tokenizer {

/// A view into a parsed document, which must outlive it. Every accessor throws kCheckpoint naming
/// file and path ("pre_tokenizer.pretokenizers[1].pattern") if the value is not of that type.
class Json {
 public:
  /// `source` must outlive this.
  Json(simdjson::dom::element element, std::string path, const std::string& source);

  const std::string& source() const { return *source_; }
  /// A member; nullopt if it is absent or null.
  std::optional<Json> find(std::string_view key) const;
  Json at(std::string_view key) const;
  std::vector<Json> items() const;

  std::string_view text() const;
  bool flag() const;
  int64_t integer() const;
  double number() const;
  simdjson::dom::object object() const;
  simdjson::dom::array array() const;
  bool is_text() const { return element_.is_string(); }
  bool is_array() const { return element_.is_array(); }

  /// Members with a default for where they are absent or null.
  std::string_view text_or(std::string_view key, std::string_view otherwise) const;
  bool flag_or(std::string_view key, bool otherwise) const;

  /// Throws kCheckpoint "<file>: <path>: <what>".
  [[noreturn]] void fail(std::string_view what) const;
  /// The same with the hint that the file is damaged.
  [[noreturn]] void fail_damaged(std::string_view what) const;

 private:
  simdjson::dom::element element_;
  std::string path_;
  const std::string* source_;
};

}  // namespace nety::tokenizer
