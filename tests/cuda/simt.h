// CUDA's execution model on one CPU thread: runs the very source of core/backends/cuda/*.cu that
// nvcc compiles. Included before it by the files simt_*.cpp.
//
// A block's threads are fibers. Barriers, shuffles and their deadlocks are real: a barrier that
// part of a block never reaches ends the process and says so. Blocks run one after the other, so
// one static array is every block's shared memory; it is filled with NaNs before each block, and
// dynamic shared memory has its exact size, so that the address sanitizer sees what lies outside.
// What this cannot show: races that the order of fibers hides (tests run both orders), alignment
// beyond 16 bytes, and speed.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <vector>

#include "core/base/half.h"

#define NETY_SIMT 1

struct dim3 {
  unsigned x, y, z;
  explicit dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

namespace nety::simt {

using nety::float_from_fp16;
using nety::fp16_from_float;

/// A kernel with its arguments, and how it is launched.
struct Launch {
  const char* name;
  dim3 grid, block;
  size_t shared_bytes;
  std::function<void()> thread;
};

/// Runs a launch to its end, or only notes it down while recording (a CUDA graph's capture).
void submit(Launch launch);
void run(const Launch& launch);
void start_recording();
std::vector<Launch> stop_recording();

/// Which threads go first: the order hides some races and shows others.
enum class Order { kAscending, kDescending };
void set_order(Order order);

/// Registers a shared array, so that each block finds it filled with NaNs.
struct SharedArray {
  SharedArray(void* data, size_t bytes);
};

// What a kernel sees of itself.
const dim3& thread_index();
const dim3& block_index();
const dim3& block_size();
const dim3& grid_size();
void* dynamic_shared();

void block_barrier();
/// Each lane of the warp gives a value and gets that of lane `source`.
uint32_t exchange(unsigned mask, uint32_t value, int source);
int lane();

template <class T>
T exchange(unsigned mask, T value, int source) {
  static_assert(sizeof(T) == sizeof(uint32_t));
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  bits = exchange(mask, bits, source);
  std::memcpy(&value, &bits, sizeof(bits));
  return value;
}

}  // namespace nety::simt

#define __global__ static
#define __device__
#define __host__
#define __forceinline__ inline
#define __grid_constant__
#define __launch_bounds__(...)
#define threadIdx (::nety::simt::thread_index())
#define blockIdx (::nety::simt::block_index())
#define blockDim (::nety::simt::block_size())
#define gridDim (::nety::simt::grid_size())

#define NETY_SHARED(type, name, count) \
  alignas(16) static type name[count]; \
  static const ::nety::simt::SharedArray name##_registered(name, sizeof(name))
#define NETY_DYNAMIC_SHARED(type, name) \
  type* name = static_cast<type*>(::nety::simt::dynamic_shared())
#define NETY_LAUNCH(kernel, grid, block, shared_bytes, stream, args)               \
  do {                                                                             \
    static_cast<void>(stream);                                                     \
    ::nety::simt::submit({#kernel, grid, block, static_cast<size_t>(shared_bytes), \
                          [args_copy = args] { kernel(args_copy); }});             \
  } while (false)

// CUDA's own names, as far as our kernels use them.
inline void __syncthreads() { nety::simt::block_barrier(); }
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int step) {
  return nety::simt::exchange(mask, value, nety::simt::lane() ^ step);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned step) {
  const int source = nety::simt::lane() - static_cast<int>(step);
  return nety::simt::exchange(mask, value, source < 0 ? nety::simt::lane() : source);
}
inline float __uint_as_float(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}
inline uint32_t __float_as_uint(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}
// Blocks run one after the other.
inline void __threadfence() {}
inline int32_t atomicAdd(int32_t* address, int32_t value) {
  const int32_t before = *address;
  *address += value;
  return before;
}
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fadd_rn(float a, float b) { return a + b; }
inline int32_t __dp4a(int32_t a, int32_t b, int32_t sum) {
  for (int byte = 0; byte < 4; ++byte)
    sum += static_cast<int8_t>(a >> (8 * byte)) * static_cast<int8_t>(b >> (8 * byte));
  return sum;
}
