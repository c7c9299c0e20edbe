// A request gives the same tokens alone and among sixteen others, in every mode.
#include "core/serving/engine_runner.h"

#include <gtest/gtest.h>

#include <map>

#include "core/serving/service.h"
#include "tests/engine/ready.h"

namespace nety::serving {
namespace {

using engine::make_ready;
using engine::Ready;

constexpr int64_t kContext = 96;

/// The request number `i`: prompts of different lengths, some sharing a prefix, greedy and sampled.
Request request_number(int32_t i) {
  Request request;
  if (i % 3 == 0) request.prompt = engine::some_tokens(20, 5);
  const auto own = engine::some_tokens(3 + static_cast<size_t>(i * 7 % 31), i);
  request.prompt.insert(request.prompt.end(), own.begin(), own.end());
  request.client = std::to_string(i % 4);
  request.options.tokens = 6 + i % 9;
  request.options.speculate = true;
  request.options.sampling.greedy = i % 2 == 0;
  request.options.sampling.temperature = 0.9;
  request.options.sampling.seed = static_cast<uint64_t>(i);
  request.options.sampling.presence_penalty = i % 4 == 3 ? 0.5 : 0;
  request.options.logprobs = i % 5 == 0 ? 3 : -1;
  return request;
}

struct Answered {
  std::vector<int32_t> ids;
  std::string text;
  std::vector<float> logprobs;
};

/// What each of `requests` gets of a service with room for `running` at a time.
std::vector<Answered> answers(const Ready& ready, const tokenizer::Tokenizer& tokenizer,
                              const std::vector<Request>& requests, int64_t running) {
  engine::Engine engine(*ready.model, *ready.backend,
                        {.context = kContext,
                         .step_tokens = 40,
                         .logit_rows = std::max<int64_t>(running, 9),
                         .sequences = running + 2});
  EngineRunner runner(engine, tokenizer);
  Service service(runner, {.running = running,
                           .context = kContext,
                           .step_tokens = 40,
                           .chunk_tokens = 7,
                           .guess_tokens = 9});
  std::vector<Ticket> tickets;
  for (const Request& request : requests)
    tickets.push_back(std::move(*service.submit(request).ticket));
  while (service.step()) {
  }
  std::vector<Answered> all;
  for (Ticket& ticket : tickets) {
    const Delivery delivery = ticket.take(0);
    EXPECT_EQ(delivery.summary.value().end, End::kFinished) << delivery.summary->error;
    Answered& one = all.emplace_back();
    for (const engine::Token& token : delivery.tokens) {
      one.ids.push_back(token.id);
      one.text += token.text;
      one.logprobs.push_back(token.logprobs.chosen);
    }
  }
  return all;
}

void expect_same_alone_and_among_others(std::optional<precision::ModeId> mode) {
  const Ready ready = make_ready(engine::test_data("checkpoints/fp32"), engine::native_backend(),
                                 {.mode = mode, .head = {}});
  const tokenizer::Tokenizer tokenizer = engine::some_tokenizer();
  std::vector<Request> requests;
  for (int32_t i = 0; i < 17; ++i) requests.push_back(request_number(i));
  const std::vector<Answered> together = answers(ready, tokenizer, requests, 17);
  const std::vector<Answered> few = answers(ready, tokenizer, requests, 3);
  for (size_t i = 0; i < requests.size(); ++i) {
    const Answered alone = answers(ready, tokenizer, {requests[i]}, 1).front();
    EXPECT_EQ(together[i].ids, alone.ids) << i;
    EXPECT_EQ(together[i].text, alone.text) << i;
    EXPECT_EQ(together[i].logprobs, alone.logprobs) << i;
    EXPECT_EQ(few[i].ids, alone.ids) << i << ", in turn with others and on their prefixes";
  }
}

TEST(EngineRunner, GivesTheSameTokensAloneAndAmongSixteenOthersInEveryMode) {
  for (const precision::Mode& mode : precision::modes()) {
    if (mode.functions->allocate == nullptr) continue;  // only run as files have it
    SCOPED_TRACE(std::string(mode.name));
    expect_same_alone_and_among_others(mode.id);
  }
}

TEST(EngineRunner, AnswersAsAGenerationByItself) {
  const Ready ready = engine::tiny();
  const tokenizer::Tokenizer tokenizer = engine::some_tokenizer();
  for (int32_t i = 0; i < 4; ++i) {
    const Request request = request_number(i);
    engine::Engine engine(*ready.model, *ready.backend, {.context = kContext, .logit_rows = 9});
    engine::Sequence sequence = engine.open_sequence();
    const engine::Answer whole =
        engine::generate(sequence, tokenizer, request.prompt, request.options, {});
    const Answered served = answers(ready, tokenizer, {request}, 1).front();
    EXPECT_EQ(served.ids, whole.ids);
    EXPECT_EQ(served.text, whole.text);
  }
}

TEST(EngineRunner, ReadsOnlyWhatASequenceHasNotReadYet) {
  const Ready ready = engine::tiny();
  const tokenizer::Tokenizer tokenizer = engine::some_tokenizer();
  engine::Engine engine(*ready.model, *ready.backend, {.context = kContext, .sequences = 2});
  EngineRunner runner(engine, tokenizer);
  Service service(runner, {.running = 1, .context = kContext});
  Request first = request_number(2);
  const auto answer = [&](const Request& request) {
    Ticket ticket = std::move(*service.submit(request).ticket);
    while (service.step()) {
    }
    return ticket.take(0);
  };
  const Delivery one = answer(first);
  Request second = first;
  for (const engine::Token& token : one.tokens) second.prompt.push_back(token.id);
  const Summary summary = answer(second).summary.value();
  EXPECT_EQ(summary.reused_tokens, summary.prompt_tokens - 1);
}

// Three requests that share a long beginning, and a fourth that comes while they run.
TEST(EngineRunner, CopiesWhatAnotherSequenceHasRead) {
  const Ready ready = engine::tiny();
  const tokenizer::Tokenizer tokenizer = engine::some_tokenizer();
  engine::Engine engine(*ready.model, *ready.backend,
                        {.context = kContext, .logit_rows = 9, .sequences = 5});
  EngineRunner runner(engine, tokenizer);
  Service service(runner, {.running = 4, .context = kContext});
  Request first = request_number(1);
  first.prompt = engine::some_tokens(40, 5);
  first.options.tokens = 20;
  Ticket one = std::move(*service.submit(first).ticket);
  service.step();
  Request second = first;
  second.prompt.push_back(7);
  Ticket two = std::move(*service.submit(second).ticket);
  while (service.step()) {
  }
  one.take(0);
  const Delivery delivery = two.take(0);
  EXPECT_EQ(delivery.summary.value().reused_tokens, 40);
  std::vector<int32_t> ids;
  for (const engine::Token& token : delivery.tokens) ids.push_back(token.id);
  EXPECT_EQ(ids, answers(ready, tokenizer, {second}, 1).front().ids);
}

/// Only even tokens.
class Even final : public engine::Constraint {
 public:
  void mask(std::span<uint64_t> allowed) override {
    std::ranges::fill(allowed, 0x5555555555555555ULL);
  }
  void accept(int32_t token) override { EXPECT_EQ(token % 2, 0); }
};

TEST(EngineRunner, KeepsAnAnswerToItsConstraint) {
  const Ready ready = engine::tiny();
  const tokenizer::Tokenizer tokenizer = engine::some_tokenizer();
  std::vector<Request> requests{request_number(1), request_number(2), request_number(2)};
  requests[2].constraint = [] { return std::make_unique<Even>(); };
  const std::vector<Answered> all = answers(ready, tokenizer, requests, 3);
  for (const int32_t id : all[2].ids) EXPECT_EQ(id % 2, 0);
  EXPECT_NE(all[2].ids, all[1].ids);
  EXPECT_EQ(all[1].ids, answers(ready, tokenizer, {requests[1]}, 1).front().ids);
}

TEST(EngineRunner, FailsAPromptWithTokensOutsideTheVocabulary) {
  const Ready ready = engine::tiny();
  const tokenizer::Tokenizer tokenizer = engine::some_tokenizer();
  engine::Engine engine(*ready.model, *ready.backend, {.context = kContext, .sequences = 2});
  EngineRunner runner(engine, tokenizer);
  Service service(runner, {.running = 2, .context = kContext});
  Request bad = request_number(1);
  bad.prompt[2] = 4000;
  Ticket failing = std::move(*service.submit(bad).ticket);
  Ticket working = std::move(*service.submit(request_number(1)).ticket);
  while (service.step()) {
  }
  EXPECT_EQ(failing.take(0).summary.value().end, End::kFailed);
  EXPECT_EQ(working.take(0).summary.value().end, End::kFinished);
}

}  // namespace
}  // namespace nety::serving
