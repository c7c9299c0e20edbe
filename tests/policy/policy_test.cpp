// The policy as a table: a machine, a model, a request, and what must come of it.
#include "core/policy/policy.h"
#include "core/policy/address_space.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "core/backends/native/memory.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "tests/policy/models.h"

namespace nety::policy {
namespace {

using precision::ModeId;
using ::testing::HasSubstr;

constexpr uint64_t kGb = 1'000'000'000;

results::Machine cpu(uint64_t gb) {
  results::Machine machine;
  machine.memory_total_bytes = (gb + 2) * kGb;
  machine.memory_available_bytes = gb * kGb;
  return machine;
}

results::Machine unreadable() { return {}; }

results::Machine gpu(uint64_t gb, const char* capability = "9.0") {
  results::Machine machine = cpu(200);
  results::Gpu card;
  card.name = "H100";
  card.vendor = "NVIDIA";
  card.compute_capability = capability;
  card.free_bytes = gb * kGb;
  card.usable = true;
  machine.gpus.push_back(card);
  return machine;
}

results::Machine broken_gpu() {
  results::Machine machine = gpu(80);
  machine.gpus[0].usable = false;
  machine.gpus[0].reason = "no driver";
  return machine;
}

results::Machine mute_gpu() {
  results::Machine machine = gpu(80);
  machine.gpus[0].free_bytes.reset();
  return machine;
}

ModelFacts small_f32() { return stored_as(smollm2_135m(), ModeId::fp32); }
ModelFacts small_q4_1() { return stored_as(smollm2_135m(), ModeId::q4_1, ModeId::q8_0); }
ModelFacts mistral() { return stored_as(mistral_7b(), ModeId::bf16); }
ModelFacts mistral_nf4() { return stored_as(mistral_7b(), ModeId::nf4, ModeId::bf16); }
ModelFacts mistral_shape() { return facts_of(mistral_7b()); }

Evidence usual() { return {}; }
Evidence with_cuda() {
  return {{{"native", DeviceKind::kCpu, {}}, {"cuda", DeviceKind::kCuda, {ModeId::nf4}}}, {}};
}
Evidence with_torch() {
  return {{{"native", DeviceKind::kCpu, {}}, {"torch", DeviceKind::kCpu, {ModeId::fp32}}}, {}};
}
Evidence bf16_broken() {
  return {{{"native", DeviceKind::kCpu, {}}}, {{ModeId::bf16, "native", "wrong sums"}}};
}
Evidence torch_nf4_broken() {
  return {{{"native", DeviceKind::kCpu, {}}}, {{ModeId::nf4, "torch", "wrong sums"}}};
}

Request ask(const char* mode) {
  Request request;
  request.plan.run.mode = mode;
  return request;
}
Request forced(const char* mode) {
  Request request = ask(mode);
  request.force = true;
  return request;
}
Request on(const char* device, const char* mode = "") {
  Request request = ask(mode);
  request.plan.run.device = device;
  return request;
}
Request by(const char* backend, const char* mode = "") {
  Request request = ask(mode);
  request.plan.run.backend = backend;
  return request;
}
Request quantization_configured() {
  Request request;
  request.use_quantization = true;
  return request;
}
Request long_context() {
  Request request;
  request.plan.run.context = 32768;
  return request;
}

struct Row {
  const char* name;
  results::Machine (*machine)();
  ModelFacts (*model)();
  Request request;
  Evidence (*evidence)();
  const char* mode;  // or, of an error, its kind in capitals
  const char* rule;  // or, of an error, a part of its text
  const char* device = "cpu";
};

std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name; }

results::Machine cpu_64() { return cpu(64); }
results::Machine cpu_22() { return cpu(22); }
results::Machine cpu_10() { return cpu(10); }
results::Machine cpu_6() { return cpu(6); }
results::Machine cpu_1() { return cpu(1); }
results::Machine h100() { return gpu(80); }
results::Machine gpu_small() { return gpu(4); }

const Row kRows[] = {
    // clang-format off
    // name                        machine     model          request                evidence   mode     rule
    {"CpuRunsFp32",                cpu_64,     mistral,       ask(""),               usual,     "fp32",   "cpu-fp32"},
    {"CpuRunsSmallFp32",           cpu_1,      small_f32,     ask(""),               usual,     "fp32",   "cpu-fp32"},
    {"CpuRunsShapeInFp32",         cpu_64,     mistral_shape, ask(""),               usual,     "fp32",   "cpu-fp32"},
    {"UnknownMemoryDoesNotRefuse", unreadable, mistral,       ask(""),               usual,     "fp32",   "cpu-fp32"},
    {"QuantizationIsIgnored",      cpu_64,     mistral,       quantization_configured(), usual, "fp32",   "cpu-fp32"},
    {"NextIsBf16",                 cpu_22,     mistral,       ask(""),               usual,     "bf16",   "cpu-widest-that-fits"},
    {"ThenInt8",                   cpu_10,     mistral,       ask(""),               usual,     "int8",   "cpu-widest-that-fits"},
    {"ThenNf4",                    cpu_6,      mistral,       ask(""),               usual,     "REFUSED","nf4 does not fit"},
    {"ThenNf4OfAShorterContext",   cpu_6,      mistral,       [] { Request r; r.plan.run.context = 512; return r; }(), usual, "nf4", "cpu-widest-that-fits"},
    {"BrokenBf16IsPassedOver",     cpu_22,     mistral,       ask(""),               bf16_broken, "int8", "cpu-widest-that-fits"},
    {"LongContextCounts",          cpu_10,     mistral,       long_context(),        usual,     "REFUSED","nf4 does not fit"},
    {"NothingFits",                cpu_1,      mistral,       ask(""),               usual,     "REFUSED","no mode of Mistral-7B"},
    {"NothingFitsButForced",       cpu_1,      mistral,       forced(""),            usual,     "nf4",    "refuse"},
    {"StoredStaysStored",          cpu_64,     small_q4_1,    ask(""),               usual,     "stored", "stored"},
    {"StoredNf4StaysStored",       cpu_6,      mistral_nf4,   [] { Request r; r.plan.run.context = 512; return r; }(), usual, "stored", "stored"},
    {"StoredThatDoesNotFit",       cpu_1,      mistral_nf4,   ask(""),               usual,     "REFUSED","in mode stored needs"},
    {"StoredForced",               cpu_1,      mistral_nf4,   forced(""),            usual,     "stored", "stored"},
    {"ExplicitIsHonoured",         cpu_64,     mistral,       ask("int8"),           usual,     "int8",   "explicit-mode"},
    {"ExplicitOverStored",         cpu_64,     small_q4_1,    ask("fp32"),           usual,     "fp32",   "explicit-mode"},
    {"ExplicitStored",             cpu_22,     mistral,       ask("stored"),         usual,     "stored", "explicit-mode"},
    {"ExplicitOwnFormat",          cpu_22,     small_q4_1,    ask("q4_1"),           usual,     "q4_1",   "explicit-mode"},
    {"ExplicitThatDoesNotFit",     cpu_22,     mistral,       ask("fp32"),           usual,     "REFUSED","weights 29.0 GB"},
    {"ExplicitForced",             cpu_22,     mistral,       forced("fp32"),        usual,     "fp32",   "explicit-mode"},
    {"ExplicitUnknown",            cpu_64,     mistral,       ask("int3"),           usual,     "USAGE",  "unknown mode 'int3'"},
    {"ExplicitOnlyRead",           cpu_64,     mistral,       ask("q4_0"),           usual,     "USAGE",  "can be run as stored"},
    {"ExplicitBroken",             cpu_64,     mistral,       ask("bf16"),           bf16_broken, "UNFIT","wrong sums"},
    {"ExplicitBrokenElsewhere",    cpu_64,     mistral,       ask("nf4"),            torch_nf4_broken, "nf4", "explicit-mode"},
    {"TorchRunsFp32",              cpu_64,     mistral,       by("torch"),           with_torch,"fp32",   "cpu-fp32"},
    {"TorchHasNoInt8",             cpu_64,     mistral,       by("torch", "int8"),   with_torch,"USAGE",  "--backend torch"},
    {"TorchIsNotThere",            cpu_64,     mistral,       by("torch"),           usual,     "USAGE",  "not available here"},
    {"GpuRuns4Bit",                h100,       mistral,       ask(""),               with_cuda, "nf4",    "gpu-4bit", "cuda:0"},
    {"GpuWithoutBackend",          h100,       mistral,       ask(""),               usual,     "fp32",   "cpu-fp32"},
    {"GpuTooSmall",                gpu_small,  mistral,       ask(""),               with_cuda, "fp32",   "cpu-fp32"},
    {"GpuBroken",                  broken_gpu, mistral,       ask(""),               with_cuda, "fp32",   "cpu-fp32"},
    {"GpuOfUnknownMemory",         mute_gpu,   mistral,       ask(""),               with_cuda, "fp32",   "cpu-fp32"},
    {"CpuAskedBesideAGpu",         h100,       mistral,       on("cpu"),             with_cuda, "fp32",   "cpu-fp32"},
    {"ExplicitModeGoesToTheGpu",   h100,       mistral,       ask("nf4"),            with_cuda, "nf4",    "explicit-mode", "cuda:0"},
    {"ExplicitModeTheGpuLacks",    h100,       mistral,       ask("int8"),           with_cuda, "int8",   "explicit-mode"},
    {"GpuAskedButNone",            cpu_64,     mistral,       on("cuda:0"),          with_cuda, "UNFIT",  "No GPU found"},
    {"GpuAskedButBroken",          broken_gpu, mistral,       on("cuda", "nf4"),     with_cuda, "UNFIT",  "no driver"},
    {"GpuAskedButTooSmall",        gpu_small,  mistral,       on("cuda:0"),          with_cuda, "REFUSED","on cuda:0"},
    {"GpuThatIsNotThere",          h100,       mistral,       on("cuda:1"),          with_cuda, "UNFIT",  "No GPU found"},
    {"NoSuchDevice",               cpu_64,     mistral,       on("tpu"),             usual,     "USAGE",  "unknown device 'tpu'"},
    // clang-format on
};

ErrorKind kind_of(std::string_view word) {
  if (word == "REFUSED") return ErrorKind::kMemory;
  return word == "USAGE" ? ErrorKind::kUsage : ErrorKind::kEnvironment;
}

class Policy : public testing::TestWithParam<Row> {};

TEST_P(Policy, Decides) {
  const Row& row = GetParam();
  try {
    const Decision decision = decide(row.request, row.machine(), row.model(), row.evidence());
    EXPECT_EQ(decision.mode_name(), row.mode);
    EXPECT_EQ(decision.rule(), row.rule);
    EXPECT_EQ(decision.device, row.device);
    EXPECT_GT(decision.memory.total(), 0U);
    for (const Reason& reason : decision.reasons)
      EXPECT_EQ(render(reason.text, Language::kEnglish).find('{'), std::string::npos);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind_of(row.mode)) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(row.rule));
    EXPECT_FALSE(error.hint().empty());
  }
}

