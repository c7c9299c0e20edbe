// Every tensor of the architecture to its place in the model, in its mode.
#include "core/model/model.h"

#include <functional>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/base/pages.h"
#include "core/checkpoint/refuse.h"
#include "core/precision/slice.h"

namespace nety::model {
namespace {

using checkpoint::Role;
using checkpoint::TensorInfo;
using precision::ModeId;

// A checkpoint's weights, as its files have them. What is converted is read ahead, and its pages
// are given back once the backend has its own: loading takes the result and a few chunks.
class StoredWeights final : public WeightSource {
 public:
  explicit StoredWeights(const checkpoint::Checkpoint& checkpoint) : checkpoint_(checkpoint) {}
  bool has(const std::string& name) const override { return checkpoint_.find(name) != nullptr; }
  precision::MatrixView weight(const std::string& name, std::optional<ModeId> mode) override {
    const precision::MatrixView view = checkpoint_.matrix(name);
    if (mode && *mode != view.mode) prefetch_pages(checkpoint_.at(name).data);
    return view;
  }
  void release(const std::string& name) override {
    checkpoint_.forget(name);
    release_pages(checkpoint_.at(name).data);
  }

 private:
  const checkpoint::Checkpoint& checkpoint_;
};

/// A tensor for messages, by its name in the architecture.
using Naming = std::function<std::string(const std::string& name)>;

// Prepares tensors one by one and counts them.
class Loader {
 public:
  Loader(WeightSource& source, const Naming& described, Backend& backend,
         const LoadOptions& options, Progress& progress)
      : source_(source),
        described_(described),
        backend_(backend),
        options_(options),
        progress_(progress) {}

  /// `tied`: the table of embeddings is the head as well.
  WeightPtr load(const TensorInfo& info, bool tied) {
    const std::optional<ModeId> usual = mode_for(info.role());
    const precision::MatrixView view = view_of(info, usual);
    const std::optional<ModeId> mode =
        info.role() == Role::kRouter ? precision::router_of(view.mode) : usual;
    WeightPtr weight = prepare(info, view, mode.value_or(view.mode), tied);
    const uint64_t bytes = precision::mode(view.mode).functions->bytes(view.rows, view.cols);
    const bool converted = weight->owned_bytes() > 0 && weight->mode() != view.mode;
    copied_ = copied_ && (converted || weight->owned_bytes() >= bytes);
    const bool last = !info.is_part() || info.first_row + info.rows() == info.stored_rows;
    if (copied_ && last) source_.release(info.name);
    progress_.advance(++done_);
    return weight;
  }

 private:
  /// The tensor where it is stored. Parts of one are asked for one after another, and it once.
  precision::MatrixView view_of(const TensorInfo& info, std::optional<ModeId> mode) {
    if (!info.is_part() || info.first_row == 0) {
      stored_ = source_.weight(info.name, mode);
      copied_ = true;
    }
    return info.is_part() ? precision::rows_of(stored_, info.first_row, info.rows()) : stored_;
  }

  /// What is wrong with values is known of rows and columns; the message names their tensor too.
  WeightPtr prepare(const TensorInfo& info, const precision::MatrixView& view, ModeId mode,
                    bool tied) {
    try {
      return backend_.prepare(view, mode, use_of(info.slot, tied));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kCheckpoint) throw;
      throw Error(error.kind(), described_(info.name) + ": " + error.what(), error.hint());
    }
  }

  /// The mode that a tensor is brought into; empty: as stored.
  std::optional<ModeId> mode_for(Role role) const {
    if (role == Role::kMatrix) return options_.mode;
    if (role != Role::kEmbedding) return ModeId::fp32;
    if (options_.head || !options_.mode) return options_.head;
    // Formats that are only run as stored name no mode here: the embeddings stay as they are, too.
    return precision::head_of(*options_.mode);
  }

  static WeightUse use_of(Slot slot, bool tied) {
    if (slot != Slot::embedding) return WeightUse::kMatrix;
    return tied ? WeightUse::kTied : WeightUse::kTable;
  }

