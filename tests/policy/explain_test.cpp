// Which what-ifs a machine is offered, on captured ones.
#include "core/policy/explain.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "core/machine/machine.h"
#include "core/policy/messages.h"
#include "models.h"
#include "tests/paths.h"

namespace nety::policy {
namespace {

bool offers_avx2(const std::string& name) {
  const auto replayed = machine::captured(std::filesystem::path(test_data()) / "machines" / name);
  const ModelFacts model = stored_as(smollm2_135m(), precision::ModeId::bf16);
  const std::vector<WhatIf> ifs = what_ifs({}, machine::describe(*replayed), model, {});
  return std::ranges::any_of(
      ifs, [](const WhatIf& what) { return what.condition.id == message::policy_if_avx2; });
}

TEST(WhatIf, TheCpuHadAvx2OnlyIsAskedOfCpusWithMore) {
  EXPECT_TRUE(offers_avx2("dev-vm"));
  EXPECT_TRUE(offers_avx2("server-amx-2-sockets"));
  EXPECT_FALSE(offers_avx2("laptop-avx2"));
  EXPECT_FALSE(offers_avx2("server-arm"));
  EXPECT_FALSE(offers_avx2("vm-avx512-masked")) << "the system does not keep its registers";
}

}  // namespace
}  // namespace nety::policy
