// Checks of packing: a packed panel is read back by the words of packed.h, byte by byte.
#include <gtest/gtest.h>

#include <cstring>

#include "core/base/half.h"
#include "tests/kernels/checks.h"

namespace nety::kernels {
namespace {

/// A block of a panel, read from the front.
class Reader {
 public:
  explicit Reader(const std::byte* at) : at_(at) {}
  const uint8_t* take(size_t bytes) {
    const auto* here = reinterpret_cast<const uint8_t*>(at_);
    at_ += bytes;
    return here;
  }
  const std::byte* at() const { return at_; }

 private:
  const std::byte* at_;
};

float half_of(const uint8_t* halves, size_t row) {
  return float_from_fp16(static_cast<uint16_t>(halves[2 * row] | halves[2 * row + 1] << 8));
}

float brain_of(const uint8_t* brains, size_t row) {
  return float_from_bf16(static_cast<uint16_t>(brains[2 * row] | brains[2 * row + 1] << 8));
}

// Twice the values of E2M1, and the values of GGUF's formats (their words in ggml).
constexpr float kMxfp4[] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
constexpr float kIq4[] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
constexpr float kIq3S[] = {-15, -13, -11, -9, -7, -5, -3, -1, 1, 3, 5, 7, 9, 11, 13, 15};
constexpr float kIq3Xxs[] = {-62, -52, -44, -36, -28, -20, -12, -4, 4, 12, 20, 28, 36, 44, 52, 62};

/// Bit 4 * row + weight % 4 of quad weight / 4: 16, or 0.
int fifth_bit(const uint8_t* bits, size_t row, size_t weight) {
  const size_t bit = 4 * row + weight % 4;
  return bits[8 * (weight / 4) + bit / 8] >> bit % 8 & 1 ? 16 : 0;
}

int nibble(uint8_t byte, bool high) { return high ? byte >> 4 : byte & 15; }

/// The weights [16][columns of a block] of one block of `format`; moves the reader on.
using Block = std::vector<std::vector<float>>;

Block small_block(std::string_view format, Reader& in) {
  const bool has_min = format == "q4_1" || format == "q5_1";
  const bool has_fifth = format == "q5_0" || format == "q5_1";
  const int offset = format == "q8_0" ? 128 : format == "q4_0" ? 8 : format == "q5_0" ? 16 : 0;
  const uint8_t* scales = in.take(32);
  const uint8_t* mins = has_min ? in.take(32) : nullptr;
  const uint8_t* fifth = has_fifth ? in.take(64) : nullptr;
  const uint8_t* codes = in.take(format == "q8_0" ? 512 : 256);
  Block out(16, std::vector<float>(32));
  for (size_t r = 0; r < 16; ++r)
    for (size_t k = 0; k < 32; ++k) {
      int code = format == "q8_0" ? codes[64 * (k / 4) + 4 * r + k % 4]
                                  : nibble(codes[64 * (k / 4 % 4) + 4 * r + k % 4], k >= 16);
      if (has_fifth) code += fifth_bit(fifth, r, k);
      const float value = format == "mxfp4" ? kMxfp4[code] : static_cast<float>(code - offset);
      out[r][k] = (format == "mxfp4" ? brain_of(scales, r) : half_of(scales, r)) * value;
      if (has_min) out[r][k] += half_of(mins, r);
    }
  return out;
}

Block narrow_block(std::string_view format, Reader& in) {
  const bool has_min = format == "q2_k";
  const int offset = has_min ? 0 : 4;
  const uint8_t* d = in.take(32);
  const uint8_t* dmin = has_min ? in.take(32) : nullptr;
  Block out(16, std::vector<float>(256));
  for (size_t chunk = 0; chunk < 8; ++chunk) {
    const uint8_t* scales = in.take(32);
    const uint8_t* mins = has_min ? in.take(32) : nullptr;
    const uint8_t* codes = in.take(256);
    for (size_t r = 0; r < 16; ++r)
      for (size_t part = 0; part < 2; ++part)
        for (size_t k = 0; k < 16; ++k) {
          const auto scale = static_cast<float>(static_cast<int8_t>(scales[16 * part + r]));
          const int code = nibble(codes[64 * (k / 4) + 4 * r + k % 4], part == 1) - offset;
          float& to = out[r][16 * (chunk + 8 * part) + k];
          to = half_of(d, r) * scale * static_cast<float>(code);
          if (has_min) to -= half_of(dmin, r) * static_cast<float>(mins[2 * r + part]);
        }
  }
  return out;
}

Block k_block(std::string_view format, Reader& in) {
  const bool has_fifth = format == "q5_k";
  const uint8_t* d = in.take(32);
  const uint8_t* dmin = in.take(32);
  Block out(16, std::vector<float>(256));
  for (size_t chunk = 0; chunk < 4; ++chunk) {
    const uint8_t* scales = in.take(32);
    const uint8_t* mins = in.take(32);
    const uint8_t* fifth = has_fifth ? in.take(128) : nullptr;
    const uint8_t* codes = in.take(512);
    for (size_t r = 0; r < 16; ++r)
      for (size_t part = 0; part < 2; ++part)
        for (size_t k = 0; k < 32; ++k) {
          int code = nibble(codes[64 * (k / 4) + 4 * r + k % 4], part == 1);
          if (has_fifth) code += fifth_bit(fifth + 64 * part, r, k);
          out[r][32 * (2 * chunk + part) + k] =
              half_of(d, r) * static_cast<float>(scales[16 * part + r]) * static_cast<float>(code) -
              half_of(dmin, r) * static_cast<float>(mins[2 * r + part]);
        }
  }
  return out;
}

Block table_block(std::string_view format, Reader& in) {
  const float* values = format == "iq4_xs" ? kIq4 : format == "iq3_s" ? kIq3S : kIq3Xxs;
  const float factor = format == "iq3_xxs" ? 0.25F : 1.0F;
  const uint8_t* d = in.take(32);
  Block out(16, std::vector<float>(256));
  for (size_t chunk = 0; chunk < 4; ++chunk) {
    const uint8_t* scales = in.take(32);
    const uint8_t* codes = in.take(512);
    for (size_t r = 0; r < 16; ++r)
      for (size_t part = 0; part < 2; ++part)
        for (size_t k = 0; k < 32; ++k) {
          const auto scale = static_cast<float>(static_cast<int8_t>(scales[16 * part + r]));
          const int index = nibble(codes[64 * (k / 4) + 4 * r + k % 4], part == 1);
          out[r][32 * (2 * chunk + part) + k] = half_of(d, r) * factor * scale * values[index];
        }
  }
  return out;
}

Block q6_k_block(Reader& in) {
  const uint8_t* d = in.take(32);
  const uint8_t* scales = in.take(256);
  Block out(16, std::vector<float>(256));
  for (size_t half = 0; half < 2; ++half) {
    const uint8_t* bits = in.take(1536);
    for (size_t r = 0; r < 16; ++r)
      for (size_t k = 0; k < 128; ++k) {
        const size_t run = k / 32, l = k % 32;
        const size_t at = 192 * (l / 4) + 4 * r + l % 4;
        const int low = nibble(bits[at + 64 * (run % 2)], run >= 2);
        const int high = bits[at + 128] >> 2 * run & 3;
        const size_t weight = 128 * half + k;
        const auto scale = static_cast<float>(static_cast<int8_t>(scales[16 * (weight / 16) + r]));
        out[r][weight] = half_of(d, r) * scale * static_cast<float>((low | high << 4) - 32);
      }
  }
  return out;
}

Block block_of(std::string_view format, Reader& in) {
  if (format == "q2_k" || format == "q3_k") return narrow_block(format, in);
  if (format == "q4_k" || format == "q5_k") return k_block(format, in);
  if (format.starts_with("iq")) return table_block(format, in);
  return format == "q6_k" ? q6_k_block(in) : small_block(format, in);
}

}  // namespace

void check_pack(const Cell& cell, PackKernel kernel) {
  const precision::Mode& mode = mode_of(cell);
  const int64_t group = mode.functions->group, blocks = 3, cols = blocks * group;
  const AnyMatrix matrix = random_matrix(mode, kPackRows, cols);
  const std::byte* rows[kPackRows];
  const size_t row_bytes = mode.functions->bytes(1, cols);
  for (size_t r = 0; r < kPackRows; ++r) rows[r] = matrix.view.codes + r * row_bytes;
  const int64_t bytes = kernel(nullptr, blocks, nullptr);
  EXPECT_EQ(static_cast<uint64_t>(bytes), packed_panel_bytes(mode.id, cols));
  std::vector<std::byte> panel(static_cast<size_t>(bytes), std::byte{0xee});
  EXPECT_EQ(kernel(rows, blocks, panel.data()), bytes);
  Reader in(panel.data());
  std::vector<float> want(static_cast<size_t>(cols));
  for (int64_t b = 0; b < blocks; ++b) {
    const Block got = block_of(cell.format, in);
    for (size_t r = 0; r < kPackRows; ++r) {
      mode.functions->dequantise(matrix.view, static_cast<int64_t>(r), want.data());
      for (size_t k = 0; k < got[r].size(); ++k)
        ASSERT_EQ(got[r][k], want[static_cast<size_t>(b * group) + k])
            << cell.name << " row " << r << ", block " << b << ", weight " << k;
    }
  }
  EXPECT_EQ(in.at(), panel.data() + bytes) << "nothing but what packed.h names";
}

}  // namespace nety::kernels
