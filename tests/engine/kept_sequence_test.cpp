// A sequence whose keys and values went through a file: it goes on with the same bits.
#include <gtest/gtest.h>

#include "tests/engine/ready.h"
#include "tests/error_of.h"

namespace nety::engine {
namespace {

struct KeptWay {
  const char* name;
  bool plugin;
  model::KvType kv;
};

class KeptSequence : public ::testing::TestWithParam<KeptWay> {
 protected:
  EngineOptions size(int64_t context) const {
    return {.context = context, .step_tokens = 64, .sequences = 2, .kv = GetParam().kv};
  }
  static std::unique_ptr<model::Backend> backend() {
    return GetParam().plugin ? native_as_plugin() : native_backend();
  }
  static std::vector<std::byte> exported(const Sequence& sequence) {
    const auto layers = static_cast<size_t>(sequence.engine().model().config.layers);
    std::vector<std::byte> bytes(layers * sequence.layer_bytes());
    for (size_t i = 0; i < layers; ++i)
      sequence.export_layer(
          static_cast<int64_t>(i),
          std::span(bytes).subspan(i * sequence.layer_bytes(), sequence.layer_bytes()));
    return bytes;
  }
};

// Over several KV blocks, into a cache of another size, in another place of it.
TEST_P(KeptSequence, GoesOnWithTheBitsThatItWouldHaveHad) {
  const Ready here = tiny(backend()), there = tiny(backend());
  Engine engine(*here.model, *here.backend, size(400));
  Sequence sequence = engine.open_sequence();
  for (const size_t count : {1U, 15U, 1U, 110U, 2U, 140U}) {
    sequence.feed(some_tokens(count, 3));
    const std::vector<std::byte> bytes = exported(sequence);
    const std::vector<int32_t> tokens(sequence.tokens().begin(), sequence.tokens().end());
    Engine other(*there.model, *there.backend, size(333));
    const Sequence first = other.open_sequence();
    Sequence restored = other.open_sequence();
    ASSERT_TRUE(restored.restore(tokens, bytes));
    ASSERT_EQ(restored.length(), sequence.length());
    Sequence on = sequence.fork();
    for (int32_t step = 0; step < 3; ++step)
      ASSERT_EQ(copy_of(restored.feed(some_tokens(1, step))),
                copy_of(on.feed(some_tokens(1, step))))
          << tokens.size() << " tokens, step " << step;
    ASSERT_EQ(exported(restored), exported(on));
  }
}

TEST_P(KeptSequence, TakesNothingThatDoesNotFit) {
  const Ready ready = tiny(backend());
  Engine engine(*ready.model, *ready.backend, size(40));
  Sequence sequence = engine.open_sequence();
  EXPECT_EQ(sequence.layer_bytes(), 0U);
  sequence.feed(some_tokens(20, 1));
  const std::vector<std::byte> bytes = exported(sequence);
  Sequence other = engine.open_sequence();
  EXPECT_FALSE(other.restore(some_tokens(20, 1), std::span(bytes).first(bytes.size() - 1)));
  EXPECT_FALSE(other.restore(some_tokens(20, 1), {}));
  EXPECT_EQ(other.length(), 0);
  const auto kind = [&](std::span<const int32_t> tokens) {
    return error_of([&] { other.restore(tokens, bytes); }).kind();
  };
  EXPECT_EQ(kind(some_tokens(41, 1)), ErrorKind::kUsage);
  EXPECT_EQ(kind({}), ErrorKind::kUsage);
  EXPECT_EQ(kind(std::vector<int32_t>{-1}), ErrorKind::kUsage);
  EXPECT_EQ(kind(std::vector<int32_t>{128}), ErrorKind::kUsage);
}

INSTANTIATE_TEST_SUITE_P(Every, KeptSequence,
                         ::testing::Values(KeptWay{"fp32", false, model::KvType::kFp32},
                                           KeptWay{"bf16", false, model::KvType::kBf16},
                                           KeptWay{"q8_0", false, model::KvType::kQ8_0},
                                           KeptWay{"plugin", true, model::KvType::kFp32}),
                         [](const auto& way) { return std::string(way.param.name); });

}  // namespace
}  // namespace nety::engine
