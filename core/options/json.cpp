#include "core/options/json.h"

#include <nlohmann/json.hpp>

#include "core/base/error.h"

namespace nety::options {
namespace {

using Json = nlohmann::json;

template <class T>
void set(const Json& json, T& value) {
  value = json.get<T>();
}
template <WordSet Set>
void set(const Json& json, Set& value) {
  const auto word = json.get<std::string>();
  if (!word.empty() && !read_text(word, value))
    throw Error(ErrorKind::kUsage, "unknown word '" + word + "'");
}

template <class T>
Json value_of(const T& value) {
  return value;
}
template <WordSet Set>
Json value_of(const Set& value) {
  return text_of(value);
}

}  // namespace

void write(const RunOptions& options, Json& object) {
  visit(options, [&object](const OptionRow& row, const auto& value) {
    object[std::string(row.name)] = value_of(value);
  });
}

void read(const Json& object, RunOptions& options) {
  visit(options, [&object](const OptionRow& row, auto& value) {
    const auto found = object.find(std::string(row.name));
    if (found == object.end()) return;
    try {
      set(*found, value);
    } catch (const Json::exception&) {
      throw Error(ErrorKind::kUsage,
                  "option " + std::string(row.name) + " has a value of a wrong type");
    } catch (const Error& error) {
      throw Error(ErrorKind::kUsage, "option " + std::string(row.name) + ": " + error.what());
    }
  });
}

}  // namespace nety::options
