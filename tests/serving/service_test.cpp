// Requests from several threads: what they get, what is bounded, and how they end.
#include "core/serving/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/serving/fake_runner.h"

namespace nety::serving {
namespace {

using testing::HasSubstr;

/// A service on a fake runner, with a clock that stands still until it is set.
class ServiceTest : public testing::Test {
 protected:
  static Limits small() {
    return {.running = 2,
            .queue = 2,
            .context = 128,
            .step_tokens = 16,
            .chunk_tokens = 4,
            .buffered = 8,
            .stall_seconds = 5,
            .queue_seconds = 10,
            .answer_seconds = 100};
  }

  Ticket submit(std::vector<int32_t> prompt, int64_t tokens) {
    auto submitted = service_.submit(request_of(std::move(prompt), tokens));
    EXPECT_TRUE(submitted.ticket.has_value());
    return std::move(*submitted.ticket);
  }
  /// Steps until there is nothing to do.
  void run() {
    while (service_.step()) {
    }
  }
  static std::vector<int32_t> ids_of(const Delivery& delivery) {
    std::vector<int32_t> ids;
    for (const engine::Token& token : delivery.tokens) ids.push_back(token.id);
    return ids;
  }
  uint64_t ended(End how) const { return service_.statistics().ended.at(static_cast<size_t>(how)); }

