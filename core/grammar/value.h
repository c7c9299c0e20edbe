// A JSON document that keeps what a schema's reader needs: the order of members, numbers as they
// are written, and where each value stands.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nety::grammar {

struct Value {
  enum class Kind : uint8_t { kNull, kFalse, kTrue, kInteger, kNumber, kString, kArray, kObject };
  struct Member {
    std::string name;
    const Value* value;
  };

  Kind kind = Kind::kNull;
  std::string text;  ///< A string's characters; a number as it is written.
  std::vector<const Value*> items;
  std::vector<Member> members;
  std::vector<uint32_t> by_name;  ///< Members in the order of their names.
  const Value* parent = nullptr;
  std::string step;  ///< Its name or index in the parent.

  bool is(Kind wanted) const { return kind == wanted; }
  bool is_boolean() const { return kind == Kind::kFalse || kind == Kind::kTrue; }
  bool is_number() const { return kind == Kind::kInteger || kind == Kind::kNumber; }
  /// A member, or null.
  const Value* find(std::string_view name) const;
};

/// Where a value stands: "#/properties/a".
std::string pointer_of(const Value& value);
/// The value at the pointer "/properties/a" (RFC 6901) under `root`, or null.
const Value* resolve(const Value& root, std::string_view pointer);
/// Equal as JSON values are: members in any order, 1 and 1.0 the same.
bool equal(const Value& a, const Value& b);

/// A parsed document; values stay where they are.
class Document {
 public:
  /// Error: kUsage if `text` is no JSON, nests deeper than limits.h allows or names a member twice.
  explicit Document(std::string_view text);
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;
  const Value& root() const { return values_.front(); }

 private:
  std::deque<Value> values_;
};

}  // namespace nety::grammar
