// Prompt formats by name, for checkpoints without a template or with one that does not fit.
#pragma once

#include <span>
#include <string_view>

namespace nety::chat {

struct NamedTemplate {
  std::string_view name;
  std::string_view settings;  ///< Jinja that sets what the shape uses.
  std::string_view shape;     ///< Jinja that several names share.
};

std::span<const NamedTemplate> named_templates();

}  // namespace nety::chat
