#include "core/grammar/matcher.h"

#include <algorithm>

#include "core/base/error.h"

namespace nety::grammar {
namespace {

constexpr size_t kLongestForced = 256;

}  // namespace

Matcher::Matcher(const Grammar& grammar, const Vocabulary& vocabulary)
    : automaton_(&grammar.automaton()),
      vocabulary_(&vocabulary),
      configurations_(grammar.automaton()),
      now_(configurations_.start()),
      path_(vocabulary.deepest() + 1, Configurations::kDead),
      text_path_(vocabulary.deepest() + 1, Configurations::kDead) {}

int32_t Matcher::after(int32_t configuration, std::string_view bytes) {
  for (const char byte : bytes) {
    if (configuration == Configurations::kDead) break;
    configuration = configurations_.step(configuration, static_cast<uint8_t>(byte));
  }
  return configuration;
}

void Matcher::remember(int32_t configuration) {
  if (history_.size() == 2 * kRemembered)
    history_.erase(history_.begin(), history_.begin() + kRemembered);
  history_.push_back(configuration);
}

bool Matcher::accept(int32_t token) {
  if (vocabulary_->is_end(token)) {
    if (ended_ || !can_end()) return false;
    remember(now_);
    ended_ = true;
    return true;
  }
  const std::string_view bytes = vocabulary_->bytes_of(token);
  return !bytes.empty() && accept(bytes);
}

bool Matcher::accept(std::string_view bytes) {
  if (ended_) return false;
  const int32_t next = after(now_, bytes);
  if (next == Configurations::kDead) return false;
  remember(now_);
  now_ = next;
  if (configurations_.full()) compact();
  return true;
}

void Matcher::rollback(size_t tokens) {
  if (tokens == 0) return;
  if (tokens > history_.size())
    throw Error(ErrorKind::kInternal, "a grammar is to take back more tokens than it remembers");
  now_ = history_[history_.size() - tokens];
  history_.resize(history_.size() - tokens);
  ended_ = false;
}

std::string Matcher::forced() {
  std::string bytes;
  int32_t at = now_;
  while (!ended_ && bytes.size() < kLongestForced && !configurations_.can_end(at)) {
    int32_t only = Configurations::kDead;
    uint8_t byte = 0;
    size_t ways = 0;
    for (size_t value = 0; value < 256 && ways < 2; ++value) {
      const int32_t next = configurations_.step(at, static_cast<uint8_t>(value));
      if (next == Configurations::kDead) continue;
      ++ways;
      only = next;
      byte = static_cast<uint8_t>(value);
    }
    if (ways != 1) break;
    bytes += static_cast<char>(byte);
    at = only;
  }
  return bytes;
}

void Matcher::compact() {
  std::vector<int32_t*> kept{&now_};
  for (int32_t& configuration : history_) kept.push_back(&configuration);
  configurations_.compact(kept);
  known_.clear();
  replaced_ = 0;
}

}  // namespace nety::grammar
