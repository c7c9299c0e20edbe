// Whatever is fed, forgotten, kept, forked and copied: a sequence gives what reading its tokens
// anew gives, to the bit. RapidCheck looks for a counter-example.
#include <gtest/gtest.h>
// After gtest, as it needs.
#include <rapidcheck/gtest.h>

#include "tests/engine/ready.h"

namespace nety::engine {
namespace {

constexpr int64_t kContext = 40;
constexpr size_t kSlots = 3;

class World {
 public:
  explicit World(const Ready& ready) : ready_(ready) {
    for (size_t i = 0; i < kSlots; ++i) all_.push_back(engine_.open_sequence());
  }

  void one_operation() {
    Sequence& one = all_[*rc::gen::inRange<size_t>(0, kSlots)];
    const Sequence& other = all_[*rc::gen::inRange<size_t>(0, kSlots)];
    const auto length = *rc::gen::inRange<int64_t>(0, kContext + 1);
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        return feed(one, some_tokens(*rc::gen::inRange<size_t>(1, 9), *rc::gen::inRange(0, 99)));
      case 1:
        return one.truncate(length);
      case 2:
        one.copy_prefix(other, length);
        RC_ASSERT(&one == &other || one.length() == std::min(length, other.length()));
        return;
      case 3:
        return feed_another_text(one, length);
    }
  }
  void feed_all() {
    for (Sequence& one : all_) feed(one, some_tokens(2, 5));
  }

 private:
  /// What reading `tokens` gives on an engine that has read nothing else.
  std::vector<float> anew(std::span<const int32_t> tokens) {
    fresh_.truncate(0);
    return copy_of(fresh_.feed(tokens));
  }
  void feed(Sequence& sequence, std::span<const int32_t> tokens) {
    const auto room = static_cast<size_t>(kContext - sequence.length());
    tokens = tokens.first(std::min(tokens.size(), room));
    if (tokens.empty()) return;
    const std::vector<float> found = copy_of(sequence.feed(tokens));
    RC_ASSERT(found == anew(sequence.tokens()));
  }
  /// One that begins alike, for `length` tokens at most.
  void feed_another_text(Sequence& one, int64_t length) {
    std::vector<int32_t> text(one.tokens().begin(), one.tokens().end());
    text.resize(std::min(text.size(), static_cast<size_t>(length)));
    for (const int32_t token : some_tokens(3, *rc::gen::inRange(0, 99))) text.push_back(token);
    text.resize(std::min(text.size(), static_cast<size_t>(kContext)));
    const auto kept = static_cast<size_t>(one.keep_prefix(text));
    feed(one, std::span(text).subspan(kept));
  }

  const Ready& ready_;
  model::KvType kv_ = static_cast<model::KvType>(*rc::gen::inRange(0, 3));
  Engine engine_{*ready_.model,
                 *ready_.backend,
                 {.context = kContext, .step_tokens = 5, .sequences = kSlots, .kv = kv_}};
  Engine elsewhere_{*ready_.model, *ready_.backend, {.context = kContext, .kv = kv_}};
  Sequence fresh_ = elsewhere_.open_sequence();
  std::vector<Sequence> all_;
};

RC_GTEST_PROP(AnySequences, GiveWhatReadingTheirTokensAnewGives, ()) {
  static const Ready kReady = tiny();
  World world(kReady);
  const int operations = *rc::gen::inRange(1, 25);
  for (int i = 0; i < operations; ++i) world.one_operation();
  world.feed_all();
}

}  // namespace
}  // namespace nety::engine
