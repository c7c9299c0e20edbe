// One megabyte of random bits from the host, as often as it takes.
#include "bench/cuda_kernels/random_weight.h"

#include <algorithm>
#include <random>

#include "core/precision/codebooks.h"

namespace nety::cuda {
namespace {

constexpr size_t kBlock = size_t{1} << 20;
constexpr int32_t kBlockWeights = 64, kNestedCodes = 256;

enum class Bits { kAny, kBf16, kFp16, kFp32 };

Buffer random_bytes(Device& device, uint64_t bytes, Bits kind) {
  std::minstd_rand random(1);
  std::vector<uint32_t> words(kBlock / sizeof(uint32_t));
  for (uint32_t& word : words) {
    word = static_cast<uint32_t>(random()) * 2654435761U;
    // Sign and mantissa at random; the exponent that of numbers in [0.5, 1) and their opposites.
    if (kind == Bits::kFp32) word = (word & 0x807fffffU) | 0x3f000000U;
    if (kind == Bits::kBf16) word = (word & 0x807f807fU) | 0x3f003f00U;
    if (kind == Bits::kFp16) word = (word & 0x83ff83ffU) | 0x38003800U;
  }
  Buffer buffer = device.allocate(bytes, "random weights");
  for (uint64_t at = 0; at < bytes; at += kBlock) {
    const auto part = static_cast<size_t>(std::min<uint64_t>(kBlock, bytes - at));
    device.upload(buffer.as<std::byte>() + at, part, words.data(), part, part, 1);
  }
  return buffer;
}

Bits bits_of(Format format) {
  if (format == Format::kFp32) return Bits::kFp32;
  if (format == Format::kBf16) return Bits::kBf16;
  return format == Format::kFp16 ? Bits::kFp16 : Bits::kAny;
}

}  // namespace

Buffer random_floats(Device& device, int64_t count) {
  return random_bytes(device, static_cast<uint64_t>(count) * sizeof(float), Bits::kFp32);
}

RandomWeight random_weight(Device& device, const WeightKind& kind, int32_t rows, int32_t cols) {
  RandomWeight weight;
  Matrix& matrix = weight.matrix;
  const auto keep = [&](uint64_t bytes, Bits bits) {
    weight.bytes += bytes;
    return weight.storage.emplace_back(random_bytes(device, bytes, bits)).as<void>();
  };
  matrix.format = kind.format;
  matrix.rows = rows, matrix.cols = cols;
  matrix.pitch = row_bytes(kind.format, cols);
  matrix.codes = keep(static_cast<uint64_t>(matrix.pitch * rows), bits_of(kind.format));
  if (kind.format == Format::kInt8)
    matrix.scales =
        static_cast<const float*>(keep(static_cast<uint64_t>(rows) * sizeof(float), Bits::kFp32));
  if (kind.format != Format::kFourBit && kind.format != Format::kFourBitBf16) return weight;
  const uint64_t blocks = static_cast<uint64_t>(rows) * static_cast<uint64_t>(cols) / kBlockWeights;
  matrix.block_shift = 6;
  Buffer& book = weight.storage.emplace_back(device.allocate(64, "a codebook"));
  device.upload(book.as<void>(), 64, precision::kNf4.data(), 64, 64, 1);
  matrix.book = book.as<const float>();
  if (!kind.nested) {
    matrix.scales = static_cast<const float*>(keep(blocks * sizeof(float), Bits::kFp32));
    return weight;
  }
  matrix.nested_shift = 8;
  matrix.nested_codes = static_cast<const uint8_t*>(keep(blocks, Bits::kAny));
  matrix.scales =
      static_cast<const float*>(keep((blocks / kNestedCodes + 1) * sizeof(float), Bits::kFp32));
  matrix.nested_map = static_cast<const float*>(keep(256 * sizeof(float), Bits::kFp32));
  return weight;
}

}  // namespace nety::cuda
