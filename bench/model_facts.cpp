#include "bench/model_facts.h"

#include <fmt/core.h>

#include "core/base/words.h"
#include "core/policy/policy.h"

namespace nety::bench {

results::Model describe(const checkpoint::Checkpoint& checkpoint) {
  results::Model model;
  model.name = checkpoint.name();
  model.path = checkpoint.path().string();
  model.format = checkpoint.format() == checkpoint::Format::kGguf ? "gguf" : "huggingface";
  model.architecture = checkpoint.config().architecture;
  for (const auto& [type, count] : checkpoint.storage_types())
    append_word(model.stored, type + " x" + std::to_string(count));
  model.parameters = checkpoint.parameters();
  for (const MappedFile& file : checkpoint.files()) model.file_bytes += file.size();
  model.id = checkpoint.id();
  return model;
}

results::Model describe(const checkpoint::ModelConfig& shape, uint64_t seed) {
  results::Model model;
  model.name = shape.name;
  model.format = "shape";
  model.architecture = shape.architecture;
  model.parameters = policy::parameters(policy::weights_of(shape));
  model.id = fmt::format("{}/shape/{}", model.name, seed);
  return model;
}

}  // namespace nety::bench
