// Uses simdjson's on-demand reader, which parses only what is asked for: tokenizer_config.json
// holds an integer of 31 digits (model_max_length), which the DOM refuses.
#include "core/checkpoint/chat_template_file.h"

#include <fmt/core.h>
#include <simdjson.h>

#include "core/checkpoint/refuse.h"
#include "core/checkpoint/text_file.h"

namespace nety::checkpoint {
namespace {

namespace fs = std::filesystem;
namespace ondemand = simdjson::ondemand;

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
