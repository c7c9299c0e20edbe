#include "tests/schema.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/paths.h"

namespace nety::results {
namespace {

using Json = nlohmann::json;

class Validator {
 public:
  explicit Validator(const Json& root) : root_(root) {}

  std::vector<std::string> problems;

  void check(const Json& value, const Json& rule, const std::string& path) {
    if (rule.contains("$ref")) {
      const auto pointer = rule["$ref"].get<std::string>().substr(1);
      return check(value, root_.at(Json::json_pointer(pointer)), path);
    }
    if (rule.contains("anyOf")) return check_any(value, rule["anyOf"], path);
    if (rule.contains("const") && value != rule["const"]) complain(path, "is not the constant");
    if (rule.contains("enum") && !has(rule["enum"], value)) complain(path, "is no known word");
    if (rule.contains("type") && !has_type(value, rule["type"])) complain(path, "has a wrong type");
    if (rule.contains("minimum") && value.is_number() && value < rule["minimum"])
      complain(path, "is too small");
    if (value.is_array() && rule.contains("items")) {
      for (size_t i = 0; i < value.size(); ++i)
        check(value[i], rule["items"], fmt::format("{}[{}]", path, i));
    }
    if (value.is_object()) check_members(value, rule, path);
  }

 private:
  static bool has(const Json& list, const Json& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  }
  static bool has_type(const Json& value, const Json& type) {
    if (type.is_array())
      return std::any_of(type.begin(), type.end(),
                         [&](const Json& each) { return has_type(value, each); });
    if (type == "integer") return value.is_number_integer();
    return type == value.type_name();
  }
  void complain(const std::string& path, const std::string& what) {
    problems.push_back(path + " " + what);
  }
  void check_any(const Json& value, const Json& rules, const std::string& path) {
    for (const Json& rule : rules) {
      Validator attempt(root_);
      attempt.check(value, rule, path);
      if (attempt.problems.empty()) return;
    }
    complain(path, "matches none of the alternatives");
  }
  void check_members(const Json& value, const Json& rule, const std::string& path) {
    const Json properties = rule.value("properties", Json::object());
    for (const Json& key : rule.value("required", Json::array()))
      if (!value.contains(key.get<std::string>())) complain(path, "lacks " + key.dump());
    for (const auto& member : value.items()) {
      const std::string place = path + "." + member.key();
      if (properties.contains(member.key()))
        check(member.value(), properties[member.key()], place);
      else if (rule.contains("additionalProperties"))
        check(member.value(), rule["additionalProperties"], place);
      else
        complain(place, "is not in the schema");
    }
    if (value.size() < rule.value("minProperties", size_t{0})) complain(path, "is empty");
    // What may not be empty is left out where there is nothing to write.
    for (const auto& property : properties.items())
      if (!value.contains(property.key()) && !property.value().contains("minProperties") &&
          !property.value().contains("minItems") && !property.value().contains("minLength"))
        complain(path + "." + property.key(), "is not written");
  }

  const Json& root_;
};

}  // namespace

Json schema(std::string name) {
  std::replace(name.begin(), name.end(), '/', '-');
  std::ifstream file(test_data() + "/../../docs/schema/" + name + ".json");
  return Json::parse(file);
}

std::vector<std::string> problems_of(const std::string& text) {
  const Json value = Json::parse(text);
  const Json root = schema(value.at("schema"));
  Validator validator(root);
  validator.check(value, root, "$");
  return validator.problems;
}

std::vector<std::string> problems_of_lines(const std::string& text) {
  const Json root = schema();
  std::vector<std::string> problems;
  std::istringstream stream(text);
  size_t number = 0;
  for (std::string line; std::getline(stream, line);) {
    const std::string place = fmt::format("line {}", ++number);
    Json entry = Json::parse(line);
    const std::string type = entry.value("type", "");
    entry.erase("type");
    Validator validator(root);
    if ((type == "header") != (number == 1)) {
      problems.push_back(place + " is no place for type " + type);
    } else if (type == "header") {
      for (const char* list : {"findings", "results", "comparisons", "claims"}) {
        if (entry.contains(list)) problems.push_back(place + " has the list " + list);
        entry[list] = Json::array();
      }
      validator.check(entry, root, place);
    } else if (root.at("$defs").contains(type)) {
      validator.check(entry, root.at("$defs").at(type), place);
    } else {
      problems.push_back(place + " has the type " + type);
    }
    problems.insert(problems.end(), validator.problems.begin(), validator.problems.end());
  }
  if (text.empty() || text.back() != '\n') problems.emplace_back("the last line is cut");
  return problems;
}

}  // namespace nety::results
