// What a template computes with: Python's values as Jinja sees them. They cannot be changed, except
// for namespaces; what they point to lives on the heap of one rendering.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/jinja/heap.h"

namespace nety::jinja {

/// Bytes [begin, end) of a text.
struct Span {
  size_t begin = 0, end = 0;
  bool operator==(const Span&) const = default;
};

enum class Kind : uint8_t {
  kUndefined,
  kNone,
  kBoolean,
  kInteger,
  kFloat,
  kText,
  kList,
  kTuple,
  kMapping,
  kRange,
  kView,      ///< dict.items(), .keys(), .values()
  kIterator,  ///< What can be gone through once.
  kNamespace,
  kLoop,
  kMacro,
  kMethod,
  kFunction,
};

struct Text;
struct Items;
struct Mapping;
struct Range;
struct View;
struct Iterator;
struct Namespace;
struct Loop;
struct Macro;
struct Method;
struct Function;

struct Value {
  Kind kind = Kind::kUndefined;
  union {
    const char* hint = nullptr;  ///< kUndefined: what is undefined, for messages.
    bool boolean;
    int64_t integer;
    double real;
    const Text* text;
    const Items* items;  ///< kList, kTuple
    const Mapping* mapping;
    const Range* range;
    const View* view;
    Iterator* iterator;
    Namespace* names;
    Loop* loop;
    const Macro* macro;
    const Method* method;
    const Function* function;
  };

  bool is(Kind other) const { return kind == other; }
  bool is_sequence() const { return kind == Kind::kList || kind == Kind::kTuple; }
  /// bool is a kind of int in Python.
  bool is_whole() const { return kind == Kind::kInteger || kind == Kind::kBoolean; }
  bool is_number() const { return is_whole() || kind == Kind::kFloat; }
  /// Of a whole number.
  int64_t whole() const { return kind == Kind::kBoolean ? (boolean ? 1 : 0) : integer; }
  /// Of a number.
  double number() const { return kind == Kind::kFloat ? real : static_cast<double>(whole()); }
};

/// A string: valid UTF-8.
struct Text {
  std::string_view bytes;
  size_t length = 0;                   ///< In code points.
  std::span<const Span> foreign = {};  ///< Parts that somebody else than the template wrote.
  bool safe = false;                   ///< Markup of Python's markupsafe: it escapes what is added.

  bool ascii() const { return length == bytes.size(); }
};

struct Items {
  std::span<const Value> values;
};

struct Pair {
  Value key, value;
};

/// A dict: keys in the order they came, none twice.
struct Mapping {
  std::span<const Pair> pairs;
};

struct Range {
  int64_t start, stop, step;
  size_t length;
};

struct View {
  enum class Part : uint8_t { kKeys, kValues, kItems };
  const Mapping* of;
  Part part;
};

/// A generator of Python. Its items are made at once; where making one failed, it fails there.
struct Iterator {
  std::span<const Value> values;
  size_t next = 0;
  const char* failure = nullptr;
};

struct Namespace {
  struct Entry {
    std::string_view name;
    Value value;
    Entry* next;
  };
  Entry* first = nullptr;  ///< In the order they came.
};

struct Arguments;
class Evaluator;

/// A method of a Python type. `run` is null for those that are not supported.
struct MethodRow {
  std::string_view name;
  Value (*run)(Evaluator& evaluator, const Value& self, const Arguments& arguments);
};

struct Method {
  Value self;
  const MethodRow* row;
};

/// A function that templates find without being given it.
struct Function {
  std::string_view name;
  Value (*run)(Evaluator& evaluator, const Arguments& arguments);
};

/// What a call is given.
struct Arguments {
  struct Named {
    std::string_view name;
    Value value;
  };
  std::vector<Value> values;
  std::vector<Named> named;
};

inline Value none() {
  Value value;
  value.kind = Kind::kNone;
  return value;
}
inline Value of(bool boolean) {
  Value value;
  value.kind = Kind::kBoolean;
  value.boolean = boolean;
  return value;
}
inline Value of(int64_t integer) {
  Value value;
  value.kind = Kind::kInteger;
  value.integer = integer;
  return value;
}
inline Value of(size_t integer) { return of(static_cast<int64_t>(integer)); }
inline Value of(double real) {
  Value value;
  value.kind = Kind::kFloat;
  value.real = real;
  return value;
}
inline Value of(const Text* text) {
  Value value;
  value.kind = Kind::kText;
  value.text = text;
  return value;
}
inline Value of(const Mapping* mapping) {
  Value value;
  value.kind = Kind::kMapping;
  value.mapping = mapping;
  return value;
}
inline Value of(const Function* function) {
  Value value;
  value.kind = Kind::kFunction;
  value.function = function;
  return value;
}

/// Undefined as `hint` says.
Value undefined(Heap& heap, std::string_view hint);
/// A copy of the bytes as text.
Value text_of(Heap& heap, std::string_view bytes);
Value items_of(Heap& heap, Kind kind, std::span<const Value> values);
inline Value list_of(Heap& heap, std::span<const Value> values) {
  return items_of(heap, Kind::kList, values);
}
inline Value tuple_of(Heap& heap, std::span<const Value> values) {
  return items_of(heap, Kind::kTuple, values);
}
Value iterator_of(Heap& heap, std::span<const Value> values, const char* failure = nullptr);

/// "str", "dict", "NoneType" ...
std::string_view type_name(const Value& value);

/// Values put together one by one; each counts as it comes.
class ValueList {
 public:
  explicit ValueList(Heap& heap) : heap_(&heap) {}
  void add(const Value& value) {
    heap_->step();
    heap_->take(sizeof(Value));
    values_.push_back(value);
  }
  std::span<const Value> values() const { return values_; }
  std::vector<Value>& raw() { return values_; }
  Value list() const { return list_of(*heap_, values_); }
  Value tuple() const { return tuple_of(*heap_, values_); }

 private:
  Heap* heap_;
  std::vector<Value> values_;
};

/// A dict put together one by one: a key that is there takes the new value.
class MappingBuilder {
 public:
  explicit MappingBuilder(Heap& heap) : heap_(&heap) {}
  /// Error: Failure for a key that Python cannot hash.
  void set(const Value& key, const Value& value);
  size_t size() const { return pairs_.size(); }
  Value finish() const;

 private:
  Heap* heap_;
  std::vector<Pair> pairs_;
};

/// The value of a key; null if it is not there.
const Value* find(Heap& heap, const Mapping& mapping, const Value& key);
/// The same of a text key.
const Value* find(Heap& heap, const Mapping& mapping, std::string_view key);

/// All items of what Python can iterate over; an iterator is empty afterwards. Error: Failure for
/// other values.
std::span<const Value> items_in(Heap& heap, const Value& value);
bool is_iterable(const Value& value);
/// len(): nothing for what has none.
std::optional<size_t> length_of(const Value& value);
Value item_of(const Range& range, size_t index);

}  // namespace nety::jinja
