// fp8 and MXFP4 in Hugging Face directories: against what ml_dtypes makes of them
// (tests/data/checkpoints/make_float_scales.py), and scales that do not belong to their weights.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "core/base/files.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/inspector.h"
#include "core/checkpoint/safetensors.h"
#include "core/precision/slice.h"
#include "tests/checkpoint/made_files.h"
#include "tests/paths.h"

namespace nety::checkpoint {
namespace {

std::vector<float> dequantised(const precision::MatrixView& view) {
  std::vector<float> out(static_cast<size_t>(view.rows * view.cols));
  for (int64_t r = 0; r < view.rows; ++r)
    precision::mode(view.mode).functions->dequantise(view, r, out.data() + r * view.cols);
  return out;
}

class FloatScales : public testing::TestWithParam<const char*> {};

TEST_P(FloatScales, AreWhatMlDtypesMakesOfThem) {
  const std::filesystem::path folder =
      std::filesystem::path(test_data()) / "checkpoints" / GetParam();
  const Checkpoint checkpoint = Checkpoint::open(folder);
  const bool mxfp4 = std::string(GetParam()) == "mxfp4";
  EXPECT_EQ(checkpoint.stored_mode(), mxfp4 ? precision::ModeId::mxfp4 : precision::ModeId::fp8);
  EXPECT_EQ(checkpoint.copied_bytes() == 0, std::string(GetParam()) != "fp8-matrix");
  const MappedFile file(folder / "expected.safetensors");
  for (const auto& entry : parse_safetensors(file.bytes(), file.path()).tensors) {
    const precision::MatrixView view = checkpoint.matrix(entry.name);
    const std::vector<float> got = dequantised(view);
    ASSERT_EQ(got.size() * sizeof(float), entry.end - entry.begin);
    std::vector<float> want(got.size());
    std::memcpy(want.data(), file.bytes().data() + entry.begin, entry.end - entry.begin);
    EXPECT_EQ(got, want) << entry.name;  // MXFP4's other zero, -0, is 0 in ggml and here
    // Rows of it are the same rows.
    const int64_t first = view.block_rows > 0 && view.block_rows < view.rows ? view.block_rows : 3;
    if (first + 2 > view.rows) continue;
    const std::vector<float> some = dequantised(precision::rows_of(view, first, 2));
    EXPECT_EQ(std::memcmp(some.data(), got.data() + first * view.cols, some.size() * sizeof(float)),
              0)
        << entry.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Directories, FloatScales,
                         testing::Values("fp8-blocks", "fp8-matrix", "mxfp4"), [](const auto& one) {
                           std::string name = one.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

/// A small Llama whose down projection of the first layer is something else.
class MadeScales : public testing::Test {
 protected:
  static constexpr const char* kName = "model.layers.0.mlp.down_proj.weight";
  static constexpr size_t kRows = 8, kCols = 16;

  void write(const std::vector<MadeTensor>& instead, const std::string& method) {
    std::vector<MadeTensor> tensors = tiny_.tensors();
    std::erase_if(tensors, [](const MadeTensor& tensor) { return tensor.name == kName; });
    tensors.insert(tensors.end(), instead.begin(), instead.end());
    folder_.put("config.json",
                tiny_.config("\"quantization_config\": {\"quant_method\": \"" + method + "\"}"));
    folder_.put("model.safetensors", safetensors_of(tensors));
  }
  static MadeTensor codes(uint8_t code) {
    return {kName, "F8_E4M3", {kRows, kCols}, std::string(kRows * kCols, static_cast<char>(code))};
  }
  static MadeTensor scales(const std::string& suffix, std::vector<int64_t> shape,
                           const std::vector<float>& values) {
    return {kName + suffix, "F32", std::move(shape), bytes_of_all(values)};
  }
  void expect_refused(const std::vector<std::string>& parts) {
    expect_error([&] { Checkpoint::open(folder_.path()).matrix(kName); }, ErrorKind::kCheckpoint,
                 parts);
  }

  TempFolder folder_;
  TinyModel tiny_;
};

TEST_F(MadeScales, AreForTheMatrixForRowsOrForBlocks) {
  std::vector<float> rows(kRows);
  for (size_t r = 0; r < kRows; ++r) rows[r] = static_cast<float>(r + 1);
  for (const auto& [shape, values] : {std::pair{std::vector<int64_t>{}, std::vector<float>{3}},
                                      std::pair{std::vector<int64_t>{1, 1}, std::vector<float>{3}},
                                      std::pair{std::vector<int64_t>{kRows}, rows},
                                      std::pair{std::vector<int64_t>{kRows, 1}, rows}}) {
    write({codes(0x38), scales("_scale", shape, values)}, "fp8");  // 1.0
    const std::vector<float> got = dequantised(Checkpoint::open(folder_.path()).matrix(kName));
    for (size_t r = 0; r < kRows; ++r)
      EXPECT_EQ(got[r * kCols], values.size() == 1 ? 3.0F : rows[r]);
  }
}

TEST_F(MadeScales, MustBelongToTheWeightAndBeNumbers) {
  write({codes(0x38)}, "fp8");
  expect_refused({kName, "has neither", "_scale_inv"});
  write({codes(0x38), scales("_scale_inv", {2, 2}, {1, 1, 1, 1})}, "fp8");
  expect_refused({kName, "do not belong", "[2, 2]"});
  MadeTensor wrong = scales("_scale", {1}, {1});
  wrong.dtype = "U32";
  write({codes(0x38), wrong}, "fp8");
  expect_refused({kName, "do not belong", "U32"});
  for (const float bad : {std::nanf(""), -1.0F, std::numeric_limits<float>::infinity()}) {
    write({codes(0x38), scales("_scale_inv", {1}, {bad})}, "fp8");
    expect_refused({kName, "scale 0"});
    EXPECT_FALSE(inspect_values(Checkpoint::open(folder_.path())).empty());
  }
}

TEST_F(MadeScales, OfMxfp4MustBeThereAndHaveItsShape) {
  const std::string name = kName;
  const MadeTensor blocks{name + "_blocks", "U8", {kRows, 1, 16}, std::string(kRows * 16, '\x21')};
  write({blocks}, "mxfp4");
  expect_refused({name + "_blocks", "has no", name + "_scales"});
  write({blocks, {name + "_scales", "U8", {kRows, 2}, std::string(kRows * 2, '\x7f')}}, "mxfp4");
  expect_refused({name + "_blocks", "[8, 2]"});
}

class Nvfp4Factor : public testing::Test {
 protected:
  Nvfp4Factor() { tiny_.dim = tiny_.ffn = 64, tiny_.head_dim = 32; }

  /// A GGUF whose first down projection is of that type, with a factor beside it.
  Checkpoint open(uint32_t type, size_t bytes, float factor) {
    std::vector<MadeTensor> tensors = tiny_.tensors();
    std::erase_if(tensors, [](const MadeTensor& tensor) {
      return tensor.name == "model.layers.0.mlp.down_proj.weight";
    });
    MadeGguf gguf = tiny_.gguf_of(tensors);
    gguf.add_tensor("blk.0.ffn_down.weight", type, {64, 64}, std::string(bytes, '\x22'));
    gguf.add_tensor("blk.0.ffn_down.scale", 0, {1}, bytes_of(factor));
    gguf.add_tensor("blk.0.ffn_down.input_scale", 0, {1}, bytes_of(0.5F));
    return Checkpoint::open(folder_.put("m.gguf", gguf.bytes()));
  }

  TempFolder folder_;
  TinyModel tiny_;
};

TEST_F(Nvfp4Factor, IsOfTheWholeMatrix) {
  const Checkpoint checkpoint = open(40, 64 * 36, 3);
  const auto got = dequantised(checkpoint.matrix("model.layers.0.mlp.down_proj.weight"));
  // 0x22 is 2^-3 * 1.25 as a scale and 1 as a value.
  for (const float weight : got) ASSERT_EQ(weight, 0.15625F * 3);
  EXPECT_TRUE(checkpoint.notices().empty());
}

TEST_F(Nvfp4Factor, MustBeANumberAndOfNvfp4) {
  expect_error([&] { open(40, 64 * 36, NAN).matrix("model.layers.0.mlp.down_proj.weight"); },
               ErrorKind::kCheckpoint, {"blk.0.ffn_down.weight", "scale 0"});
  expect_error([&] { open(0, 64 * 64 * 4, 3); }, ErrorKind::kCheckpoint,
               {"blk.0.ffn_down.weight", "blk.0.ffn_down.scale"});
}

}  // namespace
}  // namespace nety::checkpoint
