// Random storage, cheaply: a few quantised rows over and over, or random bytes with sane factors.
#include "bench/random_model.h"

#include <cstring>

namespace nety::bench {
namespace {

using precision::ModeId;

constexpr int64_t kDistinctRows = 64;

uint64_t next(uint64_t& state) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return state;
}

}  // namespace

AnonymousMemory random_blocks(int64_t rows, int64_t cols, ModeId mode, uint64_t& state) {
  const precision::ModeFunctions& functions = *precision::mode(mode).functions;
  AnonymousMemory to(functions.bytes(rows, cols));
  auto* bytes = to.as<std::byte>();
  for (size_t at = 0; at < to.size(); at += 8) {
    const uint64_t word = next(state);
    std::memcpy(bytes + at, &word, std::min<size_t>(8, to.size() - at));
  }
  const size_t block = functions.bytes(1, functions.group);
  for (size_t at = 0; at < to.size(); at += block) functions.set_scale(bytes + at, 0.0005F);
  return to;
}

RandomModel::RandomModel(const checkpoint::ModelConfig& config, ModeId mode, ModeId head,
                         model::Backend& backend)
    : backend_(backend) {
  model_.config = config;
  model_.lay_out();
  for (const checkpoint::TensorInfo& info : checkpoint::tensors_of(config)) {
    const bool fp32 = is_vector(info.role()) || info.role() == checkpoint::Role::kRouter;
    const ModeId type = fp32                                          ? ModeId::fp32
                        : info.role() == checkpoint::Role::kEmbedding ? head
                                                                      : mode;
    const size_t kept = storage_.size();
    model_.weight(info) = matrix(info.rows(), info.cols(), type);
    // Blocks that were packed are read no more, but for rows of embeddings. Large mixtures would
    // not fit twice.
    if (info.role() != checkpoint::Role::kEmbedding && model_.weight(info)->owned_bytes() > 0)
      storage_.resize(kept);
  }
}

model::WeightPtr RandomModel::matrix(int64_t rows, int64_t cols, ModeId mode) {
  if (precision::mode(mode).kind == precision::ModeKind::kStored)
    return backend_.prepare(blocks(rows, cols, mode), mode, model::WeightUse::kMatrix);
  std::vector<float> weights(static_cast<size_t>(std::min(rows, kDistinctRows) * cols));
  for (float& w : weights) w = (static_cast<float>(next(state_) >> 40) * 0x1p-23F - 1) * 0.05F;
  if (rows == 1) std::fill(weights.begin(), weights.end(), 1.0F);
  const precision::Matrix few =
      precision::quantise(mode, weights.data(), static_cast<int64_t>(weights.size()) / cols, cols);
  return backend_.prepare(repeated(few, rows), mode, model::WeightUse::kMatrix);
}

precision::MatrixView RandomModel::repeated(const precision::Matrix& few, int64_t rows) {
  const auto repeat = [&](const void* from, size_t bytes) -> void* {
    if (bytes == 0) return nullptr;
    const size_t whole = bytes * static_cast<size_t>(rows) / static_cast<size_t>(few.view.rows);
    std::byte* const to = arena_.take(whole);
    for (size_t at = 0; at < whole; at += bytes)
      std::memcpy(to + at, from, std::min(bytes, whole - at));
    return to;
  };
  precision::MatrixView view = few.view;
  view.rows = rows;
  view.codes = static_cast<const std::byte*>(repeat(few.codes.data(), few.codes.size()));
  view.scales =
      static_cast<const float*>(repeat(few.scales.data(), few.scales.size() * sizeof(float)));
  view.nested_codes =
      static_cast<const uint8_t*>(repeat(few.nested_codes.data(), few.nested_codes.size()));
  return view;
}

precision::MatrixView RandomModel::blocks(int64_t rows, int64_t cols, ModeId mode) {
  const AnonymousMemory& to = storage_.emplace_back(random_blocks(rows, cols, mode, state_));
  return {.mode = mode, .rows = rows, .cols = cols, .codes = to.as<std::byte>()};
}

}  // namespace nety::bench
