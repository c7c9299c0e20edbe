// Double quantization: the mean in torch's order of summation, and codes at the edges.
#include "core/precision/nested_scales.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <vector>

#include "core/precision/codebooks.h"

namespace nety::precision {
namespace {

/// Multiples of 2^-24 below 1, without visible order.
std::vector<float> scrambled(size_t count) {
  std::vector<float> values(count);
  for (size_t k = 0; k < count; ++k)
    values[k] = static_cast<float>((static_cast<uint32_t>(k) * 2654435761U) >> 8) * 0x1p-24F;
  return values;
}

struct Mean {
  size_t count;
  uint32_t bits;
};

// torch 2.11.0, `torch.tensor(scrambled(count)).mean()` on a CPU, the same on AVX-512, AVX2 and
// neither.
constexpr Mean kTorchMeans[] = {
    {1, 0x00000000U},     {3, 0x3e91c448U},     {7, 0x3ed9df22U},     {8, 0x3ed38453U},
    {9, 0x3ef1bbcbU},     {31, 0x3efe1d28U},    {32, 0x3ef8b7bcU},    {33, 0x3efd3ccaU},
    {63, 0x3efc1a22U},    {100, 0x3efc40dcU},   {255, 0x3eff0ec1U},   {256, 0x3eff4236U},
    {512, 0x3effbbe8U},   {513, 0x3effab06U},   {1000, 0x3efffce6U},  {1152, 0x3effdde9U},
    {5184, 0x3effecb9U},  {13824, 0x3efff89aU}, {20736, 0x3f00006bU}, {27648, 0x3efffe02U},
    {32767, 0x3efffe8cU}, {32768, 0x3efffd05U}};

TEST(NestedOffset, IsTorchsMeanToTheLastBit) {
  for (const Mean& mean : kTorchMeans)
    EXPECT_EQ(std::bit_cast<uint32_t>(nested_offset(scrambled(mean.count))), mean.bits)
        << mean.count << " values";
}

TEST(NestedOffset, IsTheDoubleMeanWhereTorchsDependsOnThreads) {
  const std::vector<float> values = scrambled(32769);
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value);
  EXPECT_EQ(nested_offset(values), static_cast<float>(sum / 32769));
  EXPECT_EQ(nested_offset({}), 0.0F);
}

TEST(NestedBlock, OfZerosHasCodesAndAbsmaxZero) {
  const std::vector<float> values(100);
  std::vector<uint8_t> codes(100, 77);
  EXPECT_EQ(quantise_nested_block(values, codes.data()), 0.0F);
  EXPECT_EQ(codes, std::vector<uint8_t>(100, 0));
}

TEST(NestedBlock, ReachesBothEndsOfTheMap) {
  const std::vector<float> values{-2.0F, 2.0F, 0.0F, 1.0F};
  std::vector<uint8_t> codes(4);
  EXPECT_EQ(quantise_nested_block(values, codes.data()), 2.0F);
  EXPECT_EQ(codes[0], 0);
  EXPECT_EQ(codes[1], 255);
  EXPECT_NEAR(kDynamic256[codes[2]], 0.0F, 3.1e-5F) << "one bin";
  EXPECT_NEAR(kDynamic256[codes[3]], 0.5F, 0.0071F) << "half a step of the map";
}

}  // namespace
}  // namespace nety::precision
