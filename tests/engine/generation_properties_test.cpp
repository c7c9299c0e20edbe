// What is streamed is what was said, wherever an answer ends; and a seed says the same with any
// number of threads. RapidCheck looks for a counter-example.
#include <gtest/gtest.h>
// After gtest, as it needs.
#include <rapidcheck/gtest.h>

#include "tests/engine/ready.h"

namespace nety::engine {
namespace {

struct Made {
  Answer answer;
  std::string heard;
};

Made make(const Ready& ready, const tokenizer::Tokenizer& tokenizer, GenerateOptions options) {
  Engine engine(*ready.model, *ready.backend, {.context = 96, .logit_rows = 9});
  Sequence sequence = engine.open_sequence();
  Made made;
  made.answer =
      generate(sequence, tokenizer, some_tokens(9, 3), options, [&](std::string_view text) {
        made.heard += text;
        return true;
      });
  return made;
}

GenerateOptions any_generation() {
  GenerateOptions options;
  options.tokens = *rc::gen::inRange(1, 60);
  options.sampling.temperature = *rc::gen::element(0.3, 1.0, 2.5);
  options.sampling.seed = *rc::gen::arbitrary<uint64_t>();
  options.speculate = *rc::gen::arbitrary<bool>();
  return options;
}

RC_GTEST_PROP(Streaming, GivesTheTextOfAllTokensUpToAStop, ()) {
  static const Ready kReady = tiny();
  static const tokenizer::Tokenizer kTokenizer = some_tokenizer();
  GenerateOptions options = any_generation();
  const Made whole = make(kReady, kTokenizer, options);
  RC_ASSERT(whole.answer.text == kTokenizer.decode(whole.answer.ids));
  RC_ASSERT(whole.heard == whole.answer.text);
  if (whole.heard.empty()) return;

  const auto at = *rc::gen::inRange<size_t>(0, whole.heard.size());
  const auto length = *rc::gen::inRange<size_t>(1, 5);
  options.stops = {whole.heard.substr(at, length), "no such text"};
  const Made stopped = make(kReady, kTokenizer, options);
  RC_ASSERT(stopped.answer.text == whole.heard.substr(0, whole.heard.find(options.stops[0])));
  RC_ASSERT(stopped.heard == stopped.answer.text);
  if (stopped.answer.ids.size() < whole.answer.ids.size())
    RC_ASSERT(stopped.answer.finish == FinishReason::kStop);
}

RC_GTEST_PROP(Seeds, SayTheSameWithAnyNumberOfThreads, ()) {
  static const Ready kOne = tiny(native_backend(1)), kTwo = tiny(native_backend(2)),
                     kFive = tiny(native_backend(5));
  static const tokenizer::Tokenizer kTokenizer = some_tokenizer();
  const GenerateOptions options = any_generation();
  const Made want = make(kOne, kTokenizer, options);
  for (const Ready* other : {&kTwo, &kFive})
    RC_ASSERT(make(*other, kTokenizer, options).answer.ids == want.answer.ids);
}

}  // namespace
}  // namespace nety::engine
