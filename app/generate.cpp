// nety generate: one prompt, one answer, streamed.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "app/command.h"
#include "app/console.h"
#include "app/generation.h"
#include "app/input.h"
#include "app/model_options.h"
#include "app/thinking_output.h"
#include "core/base/error.h"
#include "core/base/printable.h"
#include "core/measure/stopwatch.h"

namespace nety::app {
namespace {

class Generate final : public Command {
 public:
  void declare(Arguments& arguments) override {
    options_.declare(arguments);
    arguments.texts("-p,--prompt", prompt_, "The prompt; else --file, else standard input");
    arguments.text("-f,--file", file_, "Read the prompt from a file");
    arguments.text("--system", system_, "The system message");
    arguments.flag("--raw", raw_, "The prompt as it is, without the chat template");
    arguments.flag("--json", json_, "Print one JSON object when done, instead of streaming");
    generation_.declare(arguments);
  }

  int run(const Context& context) override {
    const std::string prompt = read_prompt();
    std::optional<ModelText> text;
    PromptIds asked;
    const auto read = [&](const checkpoint::Checkpoint& checkpoint) {
      const measure::Stopwatch watch;
      text.emplace(load_text(checkpoint, context));
      tokenizer_s_ = watch.seconds();
      asked = encode(prompt, checkpoint, *text, context);
      if (asked.ids.empty())
        throw Error(ErrorKind::kUsage, "the prompt is empty",
                    "Give one: -p TEXT, -f FILE or standard input.");
    };
    std::optional<LoadedModel> loaded = load(options_, context, read);
    if (!loaded) return 0;
    const tokenizer::Tokenizer& tokenizer = text->tokenizer;
    const engine::GenerateOptions options = generation_.resolve(*loaded->checkpoint, text->special);
    engine::EngineOptions size = engine_options(options_, *loaded);
    size.logit_rows = generation_.logit_rows();
    engine::Engine engine(*loaded->model, *loaded->backend, size);
    engine::Sequence sequence = engine.open_sequence();
    const bool hides = generation_.hides_thoughts() && !raw_;
    ThinkingOutput output(asked.opened, hides, !json_);
    const engine::Answer result =
        engine::generate(sequence, tokenizer, asked.ids, options, [&](std::string_view piece) {
          output.push(piece);
          return !interrupted();
        });
    output.finish();
    if (json_)
      write_output(printable_json(
          as_json(*loaded, asked.ids, result, hides ? output.shown() : result.text, options)
              .dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
          "\n"));
    else if (!output.shown().ends_with('\n'))
      write_output("\n");
    if (result.finish == engine::FinishReason::kInterrupted)
      return exit_code(ErrorKind::kInterrupted);
    return 0;
  }

 private:
  std::string read_prompt() const {
    if (!prompt_.empty() && !file_.empty())
      throw Error(ErrorKind::kUsage, "--prompt and --file exclude each other", "Give one of them.");
    if (!prompt_.empty()) return prompt_.back();  // -p "" is an empty prompt
    if (file_.empty() && stdin_is_terminal())
      throw Error(ErrorKind::kUsage, "there is no prompt",
                  "Give one: -p TEXT, -f FILE or standard input; or talk with nety chat.");
    std::string text = read_text(file_);
    // Editors and echo add a line end that is not part of the prompt.
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    return text;
  }

  PromptIds encode(const std::string& prompt, const checkpoint::Checkpoint& checkpoint,
                   const ModelText& text, const Context& context) const {
    if (raw_) return {encode_raw(text, prompt, generation_.no_special, context)};
    std::vector<chat::Message> messages;
    if (!system_.empty()) messages.push_back({"system", system_});
    messages.push_back({"user", prompt});
    const chat::ChatTemplate format = load_template(checkpoint, generation_);
    return render_conversation(format, text, messages, generation_);
  }

  nlohmann::ordered_json as_json(const LoadedModel& loaded, const std::vector<int32_t>& prompt,
                                 const engine::Answer& result, const std::string& shown,
                                 const engine::GenerateOptions& options) const {
    const auto steps = static_cast<double>(result.gaps_s.size());
    const auto speculated = static_cast<double>(result.speculated_tokens);
    const auto rate = [](double count, double seconds) {
      return seconds > 0 && count > 0 ? nlohmann::ordered_json(count / seconds) : nullptr;
    };
    nlohmann::ordered_json json;
    json["prompt_ids"] = prompt;
    json["output_ids"] = result.ids;
    json["text"] = shown;
    json["finish_reason"] = engine::name_of(result.finish);
    json["mode"] = loaded.mode;
    json["backend"] = loaded.backend->name();
    json["seed"] = options.sampling.seed;
    json["timings"] = {{"load_s", loaded.load_s},
                       {"tokenizer_s", tokenizer_s_},
                       {"ttft_s", result.ttft_s},
                       {"prefill_s", result.prefill_s},
                       {"pp_tps", rate(static_cast<double>(prompt.size()), result.prefill_s)},
                       {"decode_s", result.decode_s},
                       {"tg_tps", rate(steps - speculated, result.engine_s)},
                       {"speculated_tg_tps", rate(speculated, result.speculated_s)},
                       {"guessed_tokens", result.guessed},
                       {"guessed_right", result.guessed_right},
                       {"e2e_tg_tps", rate(steps, result.decode_s)}};
    return json;
  }

  ModelOptions options_;
  GenerationOptions generation_;
  std::vector<std::string> prompt_;  // of several the last; "" is an empty one
  std::string file_, system_;
  bool raw_ = false, json_ = false;
  double tokenizer_s_ = 0;
};

}  // namespace

std::unique_ptr<Command> make_generate() { return std::make_unique<Generate>(); }

}  // namespace nety::app
