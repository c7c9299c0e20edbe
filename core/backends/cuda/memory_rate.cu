// What the device's memory can do at best: everything is read once per pass, in pieces of 16 bytes
// by neighbouring lanes, several of them on their way at once.
#include "core/backends/cuda/portable.cuh"

namespace nety::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kOnTheirWay = 8;

__global__ void __launch_bounds__(kThreads) read_kernel(const __grid_constant__ ReadArgs a) {
  begin_after_the_last();
  const int64_t threads = int64_t{a.blocks} * kThreads;
  const int64_t me = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const auto* data = static_cast<const uint8_t*>(a.data);
  uint32_t sum = 0;
  for (int pass = 0; pass < a.passes; ++pass) {
    for (int64_t piece = me; piece < a.pieces; piece += kOnTheirWay * threads) {
      Vec16 read[kOnTheirWay] = {};
#pragma unroll
      for (int i = 0; i < kOnTheirWay; ++i)
        if (piece + i * threads < a.pieces) read[i] = load_once(data + (piece + i * threads) * 16);
#pragma unroll
      for (int i = 0; i < kOnTheirWay; ++i)
        for (int word = 0; word < 4; ++word) sum += read[i].word[word];
    }
  }
  a.sums[me] = sum;
}

}  // namespace

int32_t read_sums(int32_t blocks) { return blocks * kThreads; }

void read_memory(Stream stream, const ReadArgs& a) {
  NETY_LAUNCH(read_kernel, dim3(static_cast<unsigned>(a.blocks)), dim3(kThreads), 0, stream, a);
}

}  // namespace nety::cuda