INSTANTIATE_TEST_SUITE_P(, Policy, testing::ValuesIn(kRows),
                         [](const auto& row) { return std::string(row.param.name); });

std::string hint_of(const Request& request, const results::Machine& machine,
                    const ModelFacts& model, const Evidence& evidence) {
  try {
    decide(request, machine, model, evidence);
  } catch (const Error& error) {
    return error.hint();
  }
  return "";
}

TEST(PolicyRefusal, NamesTheNearestModeThatWorks) {
  EXPECT_THAT(hint_of(ask("fp32"), cpu(22), mistral(), {}), HasSubstr("bf16"));
  EXPECT_THAT(hint_of(ask("bf16"), cpu(10), mistral(), {}), HasSubstr("int8"));
  EXPECT_THAT(hint_of(ask("q4_0"), cpu(64), mistral(), {}), HasSubstr("nf4"));
  EXPECT_THAT(hint_of(ask("fp32"), cpu(1), mistral(), {}), HasSubstr("none"));
  EXPECT_THAT(hint_of(by("torch", "int8"), cpu(64), mistral(), with_torch()), HasSubstr("fp32"));
}

TEST(PolicyNotices, SayWhatWasIgnoredGivenUpAndForced) {
  const auto first_notice = [](const Request& request, const results::Machine& machine,
                               const ModelFacts& model) {
    const Decision decision = decide(request, machine, model, {});
    return decision.notices.empty() ? "" : std::string(decision.notices.at(0).id->id);
  };
  EXPECT_EQ(first_notice(ask(""), cpu(64), mistral()), "");
  EXPECT_EQ(first_notice(quantization_configured(), cpu(64), mistral()),
            "policy_quantization_ignored");
  EXPECT_EQ(first_notice(ask(""), cpu(22), mistral()), "policy_gave_up");
  EXPECT_EQ(first_notice(ask("int8"), cpu(22), small_q4_1()), "policy_converted");
  EXPECT_EQ(first_notice(forced("fp32"), cpu(22), mistral()), "policy_forced_anonymous");
  EXPECT_EQ(first_notice(forced("stored"), cpu(10), mistral()), "policy_forced_mapped");
}

