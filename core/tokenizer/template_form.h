// A chat template without its layout: texts that Jinja reads as the same program have one form.
#pragma once

#include <string>
#include <string_view>

namespace nety::tokenizer {

/// The template as Jinja's lexer sees it with trim_blocks and lstrip_blocks, as transformers sets
/// them: white space around tags taken away where Jinja does, words of a tag separated by one
/// space, strings in single quotes, a.b written as a ['b'], comments left out. Empty where it has
/// no form: a tag or a string without an end, a raw block, an escape that is not known here.
std::string template_form(std::string_view jinja);

}  // namespace nety::tokenizer
