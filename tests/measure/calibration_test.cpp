// Calibrations: what a file may say, what is kept, and what lies between measured sizes.
#include "core/measure/calibration.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/measure/calibration_store.h"
#include "tests/schema.h"

namespace nety::measure {
namespace {

using testing::HasSubstr;

Calibration example() {
  Calibration out;
  out.tool = "nety 0.1.0";
  out.build = "0123456789abcdef";
  out.created_utc = "2026-11-30T12:00:00Z";
  out.machine = {"cpu-2t-1", "A processor", 24'000'000'000, 20'000'000'000};
  out.threads = 2;
  out.took_s = 41.5;
  out.reads = {{1'000'000, 2, {80e9, 70e9, 90e9}},
               {100'000'000, 2, {40e9, 30e9, 45e9}},
               {100'000'000, 1, {12e9, 11e9, 13e9}}};
  out.peaks = {{"fp32", 2e11}, {"int8", 9e11}};
  ModeCost cost;
  cost.mode = "nf4";
  cost.kernel = "avx512";
  cost.memory_share = 0.9;
  cost.byte_s = 2e-11;
  cost.layer_s = 2e-5;
  cost.unpack_s = 1e-10;
  cost.multiply_s = 2e-11;
  cost.activation_s = 1e-10;
  cost.convert_s = 1e-9;
  cost.decode_spread = 0.03;
  cost.prefill_spread = 0.02;
  cost.type = "fp32";
  out.modes = {cost};
  out.attention_s = 1e-11;
  out.cache_share = 0.6;
  out.mixture_layer_s = 1e-5;
  out.mixture_factor = 1.3;
  out.disk_bytes_per_s = 1e9;
  return out;
}

TEST(Calibration, IsReadBackAsItWasWritten) {
  const std::string text = to_json(example());
  const Calibration back = calibration_from_json(text, "x.json");
  EXPECT_EQ(to_json(back), text);
  EXPECT_EQ(back.threads, 2);
  EXPECT_EQ(back.find("nf4")->layer_s, 2e-5);
  EXPECT_EQ(back.find("fp32"), nullptr);
  EXPECT_EQ(back.disk_bytes_per_s, 1e9);
}

TEST(Calibration, IsWhatItsSchemaSays) {
  EXPECT_EQ(results::problems_of(to_json(example())), std::vector<std::string>{});
  Calibration without = example();
  without.disk_bytes_per_s.reset();
  EXPECT_EQ(results::problems_of(to_json(without)), std::vector<std::string>{});
}

TEST(Calibration, ReadsBetweenMeasuredSizesByTheirLogarithms) {
  const Calibration calibration = example();
  EXPECT_DOUBLE_EQ(calibration.read_rate(10).median, 80e9);
  EXPECT_DOUBLE_EQ(calibration.read_rate(1'000'000).median, 80e9);
  EXPECT_NEAR(calibration.read_rate(10'000'000).median, 60e9, 1);
  EXPECT_NEAR(calibration.read_rate(10'000'000).low, 50e9, 1);
  EXPECT_DOUBLE_EQ(calibration.read_rate(50'000'000'000).high, 45e9);
  EXPECT_DOUBLE_EQ(Calibration().read_rate(1000).median, 0);
}

TEST(Calibration, SpreadsOverNineOfTenSamples) {
  std::vector<double> samples;
  for (int i = 0; i <= 100; ++i) samples.push_back(i);
  const Spread spread = spread_of(samples);
  EXPECT_DOUBLE_EQ(spread.median, 50);
  EXPECT_DOUBLE_EQ(spread.low, 5);
  EXPECT_DOUBLE_EQ(spread.high, 95);
  EXPECT_DOUBLE_EQ(spread_of({3}).low, 3);
  EXPECT_DOUBLE_EQ(spread_of({}).median, 0);
}

struct Damage {
  const char* name;
  void (*change)(nlohmann::json& json);
  const char* says;
};
class EveryDamage : public testing::TestWithParam<Damage> {};

TEST_P(EveryDamage, IsRefusedByItsPlace) {
  nlohmann::json json = nlohmann::json::parse(to_json(example()));
  GetParam().change(json);
  try {
    calibration_from_json(json.dump(), "x.json");
    FAIL() << "was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("x.json"));
    EXPECT_THAT(error.what(), HasSubstr(GetParam().says));
    EXPECT_FALSE(error.hint().empty());
  }
}

using Json = nlohmann::json;
INSTANTIATE_TEST_SUITE_P(
    Calibration, EveryDamage,
    testing::Values(Damage{"Schema", [](Json& j) { j["schema"] = "nety.results/1"; }, "schema"},
                    Damage{"NoSchema", [](Json& j) { j.erase("schema"); }, "schema is missing"},
                    Damage{"NoMachine", [](Json& j) { j.erase("machine"); }, "machine is missing"},
                    Damage{"MachineOfText", [](Json& j) { j["machine"] = "mine"; }, "machine"},
                    Damage{"NoThreads", [](Json& j) { j["threads"] = 0; }, "threads"},
                    Damage{"NegativeShare", [](Json& j) { j["modes"][0]["memory_share"] = -1; },
                           "modes[0].memory_share"},
                    Damage{"TextForTime", [](Json& j) { j["modes"][0]["layer_s"] = "fast"; },
                           "modes[0].layer_s is no number"},
                    Damage{"Null", [](Json& j) { j["attention_s"] = nullptr; }, "attention_s"},
                    Damage{"NoReads", [](Json& j) { j["reads"] = Json::array(); }, "reads"},
                    Damage{"ReadsOfOthers", [](Json& j) { j["threads"] = 7; }, "reads"},
                    Damage{"DisorderedRate",
                           [](Json& j) { j["reads"][0]["bytes_per_s"]["low"] = 1e12; },
                           "reads[0].bytes_per_s"},
                    Damage{"PeakOfNothing", [](Json& j) { j["peaks"]["fp32"] = 0; }, "peaks.fp32"},
                    Damage{"ModesOfText", [](Json& j) { j["modes"] = "all"; }, "modes is no list"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(Calibration, RefusesWhatIsNoJson) {
  for (const char* text : {"", "{", "[]", "null", "\"x\"", "{\"schema\": 3}"})
    EXPECT_THROW(calibration_from_json(text, "x"), Error) << text;
}

/// A store in a folder of its own.
class KeptCalibration : public testing::Test {
 protected:
  TemporaryFolder folder_;
  CalibrationStore store_{folder_.path() / "calibration"};
};

TEST_F(KeptCalibration, FindsWhatItKept) {
  const Calibration calibration = example();
  EXPECT_FALSE(store_.find(key_of(calibration)).calibration);
  EXPECT_EQ(store_.find(key_of(calibration)).problem, "");
  store_.keep(calibration);
  const auto found = store_.find(key_of(calibration));
  ASSERT_TRUE(found.calibration);
  EXPECT_EQ(to_json(*found.calibration), to_json(calibration));
}

TEST_F(KeptCalibration, TakesNothingOfAnotherMachineBuildFamilyOrThreads) {
  const Calibration calibration = example();
  store_.keep(calibration);
  const CalibrationKey key = key_of(calibration);
  CalibrationKey machine = key, build = key, isa = key, threads = key;
  machine.machine = "other", build.build = "other", isa.isa = "avx2", threads.threads = 1;
  for (const CalibrationKey& other : {machine, build, isa, threads}) {
    EXPECT_FALSE(store_.find(other).calibration);
    // Nor where somebody copied the file to the other's place.
    std::filesystem::copy_file(store_.path_of(key), store_.path_of(other));
    const auto found = store_.find(other);
    EXPECT_FALSE(found.calibration);
    EXPECT_THAT(found.problem, HasSubstr("another machine, build or setting"));
  }
}

TEST_F(KeptCalibration, SaysWhatIsDamaged) {
  const Calibration calibration = example();
  const auto path = store_.keep(calibration);
  const std::string text = read_file(path);
  for (const std::string& damaged :
       {std::string(), text.substr(0, text.size() / 2), std::string("\0\xff", 2)}) {
    write_file(path, damaged);
    const auto found = store_.find(key_of(calibration));
    EXPECT_FALSE(found.calibration);
    EXPECT_THAT(found.problem, HasSubstr(path.string()));
  }
}

TEST_F(KeptCalibration, KeepsTheNewestFewOnly) {
  Calibration calibration = example();
  for (size_t i = 0; i < CalibrationStore::kMostFiles + 5; ++i) {
    calibration.build = "build" + std::to_string(i);
    const auto path = store_.keep(calibration);
    std::filesystem::last_write_time(
        path, std::filesystem::file_time_type::clock::now() - std::chrono::seconds(100 - i));
  }
  size_t files = 0;
  for ([[maybe_unused]] const auto& one :
       std::filesystem::directory_iterator(folder_.path() / "calibration"))
    ++files;
  EXPECT_EQ(files, CalibrationStore::kMostFiles);
  EXPECT_TRUE(store_.find(key_of(calibration)).calibration);
}

TEST(BuildId, IsTheSameForTheSameProgram) {
  EXPECT_EQ(build_id(), build_id());
  EXPECT_EQ(build_id().size(), 16U);
}

}  // namespace
}  // namespace nety::measure
