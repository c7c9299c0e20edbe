// A token costs no allocation and, alone on a thread, no wait for anyone.
#include <sys/resource.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "tests/engine/ready.h"

namespace {
std::atomic<int64_t> allocations{0};

// Not inlined: compilers would see malloc() where they expect new.
__attribute__((noinline)) void* counted_or_null(std::size_t size) noexcept {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(size == 0 ? 1 : size);
}
void* counted(std::size_t size) {
  if (void* memory = counted_or_null(size)) return memory;
  throw std::bad_alloc();
}
__attribute__((noinline)) void release(void* memory) { std::free(memory); }
}  // namespace

// Every form of new in this program counts; the aligned ones are not used by the engine.
void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return counted_or_null(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return counted_or_null(size);
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }

namespace nety::engine {
namespace {

// Of this thread: a sanitizer may have one of its own.
int64_t waits() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

void decode_without_allocating(int threads, std::optional<precision::ModeId> mode) {
  const int64_t at_first = allocations.load();
  Ready ready = make_ready(test_data("checkpoints/fp32"), native_backend(threads),
                           {.mode = mode, .head = {}});
  Engine engine(*ready.model, *ready.backend, {.context = 64, .logit_rows = 4});
  Sequence sequence = engine.open_sequence();
  const auto feed = [&](int count) {
    for (int i = 0; i < count; ++i) {
      const int32_t token = i;
      sequence.feed(std::span(&token, 1));
    }
  };
  EXPECT_GT(allocations.load(), at_first) << "loading allocates, and that is not seen";
  feed(4);
  const int64_t before = allocations.load(), waited = waits();
  feed(32);
  EXPECT_EQ(allocations.load() - before, 0) << threads << " threads";
  if (threads == 1) {
    EXPECT_EQ(waits() - waited, 0);
  }
}

TEST(SteadyState, AllocatesNothingAndWaitsForNobody) {
  for (const int threads : {1, 2})
    for (const precision::Mode& mode : precision::modes())
      if (mode.functions->allocate != nullptr) decode_without_allocating(threads, mode.id);
}

}  // namespace
}  // namespace nety::engine
