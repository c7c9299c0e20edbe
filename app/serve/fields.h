// The fields of a JSON object that somebody sent: read by type and range, errors by name, and what
// nobody has read is refused, so that no wish is silently left out.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace nety::serve {

/// JSON of at most `kDeepest` levels, and so many fields in an object. Error: ApiError 400.
inline constexpr int kDeepest = 32;
inline constexpr int kMostFields = 4096;
nlohmann::ordered_json parse_json(const std::string& text);

/// All errors are ApiError 400. A field that is null counts as not there.
class Fields {
 public:
  /// `where`: "messages[2]"; empty for the whole. Error: if it is no object.
  Fields(const nlohmann::ordered_json& object, std::string where = {});

  /// The field, or null.
  const nlohmann::ordered_json* find(std::string_view name);
  std::optional<std::string> text(std::string_view name);
  std::optional<double> number(std::string_view name, double least, double most);
  std::optional<int64_t> whole(std::string_view name, int64_t least, int64_t most);
  std::optional<bool> flag(std::string_view name);

  /// Fields that change nothing here.
  void ignore(std::initializer_list<std::string_view> names);
  /// Refuses the field by name if it asks for something: not null, false, 0, "", [] or {}.
  void refuse(std::string_view name, const std::string& why);
  /// The same, where a value that is fine stands for nothing.
  void refuse_unless(std::string_view name, std::string_view fine, const std::string& why);
  /// Error: there is a field that was neither read nor ignored.
  void refuse_others() const;

  std::string path(std::string_view name) const;

 private:
  const nlohmann::ordered_json& object_;
  std::string where_;
  std::set<std::string, std::less<>> known_;
};

/// The value is of no use: ApiError 400 that names the field.
[[noreturn]] void refuse_value(const std::string& field, const std::string& why);

}  // namespace nety::serve
