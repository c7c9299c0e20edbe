// The scheduler of emulated threads. A fiber runs until it waits: for its block at a barrier, or
// for its warp at a shuffle; then the next that can run does.
#include "tests/cuda/simt.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace nety::simt {
namespace {

constexpr int kWarpSize = 32;
constexpr size_t kStackBytes = size_t{256} << 10;  // the address sanitizer widens frames

#if defined(__x86_64__)
using Context = void*;  // the stack pointer; the rest is on the stack
#else
using Context = ucontext_t;
#endif

struct Fiber {
  Context context{};
  char* stack = nullptr;
  dim3 index;
  bool done = false;
  uint64_t barriers = 0;  ///< Passed or waited at.
  uint64_t exchanges = 0;
};

struct Warp {
  int alive = 0, arrived = 0;
  uint64_t exchanges = 0;              ///< Completed.
  uint32_t values[2][kWarpSize] = {};  ///< Of exchanges with even and odd numbers.
};

struct SharedRange {
  void* data;
  size_t bytes;
};

struct State {
  std::vector<Fiber> fibers;
  std::vector<Warp> warps;
  std::vector<SharedRange> shared;
  std::vector<Launch> recorded;
  bool recording = false;
  Order order = Order::kAscending;

  const Launch* launch = nullptr;
  dim3 block;
  std::unique_ptr<unsigned char[]> dynamic;
  size_t threads = 0, current = 0, done = 0;
  size_t at_barrier = 0;
  uint64_t barriers = 0;  ///< Completed by the block.
  bool progress = false;
  Context scheduler{};
};

State& state() {
  static State one;
  return one;
}

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "simt: %s in %s: %s\n", "deadlock", state().launch->name, why);
  std::abort();
}

void fiber_main() {
  State& s = state();
  s.launch->thread();
  Fiber& own = s.fibers[s.current];
  own.done = true;
  ++s.done;
  Warp& warp = s.warps[s.current / kWarpSize];
  --warp.alive;
  s.progress = true;
}

}  // namespace

#if defined(__x86_64__)

// void nety_simt_switch(void** from, void* to): saves what a call must preserve, and the stack.
asm(R"(
.text
.globl nety_simt_switch
.type nety_simt_switch, @function
nety_simt_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size nety_simt_switch, .-nety_simt_switch
)");
extern "C" void nety_simt_switch(void** from, void* to);

namespace {

void to_scheduler() {
  State& s = state();
  nety_simt_switch(&s.fibers[s.current].context, s.scheduler);
}

void entry() {
  fiber_main();
  to_scheduler();
  std::abort();
}

void prepare(Fiber& fiber) {
  auto** top = reinterpret_cast<void**>(fiber.stack + kStackBytes);
  *--top = nullptr;  // entry() finds the stack as a call leaves it: 8 bytes off a multiple of 16
  *--top = reinterpret_cast<void*>(&entry);
  for (int registers = 0; registers < 6; ++registers) *--top = nullptr;
  fiber.context = top;
}

void resume(size_t index) {
  State& s = state();
  s.current = index;
  nety_simt_switch(&s.scheduler, s.fibers[index].context);
}

}  // namespace

#else

namespace {

void to_scheduler() {
  State& s = state();
  swapcontext(&s.fibers[s.current].context, &s.scheduler);
}

void entry() {
  fiber_main();
  to_scheduler();
}

void prepare(Fiber& fiber) {
  getcontext(&fiber.context);
  fiber.context.uc_stack = {};
  fiber.context.uc_stack.ss_sp = fiber.stack;
  fiber.context.uc_stack.ss_size = kStackBytes;
  fiber.context.uc_link = nullptr;
  makecontext(&fiber.context, entry, 0);
}

void resume(size_t index) {
  State& s = state();
  s.current = index;
  swapcontext(&s.scheduler, &s.fibers[index].context);
}

}  // namespace

#endif

