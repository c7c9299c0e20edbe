// Typed access to GGUF metadata.
#include "core/checkpoint/gguf_keys.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

struct Describe {
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(int64_t value) const { return std::to_string(value); }
  std::string operator()(uint64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return fmt::format("{}", value); }
  std::string operator()(const std::string& value) const { return shown(value) + " (a string)"; }
  std::string operator()(const std::vector<int64_t>& values) const {
    return fmt::format("an array of {} values", values.size());
  }
  std::string operator()(const std::vector<double>& values) const {
    return fmt::format("an array of {} floating-point numbers", values.size());
  }
  std::string operator()(const std::vector<std::string_view>& values) const {
    return fmt::format("an array of {} strings", values.size());
  }
};

std::string describe(const MetadataValue& value) { return std::visit(Describe{}, value); }

/// The whole number a value is, if it is one.
std::optional<int64_t> whole(const MetadataValue& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) return *number;
  if (const auto* number = std::get_if<uint64_t>(&value))
    return static_cast<int64_t>(
        std::min(*number, static_cast<uint64_t>(std::numeric_limits<int64_t>::max())));
  const auto* numbers = std::get_if<std::vector<int64_t>>(&value);
  if (numbers == nullptr || numbers->empty()) return std::nullopt;
  const auto differs = [&](int64_t number) { return number != numbers->front(); };
  if (std::any_of(numbers->begin(), numbers->end(), differs)) return std::nullopt;
  return numbers->front();
}

}  // namespace

void GgufKeys::refuse_value(std::string_view key, std::string_view needed) const {
  const MetadataValue* value = find(key);
  refuse(file_, fmt::format("\"{}\" is {}; {} is needed", key,
                            value == nullptr ? "missing" : describe(*value), needed));
}

const MetadataValue* GgufKeys::find(std::string_view key) const {
  const auto found = metadata_.find(key);
  return found == metadata_.end() ? nullptr : &found->second;
}

std::string GgufKeys::own(std::string_view key) const {
  return string("general.architecture").value_or("").append(".").append(key);
}

std::optional<int64_t> GgufKeys::integer(std::string_view key, int64_t least, int64_t most) const {
  const MetadataValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  const std::optional<int64_t> number = whole(*value);
  if (!number || *number < least || *number > most)
    refuse(file_, fmt::format("\"{}\" is {}; a whole number from {} to {} is needed", key,
                              describe(*value), least, most));
  return number;
}

int64_t GgufKeys::required_integer(std::string_view key, int64_t least, int64_t most) const {
  const std::optional<int64_t> number = integer(key, least, most);
  if (!number) refuse(file_, fmt::format("has no metadata key \"{}\"", key));
  return *number;
}

std::optional<std::vector<int64_t>> GgufKeys::integers(std::string_view key) const {
  const MetadataValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* array = std::get_if<std::vector<int64_t>>(value)) return *array;
  if (const auto* flag = std::get_if<bool>(value)) return std::vector<int64_t>{*flag ? 1 : 0};
  if (const std::optional<int64_t> one = whole(*value)) return std::vector<int64_t>{*one};
  refuse_value(key, "an array of whole numbers");
}

std::optional<double> GgufKeys::number(std::string_view key) const {
  const MetadataValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* number = std::get_if<double>(value)) return *number;
  if (const auto* number = std::get_if<int64_t>(value)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<uint64_t>(value)) return static_cast<double>(*number);
  refuse(file_, fmt::format("\"{}\" is {}; a number is needed", key, describe(*value)));
}

std::optional<std::string> GgufKeys::string(std::string_view key) const {
  const MetadataValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* text = std::get_if<std::string>(value)) return *text;
  refuse(file_, fmt::format("\"{}\" is {}; a string is needed", key, describe(*value)));
}

std::optional<bool> GgufKeys::boolean(std::string_view key) const {
  const MetadataValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* flag = std::get_if<bool>(value)) return *flag;
  refuse(file_, fmt::format("\"{}\" is {}; true or false is needed", key, describe(*value)));
}

}  // namespace nety::checkpoint