  FakeRunner runner_{3};
  std::atomic<double> now_{0};
  Service service_{runner_, small(), [this] { return now_.load(); }};
};

TEST_F(ServiceTest, GivesTheWholeAnswerAndHowItWent) {
  Ticket ticket = submit({1, 2, 3}, 4);
  EXPECT_TRUE(ticket.take(0).tokens.empty());
  now_ = 2;
  service_.step();
  now_ = 3;
  run();
  const Delivery delivery = ticket.take(0);
  EXPECT_EQ(ids_of(delivery), whole_answer(request_of({1, 2, 3}, 4)));
  ASSERT_TRUE(delivery.summary.has_value());
  const Summary& summary = *delivery.summary;
  EXPECT_EQ(summary.end, End::kFinished);
  EXPECT_EQ(summary.finish, engine::FinishReason::kLength);
  EXPECT_EQ(summary.prompt_tokens, 3);
  EXPECT_EQ(summary.answer_tokens, 4);
  EXPECT_EQ(summary.queue_s, 2);
  EXPECT_EQ(summary.ttft_s, 2);
  EXPECT_EQ(summary.decode_s(), 1);
  EXPECT_FALSE(ticket.take(0).summary.has_value()) << "it is told once";
}

TEST_F(ServiceTest, SaysWhatItDoesNotTake) {
  std::vector<Ticket> taken;
  for (int i = 0; i < 4; ++i) taken.push_back(submit({1, 2}, 2));
  const auto refused = service_.submit(request_of({1}, 1));
  EXPECT_FALSE(refused.ticket.has_value());
  EXPECT_EQ(refused.refusal, Refusal::kQueueFull);
  EXPECT_EQ(service_.submit(request_of(std::vector<int32_t>(200, 1), 1)).refusal,
            Refusal::kPromptTooLong);
  EXPECT_EQ(service_.statistics().refused.at(static_cast<size_t>(Refusal::kQueueFull)), 1U);
  EXPECT_EQ(service_.statistics().waiting, 4U);
}

TEST_F(ServiceTest, PausesARequestWhoseReaderIsBehind) {
  Ticket slow = submit({1, 2}, 50);
  Ticket other = submit({7, 8}, 50);
  for (int i = 0; i < 30; ++i) {
    service_.step();
    other.take(0);
  }
  EXPECT_EQ(slow.take(0).tokens.size(), 8U) << "no more than the buffer holds";
  other.take(0);
  service_.step();
  EXPECT_EQ(slow.take(0).tokens.size(), 1U) << "it goes on once it is read";
}

TEST_F(ServiceTest, EndsARequestWhoseReaderStaysBehind) {
  Ticket slow = submit({1, 2}, 50);
  run();
  now_ = 6;
  run();
  const Delivery delivery = slow.take(0);
  EXPECT_EQ(delivery.tokens.size(), 8U);
  ASSERT_TRUE(delivery.summary.has_value());
  EXPECT_EQ(delivery.summary->end, End::kStalled);
}

TEST_F(ServiceTest, CancelsWhatItsClientLeaves) {
  {
    Ticket running = submit({1, 2}, 50), waiting = submit({3, 4}, 50);
    service_.step();
  }
  Ticket next = submit({5, 6}, 2);
  run();
  EXPECT_EQ(ended(End::kCancelled), 2U);
  EXPECT_EQ(ids_of(next.take(0)), whole_answer(request_of({5, 6}, 2)));
  EXPECT_TRUE(service_.idle());
}

TEST_F(ServiceTest, FailsOneRequestWithoutTheOthers) {
  Ticket bad = submit({FakeRunner::kRefused, 2}, 5), good = submit({3, 4}, 5);
  run();
  const Delivery failed = bad.take(0);
  ASSERT_TRUE(failed.summary.has_value());
  EXPECT_EQ(failed.summary->end, End::kFailed);
  EXPECT_THAT(failed.summary->error, HasSubstr("refused"));
  EXPECT_EQ(good.take(0).summary->end, End::kFinished);
}

TEST_F(ServiceTest, GoesOnAfterAStepThatFailed) {
  Ticket lost = submit({1, 2}, 5);
  service_.step();
  runner_.fails_next = true;
  run();
  EXPECT_EQ(lost.take(0).summary->error, "the step failed");
  Ticket next = submit({1, 2}, 5);
  run();
  EXPECT_EQ(ids_of(next.take(0)), whole_answer(request_of({1, 2}, 5)));
}

TEST_F(ServiceTest, StopsInTwoStages) {
  Ticket first = submit({1, 2}, 5), second = submit({3, 4}, 50), waiting = submit({5, 6}, 5);
  service_.step();
  service_.stop_taking();
  EXPECT_EQ(service_.submit(request_of({1}, 1)).refusal, Refusal::kStopping);
  for (int i = 0; i < 6; ++i) service_.step();
  EXPECT_EQ(first.take(0).summary->end, End::kFinished);
  EXPECT_EQ(waiting.take(0).summary->end, End::kStopped);
  EXPECT_FALSE(service_.idle());
  service_.stop_all();
  run();
  EXPECT_EQ(second.take(0).summary->end, End::kStopped);
  EXPECT_TRUE(service_.idle());
}

// Clients that come, read, vanish and come again, each in a thread of its own.
TEST_F(ServiceTest, ServesManyThreads) {
  constexpr int kClients = 8, kRequests = 30;
  std::atomic<bool> over{false};
  std::thread engine([&] {
    while (!over.load())
      if (!service_.step()) service_.wait(0.05);
  });
  std::atomic<int> right{0}, left{0};
  const auto be_client = [&](int client) {
    for (int i = 0; i < kRequests; ++i) {
      const Request request = request_of({client, i % 3, client}, 3 + i % 20);
      auto submitted = service_.submit(request);
      if (!submitted.ticket) {
        std::this_thread::yield();
        --i;
        continue;
      }
      if (i % 5 == 4) {
        submitted.ticket->take(0.001);
        ++left;
        continue;  // and vanishes
      }
      std::vector<int32_t> ids;
      for (;;) {
        const Delivery delivery = submitted.ticket->take(10);
        for (const engine::Token& token : delivery.tokens) ids.push_back(token.id);
        if (delivery.summary) break;
      }
      if (ids == whole_answer(request)) ++right;
    }
  };
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) clients.emplace_back(be_client, i);
  for (std::thread& client : clients) client.join();
  while (!service_.idle()) std::this_thread::yield();
  over = true;
  engine.join();
  EXPECT_EQ(right + left, kClients * kRequests);
  EXPECT_EQ(left, kClients * kRequests / 5);
}

}  // namespace
}  // namespace nety::serving
