// Files in stored types, run as they are: GGUF files that llama.cpp quantised, one in two parts,
// and directories in fp8 and MXFP4.
#include <cmath>

#include "tests/model/family_logits.h"

namespace nety::model {
namespace {

/// The worst logit of a case of tests/data/families, run in `mode` (nothing: as stored).
double worst_of(const std::filesystem::path& model, const std::string& name,
                std::optional<precision::ModeId> mode) {
  const auto expected = test_data("families") / name / "expected.safetensors";
  const auto wide = read_tensor<int64_t>(expected, "input_ids");
  const std::vector<int32_t> tokens(wide.begin(), wide.end());
  const auto want = read_tensor<float>(expected, "logits");
  const Ready ready = make_ready(model, native_backend(), {mode, {}});
  engine::Engine engine(*ready.model, *ready.backend, {.context = 256, .logit_rows = 256});
  engine::Sequence sequence = engine.open_sequence();
  const auto got = sequence.feed_all(tokens);
  double worst = got.size() == want.size() ? 0 : 1e9;
  for (size_t i = 0; i < std::min(got.size(), want.size()); ++i)
    worst = std::max(worst, std::abs(double{got[i]} - double{want[i]}));
  return worst;
}

/// A file, and how far llama.cpp (llama-cpp-python 0.3.36) is from exact on it, to two digits.
struct StoredCase {
  const char* name;
  double llama_cpp;
};
constexpr double kHalfADigit = 0.005;
constexpr StoredCase kCases[] = {
    {"quant-llama-iq4xs", 0.20},  {"quant-llama-iq3xxs", 0.21}, {"quant-llama-iq2s", 0.24},
    {"quant-llama-iq2xxs", 0.23}, {"quant-llama-mxfp4", 0.15},  {"quant-qwen3-q4km", 0.21},
};

class StoredFile : public testing::TestWithParam<StoredCase> {};

TEST_P(StoredFile, IsNoFartherFromExactThanLlamaCpp) {
  const auto file = test_data("families") / GetParam().name / "model.gguf";
  const double worst = worst_of(file, GetParam().name, std::nullopt);
  RecordProperty("worst", std::to_string(worst));
  EXPECT_LE(worst, GetParam().llama_cpp + kHalfADigit);
}

INSTANTIATE_TEST_SUITE_P(Files, StoredFile, testing::ValuesIn(kCases), [](const auto& one) {
  std::string name = one.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(SplitFile, GivesTheLogitsOfTransformersByAnyPart) {
  for (const char* part : {"model-00001-of-00002.gguf", "model-00002-of-00002.gguf"})
    EXPECT_LE(worst_of(test_data("families") / "split-qwen2" / part, "split-qwen2",
                       precision::ModeId::fp32),
              kFamilyTolerance)
        << part;
}

/// Logits of a directory of tests/data/checkpoints, as stored or in `mode`.
std::vector<float> logits_of(const char* name, std::optional<precision::ModeId> mode,
                             const char* isa = "") {
  const Ready ready =
      make_ready(test_data("checkpoints") / name, native_backend(2, isa), {mode, {}});
  engine::Engine engine(*ready.model, *ready.backend, {.context = 64, .logit_rows = 64});
  engine::Sequence sequence = engine.open_sequence();
  const auto got = sequence.feed_all(std::vector<int32_t>{1, 17, 42, 5, 99, 3});
  return {got.begin(), got.end()};
}

/// fp8 has fp32 activations, so only the order of sums differs; MXFP4 rounds them to 16 bits, which
/// this net makes 2.4e-3 of.
constexpr float kSameWeights = 1e-4F, kSixteenBits = 5e-3F;

TEST(StoredDirectory, GivesTheLogitsOfItsWeightsInFp32) {
  for (const char* name : {"fp8-blocks", "fp8-matrix", "mxfp4"}) {
    const std::vector<float> want = logits_of(name, precision::ModeId::fp32);
    const float allowed = std::string_view(name) == "mxfp4" ? kSixteenBits : kSameWeights;
    for (const char* isa : {"", "scalar"}) {
      const std::vector<float> got = logits_of(name, std::nullopt, isa);
      ASSERT_EQ(got.size(), want.size());
      for (size_t i = 0; i < want.size(); ++i)
        ASSERT_NEAR(got[i], want[i], allowed) << name << " " << isa << " logit " << i;
    }
  }
}

/// gpt-oss as it is published: experts in stacks, gate and up row by row. The directory has the
/// rest in bf16, whose rounding alone moves these logits, up to 9, by 0.1; another expert's rows by
/// more than 1.
TEST(StoredStacks, OfADirectoryAndAGgufAreThoseOfTransformers) {
  const auto folder = test_data("families") / "gpt-oss-mxfp4";
  EXPECT_LE(worst_of(folder / "model.gguf", "gpt-oss-mxfp4", std::nullopt), kSixteenBits);
  constexpr double kBf16 = 0.15;
  EXPECT_LE(worst_of(folder, "gpt-oss-mxfp4", std::nullopt), kBf16);
}

}  // namespace
}  // namespace nety::model
