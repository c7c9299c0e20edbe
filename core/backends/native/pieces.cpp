#include "core/backends/native/pieces.h"

#include <algorithm>

namespace nety::native {
namespace {

/// Reading a weight takes about as long as multiplying it with so many tokens.
constexpr int64_t kReading = 4;
/// Of a piece, in weights times (tokens + kReading): some 5 us at least, some 100 us at most.
constexpr int64_t kLeast = 640'000, kMost = 8'000'000;
/// Pieces for each thread, within these bounds; as many for each, so that shares are equal.
constexpr int64_t kPerThread = 16;

}  // namespace

int64_t pieces_of_rows(int64_t rows, int64_t cols, int64_t tokens, const ThreadPool& pool) {
  if (pool.threads() == 1 || rows == 0) return std::min<int64_t>(rows, 1);
  const int64_t cost = cols * (tokens + kReading);  // of a row
  const int64_t shortest = std::max(kPanelRows, kLeast / cost);
  const int64_t longest = std::max(kPanelRows, kMost / cost);
  const int64_t in_a_piece = std::clamp(rows / (kPerThread * pool.threads()), shortest, longest);
  const int64_t threads = pool.threads();
  const int64_t pieces = (rows + in_a_piece * threads - 1) / (in_a_piece * threads) * threads;
  return std::min(pieces, (rows + kRowGrain - 1) / kRowGrain);
}

}  // namespace nety::native
