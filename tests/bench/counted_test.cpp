#include "bench/counted.h"

#include <gtest/gtest.h>

#include <cmath>

#include "bench/run.h"
#include "core/measure/worker.h"
#include "tests/bench/counting_machine.h"
#include "tests/bench/runs.h"
#include "tests/paths.h"

namespace nety::bench {
namespace {

using results::Metric;

TEST(Counted, IsTheDifferenceOfTwoReadings) {
  const auto server = machine::captured(test_data() + "/machines/server-amx-2-sockets");
  CountedWork work(*server);
  work.begin();
  Reply reply;
  work.end(reply);
  EXPECT_EQ(reply.number("instructions"), 41000000 - 1000);
  EXPECT_EQ(reply.number("cycles"), 20000000 - 900);
  EXPECT_EQ(reply.number("cache_misses"), 30000);
  Row row{results::Result()};
  add_counts(row, counts_of(reply), 10);
  const results::Result result = row.result();
  EXPECT_EQ(result.metrics.at("instructions_per_token").median, 4099900);
  EXPECT_EQ(result.metrics.at("cycles_per_token").median, 1999910);
  const Metric& bytes = result.metrics.at("memory_bytes_per_token");
  EXPECT_EQ(bytes.median, 30000 * 64 / 10);
  EXPECT_EQ(bytes.kind, "estimated");
  EXPECT_EQ(bytes.unit, "bytes");
}

TEST(Counted, LeavesOutWhatTheProcessorDoesNotShow) {
  for (const char* folder : {"laptop-avx2", "vm-avx512-masked", "container-cgroup2"}) {
    const auto machine = machine::captured(test_data() + "/machines/" + folder);
    CountedWork work(*machine);
    work.begin();
    Reply reply;
    work.end(reply);
    Row row{results::Result()};
    add_counts(row, counts_of(reply), 10);
    const results::Result result = row.result();
    EXPECT_FALSE(result.metrics.contains("memory_bytes_per_token")) << folder;
    EXPECT_EQ(result.metrics.contains("instructions_per_token"),
              std::string_view(folder) == "laptop-avx2");
  }
}

BenchRequest small_request() {
  BenchRequest request;
  request.modes = {"fp32"};
  request.prompts = {8};
  request.gens = {4};
  request.repetitions = 2;
  request.load_passes = 0;
  request.probe_bandwidth = false;
  request.worker = {measure::own_program(), "counting-worker"};
  return request;
}

TEST(Counted, IsAFigureOfEveryRate) {
  Observer observer;
  const results::File file = run(small_request(), test_machine(), observer);
  const results::Result& prefill = find(file, "fp32", "prefill");
  EXPECT_EQ(prefill.metrics.at("instructions_per_token").median,
            CountingMachine::kInstructions / 8);
  EXPECT_EQ(prefill.metrics.at("instructions_per_token").n, 2);
  const results::Result& decode = find(file, "fp32", "decode");
  EXPECT_EQ(decode.metrics.at("cycles_per_token").median, CountingMachine::kCycles / 4);
  EXPECT_EQ(decode.metrics.at("memory_bytes_per_token").median, CountingMachine::kMisses * 64 / 4);
}

TEST(Counted, IsAbsentWhereNothingCanBeCounted) {
  const machine::CounterReading here = machine::host().counters()->read();
  BenchRequest request = small_request();
  request.worker = {measure::own_program(), "worker"};
  Observer observer;
  const results::File file = run(request, test_machine(), observer);
  EXPECT_EQ(find(file, "fp32", "decode").metrics.contains("instructions_per_token"),
            here[static_cast<size_t>(machine::Counter::kInstructions)].value.has_value());
}

}  // namespace
}  // namespace nety::bench
