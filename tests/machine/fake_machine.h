// A machine whose files are given by the test. Everything else is as on a machine that says
// nothing.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/machine/machine.h"

namespace nety::machine {

/// Counters that read what the test says, one reading after the other; the last one stays.
class FakeCounters final : public Counters {
 public:
  explicit FakeCounters(std::vector<CounterReading> readings) : readings_(std::move(readings)) {}
  CounterReading read() override {
    const size_t now = std::min(next_++, readings_.size() - 1);
    return readings_[now];
  }

 private:
  std::vector<CounterReading> readings_;
  size_t next_ = 0;
};

class FakeMachine : public Machine {
 public:
  std::map<std::string, std::string> files;
  int processors_allowed = 8;
  std::optional<uint64_t> address_space;
  Answer<std::string> drivers{{}, "not asked"};
  std::vector<CounterReading> counted;  ///< Empty: there are no counters.

  Answer<std::string> read(const std::string& path) const override {
    const auto found = files.find(path);
    if (found == files.end()) return {{}, "missing"};
    return {found->second, ""};
  }
  Answer<std::vector<std::string>> list(const std::string& path) const override {
    std::set<std::string> names;
    for (const auto& file : files) {
      if (!file.first.starts_with(path + "/")) continue;
      const std::string rest = file.first.substr(path.size() + 1);
      names.insert(rest.substr(0, rest.find('/')));
    }
    if (names.empty()) return {{}, "missing"};
    return {std::vector<std::string>(names.begin(), names.end()), ""};
  }
  Answer<CpuidLeaf> cpuid(uint32_t, uint32_t) const override { return {{}, "none"}; }
  Answer<uint64_t> xgetbv() const override { return {{}, "none"}; }
  Answer<int> affinity() const override { return {processors_allowed, ""}; }
  Answer<uint64_t> address_space_limit() const override {
    return {address_space, address_space ? "" : "unlimited"};
  }
  Answer<bool> tile_permission() const override { return {{}, "none"}; }
  Answer<std::string> libc() const override { return {{}, "none"}; }
  Answer<std::string> topology() const override { return {{}, "none"}; }
  Answer<double> read_rate(const std::string&, double) const override { return {{}, "none"}; }
  Answer<std::string> gpu_drivers() const override { return drivers; }
  std::unique_ptr<Counters> counters() const override {
    CounterReading none;
    for (Answer<double>& one : none) one.reason = "missing";
    return std::make_unique<FakeCounters>(counted.empty() ? std::vector{none} : counted);
  }
};

}  // namespace nety::machine
