// How far a configuration goes on alike, byte group by byte group.
#include <algorithm>
#include <array>
#include <bit>

#include "core/grammar/configurations.h"

namespace nety::grammar {
namespace {

constexpr size_t kLongestChain = 256;  // further on it may go on; less is true too
constexpr uint8_t kGroups[] = {byte_groups::kLower,  byte_groups::kUpper, byte_groups::kDigit,
                               byte_groups::kJoiner, byte_groups::kSpace, byte_groups::kMark};

}  // namespace

/// The configuration that most groups lead to with all of their bytes, and those groups.
std::pair<int32_t, uint8_t> Configurations::common_step(int32_t configuration) {
  constexpr int32_t kMixed = -3;
  std::array<int32_t, 256> target_of;  // by group
  target_of.fill(kUnknown);
  for (uint32_t byte = ' '; byte < 0x7F; ++byte) {
    const auto value = static_cast<uint8_t>(byte);
    int32_t& target = target_of[group_of(value)];
    if (target == kMixed || target == kDead) continue;
    const int32_t next = step(configuration, value);
    target = target == kUnknown || target == next ? next : kMixed;
  }
  std::pair<int32_t, uint8_t> best{kDead, 0};
  int most = 0;
  for (const uint8_t group : kGroups) {
    if (target_of[group] < 0) continue;
    uint8_t groups = 0;
    for (const uint8_t other : kGroups)
      if (target_of[other] == target_of[group]) groups = static_cast<uint8_t>(groups | other);
    if (std::popcount(groups) <= most) continue;
    most = std::popcount(groups);
    best = {target_of[group], groups};
  }
  return best;
}

ByteRun Configurations::find_run(int32_t configuration) {
  struct Link {
    int32_t configuration;
    uint8_t groups;
  };
  std::vector<Link> chain;
  ByteRun run;  // of what comes behind the chain
  for (int32_t at = configuration;;) {
    const auto index = static_cast<size_t>(at);
    if (index < runs_.size() && runs_[index].known) {
      run = runs_[index];
      break;
    }
    const auto [next, groups] = common_step(at);
    if (next == at) {
      run = {groups, ByteRun::kEndless, true};
      chain.push_back({at, groups});
      break;
    }
    chain.push_back({at, groups});
    if (groups == 0 || chain.size() == kLongestChain) break;
    at = next;
  }
  runs_.resize(static_cast<size_t>(places_.size()));
  for (; !chain.empty(); chain.pop_back()) {
    const Link& link = chain.back();
    const bool on = link.groups != 0 && (link.groups & ~run.groups) == 0;
    const int length = !on                               ? 1
                       : run.length == ByteRun::kEndless ? ByteRun::kEndless
                                                         : std::min(run.length + 1, 60'000);
    run = {link.groups, static_cast<uint16_t>(link.groups == 0 ? 0 : length), true};
    runs_[static_cast<size_t>(link.configuration)] = run;
  }
  return run;
}

}  // namespace nety::grammar
