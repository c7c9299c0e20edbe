// The tables of shapes.def and shape_sources.def, and config.json files of the user's own.
#include "core/checkpoint/shapes.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "core/base/error.h"
#include "core/checkpoint/huggingface_config.h"
#include "core/checkpoint/text_file.h"

namespace nety::checkpoint {
namespace {

namespace fs = std::filesystem;

struct Row {
  const char* name;
  const char* architecture;
  int64_t dim, layers, heads, kv_heads, head_dim, ffn_dim, vocab, context;
  bool tied_embeddings;
  double rms_eps, rope_theta, llama3_factor;
};

constexpr Row kRows[] = {
#define NETY_SHAPE(...) {__VA_ARGS__},
#define NETY_CONFIG(...)
#include "core/checkpoint/shapes.def"
#undef NETY_CONFIG
#undef NETY_SHAPE
};

struct ConfigRow {
  const char *name, *json;
};
constexpr ConfigRow kConfigRows[] = {
#define NETY_SHAPE(...)
#define NETY_CONFIG(name, json) {name, json},
#include "core/checkpoint/shapes.def"
#undef NETY_CONFIG
#undef NETY_SHAPE
};

constexpr ShapeSource kSources[] = {
#define NETY_SOURCE(name, config, read_in) {name, config, read_in},
#include "core/checkpoint/shape_sources.def"
#undef NETY_SOURCE
};

constexpr ShapeLicence kLicences[] = {
#define NETY_LICENCE(name, licence, terms) {name, licence, terms},
#include "core/checkpoint/shape_licences.def"
#undef NETY_LICENCE
};

ModelConfig config_of(const Row& row) {
  ModelConfig config;
  config.architecture = row.architecture;
  config.name = row.name;
  config.dim = row.dim;
  config.layers = row.layers;
  config.heads = row.heads;
  config.kv_heads = row.kv_heads;
  config.head_dim = row.head_dim;
  config.ffn_dim = row.ffn_dim;
  config.vocab = row.vocab;
  config.context = row.context;
  config.tied_embeddings = row.tied_embeddings;
  config.rms_eps = row.rms_eps;
  config.rope.theta = row.rope_theta;
  if (row.llama3_factor > 0) {
    config.rope.scaling = RopeScaling::kLlama3;
    config.rope.factor = row.llama3_factor;
    config.rope.original_context = 8192;
  }
  return config;
}

ModelConfig config_of(const ConfigRow& row) {
  ModelConfig config = parse_config({row.json, fs::path("shapes.def") / row.name}).model;
  config.name = row.name;
  return config;
}

/// Weights, roughly: for the order of the list.
int64_t size_of(const ModelConfig& config) {
  const Mixture& mixture = config.spec(0).mixture;
  const int64_t ffn = mixture.experts > 0 ? mixture.experts * mixture.ffn_dim : config.ffn_dim;
  return config.dim *
         (config.layers * (3 * ffn + 2 * config.heads * config.head_dim) + config.vocab);
}

std::string in_small_letters(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return text;
}

ModelConfig shape_of_file(const fs::path& path) {
  const std::string text = read_text(path);
  ModelConfig config = parse_config({text, path}).model;
  std::error_code ignored;
  const fs::path whole = fs::weakly_canonical(path, ignored);
  const fs::path& named = whole.empty() ? path : whole;
  config.name = named.filename() == "config.json" ? named.parent_path().filename().string()
                                                  : named.stem().string();
  return config;
}

}  // namespace

std::span<const ModelConfig> standard_shapes() {
  static const std::vector<ModelConfig> shapes = [] {
    std::vector<ModelConfig> all;
    for (const Row& row : kRows) all.push_back(config_of(row));
    for (const ConfigRow& row : kConfigRows) all.push_back(config_of(row));
    std::ranges::stable_sort(all, {}, size_of);
    return all;
  }();
  return shapes;
}

std::span<const ShapeSource> shape_sources() { return kSources; }
std::span<const ShapeLicence> shape_licences() { return kLicences; }

std::string standard_shape_names() {
  std::string names;
  for (const ModelConfig& shape : standard_shapes())
    names += (names.empty() ? "" : ", ") + shape.name;
  return names;
}

ModelConfig find_shape(const std::string& name_or_path) {
  const std::string name = in_small_letters(name_or_path);
  for (const ModelConfig& shape : standard_shapes())
    if (shape.name == name) return shape;
  std::error_code ignored;
  if (const fs::path inside = fs::path(name_or_path) / "config.json"; fs::exists(inside, ignored))
    return shape_of_file(inside);
  if (fs::is_regular_file(name_or_path, ignored)) return shape_of_file(name_or_path);
  throw Error(
      ErrorKind::kUsage,
      fmt::format("--shape: '{}' is neither a standard shape nor a config.json", name_or_path),
      fmt::format("Shapes: {}. Or the path of a model's config.json.", standard_shape_names()));
}

}  // namespace nety::checkpoint
