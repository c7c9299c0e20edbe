// A few distinct rows per matrix go through the mode's own quantiser; the rest are copies of them.
#include "bench/shape_weights.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "core/base/error.h"
#include "core/base/throwing_run.h"

namespace nety::bench {
namespace {

using checkpoint::Role;
using checkpoint::Slot;
using checkpoint::TensorInfo;
using precision::Matrix;
using precision::MatrixView;
using precision::ModeFunctions;
using precision::ModeId;

uint64_t mixed(uint64_t state) {  // SplitMix64 (Steele, Lea & Flood 2014)
  state += 0x9e3779b97f4a7c15U;
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9U;
  state = (state ^ (state >> 27)) * 0x94d049bb133111ebU;
  return state ^ (state >> 31);
}

uint64_t seed_of(const std::string& name, uint64_t seed) {
  uint64_t hash = 0xcbf29ce484222325U ^ seed;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return mixed(hash);
}

/// Nearly normal, mean 0 and variance 1: the sum of four uniform 16-bit numbers.
float normal(uint64_t bits) {
  const auto part = [bits](int i) { return static_cast<float>((bits >> (16 * i)) & 0xffff); };
  constexpr float kMean = 2 * 65535.0F;
  constexpr float kDeviation = 37836.7F;  // 65536 sqrt(4 / 12)
  return (part(0) + part(1) + part(2) + part(3) - kMean) / kDeviation;
}

/// Bytes of a part of `rows` rows out of an array that has `bytes` for `all` rows; rounded up for
/// scales that reach across rows.
size_t part_of(size_t bytes, int64_t rows, int64_t all) {
  const auto n = static_cast<size_t>(rows), of = static_cast<size_t>(all);
  return (bytes * n + of - 1) / of;
}

/// An array of `from` [whole rows] repeated to fill `rows` rows, `unit` rows at a time in an order
/// that the seed decides. Elements of `size` bytes are never cut.
AnonymousMemory repeated(std::span<const std::byte> from, size_t size, int64_t from_rows,
                         int64_t rows, int64_t unit, uint64_t seed, ThreadPool& pool) {
  if (from.empty()) return {};
  AnonymousMemory out(part_of(from.size() / size, rows, from_rows) * size);
  const size_t unit_bytes = part_of(from.size(), unit, from_rows);
  const int64_t units = (rows + unit - 1) / unit;
  pool.run([&](int worker, int workers) {
    const Share share = share_of(units, worker, workers);
    for (int64_t i = share.begin; i < share.end; ++i) {
      const auto pick = mixed(seed + static_cast<uint64_t>(i)) %
                        static_cast<uint64_t>(std::max<int64_t>(from_rows / unit, 1));
      const size_t at = static_cast<size_t>(i) * unit_bytes;
      std::memcpy(out.as<std::byte>() + at, from.data() + pick * unit_bytes,
                  std::min({unit_bytes, out.size() - at, from.size() - pick * unit_bytes}));
    }
  });
  return out;
}

/// Rows that are repeated together, the same in every mode: whole blocks of 64 weights and, of
/// their scales, whole nested blocks of 256, which reach across rows.
int64_t unit_of(int64_t cols, int64_t distinct) {
  constexpr int64_t kNested = int64_t{64} * 256;
  return std::min(kNested / std::gcd(kNested, cols), distinct);
}

}  // namespace

std::vector<int64_t> outlier_columns(int64_t dim) {
  std::vector<int64_t> columns;
  for (int64_t i = 0; i < std::min(kOutlierColumns, dim); ++i)
    columns.push_back((2 * i + 1) * dim / (2 * kOutlierColumns));
  return columns;
}

ShapeWeights::ShapeWeights(const checkpoint::ModelConfig& config, uint64_t seed, int threads)
    : config_(config), seed_(seed), outliers_(outlier_columns(config.dim)), pool_(threads) {
  for (TensorInfo& info : checkpoint::tensors_of(config)) {
    const std::string name = info.name;
    info.shape = info.stored_shape();  // whole, where a file would have several as one
    tensors_.emplace(name, std::move(info));
  }
}

/// Rows [first, last) of the distinct ones. Norms are 1 and biases 0. Products keep their inputs'
/// variance; what is added to the residual stream stays small beside the embeddings, so that their
/// outliers are outliers in every layer.
void ShapeWeights::fill(const TensorInfo& info, int64_t first, int64_t last, float* out) const {
  const int64_t cols = info.cols();
  if (is_vector(info.role())) {
    std::fill_n(out, cols, info.role() == Role::kNorm ? 1.0F : 0.0F);
    return;
  }
  const bool embedding = info.slot == Slot::embedding;
  const bool into_residual = info.slot == Slot::wo || info.slot == Slot::w_down;
  float scale = 1 / std::sqrt(static_cast<float>(cols));
  if (into_residual) scale *= 0.5F / std::sqrt(2 * static_cast<float>(config_.layers));
  if (embedding) scale = 1;
  const uint64_t seed = seed_of(info.name, seed_);
  for (int64_t row = first; row < last; ++row) {
    uint64_t state = mixed(seed ^ static_cast<uint64_t>(row));
    float* const w = out + (row - first) * cols;
    for (int64_t k = 0; k < cols; ++k) w[k] = scale * normal(mixed(state++));
    if (embedding)
      for (size_t i = 0; i < outliers_.size(); ++i)
        w[outliers_[i]] = i % 2 == 0 ? kOutlierValue : -kOutlierValue;
  }
}

Matrix ShapeWeights::distinct_rows(const TensorInfo& info, ModeId mode) {
  const ModeFunctions& to = *precision::mode(mode).functions;
  const int64_t cols = info.cols();
  Matrix matrix = to.allocate(std::min(info.rows(), distinct_rows_of(cols)), cols);
  const int64_t grain = std::max<int64_t>(1, to.row_grain(cols));
  throwing_run(pool_, [&](int part, int parts) {
    const Share share = share_of(matrix.view.rows, part, parts, grain);
    std::vector<float> rows(static_cast<size_t>(grain * cols));
    for (int64_t first = share.begin; first < share.end; first += grain) {
      const int64_t last = std::min(first + grain, share.end);
      fill(info, first, last, rows.data());
      to.quantise(rows.data(), first, last, matrix);
    }
  });
  if (to.finish != nullptr) to.finish(matrix);
  return matrix;
}

const precision::Mode& ShapeWeights::makeable(std::optional<ModeId> mode) {
  const precision::Mode* row = mode ? &precision::mode(*mode) : nullptr;
  if (row != nullptr && row->functions->allocate != nullptr) return *row;
  throw Error(ErrorKind::kUsage,
              row == nullptr ? std::string("a shape is stored nowhere: it has no mode \"stored\"")
                             : fmt::format("mode {} is only read from files: weights of a shape "
                                           "cannot be made in it",
                                           row->name),
              fmt::format("Modes for --shape: {}.", precision::selectable_mode_names()));
}

MatrixView ShapeWeights::weight(const std::string& name, std::optional<ModeId> mode) {
  const TensorInfo& info = tensors_.at(name);
  const int64_t rows = info.rows(), cols = info.cols();
  const precision::Mode& row = makeable(mode);
  if (cols % row.functions->group != 0)
    throw Error(ErrorKind::kUsage,
                fmt::format("{}: rows of {} weights do not divide into groups of {}, which {} has",
                            name, cols, row.functions->group, row.name));
  const Matrix distinct = distinct_rows(info, row.id);
  const uint64_t seed = seed_of(name, seed_);
  const int64_t from = distinct.view.rows;
  const int64_t unit = from == rows ? from : unit_of(cols, from);
  Arrays arrays;
  const auto fill_array = [&](const auto& array, AnonymousMemory& out) {
    out = repeated(std::as_bytes(std::span(array)), sizeof array[0], from, rows, unit, seed, pool_);
  };
  fill_array(distinct.codes, arrays.codes);
  fill_array(distinct.scales, arrays.scales);
  fill_array(distinct.nested_codes, arrays.nested_codes);
  MatrixView view = distinct.view;
  view.rows = rows;
  view.codes = arrays.codes.as<std::byte>();
  if (view.scales != nullptr) view.scales = arrays.scales.as<float>();
  if (view.nested_codes != nullptr) view.nested_codes = arrays.nested_codes.as<uint8_t>();
  made_[name] = std::move(arrays);
  return view;
}

}  // namespace nety::bench
