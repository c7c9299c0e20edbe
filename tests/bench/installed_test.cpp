// The user's Python stack as a backend: with fake packages that take their time and compute
// nothing, and with none.
#include "bench/installed.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/run.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "tests/bench/runs.h"
#include "tests/bench/small_model.h"
#include "tests/measure/stub_python.h"

namespace nety::bench {
namespace {

namespace fs = std::filesystem;
using results::Result;
using results::Status;
using ::testing::HasSubstr;

BenchRequest request(const std::string& model, const fs::path& python,
                     std::vector<std::string> modes) {
  BenchRequest request;
  request.model = model;
  request.modes = std::move(modes);
  request.backends = {"installed"};
  request.pythons = {python.string()};
  request.prompts = {16};
  request.gens = {8};
  request.repetitions = 2;
  request.load_passes = 1;
  request.command_limit_s = 60;
  request.probe_bandwidth = false;
  return request;
}

results::File measure(const BenchRequest& what) {
  Observer observer;
  return run(what, test_machine(), observer);
}

TEST(Installed, MeasuresTheUsersStackInTheSameRows) {
  const StubPython python(StubPython::kWhole, "STUB_FAILURE=chatter");
  const SmallModel model;
  const results::File file = measure(request(model.path(), python.folder(), {"fp32", "nf4"}));
  ASSERT_EQ(file.results.size(), 8U);
  for (const Result& row : file.results) {
    EXPECT_EQ(row.status, Status::kOk) << row.mode << " " << row.phase << ": " << row.reason;
    EXPECT_EQ(row.backend, "installed");
    EXPECT_EQ(row.threads, 2);
    EXPECT_EQ(row.isa, "avx512");
    EXPECT_THAT(row.kernel, HasSubstr("transformers 5.23.0"));
    EXPECT_EQ(row.model, file.models.at(0).id);
  }
  EXPECT_THAT(find(file, "nf4", "load").kernel, HasSubstr("bitsandbytes 0.50.2"));
  EXPECT_EQ(find(file, "nf4", "decode").metrics.at("tg_tps").n, 2);
  EXPECT_GT(find(file, "fp32", "load").metrics.at("weights_bytes").median,
            find(file, "nf4", "load").metrics.at("weights_bytes").median);
  EXPECT_GT(find(file, "fp32", "load").metrics.at("peak_anon_bytes").median, 1e6);
  for (const char* part : {"anon", "file"})
    EXPECT_LE(find(file, "nf4", "load").metrics.at(fmt::format("steady_{}_bytes", part)).median,
              find(file, "nf4", "load").metrics.at(fmt::format("peak_{}_bytes", part)).median);
  EXPECT_EQ(find(file, "fp32", "generate").metrics.at("ttft_s").n, 1);  // every second round
  EXPECT_EQ(file.models.at(0).format, "huggingface");
}

TEST(Installed, StandsBesideTheMachinesWalls) {
  const StubPython python;
  const SmallModel model;
  BenchRequest what = request(model.path(), python.folder(), {"bf16"});
  what.probe_bandwidth = true;
  const results::File file = measure(what);
  const Result& prefill = find(file, "bf16", "prefill");
  const auto sample = [&](const char* name) { return prefill.metrics.at(name).samples.at(0); };
  const double dim = 64;  // of the one layer that the fake model has, hidden_size squared
  EXPECT_DOUBLE_EQ(sample("mfu"), 2 * dim * dim * sample("pp_tps") / sample("fma_peak_ops_per_s"));
  EXPECT_EQ(find(file, "bf16", "decode").metrics.at("mbu").n, 2);
}

TEST(Installed, SkipsWithTheCommandThatHelpsWhereThereIsNoStack) {
  const StubPython bare(StubPython::kBare);
  const SmallModel model;
  const results::File file = measure(request(model.path(), bare.folder(), {"fp32", "int8"}));
  ASSERT_EQ(file.results.size(), 8U);
  for (const Result& row : file.results) {
    EXPECT_EQ(row.status, Status::kSkipped) << row.phase;
    EXPECT_THAT(row.reason, HasSubstr("./nety setup --python-stack"));
    EXPECT_THAT(row.reason, HasSubstr(bare.program().string()));
  }
}

TEST(Installed, KeepsTheWordsOfTheStacksOwnFailure) {
  const SmallModel model;
  const StubPython story(StubPython::kWhole, "STUB_FAILURE=load");
  const results::File file = measure(request(model.path(), story.folder(), {"int8"}));
  const Result& load = find(file, "int8", "load");
  EXPECT_EQ(load.status, Status::kError);
  EXPECT_THAT(load.reason, HasSubstr("AttributeError: 'Int8Params' object has no attribute 'SCB'"));
  EXPECT_THAT(load.reason, HasSubstr("from_pretrained"));
  EXPECT_EQ(find(file, "int8", "decode").status, Status::kSkipped);
}

TEST(Installed, LeavesAFailingStepToItsRow) {
  const SmallModel model;
  const StubPython forward(StubPython::kWhole, "STUB_FAILURE=forward");
  results::File file = measure(request(model.path(), forward.folder(), {"int8"}));
  EXPECT_EQ(find(file, "int8", "load").status, Status::kOk);
  EXPECT_EQ(find(file, "int8", "prefill").status, Status::kError);
  EXPECT_THAT(find(file, "int8", "prefill").reason, HasSubstr("Found no NVIDIA driver"));
  const StubPython exit(StubPython::kWhole, "STUB_FAILURE=exit");
  file = measure(request(model.path(), exit.folder(), {"int8"}));
  EXPECT_EQ(find(file, "int8", "prefill").status, Status::kCrashed);
}

TEST(Installed, SaysWhichModesTheStackHasNot) {
  const StubPython python;
  const SmallModel model;
  const results::File file = measure(request(model.path(), python.folder(), {"q4_0"}));
  EXPECT_EQ(find(file, "q4_0", "load").status, Status::kUnsupported);
  EXPECT_THAT(find(file, "q4_0", "load").reason, HasSubstr("no mode q4_0"));
}

TEST(Installed, GivesTransformersAWidenedCopyOfWhatItCannotLoadAsAsked) {
  const StubPython python;
  const TemporaryFolder scratch;
  const std::string cache = scratch.path().string();
  ASSERT_NE(cache, "");
  ASSERT_EQ(::setenv("XDG_CACHE_HOME", cache.c_str(), 1), 0);
  const std::string quantised = test_data() + "/checkpoints/nf4";
  const BenchRequest what = request(quantised, python.folder(), {"fp32", "stored"});
  Installed installed(what);
  ASSERT_EQ(installed.missing(), "");
  EXPECT_EQ(installed.model_for("stored", silent_progress()), fs::absolute(quantised));
  const fs::path copy = installed.model_for("fp32", silent_progress());
  EXPECT_TRUE(copy.string().starts_with(cache)) << copy;
  const auto widened = checkpoint::Checkpoint::open(copy);
  EXPECT_EQ(precision::mode(widened.stored_mode()).name, "fp32");
  const auto made = fs::last_write_time(copy / "model.safetensors");
  EXPECT_EQ(installed.model_for("int8", silent_progress()), copy);
  EXPECT_EQ(fs::last_write_time(copy / "model.safetensors"), made);
  ::unsetenv("XDG_CACHE_HOME");
}

}  // namespace
}  // namespace nety::bench
