#include "diag/trial.h"

#include <algorithm>
#include <memory>

#include "core/backends/backends.h"
#include "core/measure/stopwatch.h"
#include "diag/known_answer.h"
#include "diag/products.h"

namespace nety::diag {
namespace {

using precision::Matrix;
using precision::Mode;

constexpr int64_t kAnswerRows = 203;  // no multiple of anything that kernels like
constexpr int64_t kTileRows = 256;    // of which whole blocks of every format, nested ones too
constexpr int64_t kMatrixRows = 2048;
constexpr size_t kLeastPairs = 6, kMostPairs = 60;

/// `copies` of a matrix, stacked: copying is as fast as memory, quantising as many rows is not. The
/// codes begin on a cache line, as those that backends make.
Matrix tiled(const Matrix& tile, int64_t copies) {
  constexpr size_t kLine = 64;
  const auto repeat = [copies](const auto& once, auto* out) {
    for (int64_t i = 0; i < copies; ++i) out = std::copy(once.begin(), once.end(), out);
  };
  const auto times = static_cast<size_t>(copies);
  Matrix matrix;
  matrix.view = tile.view;
  matrix.view.rows *= copies;
  matrix.codes.resize(tile.codes.size() * times + kLine);
  matrix.scales.resize(tile.scales.size() * times);
  matrix.nested_codes.resize(tile.nested_codes.size() * times);
  void* codes = matrix.codes.data();
  size_t room = matrix.codes.size();
  std::align(kLine, tile.codes.size() * times, codes, room);
  repeat(tile.codes, static_cast<std::byte*>(codes));
  repeat(tile.scales, matrix.scales.data());
  repeat(tile.nested_codes, matrix.nested_codes.data());
  matrix.view.codes = static_cast<const std::byte*>(codes);
  if (!matrix.scales.empty()) matrix.view.scales = matrix.scales.data();
  if (!matrix.nested_codes.empty()) matrix.view.nested_codes = matrix.nested_codes.data();
  return matrix;
}

/// One token, then several: decode and prefill may take different kernels.
void check_answers(const TrialRequest& request, const Mode& mode, const BackendFactory& make,
                   TrialReply& reply) {
  const Activations x(kTrialTokens, kTrialCols);
  const Matrix matrix = sample_matrix(mode, kAnswerRows, kTrialCols);
  Products products(make(request), x, kAnswerRows);
  const size_t number = products.add(matrix.view);
  const Arithmetic arithmetic = arithmetic_of(request.run.backend, mode);
  constexpr int64_t kSome = 7;
  for (const int64_t tokens : {int64_t{1}, kSome}) {
    const KnownAnswer answer(matrix.view, x, tokens, arithmetic);
    std::vector<float> y(static_cast<size_t>(tokens * kAnswerRows));
    products.multiply(number, tokens, y);
    const double worst = answer.worst(y);
    if (worst > reply.error_share && worst > 1) reply.worst_place = answer.worst_place(y);
    reply.error_share = std::max(reply.error_share, worst);
  }
  reply.kernel = products.backend().kernel(mode.id);
  const auto weights = static_cast<double>(kAnswerRows * kTrialCols);
  const uint64_t stored = mode.functions->bytes(kAnswerRows, kTrialCols);
  const uint64_t owned = products.weight(number).owned_bytes();
  reply.bytes_per_weight = static_cast<double>(owned > 0 ? owned : stored) / weights;
}

/// The order alternates, so that a drift of the machine affects both alike.
TimedPairs time_pairs(Products& products, size_t mode, size_t reference, int64_t tokens,
                      int64_t rows, double budget_s) {
  std::vector<float> y(static_cast<size_t>(tokens * rows));
  products.multiply(reference, tokens, y);  // page faults and clocks are past after these
  products.multiply(mode, tokens, y);
  TimedPairs pairs;
  const measure::Stopwatch watch;
  while (pairs.mode_s.size() < kLeastPairs ||
         (watch.seconds() < budget_s && pairs.mode_s.size() < kMostPairs)) {
    const bool first = pairs.mode_s.size() % 2 == 0;
    if (first) pairs.reference_s.push_back(products.multiply(reference, tokens, y));
    pairs.mode_s.push_back(products.multiply(mode, tokens, y));
    if (!first) pairs.reference_s.push_back(products.multiply(reference, tokens, y));
  }
  return pairs;
}

TimedPairs time_product(const TrialRequest& request, const BackendFactory& make, const Matrix& tile,
                        const Matrix& reference_tile, int64_t rows, int64_t tokens) {
  const Activations x(tokens, kTrialCols);
  const int64_t copies = rows / kTileRows;
  const Matrix matrix = tiled(tile, copies);
  const bool is_reference = tile.view.mode == reference_tile.view.mode;
  const Matrix reference = is_reference ? Matrix{} : tiled(reference_tile, copies);
  Products products(make(request), x, rows);
  const size_t number = products.add(matrix.view);
  const size_t other = is_reference ? number : products.add(reference.view);
  return time_pairs(products, number, other, tokens, rows, request.budget_s);
}

void take_times(const TrialRequest& request, const Mode& mode, const BackendFactory& make,
                TrialReply& reply) {
  const Matrix tile = sample_matrix(mode, kTileRows, kTrialCols);
  const Matrix reference =
      sample_matrix(precision::mode(precision::ModeId::fp32), kTileRows, kTrialCols);
  const int64_t rows = std::max<int64_t>(request.weights / kTrialCols / kTileRows, 1) * kTileRows;
  const int64_t short_rows = std::min(rows, kMatrixRows);
  reply.vector_weights = rows * kTrialCols;
  reply.matrix_products = short_rows * kTrialCols * kTrialTokens;
  reply.vector = time_product(request, make, tile, reference, rows, 1);
  reply.matrix = time_product(request, make, tile, reference, short_rows, kTrialTokens);
}

}  // namespace

TrialReply try_mode(const TrialRequest& request, const BackendFactory& make_backend) {
  TrialReply reply;
  try {
    const Mode* mode = precision::find_mode(request.run.mode);
    if (mode == nullptr) throw Error(ErrorKind::kUsage, "unknown mode '" + request.run.mode + "'");
    check_answers(request, *mode, make_backend, reply);
    reply.ok = true;
    if (request.timed && reply.correct()) take_times(request, *mode, make_backend, reply);
  } catch (const Error& error) {
    reply.ok = false;
    reply.error = error.kind();
    reply.what = error.what();
  } catch (const std::bad_alloc&) {
    reply.ok = false;
    reply.error = ErrorKind::kMemory;
    reply.what = "not enough memory to try it";
  }
  return reply;
}

std::unique_ptr<model::Backend> real_backend(const TrialRequest& request) {
  // LibTorch's instruction set is chosen by its environment, which the parent has set.
  const options::RunOptions& run = request.run;
  const std::string isa = run.backend == "native" ? run.isa : "";
  return backends::make_backend(
      run.backend, {.threads = static_cast<int>(run.threads), .isa = isa, .device = "cpu"},
      machine::host());
}

}  // namespace nety::diag
