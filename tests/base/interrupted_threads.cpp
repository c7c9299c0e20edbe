#include "tests/base/interrupted_threads.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <thread>

namespace nety {
namespace {

std::atomic<int> holds{0};         // threads that HeldThread holds
std::atomic<bool> release{false};  // them
std::atomic<int> sleep_us{0};      // what a thread that RandomHolds interrupts sleeps

void sleep_for(int64_t microseconds) {
  const timespec time{0, microseconds * 1000};
  ::nanosleep(&time, nullptr);
}

void hold(int /*signal*/) {
  ++holds;
  while (!release) sleep_for(200);
  --holds;
}

void pause(int /*signal*/) { sleep_for(sleep_us); }

void handle(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  ::sigaction(signal, &action, nullptr);
}

void interrupt(int thread, int signal) { ::syscall(SYS_tgkill, ::getpid(), thread, signal); }

}  // namespace

std::vector<int> other_threads() {
  std::vector<int> threads;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    const int thread = std::stoi(entry.path().filename().string());
    if (thread != ::gettid()) threads.push_back(thread);
  }
  return threads;
}

bool interrupts_anywhere() {
#if defined(__SANITIZE_THREAD__)
  return false;
#else
  return true;
#endif
}

HeldThread::HeldThread(int thread) {
  handle(SIGUSR1, hold);
  release = false;
  interrupt(thread, SIGUSR1);
  while (holds == 0) sleep_for(100);
}

HeldThread::~HeldThread() {
  release = true;
  while (holds != 0) sleep_for(100);
}

struct RandomHolds::Sender {
  std::vector<int> threads;
  uint32_t seed;
  std::jthread thread;
};

RandomHolds::RandomHolds(uint32_t seed) : sender_(new Sender{other_threads(), seed, {}}) {
  handle(SIGUSR2, pause);
  sender_->threads.push_back(::gettid());
  sender_->thread = std::jthread([sender = sender_](const std::stop_token& stop) {
    std::mt19937 random(sender->seed);
    const auto below = [&](size_t limit) { return static_cast<size_t>(random()) % limit; };
    while (!stop.stop_requested()) {
      sleep_us = static_cast<int>(1 + below(2000));
      interrupt(sender->threads[below(sender->threads.size())], SIGUSR2);
      sleep_for(static_cast<int64_t>(1 + below(500)));
    }
  });
}

RandomHolds::~RandomHolds() { delete sender_; }

}  // namespace nety
