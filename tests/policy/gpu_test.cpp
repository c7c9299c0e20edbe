// The GPU rule on machines whose drivers were scripted: from what a driver says to the decision.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/machine/machine.h"
#include "core/policy/policy.h"
#include "tests/machine/fake_machine.h"
#include "tests/policy/models.h"

namespace nety::policy {
namespace {

using precision::ModeId;
using ::testing::HasSubstr;

struct Card {
  std::string capability = "9.0";
  std::string free = "84000000000";
  int cuda = 13000;
};

std::string lines_of(size_t index, const Card& card) {
  const std::string cuda = "cuda." + std::to_string(index) + " ";
  std::string text = cuda + "name = Card " + std::to_string(index) + "\n" + cuda +
                     "compute_capability = " + card.capability + "\n" + cuda + "address = 0000:0" +
                     std::to_string(index) + ":00.0\n" + cuda + "total_bytes = 85000000000\n";
  text += cuda + "free_bytes " +
          (card.free.empty() ? std::string("? CUDA_ERROR_NOT_PERMITTED") : "= " + card.free) + "\n";
  return text;
}

results::Machine machine_with(const std::vector<Card>& cards) {
  machine::FakeMachine machine;
  machine.files["/proc/meminfo"] = "MemTotal: 64000000 kB\nMemAvailable: 60000000 kB\n";
  std::string said = "nvml driver = 580.65.06\ncuda version = " +
                     std::to_string(cards.empty() ? 13000 : cards[0].cuda) + "\n";
  for (size_t i = 0; i < cards.size(); ++i) said += lines_of(i, cards[i]);
  machine.drivers = {said, ""};
  return machine::describe(machine);
}

Decision decided(const std::vector<Card>& cards, const Request& request = {}) {
  const Evidence evidence{
      {{"native", DeviceKind::kCpu, {}}, {"cuda", DeviceKind::kCuda, {ModeId::nf4}}}, {}};
  return decide(request, machine_with(cards), stored_as(mistral_7b(), ModeId::bf16), evidence);
}

std::string first_reason(const Decision& decision) {
  return render(decision.reasons.front().text, Language::kEnglish);
}

TEST(GpuRule, TakesFourBitsAndComputesInBf16) {
  const Decision decision = decided({{}});
  EXPECT_EQ(decision.rule(), "gpu-4bit");
  EXPECT_EQ(decision.mode_name(), "nf4");
  EXPECT_EQ(decision.device, "cuda:0");
  EXPECT_EQ(decision.compute, "bf16");
}

TEST(GpuRule, ComputesInFp16BelowComputeCapability8) {
  EXPECT_EQ(decided({{.capability = "7.5"}}).compute, "fp16");
  EXPECT_EQ(decided({{.capability = "8.0"}}).compute, "bf16");
  EXPECT_EQ(decided({{.capability = "12.0"}}).compute, "bf16");
}

TEST(GpuRule, LeavesADeviceThatIsTooOldToTheCpu) {
  const Decision decision = decided({{.capability = "5.2"}});
  EXPECT_EQ(decision.rule(), "cpu-fp32");
  EXPECT_THAT(first_reason(decision), HasSubstr("compute capability 5.2 is below 7.5"));
}

TEST(GpuRule, LeavesADriverThatIsTooOldToTheCpu) {
  const Decision decision = decided({{.cuda = 12040}});
  EXPECT_EQ(decision.rule(), "cpu-fp32");
  EXPECT_THAT(first_reason(decision), HasSubstr("CUDA 13.0 is needed (driver 580 or later)"));
}

TEST(GpuRule, CountsTheCacheOfTheContext) {
  // nf4 of this model takes about 4.3 GB; the cache of 32768 tokens as much again.
  const Card small{.free = "7000000000"};
  EXPECT_EQ(decided({small}).rule(), "gpu-4bit");
  Request request;
  request.plan.run.context = 32768;
  const Decision decision = decided({small}, request);
  EXPECT_EQ(decision.rule(), "cpu-fp32");
  EXPECT_THAT(first_reason(decision), HasSubstr("7.0 GB free"));
  request.plan.run.device = "cuda:0";
  EXPECT_THROW(decided({small}, request), Error);
}

TEST(GpuRule, DoesNotTakeDeniedForNothingOrForEnough) {
  const Decision decision = decided({{.free = ""}});
  EXPECT_EQ(decision.rule(), "cpu-fp32");
  EXPECT_THAT(first_reason(decision), HasSubstr("its free memory cannot be told"));
}

TEST(GpuRule, TakesTheUsableDeviceWithTheMostMemory) {
  const std::vector<Card> cards = {
      {.capability = "5.2"}, {.free = "9000000000"}, {.free = "30000000000"}};
  EXPECT_EQ(decided(cards).device, "cuda:2");
  Request request;
  request.plan.run.device = "cuda:1";
  EXPECT_EQ(decided(cards, request).device, "cuda:1");
  request.plan.run.device = "cuda:0";
  EXPECT_THROW(decided(cards, request), Error);
}

}  // namespace
}  // namespace nety::policy
