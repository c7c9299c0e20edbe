#include "core/grammar/value.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/grammar/limits.h"
#include "core/grammar/refuse.h"

namespace nety::grammar {
namespace {

constexpr const char* kWriteJson = "Give a JSON Schema: an object, true or false.";

/// Takes the parser's events, as nlohmann's SAX interface has them.
class Reader {
 public:
  explicit Reader(std::deque<Value>& values) : values_(values) {}

  bool null() { return scalar(Value::Kind::kNull); }
  bool boolean(bool value) { return scalar(value ? Value::Kind::kTrue : Value::Kind::kFalse); }
  bool number_integer(int64_t value) {
    return scalar(Value::Kind::kInteger, fmt::format("{}", value));
  }
  bool number_unsigned(uint64_t value) {
    return scalar(Value::Kind::kInteger, fmt::format("{}", value));
  }
  bool number_float(double, const std::string& text) {
    const bool whole = text.find_first_of(".eE") == std::string::npos;
    return scalar(whole ? Value::Kind::kInteger : Value::Kind::kNumber, text);
  }
  bool string(std::string& text) { return scalar(Value::Kind::kString, std::move(text)); }
  bool binary(nlohmann::json::binary_t&) { return false; }
  bool start_object(size_t) { return open(Value::Kind::kObject); }
  bool start_array(size_t) { return open(Value::Kind::kArray); }
  bool key(std::string& name) {
    open_.back()->members.push_back({std::move(name), nullptr});
    return true;
  }
  bool end_object() {
    Value& object = *open_.back();
    object.by_name.resize(object.members.size());
    for (uint32_t i = 0; i < object.by_name.size(); ++i) object.by_name[i] = i;
    const auto name = [&](uint32_t i) -> const std::string& { return object.members[i].name; };
    std::ranges::sort(object.by_name, {}, name);
    const auto twice = std::ranges::adjacent_find(object.by_name, {}, name);
    if (twice != object.by_name.end())
      refuse(
          fmt::format("the JSON has two members {} in {}", shown(name(*twice)), pointer_of(object)),
          "Keep one of them.");
    open_.pop_back();
    return true;
  }
  bool end_array() {
    open_.pop_back();
    return true;
  }
  template <class Exception>
  bool parse_error(size_t position, const std::string&, const Exception&) {
    refuse(fmt::format("this is not JSON: something is wrong at byte {}", position), kWriteJson);
  }

 private:
  Value& add(Value::Kind kind) {
    Value& made = values_.emplace_back();
    made.kind = kind;
    if (open_.empty()) return made;
    Value& parent = *open_.back();
    made.parent = &parent;
    if (parent.is(Value::Kind::kArray)) {
      made.step = fmt::format("{}", parent.items.size());
      parent.items.push_back(&made);
    } else {
      made.step = parent.members.back().name;
      parent.members.back().value = &made;
    }
    return made;
  }
  bool scalar(Value::Kind kind, std::string text = {}) {
    add(kind).text = std::move(text);
    return true;
  }
  bool open(Value::Kind kind) {
    if (std::ssize(open_) == kDeepestSource)
      refuse_large(fmt::format("the JSON nests deeper than {} levels", kDeepestSource));
    open_.push_back(&add(kind));
    return true;
  }

  std::deque<Value>& values_;
  std::vector<Value*> open_;
};

std::string unescaped(std::string_view step) {
  std::string out;
  for (size_t i = 0; i < step.size(); ++i)
    if (step[i] == '~' && i + 1 < step.size() && (step[i + 1] == '0' || step[i + 1] == '1'))
      out += step[++i] == '0' ? '~' : '/';
    else
      out += step[i];
  return out;
}

}  // namespace

const Value* Value::find(std::string_view name) const {
  const auto place = std::ranges::lower_bound(
      by_name, name, {}, [&](uint32_t i) -> std::string_view { return members[i].name; });
  if (place == by_name.end() || members[*place].name != name) return nullptr;
  return members[*place].value;
}

std::string pointer_of(const Value& value) {
  if (value.parent == nullptr) return "#";
  std::string out = pointer_of(*value.parent) + "/";
  for (const char c : value.step)
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;  // it stands in messages
  return out;
}

const Value* resolve(const Value& root, std::string_view pointer) {
  const Value* at = &root;
  while (at != nullptr && !pointer.empty()) {
    if (pointer[0] != '/') return nullptr;
    pointer.remove_prefix(1);
    const size_t length = std::min(pointer.find('/'), pointer.size());
    const std::string step = unescaped(pointer.substr(0, length));
    pointer.remove_prefix(length);
    if (at->is(Value::Kind::kObject)) {
      at = at->find(step);
      continue;
    }
    size_t index = 0;
    const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
    const bool read = error == std::errc() && end == step.data() + step.size() && !step.empty();
    at = read && index < at->items.size() ? at->items[index] : nullptr;
  }
  return at;
}

bool equal(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    if (a.text == b.text) return true;
    if (a.kind == b.kind && a.is(Value::Kind::kInteger)) return false;
    return std::strtod(a.text.c_str(), nullptr) == std::strtod(b.text.c_str(), nullptr);
  }
  if (a.kind != b.kind) return false;
  if (a.is(Value::Kind::kString)) return a.text == b.text;
  if (a.is(Value::Kind::kArray))
    return std::ranges::equal(a.items, b.items,
                              [](const Value* x, const Value* y) { return equal(*x, *y); });
  if (a.is(Value::Kind::kObject))
    return a.members.size() == b.members.size() &&
           std::ranges::all_of(a.members, [&](const Value::Member& member) {
             const Value* other = b.find(member.name);
             return other != nullptr && equal(*member.value, *other);
           });
  return true;
}

Document::Document(std::string_view text) {
  if (text.size() > kMostSourceBytes)
    refuse_large(
        fmt::format("the schema has {} bytes, more than {}", text.size(), kMostSourceBytes));
  Reader reader(values_);
  nlohmann::json::sax_parse(text, &reader);
  if (values_.empty()) refuse("this is not JSON: it is empty", kWriteJson);
}

}  // namespace nety::grammar
