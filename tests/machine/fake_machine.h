// A machine whose files are given by the test. Everything else is as on a machine that says
// nothing.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/machine/machine.h"

namespace nety::machine {

class FakeMachine : public Machine {
 public:
  std::map<std::string, std::string> files;
  int processors_allowed = 8;
  std::optional<uint64_t> address_space;
  Answer<std::string> drivers{{}, "not asked"};

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
};

}  // namespace nety::machine