TEST(PolicyNotices, SayWhereTheContextIsBeyondTheModel) {
  Request request = ask("stored");
  const auto notice_at = [&](int64_t context) -> std::string {
    request.plan.run.context = context;
    const Decision decision = decide(request, cpu(64), small_q4_1(), {});
    return decision.notices.empty() ? "" : render(decision.notices.back(), Language::kEnglish);
  };
  EXPECT_EQ(notice_at(0), "");
  EXPECT_EQ(notice_at(2048), "");
  EXPECT_THAT(notice_at(2049),
              HasSubstr("2049 tokens is beyond what this model was made for, 2048"));
  EXPECT_THAT(notice_at(100'000), HasSubstr("2048 tokens"));
}

TEST(PolicyMemory, CountsAMappedFileWholeInTheAddressSpace) {
  Request request = ask("stored");
  request.plan.backend = native::memory();  // which copies blocks into another order
  ModelFacts model = small_q4_1();
  uint64_t stored = 0;
  for (PlannedWeight& weight : model.weights) stored += weight.stored_bytes = 1000;
  const MemoryPlan plan = decide(request, cpu(64), model, {}).memory;
  ASSERT_GT(plan.weights_anonymous_bytes, 0U);  // blocks are copied into another order
  EXPECT_EQ(address_space_of(plan, model.weights),
            plan.needed() + stored - std::min(stored, plan.weights_mapped_bytes));
  const ModelFacts shape = mistral_shape();  // no file
  const MemoryPlan made = decide(ask("fp32"), cpu(64), shape, {}).memory;
  EXPECT_EQ(address_space_of(made, shape.weights), made.needed());
}

TEST(PolicyOnGpu, ComputesInBf16WhereTheGpuHasIt) {
  EXPECT_EQ(decide({}, gpu(80, "9.0"), mistral(), with_cuda()).compute, "bf16");
  EXPECT_EQ(decide({}, gpu(80, "7.5"), mistral(), with_cuda()).compute, "fp16");
  EXPECT_EQ(decide(ask("fp32"), cpu(64), mistral(), {}).compute, "");
}

TEST(PolicyLines, SayDeviceModeWhyAndWhatWouldBeFaster) {
  const results::Machine machine = cpu(64);
  const Decision decision = decide({}, machine, mistral(), {});
  std::string english, french;
  for (const Text& line : loading_lines(decision, machine)) {
    english += render(line, Language::kEnglish) + "\n";
    french += render(line, Language::kFrench) + "\n";
  }
  EXPECT_EQ(english,
            "Device: cpu (no GPU found).\n"
            "Standard loading in fp32, quantization off.\n"
            "Because on a CPU the policy is fp32 without quantization, and it fits: " +
                format_bytes(decision.memory.needed()) +
                " needed, a tenth to spare included, 64.0 GB available.\n"
                "A GPU would be faster.\n");
  EXPECT_THAT(french, HasSubstr("sans quantification"));
  EXPECT_THAT(french, HasSubstr("Un GPU serait plus rapide."));
}

TEST(PolicyLines, NameAGpuThatCannotBeUsed) {
  const results::Machine machine = broken_gpu();
  const Decision decision = decide({}, machine, mistral(), with_cuda());
  EXPECT_EQ(render(loading_lines(decision, machine).at(0), Language::kEnglish),
            "Device: cpu (GPU found: H100; not usable here: no driver).");
}

TEST(PolicyLines, EndWithTheModelLoaded) {
  const Decision decision = decide({}, cpu(64), mistral(), {});
  EXPECT_EQ(render(loaded_line(mistral(), decision, 3.14), Language::kEnglish),
            "Model loaded: Mistral-7B, fp32 on native, 29.0 GB of weights in 3.1 s.");
}

TEST(PolicyRules, AreInOrderAndExplained) {
  std::vector<std::string> ids;
  for (const RuleRow& rule : rules()) {
    ids.emplace_back(rule.id);
    EXPECT_FALSE(render({rule.statement, {}}, Language::kFrench).empty());
  }
  EXPECT_EQ(ids, (std::vector<std::string>{"explicit-mode", "measured", "stored", "gpu-4bit",
                                           "cpu-fp32", "cpu-widest-that-fits", "refuse"}));
}

TEST(PolicyResults, CarryEveryReasonWithItsRule) {
  const results::Decision decision =
      to_results(decide({}, cpu(22), mistral(), {}), Language::kEnglish);
  EXPECT_EQ(decision.mode, "bf16");
  EXPECT_EQ(decision.backend, "native");
  ASSERT_EQ(decision.reasons.size(), 3U);
  EXPECT_EQ(decision.reasons[0].rule, "gpu-4bit");
  EXPECT_EQ(decision.reasons[1].rule, "cpu-fp32");
  EXPECT_THAT(decision.reasons[1].text, HasSubstr("fp32 does not fit"));
  EXPECT_EQ(decision.reasons[2].rule, "cpu-widest-that-fits");
}

}  // namespace
}  // namespace nety::policy
