// What a precision mode is: its row in modes.def and its functions. This is the specification that
// every kernel of every instruction set is tested against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/precision/matrix_view.h"

namespace nety::precision {

enum class ModeKind : uint8_t {
  kFloat,      ///< A float format: no scales.
  kQuantised,  ///< Made from floats at load by --mode, or read from a bitsandbytes checkpoint.
  kStored,     ///< A format that files have, run as stored: GGUF's blocks, fp8.
};

/// A matrix that owns its storage.
struct Matrix {
  MatrixView view;  ///< Points into the members below (or into nested maps that live forever).
  std::vector<std::byte> codes;
  std::vector<float> scales;
  std::vector<uint8_t> nested_codes;
};

/// The functions of one mode. All are exact in the sense the mode fixes, and slow.
struct ModeFunctions {
  /// Bytes of a [rows, cols] matrix, scales included. 4-bit: block 64.
  uint64_t (*bytes)(int64_t rows, int64_t cols);
  /// Weights per indivisible group along a row (1 for floats, 32 or 256 for GGUF blocks); cols must
  /// be a multiple of it.
  int32_t group;
  /// Row `row` of the matrix as floats: out [cols].
  void (*dequantise)(const MatrixView& matrix, int64_t row, float* out);
  /// Storage for a [rows, cols] matrix of this mode, to be filled; null if the mode is only read.
  Matrix (*allocate)(int64_t rows, int64_t cols);
  /// Row ranges given to quantise() must begin at multiples of this (4-bit blocks cross rows).
  int64_t (*row_grain)(int64_t cols);
  /// Fills rows [first, last) of `matrix` from their weights [last - first, cols]. Ranges may be
  /// filled in any order and from several threads. Throws kCheckpoint on values it cannot
  /// represent.
  void (*quantise)(const float* weights, int64_t first, int64_t last, Matrix& matrix);
  /// Ends the making of a matrix once every row is filled (double quantization); may be null.
  void (*finish)(Matrix& matrix);
  /// y[n] = sum over k of W[n][k] x[k] in the mode's own arithmetic, n in [first, last):
  /// x [cols] fp32, y [rows]. The scalar reference.
  void (*multiply)(const MatrixView& matrix, const float* x, float* y, int64_t first, int64_t last);
  /// Gives one group's bytes the factor `scale`, or one near it, so that bytes of any content stand
  /// for weights in proportion to it: for random weights of a size. Of modes that are only read.
  void (*set_scale)(std::byte* group, float scale) = nullptr;
};

/// A mode as the rest of the program sees it.
struct Mode {
  ModeId id;
  std::string_view name;  ///< As on the command line: "fp32", "nf4-dq", "q4_1".
  std::string_view title;
  ModeKind kind;
  std::string_view storage, activation, accumulation, head;
  double bits_per_weight;
  std::string_view needs;
  const ModeFunctions* functions;
};

/// A whole matrix of mode `id` made from weights [rows, cols]: allocate, quantise, finish.
Matrix quantise(ModeId id, const float* weights, int64_t rows, int64_t cols);

/// All modes, in the table's order.
std::span<const Mode> modes();
const Mode& mode(ModeId id);
/// The mode of that name, or null.
const Mode* find_mode(std::string_view name);
/// The mode that a model made in `id` has its embeddings and lm_head in; nothing: as they are
/// stored.
std::optional<ModeId> head_of(ModeId id);
/// The mode of a router of experts that is stored in `stored`: choices are made in fp32, unless
/// somebody quantised the router with the rest.
ModeId router_of(ModeId stored);
/// Names of the modes that `--mode` can make, joined for messages: "fp32, bf16, ...".
std::string_view selectable_mode_names();

}  // namespace nety::precision
