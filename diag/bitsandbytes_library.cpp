// Signatures: bitsandbytes 0.50.2, csrc/pythonInterface.cpp. Only functions that are safe on any
// shape are called: gemv_4bit_inference_cpu_* aborts the process on some.
#include "diag/bitsandbytes_library.h"

#include <dlfcn.h>
#include <fmt/core.h>

#include <cmath>
#include <cstdint>
#include <iterator>
#include <ostream>
#include <random>
#include <sstream>

#include "core/base/error.h"
#include "core/measure/worker.h"
#include "core/precision/codebooks.h"
#include "core/precision/four_bit.h"

namespace nety::diag {
namespace {

using precision::Matrix;

using Dequantise = void (*)(const uint8_t* codes, const float* absmax, float* out,
                            long long block_size, long long rows, long long columns);

using DequantiseBytes = void (*)(const float* values, const uint8_t* codes, const float* absmax,
                                 float* out, long long block_size, long long count);
constexpr const char* kBytesFunction = "cdequantize_blockwise_cpu_fp32";

struct Function {
  const char* name;
  const char* mode;
};
constexpr Function kFunctions[] = {{"cdequantize_blockwise_cpu_nf4_fp32", "nf4"},
                                   {"cdequantize_blockwise_cpu_fp4_fp32", "fp4"}};

struct Shape {
  int64_t rows, columns;
};
// Whole blocks per row; blocks that cross rows, with and without whole vectors of 16.
constexpr Shape kShapes[] = {{8, 128}, {8, 96}, {8, 40}};

/// Rows of very different sizes, so that a scale taken from another row shows.
std::vector<float> random_weights(const Shape& shape) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> weights;
  for (int64_t row = 0; row < shape.rows; ++row)
    for (int64_t column = 0; column < shape.columns; ++column)
      weights.push_back(normal(random) * static_cast<float>(row + 1));
  return weights;
}

/// The size of the difference over that of what was expected.
double relative_error(const std::vector<float>& got, const std::vector<float>& expected) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double by = static_cast<double>(got[i]) - expected[i];
    difference += by * by;
    size += static_cast<double>(expected[i]) * expected[i];
  }
  const double error = std::sqrt(difference / size);
  return std::isfinite(error) ? error : 1;
}

double check(Dequantise function, const precision::Mode& mode, const Shape& shape) {
  const std::vector<float> weights = random_weights(shape);
  const Matrix matrix = precision::quantise(mode.id, weights.data(), shape.rows, shape.columns);
  std::vector<float> expected(weights.size()), got(weights.size());
  for (int64_t row = 0; row < shape.rows; ++row)
    mode.functions->dequantise(matrix.view, row,
                               expected.data() + static_cast<size_t>(row * shape.columns));
  function(reinterpret_cast<const uint8_t*>(matrix.view.codes), matrix.view.scales, got.data(),
           matrix.view.block, shape.rows, shape.columns);
  return relative_error(got, expected);
}

/// The 8-bit codes of double quantization: value of the map times absmax.
double check_bytes(DequantiseBytes function, const Shape& shape) {
  constexpr size_t kBlock = 256;
  const auto count = static_cast<size_t>(shape.rows * shape.columns);
  std::vector<uint8_t> codes(count);
  std::vector<float> absmax, expected(count), got(count);
  for (size_t i = 0; i < count; ++i) {
    if (i % kBlock == 0) absmax.push_back(static_cast<float>(absmax.size() + 1));
    codes[i] = static_cast<uint8_t>(i * 7 % 256);
    expected[i] = precision::kDynamic256[codes[i]] * absmax.back();
  }
  function(precision::kDynamic256.data(), codes.data(), absmax.data(), got.data(), kBlock,
           static_cast<long long>(count));
  return relative_error(got, expected);
}

void print(std::ostream& out, const char* function, const Shape& shape, bool found, double error) {
  out << fmt::format("check {} {} {} {:d} {}", function, shape.rows, shape.columns, found, error)
      << std::endl;
}

}  // namespace

int check_bitsandbytes_library(const std::filesystem::path& library, std::ostream& out) {
  void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    out << "failure " << ::dlerror() << std::endl;
    return 0;
  }
  for (const Function& function : kFunctions) {
    const auto address = reinterpret_cast<Dequantise>(::dlsym(handle, function.name));
    for (const Shape& shape : kShapes) {
      const double error =
          address == nullptr ? 0 : check(address, *precision::find_mode(function.mode), shape);
      print(out, function.name, shape, address != nullptr, error);
    }
  }
  const auto bytes = reinterpret_cast<DequantiseBytes>(::dlsym(handle, kBytesFunction));
  print(out, kBytesFunction, kShapes[0], bytes != nullptr,
        bytes == nullptr ? 0 : check_bytes(bytes, kShapes[0]));
  return 0;  // never closed: its OpenMP threads may still be there
}

LibraryReport ask_bitsandbytes_library(const std::filesystem::path& library, double limit_s) {
  LibraryReport report;
  constexpr size_t kExpected = std::size(kFunctions) * std::size(kShapes) + 1;
  try {
    measure::WorkerCommand command;
    command.argv = {measure::own_program(), "worker", "--bitsandbytes", library.string()};
    measure::Worker worker(command);
    while (const std::optional<std::string> line = worker.receive(limit_s)) {
      std::istringstream words(*line);
      std::string kind;
      words >> kind;
      if (kind == "failure") {
        std::getline(words >> std::ws, report.failure);
      } else if (LibraryCheck found; kind == "check" && words >> found.function >> found.rows >>
                                                            found.columns >> found.found >>
                                                            found.error_relative) {
        report.checks.push_back(found);
      }
    }
    if (report.failure.empty() && report.checks.size() < kExpected)
      report.failure = worker.end()->describe();
  } catch (const Error& error) {
    report.failure = error.what();
  }
  return report;
}

}  // namespace nety::diag
