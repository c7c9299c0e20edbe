// llama-bench: a process per question, whose JSON has the times. It makes its own random tokens,
// and gives no answers.
#include <fmt/core.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "bench/contender/adapter.h"
#include "bench/contender/program.h"
#include "core/base/error.h"
#include "core/base/printable.h"

namespace nety::bench {
namespace {

using Json = nlohmann::json;

constexpr int64_t kTrialPrompt = 8;
constexpr size_t kMostQuoted = 80;

struct Question {
  int64_t n_prompt = 0, n_gen = 0, depth = 0;
};

[[noreturn]] void refuse(const std::string& what, const std::string& printed) {
  const std::string start = one_line(printed.substr(0, kMostQuoted));
  throw Error(ErrorKind::kInternal, fmt::format("{}: '{}'", what, start),
              "The command must print what llama-bench -o json does.");
}

/// An array, one object, or an object per line.
Json tests_in(const std::string& printed) {
  Json all = Json::parse(printed, nullptr, false);
  if (all.is_discarded()) {
    all = Json::array();
    for (size_t begin = 0; begin < printed.size();) {
      const size_t end = std::min(printed.find('\n', begin), printed.size());
      Json line = Json::parse(printed.substr(begin, end - begin), nullptr, false);
      if (line.is_object()) all.push_back(std::move(line));
      begin = end + 1;
    }
  }
  if (all.is_object()) all = Json::array({all});
  if (!all.is_array() || all.empty()) refuse("it printed no JSON of llama-bench", printed);
  return all;
}

double number(const Json& test, const char* key) {
  const auto found = test.find(key);
  return found != test.end() && found->is_number() ? found->get<double>() : NAN;
}
std::string word(const Json& test, const char* key) {
  const auto found = test.find(key);
  return found != test.end() && found->is_string() ? found->get<std::string>() : "";
}

bool has_option(const std::string& command, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if ((" " + command + " ").find(fmt::format(" {} ", name)) != std::string::npos) return true;
  return false;
}

class LlamaBench final : public Adapter {
 public:
  explicit LlamaBench(std::string command) : command_(std::move(command)) {}

  Reply load(const Command& command, Source source) override {
    model_ = source.model().path;
    threads_ = static_cast<int>(command.engine.run.threads);
    const Json test = ask({kTrialPrompt, 0, 0});
    source.check_parameters(number(test, "model_n_params"), word(test, "model_type"));
    Reply reply;
    put_model(reply, source.model());
    const double threads = number(test, "n_threads");
    reply.numbers["threads"] = std::isfinite(threads) ? threads : threads_;
    reply.numbers["weights_bytes"] = number(test, "model_size");
    reply.words["device"] = "cpu";
    reply.words["kernel"] = fmt::format("llama-bench {} ({}), {}", word(test, "build_commit"),
                                        word(test, "backends"), word(test, "model_type"));
    return reply;
  }

  Reply perform(const Command& command) override {
    Reply reply;
    switch (command.action) {
      case Action::kWarmUp:
        return reply;  // it warms up by itself
      case Action::kMemory:
        reply.numbers["peak_rss_bytes"] = static_cast<double>(peak_);
        return reply;
      case Action::kPrefill:
        reply.numbers["seconds"] = seconds_of(ask({command.n_prompt, 0, 0}));
        return reply;
      case Action::kDecode: {
        const double seconds = seconds_of(ask({0, command.n_gen, command.depth}));
        reply.numbers["seconds"] = seconds;
        reply.series["gaps_s"].assign(static_cast<size_t>(command.n_gen),
                                      seconds / static_cast<double>(command.n_gen));
        return reply;
      }
      default:
        throw Error(ErrorKind::kUsage, "llama-bench gives speeds and no answers");
    }
  }

 private:
  /// llama-bench's options, unless the command has places of its own.
  std::string command_for(const Question& question) const {
    std::string text = with(command_, "model", model_);
    text = with(text, "threads", std::to_string(threads_));
    if (text.find("{prompt}") != std::string::npos || text.find("{gen}") != std::string::npos) {
      text = with(text, "prompt", std::to_string(question.n_prompt));
      text = with(text, "gen", std::to_string(question.n_gen));
      return with(text, "depth", std::to_string(question.depth));
    }
    if (!has_option(text, {"-m", "--model", "-hf", "-hfr", "--hf-repo"}))
      text += fmt::format(" -m '{}'", model_);
    if (!has_option(text, {"-t", "--threads"})) text += fmt::format(" -t {}", threads_);
    text += fmt::format(" -p {} -n {} -r 1 -o json", question.n_prompt, question.n_gen);
    return question.depth > 0 ? fmt::format("{} -d {}", text, question.depth) : text;
  }

  Json ask(const Question& question) {
    const Printed printed = run_program(command_for(question));
    peak_ = std::max(peak_, printed.peak_rss_bytes);
    for (Json& test : tests_in(printed.out)) {
      const auto is = [&test](const char* key, int64_t value) {
        return test.is_object() && test.value(key, Json()).is_number() && test[key] == value;
      };
      const bool same_depth = question.depth == 0 || is("n_depth", question.depth);
      if (is("n_prompt", question.n_prompt) && is("n_gen", question.n_gen) && same_depth)
        return test;
    }
    refuse(fmt::format("it printed no test of {} prompt and {} generated tokens", question.n_prompt,
                       question.n_gen),
           printed.out);
  }

  static double seconds_of(const Json& test) {
    const auto samples = test.find("samples_ns");
    double ns = number(test, "avg_ns");
    if (samples != test.end() && samples->is_array() && !samples->empty() &&
        samples->front().is_number())
      ns = samples->front().get<double>();
    if (!(ns > 0)) refuse("a test without samples_ns and avg_ns", test.dump());
    return ns * 1e-9;
  }

  std::string command_, model_;
  int threads_ = 0;
  uint64_t peak_ = 0;
};

}  // namespace

std::unique_ptr<Adapter> make_llama_bench(std::string command) {
  return std::make_unique<LlamaBench>(std::move(command));
}

}  // namespace nety::bench
