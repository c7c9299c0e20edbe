// nety generate: one prompt, one answer, streamed.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/command.h"
#include "app/console.h"
#include "app/generation.h"
#include "app/input.h"
#include "app/messages.h"
#include "app/model_options.h"
#include "app/structured.h"
#include "app/thinking_output.h"
#include "core/base/error.h"
#include "core/base/printable.h"
#include "core/engine/answers.h"
#include "core/measure/stopwatch.h"

namespace nety::app {
namespace {

using Json = nlohmann::ordered_json;

/// A token and its log-probability; one that cannot be is null.
Json as_json(int32_t id, float logprob, const tokenizer::Tokenizer& tokenizer) {
  return {{"id", id}, {"token", tokenizer.decode(std::span(&id, 1), false)}, {"logprob", logprob}};
}

Json logprobs_of(const engine::Answer& answer, const tokenizer::Tokenizer& tokenizer) {
  Json list = Json::array();
  for (size_t i = 0; i < answer.ids.size(); ++i) {
    Json token = as_json(answer.ids[i], answer.logprobs[i].chosen, tokenizer);
    Json& top = token["top"] = Json::array();
    for (const engine::LogProbability& one : answer.logprobs[i].likeliest)
      top.push_back(as_json(one.id, one.logprob, tokenizer));
    list.push_back(std::move(token));
  }
  return list;
}

/// The answers to one prompt: the first is written as it comes, the others when all are done.
class AnswersOutput {
 public:
  /// `heads`: a line before each, or an empty one.
  AnswersOutput(std::vector<std::string> heads, std::string_view opened, bool hides, bool writes)
      : writes_(writes), heads_(std::move(heads)) {
    for (size_t i = 0; i < heads_.size(); ++i) all_.emplace_back(opened, hides, writes && i == 0);
    if (writes && !heads_.front().empty()) write_output(heads_.front());
  }

  void push(size_t index, std::string_view text) { all_[index].push(text); }
  /// Writes what has not been written.
  void finish() {
    for (ThinkingOutput& one : all_) one.finish();
    for (size_t i = 0; writes_ && i < all_.size(); ++i) {
      if (i > 0) {
        write_output("\n" + heads_[i]);
        write_answer(shown(i));
      }
      if (!shown(i).ends_with('\n')) write_output("\n");
    }
  }
  const std::string& shown(size_t index) const { return all_[index].shown(); }

 private:
  bool writes_;
  std::vector<std::string> heads_;
  std::vector<ThinkingOutput> all_;
};

class Generate final : public Command {
 public:
  void declare(Arguments& arguments) override {
    options_.declare(arguments);
    arguments.texts("-p,--prompt", prompt_, "The prompt; else --file, else standard input");
    arguments.text("-f,--file", file_, "Read the prompt from a file");
    arguments.text("--system", system_, "The system message");
    arguments.flag("--raw", raw_, "The prompt as it is, without the chat template");
    arguments.flag("--json", json_, "Print one JSON object when done, instead of streaming");
    arguments.number("--answers", answers_, 1, 64,
                     "So many answers to the prompt, which is read once; each has the next seed");
    arguments.number("--logprobs", logprobs_, 0, engine::kMostLogprobs,
                     "With --json: log-probabilities of each token and of the K likeliest");
    structured_.declare(arguments);
    generation_.declare(arguments);
  }

  int run(const Context& context) override {
    if (logprobs_ >= 0 && !json_)
      throw Error(ErrorKind::kUsage, "--logprobs has no place in plain text", "Give --json too.");
    const std::string prompt = read_prompt();
    std::optional<ModelText> text;
    PromptIds asked;
    engine::GenerateOptions options;
    // Before the model: what cannot be honoured is said at once.
    std::optional<grammar::Grammar> grammar = structured_.read(context);
    std::optional<Structure> structure;
    const auto read = [&](const checkpoint::Checkpoint& checkpoint) {
      const measure::Stopwatch watch;
      text.emplace(load_text(checkpoint, context));
      tokenizer_s_ = watch.seconds();
      asked = encode(prompt, checkpoint, *text, context);
      if (asked.ids.empty())
        throw Error(ErrorKind::kUsage, "the prompt is empty",
                    "Give one: -p TEXT, -f FILE or standard input.");
      options = generation_.resolve(checkpoint, text->special);
      options.logprobs = static_cast<int32_t>(logprobs_);
      if (grammar)
        structure.emplace(*std::move(grammar), text->tokenizer, options.end_ids,
                          static_cast<int32_t>(checkpoint.config().vocab));
    };
    options_.sequences = answers_;
    options_.logit_rows = answers_ * generation_.logit_rows();
    std::optional<LoadedModel> loaded = load(options_, context, read);
    if (!loaded) return 0;
    engine::EngineOptions size = engine_options(options_, *loaded);
    size.logit_rows = options_.logit_rows;
    engine::Engine engine(*loaded->model, *loaded->backend, size);
    return answer(context, *loaded, engine, *text, asked, options,
                  structure ? &*structure : nullptr);
  }

