// What a caller gives a template to work with: JSON's kinds of values.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace nety::jinja {

/// Text, and whether somebody else than the program wrote it: what becomes of it can then be told
/// apart in what is rendered.
struct DataText {
  std::string text;
  bool foreign = false;
};

struct Member;

struct Data {
  using List = std::vector<Data>;
  using Object = std::vector<Member>;  ///< Names in order, none twice.
  std::variant<std::monostate, bool, int64_t, double, DataText, List, Object> value;
};

struct Member {
  std::string name;
  Data value;
};

}  // namespace nety::jinja
