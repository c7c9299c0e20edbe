// Jinja templates as transformers renders chat templates: an ImmutableSandboxedEnvironment with
// trim_blocks, lstrip_blocks, loop controls, "generation" blocks, raise_exception(),
// strftime_now() and a tojson that is json.dumps(). What it does not know is an error that names it
// and its line.
#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/jinja/data.h"
#include "core/jinja/limits.h"

namespace nety::jinja {

struct Tree;

struct Rendered {
  std::string text;
  /// Byte ranges [first, second) of `text` that came from foreign texts, in order.
  std::vector<std::pair<size_t, size_t>> foreign;
};

/// A template, read. Immutable; may be rendered from several threads.
class Template {
 public:
  /// `name` stands in messages. Error: kCheckpoint if it is no Jinja, uses what is not supported,
  /// or is beyond the limits.
  static Template parse(std::string_view source, std::string name, const Limits& limits = {});

  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;
  ~Template();

  /// `now`: what strftime_now() tells. Texts must be valid UTF-8. Errors: kUsage if the template
  /// calls raise_exception(); else kCheckpoint.
  Rendered render(const Data::Object& variables, const std::tm& now) const;

 private:
  Template(std::unique_ptr<const Tree> tree, std::string name, const Limits& limits);

  std::unique_ptr<const Tree> tree_;
  std::string name_;
  Limits limits_;
};

}  // namespace nety::jinja