 private:
  int answer(const Context& context, const LoadedModel& loaded, engine::Engine& engine,
             const ModelText& text, const PromptIds& asked, const engine::GenerateOptions& options,
             const Structure* structure) const {
    std::vector<engine::GenerateOptions> every =
        engine::with_seeds(options, static_cast<size_t>(answers_));
    std::vector<std::unique_ptr<engine::Constraint>> constraints;
    for (engine::GenerateOptions& one : every) {
      if (structure == nullptr) break;
      constraints.push_back(structure->constraint());
      one.constraint = constraints.back().get();
    }
    const bool hides = generation_.hides_thoughts() && !raw_;
    AnswersOutput output(heads(every, context), asked.opened, hides, !json_);
    engine::Sequence sequence = engine.open_sequence();
    const std::vector<engine::Answer> made = engine::generate(
        sequence, text.tokenizer, asked.ids, every, [&](size_t index, std::string_view piece) {
          output.push(index, piece);
          return !interrupted();
        });
    output.finish();
    if (json_) {
      Json list = Json::array();
      for (size_t i = 0; i < made.size(); ++i) {
        list.push_back(
            answer_json(made[i], hides ? output.shown(i) : made[i].text, text.tokenizer));
        list.back()["seed"] = every[i].sampling.seed;
      }
      write_output(printable_json(whole_json(loaded, asked.ids, list, made.front())
                                      .dump(2, ' ', false, Json::error_handler_t::replace) +
                                  "\n"));
    }
    const bool stopped = std::ranges::any_of(made, [](const engine::Answer& one) {
      return one.finish == engine::FinishReason::kInterrupted;
    });
    return stopped ? exit_code(ErrorKind::kInterrupted) : 0;
  }

  /// A line before each of several answers; an empty one for one.
  static std::vector<std::string> heads(std::span<const engine::GenerateOptions> every,
                                        const Context& context) {
    std::vector<std::string> lines(every.size());
    for (size_t i = 0; every.size() > 1 && i < every.size(); ++i)
      lines[i] = render({message::generate_answer,
                         {std::to_string(i + 1), std::to_string(every.size()),
                          std::to_string(every[i].sampling.seed)}},
                        context.language) +
                 "\n";
    return lines;
  }

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

  static Json answer_json(const engine::Answer& answer, const std::string& shown,
                          const tokenizer::Tokenizer& tokenizer) {
    Json json{{"output_ids", answer.ids},
              {"text", shown},
              {"finish_reason", engine::name_of(answer.finish)}};
    if (!answer.logprobs.empty()) json["logprobs"] = logprobs_of(answer, tokenizer);
    return json;
  }

  /// One answer's members stand beside the others; several are a list.
  Json whole_json(const LoadedModel& loaded, const std::vector<int32_t>& prompt, const Json& list,
                  const engine::Answer& first) const {
    Json json;
    json["prompt_ids"] = prompt;
    if (list.size() == 1)
      json.update(list.front());
    else
      json["answers"] = list;
    json["mode"] = loaded.mode;
    json["backend"] = loaded.backend->name();
    json["timings"] = timings(loaded, first);
    return json;
  }

  /// Of the first answer: where there are several, the rates of one among them.
  Json timings(const LoadedModel& loaded, const engine::Answer& answer) const {
    const auto steps = static_cast<double>(answer.gaps_s.size());
    const auto speculated = static_cast<double>(answer.speculated_tokens);
    const auto rate = [](double count, double seconds) {
      return seconds > 0 && count > 0 ? Json(count / seconds) : nullptr;
    };
    return {{"load_s", loaded.load_s},
            {"tokenizer_s", tokenizer_s_},
            {"ttft_s", answer.ttft_s},
            {"prefill_s", answer.prefill_s},
            {"pp_tps", rate(static_cast<double>(answer.prompt_tokens), answer.prefill_s)},
            {"decode_s", answer.decode_s},
            {"tg_tps", rate(steps - speculated, answer.engine_s)},
            {"speculated_tg_tps", rate(speculated, answer.speculated_s)},
            {"guessed_tokens", answer.guessed},
            {"guessed_right", answer.guessed_right},
            {"e2e_tg_tps", rate(steps, answer.decode_s)}};
  }

  ModelOptions options_;
  GenerationOptions generation_;
  StructuredOptions structured_;
  std::vector<std::string> prompt_;  // of several the last; "" is an empty one
  std::string file_, system_;
  bool raw_ = false, json_ = false;
  int64_t answers_ = 1, logprobs_ = -1;
  double tokenizer_s_ = 0;
};

}  // namespace

std::unique_ptr<Command> make_generate() { return std::make_unique<Generate>(); }

}  // namespace nety::app
