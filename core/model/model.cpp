// Names of tensors to places in the model, and the mode each is brought into.
#include "core/model/model.h"

#include <string>

#include "core/base/error.h"
#include "core/base/pages.h"

namespace nety::model {
namespace {

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
  void release(const std::string& name) override { release_pages(checkpoint_.at(name).data); }

 private:
  const checkpoint::Checkpoint& checkpoint_;
};

// Prepares tensors one by one and counts them.
class Loader {
 public:
  Loader(WeightSource& source, Backend& backend, const LoadOptions& options, Progress& progress)
      : source_(source), backend_(backend), options_(options), progress_(progress) {}

  WeightPtr matrix(const std::string& name) { return prepare(name, options_.mode); }

  /// A table of embeddings, the head, or both in one: `use` tells.
  WeightPtr remainder(const std::string& name, WeightUse use) {
    std::optional<ModeId> mode = options_.head;
    if (!mode && options_.mode) {
      // Formats that are only run as stored name no mode here: the remainder stays as it is, too.
      const precision::Mode* target =
          precision::find_mode(precision::mode(*options_.mode).remainder);
      if (target != nullptr) mode = target->id;
    }
    return prepare(name, mode, use);
  }

  WeightPtr vector(const std::string& name) { return prepare(name, ModeId::fp32); }

  WeightPtr optional_vector(const std::string& name) {
    return source_.has(name) ? vector(name) : nullptr;
  }

 private:
  WeightPtr prepare(const std::string& name, std::optional<ModeId> mode,
                    WeightUse use = WeightUse::kMatrix) {
    const precision::MatrixView view = source_.weight(name, mode);
    const ModeId target = mode.value_or(view.mode);
    WeightPtr weight = backend_.prepare(view, target, use);
    const uint64_t bytes = precision::mode(view.mode).functions->bytes(view.rows, view.cols);
    const bool converted = weight->owned_bytes() > 0 && weight->mode() != view.mode;
    if (converted || weight->owned_bytes() >= bytes) source_.release(name);
    progress_.advance(++done_);
    return weight;
  }

  WeightSource& source_;
  Backend& backend_;
  const LoadOptions& options_;
  Progress& progress_;
  int64_t done_ = 0;
};

LayerWeights load_layer(Loader& loader, int64_t index) {
  const std::string layer = "model.layers." + std::to_string(index) + ".";
  const std::string attention = layer + "self_attn.";
  const std::string mlp = layer + "mlp.";
  LayerWeights w;
  w[Slot::attention_norm] = loader.vector(layer + "input_layernorm.weight");
  w[Slot::wq] = loader.matrix(attention + "q_proj.weight");
  w[Slot::wk] = loader.matrix(attention + "k_proj.weight");
  w[Slot::wv] = loader.matrix(attention + "v_proj.weight");
  w[Slot::bq] = loader.optional_vector(attention + "q_proj.bias");
  w[Slot::bk] = loader.optional_vector(attention + "k_proj.bias");
  w[Slot::bv] = loader.optional_vector(attention + "v_proj.bias");
  w[Slot::wo] = loader.matrix(attention + "o_proj.weight");
  w[Slot::bo] = loader.optional_vector(attention + "o_proj.bias");
  w[Slot::mlp_norm] = loader.vector(layer + "post_attention_layernorm.weight");
  w[Slot::w_gate] = loader.matrix(mlp + "gate_proj.weight");
  w[Slot::w_up] = loader.matrix(mlp + "up_proj.weight");
  w[Slot::w_down] = loader.matrix(mlp + "down_proj.weight");
  w[Slot::b_gate] = loader.optional_vector(mlp + "gate_proj.bias");
  w[Slot::b_up] = loader.optional_vector(mlp + "up_proj.bias");
  w[Slot::b_down] = loader.optional_vector(mlp + "down_proj.bias");
  return w;
}

uint64_t owned(const WeightPtr& weight) { return weight == nullptr ? 0 : weight->owned_bytes(); }

}  // namespace

uint64_t Model::owned_bytes() const {
  uint64_t sum = owned(embedding) + owned(norm) + owned(output);
  for (const LayerWeights& layer : layers)
    for (const WeightPtr& weight : layer) sum += owned(weight);
  return sum;
}

Model load_model(const checkpoint::ModelConfig& config, WeightSource& source, Backend& backend,
                 const LoadOptions& options, Progress& progress) {
  constexpr int64_t kPerLayer = 9;  // two norms, four projections, three of the MLP; biases besides
  Model model;
  model.config = config;
  progress.begin("Loading weights", kPerLayer * config.layers + (config.tied_embeddings ? 2 : 3) +
                                        config.layers * (config.attention_bias ? 4 : 0) +
                                        config.layers * (config.mlp_bias ? 3 : 0));
  Loader loader(source, backend, options, progress);
  model.embedding = loader.remainder("model.embed_tokens.weight",
                                     config.tied_embeddings ? WeightUse::kTied : WeightUse::kTable);
  for (int64_t i = 0; i < model.config.layers; ++i) model.layers.push_back(load_layer(loader, i));
  model.norm = loader.vector("model.norm.weight");
  if (!model.config.tied_embeddings)
    model.output = loader.remainder("lm_head.weight", WeightUse::kMatrix);
  progress.end();
  return model;
}

Model load_model(const checkpoint::Checkpoint& checkpoint, Backend& backend,
                 const LoadOptions& options, Progress& progress) {
  StoredWeights source(checkpoint);
  return load_model(checkpoint.config(), source, backend, options, progress);
}

}  // namespace nety::model
