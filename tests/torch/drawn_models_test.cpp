// Drawn models on the torch plugin, with its own products and with LibTorch's packed ones.
#include "core/model/plugin.h"
#include "tests/model/drawn_conformance.h"

namespace nety::model {
namespace {

using precision::ModeId;

drawn::Subject subject(const char* plugin, std::vector<ModeId> modes,
                       const Tolerances& tolerances) {
  return {
      .name = plugin,
      .make =
          [plugin](const BackendOptions& options) { return load_plugin_backend(plugin, options); },
      .isa = {},
      .modes = std::move(modes),
      .tolerances = tolerances};
}

/// Those whose weights are dequantised and multiplied in fp32, whatever the mode does elsewhere.
std::vector<ModeId> modes_without_floats() {
  std::vector<ModeId> modes;
  for (const precision::Mode& mode : precision::modes())
    if (mode.kind != precision::ModeKind::kFloat) modes.push_back(mode.id);
  return modes;
}

/// As in conformance_test.cpp.
constexpr Tolerances kFloats{.fp16 = 2e-2, .rounded = 0.1};
constexpr Tolerances kDequantised{.rounded = 5e-5};
constexpr Tolerances kFast{.rounded = 0.1};

TEST(DrawnModels, AreThoseOfTheReference) {
  drawn::expect_drawn_models({subject("torch", {ModeId::fp32}, kFloats),
                              subject("torch", {ModeId::bf16, ModeId::fp16}, kFloats),
                              subject("torch", modes_without_floats(), kDequantised),
                              subject("torch-fast", {ModeId::fp16, ModeId::int8}, kFast)},
                             60);
}

}  // namespace
}  // namespace nety::model
