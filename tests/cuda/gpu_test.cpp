// The plugin on a real GPU, as nety loads it. Where there is none, nothing is run and it says so.
#include <cstdlib>

#include "core/base/error.h"
#include "core/model/plugin.h"
#include "tests/model/backend_conformance.h"

namespace nety::model {
namespace {

/// Why there is no GPU to run on; empty if there is one.
const std::string& trouble() {
  static const std::string reason = [] {
    try {
      load_plugin_backend("cuda", {.threads = 1, .isa = {}, .device = "cuda:0"});
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  }();
  return reason;
}

std::unique_ptr<Backend> on_gpu(const BackendOptions& options) {
  return load_plugin_backend("cuda", options);
}

std::vector<ConformanceParam> params(bool stored, const Tolerances& tolerances = {}) {
  std::vector<precision::ModeId> modes;
  if (trouble().empty())
    for (const precision::Mode& mode : precision::modes())
      if ((mode.kind == precision::ModeKind::kStored) == stored) modes.push_back(mode.id);
  return conformance_params(on_gpu, modes, tolerances);
}

TEST(Gpu, IsThere) {
  if (!trouble().empty()) GTEST_SKIP() << "not run: no GPU: " << trouble();
  EXPECT_EQ(on_gpu({.threads = 1, .isa = {}, .device = "cuda:0"})->device(), "cuda:0");
}

TEST(Gpu, SaysWithNumbersWhatDoesNotFit) {
  if (!trouble().empty()) GTEST_SKIP() << "not run: no GPU: " << trouble();
  const auto backend = on_gpu({.threads = 1, .isa = {}, .device = "cuda:0"});
  try {
    backend->make_cache({.layers = 32,
                         .kv_heads = 8,
                         .head_dim = 128,
                         .context = int64_t{1} << 40,
                         .sequences = 1});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kMemory);
  }
}

}  // namespace

// Without a GPU there are no parameters.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(BackendConformance);
INSTANTIATE_TEST_SUITE_P(Gpu, BackendConformance, ::testing::ValuesIn(params(false)), param_name);
INSTANTIATE_TEST_SUITE_P(GpuStored, BackendConformance,
                         ::testing::ValuesIn(params(true, {.fp32 = 2e-2, .rounded = 2e-2})),
                         param_name);

}  // namespace nety::model
