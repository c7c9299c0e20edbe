// The tensors of an architecture. Its family states them once; whoever checks, names, plans, loads,
// converts or invents weights goes through this list.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/config.h"
#include "core/checkpoint/slot.h"

namespace nety::checkpoint {

/// Where a tensor lies in a stored one that holds the experts of a layer side by side.
struct StackedPlace {
  std::string name;
  std::vector<int64_t> shape;  ///< Of the stored tensor: [E, F, D].
  /// Element (r, c) is number `first` + r * `row` + c * `column` of it.
  int64_t first = 0, row = 0, column = 1;
};

/// One tensor of a model, whether a file has it or not. Some files hold several of them as one
/// (q, k and v of a layer): those have the same names, and each is some rows of what is stored.
struct TensorInfo {
  Slot slot{};
  int64_t layer = -1;          ///< -1: the whole model's.
  int64_t expert = -1;         ///< Of the layer; -1: not of an expert.
  std::string name;            ///< transformers': "model.layers.0.self_attn.q_proj.weight"
  std::string gguf_name;       ///< llama.cpp's: "blk.0.attn_q.weight"
  std::vector<int64_t> shape;  ///< [rows, cols]; a vector [cols]
  bool optional = false;       ///< May be missing.
  int64_t first_row = 0;       ///< In the stored tensor.
  int64_t stored_rows = 0;     ///< Of the stored tensor; 0: it is this one alone.
  bool less_one = false;       ///< A directory has the weight less one (Gemma's norms).
  /// Other forms in which a directory or a GGUF may have it, each under a full name of its own.
  std::vector<StackedPlace> stacks;
  bool stacked = false;  ///< A directory has it as stacks.front() only.

  Role role() const { return role_of(slot); }
  int64_t rows() const { return shape.size() == 1 ? 1 : shape.front(); }
  int64_t cols() const { return shape.back(); }
  bool is_part() const { return stored_rows > 0; }
  /// Of what a file has under the name.
  std::vector<int64_t> stored_shape() const {
    return is_part() ? std::vector<int64_t>{stored_rows, cols()} : shape;
  }
};

/// The model's tensors in the order of the forward pass; a head that is the embedding is not among
/// them. Error: kInternal for an architecture of no family.
std::vector<TensorInfo> tensors_of(const ModelConfig& config);

/// transformers' name of a tensor of the whole model, also of a head that is the embedding.
std::string name_of(const ModelConfig& config, Slot slot);

/// Whether a model has a tensor. kOptional: a file may leave it out.
enum class Presence : uint8_t { kAbsent, kOptional, kNeeded };

/// Which layers have a tensor.
enum class Layers : uint8_t { kAll, kDense, kMixtures };

/// StackedPlace of all experts: that of the first, and the elements from one expert to the next.
struct StackRow {
  bool gguf = false;      ///< Whose name it is.
  std::string_view name;  ///< Within the layer.
  std::vector<int64_t> shape;
  int64_t expert = 0, first = 0, row = 0, column = 1;
};

/// A row of a family's list. Names of a layer's tensors are those within the layer:
/// "self_attn.q_proj.weight" and "attn_q.weight"; those of experts have {} where their number is.
struct TensorRow {
  Slot slot;
  std::string_view name, gguf_name;
  std::vector<int64_t> shape;
  Presence presence = Presence::kNeeded;
  int64_t first_row = 0, stored_rows = 0;
  Layers layers = Layers::kAll;
  bool of_experts = false;  ///< Consecutive rows of experts are repeated together for each.
  std::vector<StackRow> stacks = {};
  bool stacked = false;
};

/// The rows in their order, with those of the layers repeated for each layer that has them.
std::vector<TensorInfo> expand(std::span<const TensorRow> rows, const ModelConfig& config);

}  // namespace nety::checkpoint
