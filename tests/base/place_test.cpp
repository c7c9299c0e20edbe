// Whether a thread has a processor, and what is left of its freedom once it was moved.
#include "core/base/place.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace nety {
namespace {

using Clock = std::chrono::steady_clock;

/// Whether `happens` does within some seconds: other programs may have the processors.
template <class Happens>
bool eventually(const Happens& happens) {
  const Clock::time_point start = Clock::now();
  while (Clock::now() - start < std::chrono::seconds(20))
    if (happens()) return true;
  return false;
}

std::vector<int> processors_of_this_thread() {
  cpu_set_t set;
  std::vector<int> all;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return all;
  for (int i = 0; i < CPU_SETSIZE; ++i)
    if (CPU_ISSET(static_cast<size_t>(i), &set)) all.push_back(i);
  return all;
}

/// A thread that notes where it is, all the time, or sleeps.
class Thread {
 public:
  explicit Thread(bool sleeps)
      : thread_([this, sleeps](const std::stop_token& stop) {
          place.note();
          noted_ = true;
          while (!stop.stop_requested()) {
            if (sleeps) std::this_thread::sleep_for(std::chrono::milliseconds(100));
            place.note();
          }
          left_free_ = processors_of_this_thread();
        }) {
    while (!noted_) std::this_thread::yield();
  }
  /// The processors that it might run on at its end.
  std::vector<int> end() {
    thread_.request_stop();
    thread_.join();
    return left_free_;
  }

  Place place;

 private:
  std::atomic<bool> noted_{false};
  std::vector<int> left_free_;
  std::jthread thread_;
};

TEST(Places, TellWhoRunsFromWhoDoesNot) {
  Thread busy(false), asleep(true);
  EXPECT_TRUE(eventually([&] { return busy.place.is_running(); }));
  EXPECT_TRUE(eventually([&] { return !asleep.place.is_running(); }));
}

TEST(Places, OfUnknownThreadsRunAndCannotBeMoved) {
  Place nobody;
  EXPECT_TRUE(nobody.is_running());
  EXPECT_EQ(nobody.processor(), Place::kNowhere);
  EXPECT_FALSE(nobody.move_to(0));
  EXPECT_FALSE(nobody.borrow(0));
  nobody.return_home();
}

TEST(Places, AreChangedWithoutTakingAThreadsFreedom) {
  const std::vector<int> all = processors_of_this_thread();
  if (all.size() < 2) GTEST_SKIP() << "not run: there is one processor";
  Thread busy(false);
  for (const int processor : {all.front(), all.back(), all.front()})
    EXPECT_TRUE(eventually([&] {
      EXPECT_TRUE(busy.place.move_to(processor));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return busy.place.processor() == processor;
    })) << processor;
  EXPECT_TRUE(eventually([&] {
    EXPECT_TRUE(busy.place.move_away_from(all.front()));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return busy.place.processor() != all.front();
  }));
  EXPECT_EQ(busy.end(), all);
}

TEST(Places, AreBorrowedUntilTheThreadGoesHome) {
  const std::vector<int> all = processors_of_this_thread();
  if (all.size() < 2) GTEST_SKIP() << "not run: there is one processor";
  Thread busy(false);
  for (const int processor : all)
    EXPECT_TRUE(eventually([&] {
      const int before = busy.place.processor();
      EXPECT_TRUE(busy.place.borrow(processor));
      busy.place.return_home();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return busy.place.processor() == before;
    }));
  EXPECT_EQ(busy.end(), all);
}

TEST(Places, AreNotChangedToAProcessorThatTheThreadMayNotRunOn) {
  Thread busy(false);
  EXPECT_FALSE(busy.place.move_to(CPU_SETSIZE - 1));
  EXPECT_FALSE(busy.place.move_to(Place::kNowhere));
  EXPECT_EQ(busy.end(), processors_of_this_thread());
}

}  // namespace
}  // namespace nety
