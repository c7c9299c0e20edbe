// usage: nety_grammar_walks walks SCHEMAS TOKENIZER COUNT   a line of JSON per walk: case, text,
// how it ended
//        nety_grammar_walks time TOKENS [SCHEMA]            how long masks take, in microseconds
// TOKENIZER: a name in tests/data/tokenizer, or a number of made-up tokens.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/base/error.h"
#include "tests/grammar/vocabularies.h"
#include "tests/grammar/walk.h"

namespace {

using namespace nety::grammar;

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

Vocabulary vocabulary_named(const std::string& name) {
  if (name.find_first_not_of("0123456789") == std::string::npos)
    return made_up_vocabulary(std::stoul(name));
  const nety::tokenizer::Tokenizer tokenizer = test_tokenizer(name);
  const int32_t end = tokenizer.size();  // one more id
  return Vocabulary(tokenizer, {&end, 1}, end + 1);
}

void walks(const std::string& schemas, const std::string& tokenizer, size_t count) {
  const Vocabulary vocabulary = vocabulary_named(tokenizer);
  const nlohmann::json file = nlohmann::json::parse(read(schemas));
  for (size_t i = 0; i < file["cases"].size(); ++i) {
    const Grammar grammar = Grammar::of_schema_text(file["cases"][i]["schema"].get<std::string>());
    for (size_t seed = 0; seed < count; ++seed) {
      Walk walk(grammar, vocabulary, seed);
      const bool ended = walk.run(seed * 3, 400);
      const char* end = ended ? "end" : walk.stuck() || walk.refused() ? "stuck" : "cut";
      const nlohmann::json line = {{"case", i}, {"text", walk.text()}, {"end", end}};
      fmt::print("{}\n", line.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
    }
  }
}

/// This thread's time on a processor: what others do on the machine does not count.
struct ProcessorClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<ProcessorClock>;
  static time_point now() {
    timespec read{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &read);
    return time_point(std::chrono::seconds(read.tv_sec) + duration(read.tv_nsec));
  }
};

/// Schemas as people ask for them.
constexpr const char* kUsual[] = {
    R"({"type":"object"})",
    R"({"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer","minimum":0,"maximum":150},)"
    R"("email":{"type":"string","format":"email"},"tags":{"type":"array","items":{"type":"string"},"maxItems":5},)"
    R"("bio":{"type":"string","maxLength":200}},"required":["name","age","email"],"additionalProperties":false})",
    R"({"type":"object","properties":{"kind":{"enum":["a","b","other"]},"id":{"type":"string","pattern":"^[A-Za-z0-9_-]{1,64}$"},)"
    R"("when":{"type":"string","format":"date-time"}},"required":["kind","id"],"additionalProperties":{"type":"string"}})",
    R"({"$ref":"#/$defs/n","$defs":{"n":{"type":"object","properties":{"label":{"type":"string","minLength":1,"maxLength":30},)"
    R"("score":{"type":"number","minimum":0,"maximum":1},"children":{"type":"array","items":{"$ref":"#/$defs/n"}}},)"
    R"("required":["label","children"]}}})",
    R"({"type":"array","items":{"anyOf":[{"type":"object","properties":{"x":{"type":"number"}},"required":["x"]},)"
    R"({"type":"object","properties":{"x":{"type":"string"},"y":{"type":"null"}},"required":["x","y"]},{"type":"string"}]}})"};

/// Walks as time is taken: masks of a text that a model could write, mostly free text.
void time(size_t tokens, const std::vector<std::string>& schemas) {
  using Clock = ProcessorClock;
  const auto micros = [](Clock::duration taken) {
    return std::chrono::duration<double, std::micro>(taken).count();
  };
  const Clock::time_point begin = Clock::now();
  const Vocabulary vocabulary = made_up_vocabulary(tokens);
  fmt::print("vocabulary: {} tokens, {} nodes, made in {:.0f} us\n", vocabulary.size(),
             vocabulary.nodes().size(), micros(Clock::now() - begin));
  std::vector<uint64_t> mask(mask_words(static_cast<size_t>(vocabulary.size())));
  std::vector<double> all;
  for (const std::string& schema : schemas) {
    const Clock::time_point compile = Clock::now();
    const Grammar grammar = Grammar::of_schema_text(schema);
    const double compiled = micros(Clock::now() - compile);
    std::vector<double> taken;
    for (uint64_t seed = 0; seed < 20; ++seed) {
      std::mt19937_64 random(seed);
      Matcher matcher(grammar, vocabulary);
      for (int i = 0; i < 200; ++i) {
        const Clock::time_point start = Clock::now();
        matcher.mask(mask);
        taken.push_back(micros(Clock::now() - start));
        std::vector<int32_t> allowed;
        for (int32_t token = 0; token < vocabulary.size(); ++token)
          if ((mask[static_cast<size_t>(token) / 64] >> (token % 64)) & 1) allowed.push_back(token);
        if (allowed.empty()) break;
        // What ends strings and objects is rarer than letters: take it often, or none ends.
        std::vector<int32_t> marks;
        for (const int32_t token : allowed)
          if (vocabulary.bytes_of(token).find_first_of("\"}],:") != std::string_view::npos)
            marks.push_back(token);
        const std::vector<int32_t>& from = marks.empty() || random() % 5 != 0 ? allowed : marks;
        matcher.accept(from[random() % from.size()]);
        if (matcher.ended()) break;
      }
    }
    std::ranges::sort(taken);
    const auto at = [](const std::vector<double>& times, double share) {
      return times[static_cast<size_t>(share * static_cast<double>(times.size() - 1))];
    };
    fmt::print(
        "{:>6} masks: p50 {:7.1f} us, p90 {:7.1f}, p99 {:7.1f}, largest {:7.1f}; compiled in "
        "{:.0f} us: {:.60}\n",
        taken.size(), at(taken, 0.5), at(taken, 0.9), at(taken, 0.99), taken.back(), compiled,
        schema);
    all.insert(all.end(), taken.begin(), taken.end());
    std::ranges::sort(all);
    if (&schema == &schemas.back())
      fmt::print("{:>6} masks in all: p50 {:.1f} us, p99 {:.1f}\n", all.size(), at(all, 0.5),
                 at(all, 0.99));
  }
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> given(arguments + 1, arguments + count);
  try {
    if (given.size() == 4 && given[0] == "walks")
      walks(given[1], given[2], std::stoul(given[3]));
    else if (given.size() >= 2 && given[0] == "time")
      time(std::stoul(given[1]),
           given.size() > 2 ? std::vector<std::string>{read(given[2])}
                            : std::vector<std::string>(std::begin(kUsual), std::end(kUsual)));
    else
      return 2;
  } catch (const nety::Error& error) {
    fmt::print(stderr, "{}\n{}\n", error.what(), error.hint());
    return exit_code(error.kind());
  }
}
