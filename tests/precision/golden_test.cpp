// Every tensor of the vectors that bitsandbytes 0.50.2 made (tests/data/vectors): codes, scales and
// weights bit for bit, products within 2e-6.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/half.h"
#include "core/precision/activation.h"
#include "core/precision/four_bit.h"
#include "core/precision/fp4.h"
#include "core/precision/nested_scales.h"
#include "core/precision/nf4.h"
#include "tests/paths.h"
#include "tests/precision/bitsandbytes_reference.h"
#include "tests/precision/compare.h"
#include "tests/precision/vectors.h"

namespace nety::precision {
namespace {

using nlohmann::json;

constexpr int64_t kTensors = 182;

json manifest() { return json::parse(read_file(test_data() + "/vectors/manifest.json")); }

std::string text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string text(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

std::vector<float> dequantise(const Matrix& matrix) {
  const MatrixView& view = matrix.view;
  std::vector<float> out(static_cast<size_t>(view.rows * view.cols));
  for (int64_t n = 0; n < view.rows; ++n)
    mode(view.mode).functions->dequantise(view, n, out.data() + n * view.cols);
  return out;
}

std::vector<float> rounded(std::vector<float> values, const std::string& dtype) {
  for (float& value : values) {
    if (dtype == "float16") value = float_from_fp16(fp16_from_float(value));
    if (dtype == "bfloat16") value = float_from_bf16(bf16_from_float(value));
  }
  return values;
}

std::vector<int8_t> codes_of(Vectors& vectors, const std::string& name) {
  const std::vector<int64_t> wide = vectors.integers(name);
  return {wide.begin(), wide.end()};
}

const FourBitBook& book_of(const std::string& type) { return type == "nf4" ? kNf4Book : kFp4Book; }

/// y[m] = multiply(x[m]) + bias.
std::vector<float> linear(const Matrix& matrix, const std::vector<float>& x,
                          const std::vector<float>& bias) {
  const auto cols = static_cast<size_t>(matrix.view.cols);
  const auto outputs = static_cast<size_t>(matrix.view.rows);
  std::vector<float> y(x.size() / cols * outputs);
  for (size_t m = 0; m < x.size() / cols; ++m) {
    mode(matrix.view.mode)
        .functions->multiply(matrix.view, x.data() + m * cols, y.data() + m * outputs, 0,
                             matrix.view.rows);
    for (size_t n = 0; n < outputs; ++n) y[m * outputs + n] += bias[n];
  }
  return y;
}

void check_codebooks(Vectors& vectors) {
  const json books = json::parse(read_file(test_data() + "/vectors/codebooks.json"));
  const auto check = [&](const std::string& name, std::span<const float> table) {
    const std::vector<float> values(table.begin(), table.end());
    expect_same_bits(values, vectors.floats("code/" + name), name);
    std::vector<float> listed;
    for (const std::string hex : books.at(name).at("hex"))
      listed.push_back(std::bit_cast<float>(static_cast<uint32_t>(std::stoul(hex, nullptr, 16))));
    expect_same_bits(values, listed, name);
  };
  check("nf4", kNf4);
  check("fp4", kFp4);
  check("dynamic256", kDynamic256);
}

void check_int8_weights(Vectors& vectors, const std::string& input) {
  const std::vector<int64_t> shape = vectors.shape("in/" + input);
  const std::vector<float> weights = vectors.floats("in/" + input);
  const std::string codes = vectors.bytes("int8/" + input + "/CB");
  const std::vector<float> scales = vectors.floats("int8/" + input + "/SCB");
  const ModeFunctions& int8 = *mode(ModeId::int8).functions;
  Matrix matrix = int8.allocate(shape[0], shape[1]);
  for (int64_t n = 0; n < shape[0]; ++n) {
    const float* row = weights.data() + n * shape[1];
    if (std::isinf(scales[static_cast<size_t>(n)])) {
      // bitsandbytes loses this row without a word; NETY refuses it.
      EXPECT_THROW(int8.quantise(row, n, n + 1, matrix), Error);
      matrix.scales[static_cast<size_t>(n)] = scales[static_cast<size_t>(n)];
      continue;
    }
    int8.quantise(row, n, n + 1, matrix);
  }
  EXPECT_EQ(text(matrix.codes), codes);
  expect_same_bits(matrix.scales, scales, input + " SCB");
  if (vectors.has("int8/" + input + "/dequant_f32"))
    expect_same_bits(dequantise(matrix), vectors.floats("int8/" + input + "/dequant_f32"), input);
}

struct Int8Layer {
  std::vector<float> x, bias, scales;
  std::vector<int8_t> weights;
};

Int8Layer int8_layer(Vectors& vectors) {
  return {vectors.floats("int8mm/A"), vectors.floats("int8mm/bias"),
          vectors.floats("int8/x64x128/SCB"), codes_of(vectors, "int8/x64x128/CB")};
}

/// The batch as bitsandbytes sees it, with its own rule and constant.
void check_int8_batch(Vectors& vectors, const std::string& tag, float threshold) {
  const Int8Layer layer = int8_layer(vectors);
  const std::string p = "int8mm/" + tag + "/";
  const Int8Batch batch = quantise_batch(layer.x, 5, 128, threshold);
  EXPECT_EQ(batch.codes, codes_of(vectors, p + "CA"));
  expect_same_bits(batch.scales, vectors.floats(p + "SCA"), p + "SCA");
  EXPECT_EQ(integer_product(batch, layer.weights, 5, 128), vectors.integers(p + "acc_i32"));
  if (threshold > 0) {
    EXPECT_EQ(batch.outlier_columns, vectors.integers(p + "outlier_cols"));
  }

  const auto y = [&](const std::string& dtype, const std::vector<float>& bias) {
    return int8_linear(rounded(layer.x, dtype), 5, layer.weights, layer.scales,
                       rounded(bias, dtype), threshold, kCpuOutputConstant);
  };
  expect_close(y("float32", layer.bias), vectors.floats(p + "y_f32_bias"), kFloatProduct, p);
  expect_close(y("float32", {}), vectors.floats(p + "y_f32_nobias"), kFloatProduct, p);
  expect_close(y("float16", layer.bias), vectors.floats(p + "y_f16_bias"), kHalfOutput, p);
  expect_close(y("bfloat16", layer.bias), vectors.floats(p + "y_bf16_bias"), kBrainOutput, p);
}

/// One token: bitsandbytes' rule is then NETY's, and only its constant differs.
void check_int8_row(Vectors& vectors, const std::string& tag, float threshold) {
  const Int8Layer layer = int8_layer(vectors);
  const std::string p = "int8mm/" + tag + "/row2_";
  const std::vector<float> x(layer.x.begin() + 256, layer.x.begin() + 384);
  const Int8Batch batch = quantise_batch(x, 1, 128, threshold);
  EXPECT_EQ(batch.codes, codes_of(vectors, p + "CA"));
  expect_same_bits(batch.scales, vectors.floats(p + "SCA"), p);
  const auto y = [&](float constant) {
    return int8_linear(x, 1, layer.weights, layer.scales, layer.bias, threshold, constant);
  };
  expect_close(y(kCpuOutputConstant), vectors.floats(p + "y_f32_bias"), kFloatProduct, p);
  if (threshold != kOutlierThreshold) return;
  const Matrix matrix = quantise(ModeId::int8, vectors.floats("in/x64x128").data(), 64, 128);
  expect_close(linear(matrix, x, layer.bias), y(1.0F / 16129.0F), kFloatProduct, "the mode int8");
}

void check_int8_training(Vectors& vectors) {
  const Int8Layer layer = int8_layer(vectors);
  expect_close(int8_linear_training(layer.x, 5, layer.weights, layer.scales, layer.bias),
               vectors.floats("int8mm/train/y_f32_bias"), kFloatProduct, "train mode");
}

Matrix four_bit_matrix(Vectors& vectors, const json& item) {
  const std::string name = item.at("case");
  const auto shape = item.at("shape").get<std::vector<int64_t>>();
  const std::string type = item.at("quant_type");
  const std::string source = name.substr(5, name.find('-') - 5);
  const ModeId id = find_mode(type + (item.at("nested") ? "-dq" : ""))->id;
  const std::vector<float> weights =
      rounded(vectors.floats("in/" + source), item.at("source_dtype"));
  Matrix matrix = allocate_four_bit(id, shape[0], shape[1], item.at("blocksize"));
  mode(id).functions->quantise(weights.data(), 0, shape[0], matrix);
  return matrix;
}

/// The state that bitsandbytes stores beside the codes says what the matrix says.
void check_quant_state(Vectors& vectors, const json& item, const Matrix& matrix) {
  const std::string name = item.at("case");
  const std::string type = item.at("quant_type");
  const json state = json::parse(vectors.bytes(name + "/quant_state.bitsandbytes__" + type));
  EXPECT_EQ(state, item.at("quant_state"));
  EXPECT_EQ(state.at("quant_type"), type);
  EXPECT_EQ(state.at("blocksize"), matrix.view.block);
  EXPECT_EQ(state.at("shape"), json({matrix.view.rows, matrix.view.cols}));
  if (!item.at("nested")) return;
  EXPECT_EQ(state.at("nested_blocksize"), matrix.view.nested_block);
  EXPECT_EQ(static_cast<float>(state.at("nested_offset").get<double>()), matrix.view.nested_offset);
}

void check_four_bit(Vectors& vectors, const json& item) {
  const std::string name = item.at("case");
  SCOPED_TRACE(name);
  Matrix matrix = four_bit_matrix(vectors, item);
  EXPECT_EQ(text(matrix.codes), vectors.bytes(name + "/packed"));
  if (item.at("nested")) {
    mode(matrix.view.mode).functions->finish(matrix);
    EXPECT_EQ(text(matrix.nested_codes), vectors.bytes(name + "/absmax"));
    expect_same_bits(matrix.scales, vectors.floats(name + "/nested_absmax"), name);
    expect_same_bits({matrix.view.nested_map, matrix.view.nested_map + 256},
                     vectors.floats(name + "/nested_quant_map"), name);
    std::vector<float> absmax;
    for (size_t b = 0; b < matrix.nested_codes.size(); ++b)
      absmax.push_back(four_bit_absmax(matrix.view, static_cast<int64_t>(b)));
    expect_same_bits(absmax, vectors.floats(name + "/absmax_f32"), name);
  } else {
    expect_same_bits(matrix.scales, vectors.floats(name + "/absmax"), name);
  }
  check_quant_state(vectors, item, matrix);
  expect_same_bits(rounded(dequantise(matrix), item.at("source_dtype")),
                   vectors.floats(name + "/dequant"), name);
  if (item.at("bnb_cpu_dequantize_agrees")) return;
  // Rows that do not begin with a block: its AVX-512 code takes row * (cols / block) + k / block.
  const int64_t cols = matrix.view.cols;
  std::vector<float> wrong = dequantise(matrix);
  for (size_t k = 0; k < wrong.size(); ++k) {
    const auto index = static_cast<int64_t>(k);
    const int64_t block = index / cols * (cols / 64) + index % cols / 64;
    const auto pair = std::to_integer<unsigned>(matrix.codes[k / 2]);
    const unsigned code = k % 2 == 0 ? pair >> 4 : pair & 15U;
    wrong[k] = book_of(item.at("quant_type")).values[code] * four_bit_absmax(matrix.view, block);
  }
  expect_same_bits(wrong, vectors.floats(name + "/dequant_as_bnb_cpu_gives_it"), name);
}

void check_four_bit_products(Vectors& vectors, const std::string& name) {
  SCOPED_TRACE(name);
  const std::vector<float> x = vectors.floats("4bitmm/x");
  const std::vector<float> bias = vectors.floats("4bitmm/bias");
  const std::string p = "4bitmm/" + name + "/";
  const Matrix matrix = quantise(find_mode(name)->id, vectors.floats("in/x64x128").data(), 64, 128);
  expect_close(linear(matrix, x, bias), vectors.floats(p + "y_f32_bias"), kFloatProduct, p);

  std::vector<uint8_t> codes;
  for (const std::byte pair : matrix.codes) {
    codes.push_back(std::to_integer<uint8_t>(pair >> 4));
    codes.push_back(std::to_integer<uint8_t>(pair & std::byte{15}));
  }
  std::vector<float> absmax;
  for (int64_t b = 0; b < 128; ++b) absmax.push_back(four_bit_absmax(matrix.view, b));
  const FourBitBook& book = book_of(name.substr(0, 3));
  expect_close(four_bit_linear_bf16(x, 5, codes, book.values, absmax, 64, bias),
               vectors.floats(p + "y_f32_bias_avx512bf16_fused"), kBrainOutput, p);
  if (name.size() > 3) return;
  EXPECT_EQ(text(pack_for_bf16(codes, 128)), vectors.bytes(p + "avx512bf16_packed"));
  std::vector<float> transposed;
  for (size_t k = 0; k < 2; ++k)
    for (size_t n = 0; n < 64; ++n)
      transposed.push_back(float_from_bf16(bf16_from_float(absmax[2 * n + k])));
  expect_same_bits(transposed, vectors.floats(p + "avx512bf16_absmax_bf16"), p);
}

void check_nested_blocks(Vectors& vectors) {
  const std::vector<float> values = vectors.floats("block8/v");
  std::vector<uint8_t> codes(values.size());
  std::vector<float> absmax;
  std::vector<float> back;
  for (size_t begin = 0; begin < values.size(); begin += kNestedBlock) {
    const size_t size = std::min<size_t>(kNestedBlock, values.size() - begin);
    absmax.push_back(quantise_nested_block({values.data() + begin, size}, codes.data() + begin));
    for (size_t k = begin; k < begin + size; ++k)
      back.push_back(kDynamic256[codes[k]] * absmax.back());
  }
  EXPECT_EQ(text(codes), vectors.bytes("block8/q"));
  expect_same_bits(absmax, vectors.floats("block8/absmax"), "block8/absmax");
  expect_same_bits(back, vectors.floats("block8/dequant"), "block8/dequant");
}

void check_case(Vectors& vectors, const json& item) {
  const std::string name = item.at("case");
  if (name == "code") {
    check_codebooks(vectors);
  } else if (name.starts_with("int8/")) {
    check_int8_weights(vectors, name.substr(5));
  } else if (name == "int8mm") {
    for (const auto& [tag, threshold] : {std::pair{"thr6", 6.0F}, std::pair{"thr0", 0.0F}}) {
      check_int8_batch(vectors, tag, threshold);
      check_int8_row(vectors, tag, threshold);
    }
    check_int8_training(vectors);
  } else if (name.starts_with("4bit/")) {
    check_four_bit(vectors, item);
  } else if (name == "4bitmm") {
    for (const char* type : {"nf4", "nf4-dq", "fp4", "fp4-dq"})
      check_four_bit_products(vectors, type);
  } else if (name == "block8") {
    check_nested_blocks(vectors);
  } else {
    ADD_FAILURE() << "no check for the case " << name;
  }
}

class GoldenCase : public testing::TestWithParam<std::string> {};

TEST_P(GoldenCase, AgreesWithBitsandbytes) {
  Vectors vectors("vectors.safetensors");
  const json listed = manifest();
  for (const json& item : listed.at("cases"))
    if (item.at("case") == GetParam()) check_case(vectors, item);
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  const json listed = manifest();
  for (const json& item : listed.at("cases")) names.push_back(item.at("case"));
  return names;
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '/' || c == '-'; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Manifest, GoldenCase, testing::ValuesIn(case_names()), test_name);

TEST(GoldenVectors, EveryTensorIsCovered) {
  Vectors vectors("vectors.safetensors");
  const json listed = manifest();
  for (const json& item : listed.at("cases")) check_case(vectors, item);
  EXPECT_EQ(vectors.entries().size(), static_cast<size_t>(kTensors));
  EXPECT_EQ(vectors.covered().size(), static_cast<size_t>(kTensors));
  for (const auto& [name, entry] : vectors.entries()) {
    EXPECT_TRUE(vectors.covered().contains(name)) << name << " is looked at by no check";
    EXPECT_EQ(json(entry.shape), listed.at("tensors").at(name).at("shape")) << name;
  }
}

}  // namespace
}  // namespace nety::precision
