// What kernels are written in: CUDA, narrowed to what tests/cuda/simt.h can run on a CPU.
#pragma once

#include <cstdint>

#include "core/backends/cuda/kernels.h"

#ifdef __CUDACC__
#define NETY_SHARED(type, name, count) __shared__ __align__(16) type name[count]
#define NETY_DYNAMIC_SHARED(type, name)                  \
  extern __shared__ __align__(16) unsigned char bytes[]; \
  type* name = reinterpret_cast<type*>(bytes)
#define NETY_LAUNCH(kernel, grid, block, shared_bytes, stream, args)                        \
  do {                                                                                      \
    auto kernel_args = args;                                                                \
    ::nety::cuda::launch(reinterpret_cast<const void*>(&kernel), grid, block, shared_bytes, \
                         stream, &kernel_args, #kernel);                                    \
  } while (false)
#elif !defined(NETY_SIMT)
#error "include tests/cuda/simt.h first: without nvcc these kernels are only emulated"
#endif

namespace nety::cuda {

#ifdef __CUDACC__
/// Launches a kernel whose one argument is at `args`; it may begin before the one before it ends.
void launch(const void* kernel, dim3 grid, dim3 block, size_t shared_bytes, Stream stream,
            void* args, const char* name);
#endif

constexpr int kWarp = 32;
constexpr unsigned kAllLanes = 0xffffffffU;

struct alignas(16) Vec16 {
  uint32_t word[4];
};
struct alignas(16) Float4 {
  float value[4];
};

/// 16 bytes that are read once: past the first-level cache, which activations need.
__device__ __forceinline__ Vec16 load_once(const void* address) {
  Vec16 v;
#ifdef __CUDA_ARCH__
  asm("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
      : "=r"(v.word[0]), "=r"(v.word[1]), "=r"(v.word[2]), "=r"(v.word[3])
      : "l"(address));
#else
  v = *static_cast<const Vec16*>(address);
#endif
  return v;
}

/// What another block of this launch has written: not from this multiprocessor's own cache.
__device__ __forceinline__ float load_of_other_block(const float* address) {
#ifdef __CUDA_ARCH__
  float value;
  asm volatile("ld.global.cg.f32 %0, [%1];" : "=f"(value) : "l"(address) : "memory");
  return value;
#else
  return *address;
#endif
}

__device__ __forceinline__ float float_from_fp16_bits(uint32_t bits) {
#ifdef __CUDA_ARCH__
  float value;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(static_cast<uint16_t>(bits)));
  return value;
#elif defined(NETY_SIMT)
  return simt::float_from_fp16(static_cast<uint16_t>(bits));
#else
  return 0.0F * static_cast<float>(bits);  // nvcc's pass over the host's side: never called
#endif
}

__device__ __forceinline__ uint16_t fp16_bits(float value) {
#ifdef __CUDA_ARCH__
  uint16_t bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return bits;
#elif defined(NETY_SIMT)
  return simt::fp16_from_float(value);
#else
  return static_cast<uint16_t>(value);
#endif
}

__device__ __forceinline__ float float_from_bf16_bits(uint32_t bits) {
  return __uint_as_float(bits << 16);
}

/// Nearest even; NaN stays NaN. In integers, because sm_75 has no conversion.
__device__ __forceinline__ uint32_t bf16_bits(float value) {
  const uint32_t bits = __float_as_uint(value);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return (bits >> 16) | 0x40U;
  return (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16;
}

__device__ __forceinline__ float round_to_bf16(float value) {
  return float_from_bf16_bits(bf16_bits(value));
}

/// Two as bf16 in one word, `low` in its lower half.
__device__ __forceinline__ uint32_t bf16_pair(float low, float high) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  uint32_t pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
#else
  return bf16_bits(low) | bf16_bits(high) << 16;
#endif
}

/// Both to bf16, at the price of one on devices that have an instruction for it.
__device__ __forceinline__ void round_to_bf16(float& a, float& b) {
  const uint32_t pair = bf16_pair(a, b);
  a = __uint_as_float(pair << 16);
  b = __uint_as_float(pair & 0xffff0000U);
}

/// Until here a kernel may run beside the one before it: it may read weights, and nothing that
/// steps write. From here on that one has ended, and the next one may begin likewise. Every kernel
/// of a step calls it, once in each thread (programmatic dependent launch, from 9.0 on).
__device__ __forceinline__ void begin_after_the_last() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

__device__ __forceinline__ float warp_sum(float value) {
  for (int step = kWarp / 2; step > 0; step /= 2) value += __shfl_xor_sync(kAllLanes, value, step);
  return value;
}

__device__ __forceinline__ int32_t warp_sum(int32_t value) {
  for (int step = kWarp / 2; step > 0; step /= 2) value += __shfl_xor_sync(kAllLanes, value, step);
  return value;
}

__device__ __forceinline__ float warp_max(float value) {
  for (int step = kWarp / 2; step > 0; step /= 2)
    value = fmaxf(value, __shfl_xor_sync(kAllLanes, value, step));
  return value;
}

__device__ __forceinline__ float silu(float x) { return x / (1.0F + expf(-x)); }

/// absmax of a block of a 4-bit matrix (precision::four_bit_absmax): product and sum are rounded
/// each, as everywhere else, so that a weight has the same bits here.
__device__ __forceinline__ float absmax_of(const Matrix& w, int64_t block) {
  if (w.nested_codes == nullptr) return w.scales[block];
  const float nested = w.nested_map[w.nested_codes[block]];
  return __fadd_rn(__fmul_rn(nested, w.scales[block >> w.nested_shift]), w.nested_offset);
}

__host__ __device__ __forceinline__ int64_t pieces(int64_t count, int64_t size) {
  return (count + size - 1) / size;
}

}  // namespace nety::cuda