namespace {

void make_fibers(const dim3& block) {
  State& s = state();
  s.threads = size_t{block.x} * block.y * block.z;
  while (s.fibers.size() < s.threads) {
    Fiber& fiber = s.fibers.emplace_back();
    void* stack = ::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED) std::abort();
    fiber.stack = static_cast<char*>(stack);
  }
}

void run_block() {
  State& s = state();
  const dim3& size = s.launch->block;
  s.warps.assign((s.threads + kWarpSize - 1) / kWarpSize, Warp{});
  s.done = s.at_barrier = 0;
  s.barriers = 0;
  for (const SharedRange& range : s.shared) std::memset(range.data, 0xff, range.bytes);
  std::memset(s.dynamic.get(), 0xff, s.launch->shared_bytes);
  for (size_t i = 0; i < s.threads; ++i) {
    Fiber& fiber = s.fibers[i];
    const auto flat = static_cast<unsigned>(i);
    fiber.index = dim3(flat % size.x, flat / size.x % size.y, flat / size.x / size.y);
    fiber.done = false;
    fiber.barriers = fiber.exchanges = 0;
    prepare(fiber);
    ++s.warps[i / kWarpSize].alive;
  }
  while (s.done < s.threads) {
    s.progress = false;
    for (size_t i = 0; i < s.threads; ++i) {
      const size_t index = s.order == Order::kAscending ? i : s.threads - 1 - i;
      if (!s.fibers[index].done) resume(index);
    }
    if (!s.progress) give_up("threads wait for others that never come");
  }
}

}  // namespace

SharedArray::SharedArray(void* data, size_t bytes) {
  state().shared.push_back({data, bytes});
  std::memset(data, 0xff, bytes);  // the block that is running now
}

void set_order(Order order) { state().order = order; }

void submit(Launch launch) {
  if (state().recording)
    state().recorded.push_back(std::move(launch));
  else
    run(launch);
}

void run(const Launch& launch) {
  State& s = state();
  s.launch = &launch;
  make_fibers(launch.block);
  s.dynamic = std::make_unique<unsigned char[]>(launch.shared_bytes);
  for (unsigned z = 0; z < launch.grid.z; ++z)
    for (unsigned y = 0; y < launch.grid.y; ++y)
      for (unsigned x = 0; x < launch.grid.x; ++x) {
        s.block = dim3(x, y, z);
        run_block();
      }
  s.dynamic.reset();
  s.launch = nullptr;
}

void start_recording() { state().recording = true; }

std::vector<Launch> stop_recording() {
  state().recording = false;
  return std::exchange(state().recorded, {});
}

const dim3& thread_index() { return state().fibers[state().current].index; }
const dim3& block_index() { return state().block; }
const dim3& block_size() { return state().launch->block; }
const dim3& grid_size() { return state().launch->grid; }
void* dynamic_shared() { return state().dynamic.get(); }
int lane() { return static_cast<int>(state().current % kWarpSize); }

// A thread that has returned counts as arrived, as on devices since Volta it does not hold others.
void block_barrier() {
  State& s = state();
  Fiber& own = s.fibers[s.current];
  const uint64_t number = own.barriers++;
  if (number != s.barriers) give_up("a thread is a barrier ahead of its block");
  ++s.at_barrier;
  s.progress = true;
  while (s.barriers == number) {
    if (s.at_barrier + s.done == s.threads) {
      s.at_barrier = 0;
      ++s.barriers;
      s.progress = true;
      return;
    }
    to_scheduler();
  }
}

uint32_t exchange(unsigned mask, uint32_t value, int source) {
  State& s = state();
  Fiber& own = s.fibers[s.current];
  Warp& warp = s.warps[s.current / kWarpSize];
  if (mask != 0xffffffffU || warp.alive != kWarpSize) give_up("a shuffle without the whole warp");
  const uint64_t number = own.exchanges++;
  warp.values[number % 2][lane()] = value;
  s.progress = true;
  if (++warp.arrived == kWarpSize) {
    warp.arrived = 0;
    ++warp.exchanges;
  }
  while (warp.exchanges == number) to_scheduler();
  return warp.values[number % 2][source];
}

}  // namespace nety::simt
