// What tests of the engine share: the tiny checkpoint on two kinds of backends, and a tokenizer.
#pragma once

#include "core/base/files.h"
#include "core/engine/generation.h"
#include "core/model/plugin_backend.h"
#include "core/model/plugin_entry.h"
#include "tests/model/golden.h"

namespace nety::engine {

using model::make_ready;
using model::native_backend;
using model::Ready;
using model::test_data;

/// The native backend behind the table that plugins have, as if it had been loaded.
inline std::unique_ptr<model::Backend> native_as_plugin() {
  static const model::PluginTable kTable = model::plugin_table(
      "native", "these tests", [](const model::BackendOptions* options, model::PluginError* error) {
        return model::create_instance(
            [](const model::BackendOptions& of) {
              return native::make_backend(of, machine::host());
            },
            [](const std::exception& thrown) { return Error(ErrorKind::kInternal, thrown.what()); },
            *options, *error);
      });
  return model::make_plugin_backend(kTable, {.threads = 2, .isa = {}, .device = "cpu"});
}

/// A random model of 128 tokens.
inline Ready tiny(std::unique_ptr<model::Backend> backend = native_backend()) {
  return make_ready(test_data("checkpoints/fp32"), std::move(backend));
}

/// One that has texts for these tokens, whatever they are.
inline tokenizer::Tokenizer some_tokenizer() {
  return tokenizer::Tokenizer::from_json(read_file(test_data("tokenizer/gpt2.tokenizer.json")),
                                         "gpt2.tokenizer.json");
}

/// `count` tokens that differ by `seed`.
inline std::vector<int32_t> some_tokens(size_t count, int32_t seed) {
  std::vector<int32_t> tokens(count);
  for (size_t i = 0; i < count; ++i)
    tokens[i] = (static_cast<int32_t>(i * i) * 13 + 7 * seed + 1) % 128;
  return tokens;
}

inline std::vector<float> copy_of(std::span<const float> logits) {
  return {logits.begin(), logits.end()};
}

}  // namespace nety::engine