  WeightSource& source_;
  const Naming& described_;
  Backend& backend_;
  const LoadOptions& options_;
  Progress& progress_;
  int64_t done_ = 0;
  precision::MatrixView stored_;  // what the latest tensor is, or is a part of
  bool copied_ = false;           // whether the backend has its own of all parts so far
};

Model load(const checkpoint::ModelConfig& config, WeightSource& source, const Naming& described,
           Backend& backend, const LoadOptions& options, Progress& progress) {
  Model model;
  model.config = config;
  model.lay_out();
  const std::vector<TensorInfo> infos = checkpoint::tensors_of(config);
  progress.begin("Loading weights", static_cast<int64_t>(infos.size()));
  Loader loader(source, described, backend, options, progress);
  for (const TensorInfo& info : infos)
    if (!info.optional || source.has(info.name))
      model.weight(info) = loader.load(info, config.tied_embeddings);
  progress.end();
  return model;
}

uint64_t owned(const WeightPtr& weight) { return weight == nullptr ? 0 : weight->owned_bytes(); }

}  // namespace

const WeightPtr& ExpertWeights::operator[](Slot slot) const {
  switch (slot) {
    case Slot::w_gate:
      return gate;
    case Slot::b_gate:
      return gate_bias;
    case Slot::w_up:
      return up;
    case Slot::b_up:
      return up_bias;
    case Slot::w_down:
      return down;
    case Slot::b_down:
      return down_bias;
    default:
      throw Error(ErrorKind::kInternal, "an expert has no such weight");
  }
}

WeightPtr& ExpertWeights::operator[](Slot slot) {
  return const_cast<WeightPtr&>(std::as_const(*this)[slot]);
}

void Model::lay_out() {
  layers.resize(static_cast<size_t>(config.layers));
  for (int64_t l = 0; l < config.layers; ++l)
    layers[static_cast<size_t>(l)].experts.resize(
        static_cast<size_t>(config.spec(l).mixture.experts));
}

WeightPtr& Model::weight(const TensorInfo& info) {
  return const_cast<WeightPtr&>(std::as_const(*this).weight(info));
}

const WeightPtr& Model::weight(const TensorInfo& info) const {
  switch (info.slot) {
    case Slot::embedding:
      return embedding;
    case Slot::norm:
      return norm;
    case Slot::norm_bias:
      return norm_bias;
    case Slot::output:
      return output;
    default:
      break;
  }
  const LayerWeights& layer = layers[static_cast<size_t>(info.layer)];
  return info.expert < 0 ? layer[info.slot]
                         : layer.experts[static_cast<size_t>(info.expert)][info.slot];
}

uint64_t Model::owned_bytes() const {
  uint64_t sum = owned(embedding) + owned(norm) + owned(norm_bias) + owned(output);
  for (const LayerWeights& layer : layers) {
    for (const WeightPtr& weight : layer) sum += owned(weight);
    for (const ExpertWeights& expert : layer.experts)
      for (const WeightPtr* weight : {&expert.gate, &expert.gate_bias, &expert.up, &expert.up_bias,
                                      &expert.down, &expert.down_bias})
        sum += owned(*weight);
  }
  return sum;
}

Model load_model(const checkpoint::ModelConfig& config, WeightSource& source, Backend& backend,
                 const LoadOptions& options, Progress& progress) {
  const auto described = [](const std::string& name) {
    return "tensor " + checkpoint::shown(name);
  };
  return load(config, source, described, backend, options, progress);
}

Model load_model(const checkpoint::Checkpoint& checkpoint, Backend& backend,
                 const LoadOptions& options, Progress& progress) {
  StoredWeights source(checkpoint);
  const auto described = [&](const std::string& name) {
    const checkpoint::Tensor& tensor = checkpoint.at(name);
    return checkpoint.files()[tensor.file].path().string() + ": tensor " +
           checkpoint::shown(tensor.stored_name);
  };
  return load(checkpoint.config(), source, described, backend, options, progress);
}

}  // namespace nety::model
