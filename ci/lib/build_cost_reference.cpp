// What ci/build_cost sets a build's processor time in proportion to: the standard library's headers
// and some of its templates, as most of our files have them. Changing it changes the measure:
// record anew.
#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

template <int n>
struct Record {
  std::map<std::string, std::vector<std::optional<double>>> series;
  std::unordered_map<int, std::string> names;
  std::variant<std::string, double, std::set<std::string>> value;
};

template <int n>
std::string text_of(const Record<n>& record) {
  std::ostringstream out;
  for (const auto& [name, values] : record.series) {
    std::vector<std::optional<double>> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    for (const auto& value : sorted) out << name << value.value_or(n) << '\n';
  }
  for (const auto& [number, name] : record.names) out << number << name;
  std::visit([&](const auto& value) { out << sizeof value; }, record.value);
  return std::regex_replace(out.str(), std::regex("[0-9]+"), "#");
}

template std::string text_of(const Record<1>&);
template std::string text_of(const Record<2>&);
template std::string text_of(const Record<3>&);
