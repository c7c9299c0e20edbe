// Models that other programs have put on this machine: the Hugging Face cache and ollama's store.
// They are read in place; nothing is downloaded, moved or changed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace nety::app {

/// One model of a store.
struct StoredModel {
  std::string name;            ///< As MODEL takes it: "org/name", "ollama:llama3.2:1b".
  std::filesystem::path path;  ///< What is opened: a folder or a GGUF file.
  uint64_t bytes = 0;          ///< Of its weights; 0: not told.
  std::string format;          ///< "gguf", "safetensors", else what there is instead.
  std::string problem;         ///< Why it cannot be opened, a sentence; empty: try it.
};

/// $HF_HUB_CACHE, $HUGGINGFACE_HUB_CACHE, $HF_HOME/hub, or huggingface/hub in the user's cache.
std::filesystem::path huggingface_cache();
/// $OLLAMA_MODELS, or the first that exists of ~/.ollama/models and where ollama's service keeps
/// them.
std::filesystem::path ollama_models();

/// All models of both stores, by name. Never throws for what a store holds.
std::vector<StoredModel> stored_models();

/// What a name means in a store: "org/name", "org/name@revision" or "org/name/file.gguf" in the
/// Hugging Face cache, "ollama:name[:tag]" in ollama's store. Nothing if it can be no such name, or
/// no store has it. Error: kUsage, saying what there is, for a name after "ollama:" that is not
/// there, a revision or file that is not, several GGUF files to choose from, and downloads that did
/// not end.
std::optional<std::filesystem::path> find_in_stores(const std::string& name);

}  // namespace nety::app
