// A machine whose files are given by the test. Everything else is as on a machine that says
// nothing.
#pragma once

#include <map>
#include <string>

#include "core/machine/machine.h"

namespace nety::machine {

class FakeMachine : public Machine {
 public:
  std::map<std::string, std::string> files;
  int processors_allowed = 8;
  std::optional<uint64_t> address_space;

  Answer<std::string> read(const std::string& path) const override {
    const auto found = files.find(path);
    if (found == files.end()) return {{}, "missing"};
    return {found->second, ""};
  }
  Answer<std::vector<std::string>> list(const std::string&) const override {
    return {{}, "missing"};
  }
  Answer<CpuidLeaf> cpuid(uint32_t, uint32_t) const override { return {{}, "none"}; }
  Answer<uint64_t> xgetbv() const override { return {{}, "none"}; }
  Answer<int> affinity() const override { return {processors_allowed, ""}; }
  Answer<uint64_t> address_space_limit() const override {
    return {address_space, address_space ? "" : "unlimited"};
  }
  Answer<bool> library(const std::string&) const override { return {false, "missing"}; }
};

}  // namespace nety::machine
