// A runner without a model: the next token is a hash of all tokens before it, so that whatever is
// read wrongly shows in what is made.
#pragma once

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/serving/runner.h"

namespace nety::serving {

/// The token that follows `tokens`.
inline int32_t next_token(std::span<const int32_t> tokens) {
  uint64_t hash = 1469598103934665603ULL;
  for (const int32_t token : tokens)
    hash = (hash ^ static_cast<uint64_t>(token)) * 1099511628211ULL;
  return static_cast<int32_t>((hash >> 20) % 97);
}

/// The whole answer to `request`.
inline std::vector<int32_t> whole_answer(const Request& request) {
  std::vector<int32_t> all = request.prompt, answer;
  for (int64_t i = 0; i < request.options.tokens; ++i) {
    answer.push_back(next_token(all));
    all.push_back(answer.back());
  }
  return answer;
}

/// A request for `tokens` tokens.
inline Request request_of(std::vector<int32_t> prompt, int64_t tokens,
                          const std::string& client = "someone") {
  Request request{std::move(prompt), {}, client, {}};
  request.options.tokens = tokens;
  return request;
}

class FakeRunner final : public Runner {
 public:
  explicit FakeRunner(size_t sequences, bool copies = false) : held_(sequences), copies_(copies) {}

  size_t sequences() const override { return held_.size(); }
  std::span<const int32_t> tokens(size_t sequence) const override {
    return held_.at(sequence).tokens;
  }
  bool can_copy() const override { return copies_; }

  void start(const Start& start) override {
    if (start.request->prompt.front() == kRefused) throw std::runtime_error("refused");
    Held& held = held_.at(start.place.sequence);
    if (held.request != nullptr) throw std::logic_error("two answers on one sequence");
    if (start.place.copied_from) held.tokens = held_.at(*start.place.copied_from).tokens;
    if (start.place.kept > static_cast<int64_t>(held.tokens.size()))
      throw std::logic_error("more is kept than there is");
    held.tokens.resize(static_cast<size_t>(start.place.kept));
    held.request = start.request;
    held.made = 0;
  }

  std::vector<Made> step(std::span<const Work> work) override {
    if (fails_next) {
      fails_next = false;
      throw std::runtime_error("the step failed");
    }
    ++steps;
    std::vector<Made> made;
    for (const Work& one : work) made.push_back(step_one(one));
    return made;
  }

  void end(size_t sequence) override { held_.at(sequence).request = nullptr; }

  /// A prompt that begins with this cannot be started.
  static constexpr int32_t kRefused = 9999;
  bool fails_next = false;
  /// The texts of each answer's tokens, in order; empty: the tokens' numbers.
  std::vector<std::string> script{};
  int64_t steps = 0;

 private:
  struct Held {
    std::vector<int32_t> tokens;
    const Request* request = nullptr;
    int64_t made = 0;
    int32_t last = 0;  // made, and not read yet
  };

  Made step_one(const Work& work) {
    Held& held = held_.at(work.sequence);
    if (held.request == nullptr) throw std::logic_error("a step of a sequence without an answer");
    Made made{work.id, 0, {}, {}};
    if (held.made == 0) {
      const auto unread = std::span(held.request->prompt).subspan(held.tokens.size());
      const size_t count = std::min(unread.size(), static_cast<size_t>(work.tokens));
      held.tokens.insert(held.tokens.end(), unread.begin(),
                         unread.begin() + static_cast<ptrdiff_t>(count));
      made.read = static_cast<int64_t>(count);
      if (count < unread.size()) return made;
    } else {
      held.tokens.push_back(held.last);
      made.read = 1;
    }
    held.last = next_token(held.tokens);
    engine::Token token{.id = held.last, .text = std::to_string(held.last) + " "};
    if (!script.empty()) token.text = script.at(static_cast<size_t>(held.made) % script.size());
    if (held.request->options.logprobs >= 0)
      token.logprobs = {-0.5F, {{held.last, -0.5F}, {9, -INFINITY}}};
    if (++held.made >= held.request->options.tokens) {
      token.finish = engine::FinishReason::kLength;
      held.request = nullptr;
    }
    made.tokens.push_back(std::move(token));
    return made;
  }

  std::vector<Held> held_;
  bool copies_;
};

}  // namespace nety::serving
