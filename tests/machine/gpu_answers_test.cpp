// Reading what drivers say, which may stop anywhere and be anything.
#include <gtest/gtest.h>

#include <random>

#include "core/machine/gpu.h"
#include "core/machine/gpu_drivers.h"
#include "tests/machine/fake_machine.h"

namespace nety::machine {
namespace {

TEST(DriverAnswers, AreValuesAndReasonsBySection) {
  const DriverAnswers answers = parse_driver_answers(
      "at cuInit\ncuda version = 13000\ncuda.0 name = A  B\ncuda.0 free_bytes ? not permitted\n"
      "cuda.1 name = C\ncuda.3 name = D\n");
  EXPECT_EQ(answers.section("cuda").number("version"), 13000U);
  ASSERT_EQ(answers.devices("cuda").size(), 2U) << "devices are counted from 0, without gaps";
  EXPECT_EQ(answers.devices("cuda")[0]->text("name"), "A B");
  EXPECT_EQ(answers.devices("cuda")[0]->reason("free_bytes"), "not permitted");
  EXPECT_FALSE(answers.devices("cuda")[0]->number("free_bytes"));
  EXPECT_TRUE(answers.section("nvml").empty());
}

TEST(DriverAnswers, ThatAreNumbersAreWholeOnes) {
  for (const char* text : {"", "x", "-1", "1.5", "0x10", "99999999999999999999999", "1 2"})
    EXPECT_FALSE(parse_driver_answers(std::string("cuda version = ") + text + "\n")
                     .section("cuda")
                     .number("version"))
        << text;
}

TEST(DriverAnswers, SurviveNonsense) {
  for (const char* text : {"", "\n", " ", "  \n", "a b", "a b ", "a b =", "a b = ", "at", "at ",
                           "cuda.0", "cuda.0 name", "cuda.0 name =", "cuda.-1 name = x",
                           "cuda.99999999999 name = x", "= = = =", "? ? ? ?"})
    EXPECT_LE(parse_driver_answers(text).devices("cuda").size(), 1U)
        << text;  // one line, one device
  // Pieces of real answers, in any order, cut anywhere.
  const std::string pieces[] = {"cuda",
                                "nvml",
                                ".0",
                                ".1",
                                " ",
                                "\n",
                                "=",
                                "?",
                                "address",
                                "0000:01:00.0",
                                "name",
                                "uuid",
                                "mig",
                                "throttle",
                                "free_bytes",
                                "18446744073709551615",
                                "compute_capability",
                                "9.0",
                                "version",
                                "13000",
                                "\xff\x1b",
                                "process"};
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    FakeMachine machine;
    std::string text;
    for (int i = 0; i < 40; ++i) text += pieces[random() % std::size(pieces)];
    machine.drivers = {text, ""};
    for (const FoundGpu& found : find_gpus(machine)) {
      EXPECT_EQ(found.gpu.usable, !found.trouble.has_value());
      EXPECT_EQ(found.gpu.usable, found.gpu.reason.empty());
    }
  }
}

TEST(CudaTrouble, IsToldOfAnyToolkit) {
  results::Gpu gpu;
  gpu.cuda = "12.8";
  gpu.compute_capability = "7.0";
  const CudaNeeds cuda128{.runtime = 12080, .driver = "570", .compute_capability = 70};
  EXPECT_FALSE(cuda_trouble(gpu, cuda128));
  EXPECT_TRUE(cuda_trouble(gpu, kCuda13));
  gpu.cuda = "";
  EXPECT_FALSE(cuda_trouble(gpu, cuda128)) << "what is not known does not exclude";
  gpu.compute_capability = "";
  EXPECT_TRUE(cuda_trouble(gpu, cuda128));
}

TEST(Gpus, OfTheBusAndOfCudaAreOne) {
  FakeMachine machine;
  for (const char* address : {"0000:01:00.0", "0000:02:00.0"}) {
    const std::string folder = std::string("/sys/bus/pci/devices/") + address;
    machine.files[folder + "/class"] = "0x030000\n";
    machine.files[folder + "/vendor"] = "0x10de\n";
    machine.files[folder + "/device"] = "0x1234\n";
  }
  machine.drivers = {
      "cuda version = 13000\ncuda init = ok\ncuda.0 name = X\ncuda.0 compute_capability = 9.0\n"
      "cuda.0 address = 0000:02:00.0\n",
      ""};
  const std::vector<results::Gpu> found = gpus(machine);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].name, "X") << "cuda:0 comes first";
  EXPECT_TRUE(found[0].usable);
  EXPECT_EQ(found[1].address, "0000:01:00.0");
  EXPECT_NE(found[1].reason.find("CUDA_VISIBLE_DEVICES"), std::string::npos);
}

}  // namespace
}  // namespace nety::machine
