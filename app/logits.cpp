// nety logits: the logits after each of the given tokens, as a safetensors file.
#include <fmt/core.h>

#include <bit>

#include "app/command.h"
#include "app/console.h"
#include "app/input.h"
#include "app/model_options.h"
#include "core/base/error.h"
#include "core/base/files.h"

namespace nety::app {
namespace {

class Logits final : public Command {
 public:
  void declare(Arguments& arguments) override {
    options_.declare(arguments);
    arguments.text("--tokens", tokens_, "Token ids: 1,17,42");
    arguments.text("-o,--output", output_,
                   "A .safetensors file: \"logits\" float32 [n_tokens, vocab]");
    arguments.flag("--one-by-one", one_by_one_, "Feed the tokens one at a time instead of at once");
  }

  int run(const Context& context) override {
    if (output_.empty())
      throw Error(ErrorKind::kUsage, "logits: no output file", "Give one: -o logits.safetensors.");
    check_writable(output_);
    const std::vector<int32_t> tokens = parse_tokens(tokens_, "--tokens");
    options_.logit_rows = kRows;
    std::optional<LoadedModel> loaded = load(options_, context);
    if (!loaded) return 0;
    engine::EngineOptions size = engine_options(options_, *loaded);
    size.logit_rows = kRows;
    engine::Engine engine(*loaded->model, *loaded->backend, size);
    engine::Sequence sequence = engine.open_sequence();
    check(tokens, engine);

    const auto vocab = static_cast<size_t>(loaded->model->config.vocab);
    const size_t bytes = tokens.size() * vocab * sizeof(float);
    std::string header = fmt::format(
        R"({{"__metadata__":{{"format":"pt"}},"logits":{{"dtype":"F32","shape":[{},{}],"data_offsets":[0,{}]}}}})",
        tokens.size(), vocab, bytes);
    header.resize((header.size() + 7) / 8 * 8, ' ');  // the format aligns data to 8 bytes
    const uint64_t length = header.size();
    static_assert(std::endian::native == std::endian::little, "safetensors is little-endian");
    AtomicFile file(output_);
    file.write(std::as_bytes(std::span(&length, 1)));
    file.write(header);
    const size_t step = one_by_one_ ? 1 : static_cast<size_t>(engine.options().logit_rows);
    for (size_t at = 0; at < tokens.size(); at += step) {
      const auto part = std::span(tokens).subspan(at, std::min(step, tokens.size() - at));
      file.write(std::as_bytes(sequence.feed_all(part)));
    }
    file.commit();
    notice(context, fmt::format("{}: logits of {} tokens, {} {}", output_, tokens.size(),
                                loaded->mode, loaded->backend->name()));
    return 0;
  }

 private:
  static constexpr int64_t kRows = 256;  // logits in memory at once

  static void check(std::span<const int32_t> tokens, const engine::Engine& engine) {
    if (static_cast<int64_t>(tokens.size()) > engine.options().context)
      throw Error(ErrorKind::kUsage,
                  fmt::format("{} tokens do not fit the context of {}", tokens.size(),
                              engine.options().context),
                  "Ask for a larger one with --ctx.");
    for (const int32_t token : tokens)
      if (token >= engine.model().config.vocab)
        throw Error(ErrorKind::kUsage,
                    fmt::format("--tokens: {} is outside the vocabulary of {}", token,
                                engine.model().config.vocab),
                    "Token ids come from nety tokenize with the same model.");
  }

  ModelOptions options_;
  std::string tokens_, output_;
  bool one_by_one_ = false;
};

}  // namespace

std::unique_ptr<Command> make_logits() { return std::make_unique<Logits>(); }

}  // namespace nety::app
