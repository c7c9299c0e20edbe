// simdjson's on-demand reader, because tokenizer_config.json holds integers of 31 digits
// (model_max_length), which a DOM refuses; what is not asked for is not parsed.
#include "core/checkpoint/chat_template_file.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <system_error>

#include "core/base/files.h"
#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

namespace fs = std::filesystem;
namespace ondemand = simdjson::ondemand;

constexpr size_t kMaxBytes = size_t{64} << 20;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::string read_text(const fs::path& path) {
  const MappedFile file(path);
  if (file.size() > kMaxBytes)
    refuse(path, fmt::format("has {} bytes, which is too many for such a file", file.size()));
  return {reinterpret_cast<const char*>(file.bytes().data()), file.size()};
}

/// The template named "default" in a list of {"name", "template"}.
std::string default_of(ondemand::array list) {
  for (ondemand::object item : list) {
    std::string name;
    std::string text;
    for (ondemand::field field : item) {
      const std::string_view key = field.unescaped_key();
      if (key == "name") name = std::string_view(field.value());
      if (key == "template") text = std::string_view(field.value());
    }
    if (name == "default") return text;
  }
  return {};
}

std::string find_template(ondemand::object root) {
  for (ondemand::field field : root) {
    if (std::string_view(field.unescaped_key()) != "chat_template") continue;
    ondemand::value value = field.value();
    switch (ondemand::json_type(value.type())) {
      case ondemand::json_type::string:
        return std::string(std::string_view(value));
      case ondemand::json_type::array:
        return default_of(value);
      default:
        return {};
    }
  }
  return {};
}

}  // namespace

std::string read_chat_template(const fs::path& directory) {
  const fs::path jinja = directory / "chat_template.jinja";
  if (is_there(jinja)) return valid_utf8(read_text(jinja));
  const fs::path config = directory / "tokenizer_config.json";
  if (!is_there(config)) return {};
  const simdjson::padded_string text(read_text(config));
  try {
    ondemand::parser parser;
    ondemand::document document = parser.iterate(text);
    return find_template(document.get_object());
  } catch (const simdjson::simdjson_error& error) {
    refuse(config, fmt::format("is not valid JSON: {}", error.what()),
           "Correct the file or download it again.");
  }
}

}  // namespace nety::checkpoint
