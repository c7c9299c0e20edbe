#include "bench/model_facts.h"

namespace nety::bench {

results::Model describe(const checkpoint::Checkpoint& checkpoint) {
  results::Model model;
  model.name = checkpoint.name();
  model.path = checkpoint.path().string();
  model.format = checkpoint.format() == checkpoint::Format::kGguf ? "gguf" : "huggingface";
  model.architecture = checkpoint.config().architecture;
  for (const auto& [type, count] : checkpoint.storage_types())
    model.stored += (model.stored.empty() ? "" : ", ") + type + " x" + std::to_string(count);
  model.parameters = checkpoint.parameters();
  for (const MappedFile& file : checkpoint.files()) model.file_bytes += file.size();
  model.id = checkpoint.id();
  return model;
}

}  // namespace nety::bench
