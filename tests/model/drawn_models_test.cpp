// Drawn models on the native backend, by every instruction set of this processor and in every mode.
#include "core/backends/native/native.h"
#include "tests/kernels/isas.h"
#include "tests/model/drawn_conformance.h"

namespace nety::model {
namespace {

std::unique_ptr<Backend> make_native(const BackendOptions& options) {
  return native::make_backend(options, machine::host());
}

/// Activations are rounded as in the reference, but of sums whose order differs: now and then one
/// is rounded to the next step, and what follows differs by it, up to 0.12 in 450 cases.
constexpr Tolerances kRoundedAlike{.rounded = 0.2, .kv_bf16 = 0.05, .kv_q8_0 = 0.05};

std::vector<precision::ModeId> every_mode() {
  std::vector<precision::ModeId> modes;
  for (const precision::Mode& mode : precision::modes()) modes.push_back(mode.id);
  return modes;
}

std::vector<drawn::Subject> every_instruction_set() {
  std::vector<drawn::Subject> subjects;
  for (const kernels::Isa isa : kernels::every_isa()) {
    if (!kernels::runs_here(isa)) continue;
    const std::string name(kernels::name_of(isa));
    subjects.push_back(
        {name, make_native, name, every_mode(), kRoundedAlike, reference::Products::kOfMode, true});
  }
  return subjects;
}

TEST(DrawnModels, AreThoseOfTheReference) {
  drawn::expect_drawn_models(every_instruction_set(), 150);
}

/// Experts in every mode: those that a token has are the reference's, but for near-ties.
class RoutingInEveryMode : public testing::TestWithParam<precision::ModeId> {};

TEST_P(RoutingInEveryMode, IsThatOfTheReferenceButForNearTies) {
  using namespace checkpoint;
  drawn::Case one;
  one.config.dim = 64, one.config.layers = 2, one.config.heads = 1, one.config.kv_heads = 2;
  one.config.head_dim = 32, one.config.ffn_dim = 64;
  one.config.specs.resize(2);
  for (LayerSpec& spec : one.config.specs)
    spec.mixture = {
        .experts = 6, .chosen = 2, .ffn_dim = 64, .gating = Gating::kSoftmaxRenormalised};
  one.config = drawn::possible(one.config, GetParam());
  one.steps.assign(5, {.pieces = {{.count = 1}}, .all_wanted = true});
  one.steps.front().pieces = {{.sequence = 0, .count = 9}, {.sequence = 1, .count = 5}};
  const drawn::Subject subject{"native",     make_native,   {},
                               {GetParam()}, kRoundedAlike, reference::Products::kOfMode};
  drawn::Run run(one, subject);
  for (const drawn::Step& step : one.steps) run.step(step);
  EXPECT_EQ(run.wrong(), "");
  drawn::Counts counts;
  run.add_to(counts);
  EXPECT_EQ(counts.compared + counts.apart, 9 + 5 + 4);
  EXPECT_LE(counts.apart, 4);
  EXPECT_LE(counts.others, 2);
  RecordProperty("worst_of_allowed", std::to_string(counts.worst));
  RecordProperty("with_another_expert", std::to_string(counts.others));
}

INSTANTIATE_TEST_SUITE_P(Modes, RoutingInEveryMode, testing::ValuesIn(every_mode()),
                         [](const auto& one) {
                           std::string name(precision::mode(one.param).name);
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace nety::model
