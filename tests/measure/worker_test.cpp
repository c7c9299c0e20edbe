// Workers that end in every way there is. They are shell one-liners: what is tested is the parent.
#include "core/measure/worker.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "core/base/error.h"

namespace nety::measure {
namespace {

constexpr double kLimit = 20;

WorkerCommand shell(const std::string& script) { return {{"/bin/sh", "-c", script}, {}}; }

double seconds_of(const std::function<void()>& action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST(Worker, AnswersLineByLine) {
  Worker worker(shell("while read -r line; do echo \"got $line\"; done"));
  EXPECT_TRUE(worker.send("one"));
  EXPECT_EQ(worker.receive(kLimit), "got one");
  EXPECT_TRUE(worker.send("two"));
  EXPECT_EQ(worker.receive(kLimit), "got two");
  EXPECT_EQ(worker.stop(kLimit).fate, WorkerFate::kExited);
  EXPECT_EQ(worker.end()->exit_code, 0);
}

TEST(Worker, GivesLinesWrittenJustBeforeTheEnd) {
  Worker worker(shell("echo first; echo second; exit 3"));
  EXPECT_EQ(worker.receive(kLimit), "first");
  EXPECT_EQ(worker.receive(kLimit), "second");
  EXPECT_EQ(worker.receive(kLimit), std::nullopt);
  ASSERT_TRUE(worker.end());
  EXPECT_EQ(worker.end()->exit_code, 3);
  EXPECT_EQ(worker.end()->describe(), "ended with exit code 3");
}

TEST(Worker, GivesLongLinesWhole) {
  Worker worker(shell("head -c 3000000 /dev/zero | tr '\\0' x; echo"));
  EXPECT_EQ(worker.receive(kLimit).value_or("").size(), 3000000U);
}

TEST(Worker, ReportsTheSignalOfACrash) {
  Worker worker(shell("echo working; kill -SEGV $$"));
  EXPECT_EQ(worker.receive(kLimit), "working");
  EXPECT_EQ(worker.receive(kLimit), std::nullopt);
  ASSERT_TRUE(worker.end());
  EXPECT_EQ(worker.end()->fate, WorkerFate::kCrashed);
  EXPECT_EQ(worker.end()->signal, SIGSEGV);
  EXPECT_EQ(worker.end()->describe(), "ended by SIGSEGV (Segmentation fault)");
}

TEST(Worker, ReportsAKillFromOutsideAsACrash) {
  Worker worker(shell("sleep 100"));
  ::kill(worker.pid(), SIGKILL);
  EXPECT_EQ(worker.receive(kLimit), std::nullopt);
  ASSERT_TRUE(worker.end());
  EXPECT_EQ(worker.end()->fate, WorkerFate::kCrashed);
  EXPECT_EQ(worker.end()->signal, SIGKILL);
}

TEST(Worker, KillsWhatStaysSilentTooLong) {
  Worker worker(shell("trap '' TERM INT; sleep 100"));
  const double taken = seconds_of([&] { EXPECT_EQ(worker.receive(0.3), std::nullopt); });
  EXPECT_LT(taken, 5);
  ASSERT_TRUE(worker.end());
  EXPECT_EQ(worker.end()->fate, WorkerFate::kTimedOut);
  EXPECT_EQ(worker.end()->describe(), "silent for more than 0.3 s, killed");
}

TEST(Worker, LeavesItRunningWhenTheCallerGivesUp) {
  Worker worker(shell("read -r line; echo \"$line\""));
  EXPECT_EQ(worker.receive(kLimit, [] { return true; }), std::nullopt);
  EXPECT_FALSE(worker.end());
  worker.send("still there");
  EXPECT_EQ(worker.receive(kLimit), "still there");
}

TEST(Worker, KeepsTheEndOfItsErrorOutput) {
  Worker worker(shell("head -c 100000 /dev/zero | tr '\\0' x >&2; echo the reason >&2; exit 1"));
  EXPECT_EQ(worker.receive(kLimit), std::nullopt);
  ASSERT_TRUE(worker.end());
  EXPECT_TRUE(worker.end()->last_words.ends_with("the reason\n"));
  EXPECT_LE(worker.end()->last_words.size(), 4096U);
}

TEST(Worker, SendingToADeadOneIsFalseAndNotASignal) {
  Worker worker(shell("exit 0"));
  EXPECT_EQ(worker.receive(kLimit), std::nullopt);
  EXPECT_FALSE(worker.send("hello"));
}

TEST(Worker, TakesItsChildrenWithIt) {
  int child = 0;
  {
    Worker worker(shell("sleep 100 & echo $!; wait"));
    child = std::stoi(worker.receive(kLimit).value_or("0"));
    ASSERT_GT(child, 1);
    ASSERT_EQ(::kill(child, 0), 0);
  }
  // The killed child is a zombie until init reaps it; either way it no longer runs.
  const std::filesystem::path program = "/proc/" + std::to_string(child) + "/exe";
  for (int i = 0; i < 100 && std::filesystem::exists(program); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_FALSE(std::filesystem::exists(program));
}

TEST(Worker, NoticesADeathThatAChildHides) {
  Worker worker(shell("sleep 100 & exit 0"));  // the child keeps stdout open
  EXPECT_LT(seconds_of([&] { EXPECT_EQ(worker.receive(kLimit), std::nullopt); }), 5);
  ASSERT_TRUE(worker.end());
  EXPECT_EQ(worker.end()->fate, WorkerFate::kExited);
}

TEST(Worker, AddsToTheEnvironment) {
  Worker worker({{"/bin/sh", "-c", "echo $NETY_A $NETY_B"}, {{"NETY_A", "1"}, {"NETY_B", "2 3"}}});
  EXPECT_EQ(worker.receive(kLimit), "1 2 3");
}

TEST(Worker, SaysWhichProgramCannotStart) {
  try {
    Worker worker({{"/nonexistent/nety"}, {}});
    FAIL() << "started";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kEnvironment);
    EXPECT_NE(std::string(error.what()).find("/nonexistent/nety"), std::string::npos);
  }
}

TEST(Worker, ReportsItsPeakMemory) {
  Worker worker(shell("exit 0"));
  EXPECT_EQ(worker.receive(kLimit), std::nullopt);
  ASSERT_TRUE(worker.end());
  EXPECT_GT(worker.end()->peak_rss_bytes, 100'000U);
}

TEST(OwnProgram, IsThisOne) { EXPECT_NE(own_program().find("test_measure"), std::string::npos); }

}  // namespace
}  // namespace nety::measure
