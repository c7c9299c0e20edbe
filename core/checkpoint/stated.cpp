// Keys of transformers' GenerationConfig and of the gguf package's constants.py.
#include "core/checkpoint/stated.h"

#include <fmt/core.h>

#include "core/base/error.h"
#include "core/checkpoint/gguf_keys.h"
#include "core/checkpoint/json_file.h"
#include "core/checkpoint/text_file.h"

namespace nety::checkpoint {
namespace {

void add(std::vector<StatedIds>& list, std::string place, std::vector<int64_t> ids) {
  if (!ids.empty()) list.push_back({std::move(place), std::move(ids)});
}

constexpr const char* kGeneration = "generation_config.json";

/// No model needs this file to run: one that is no JSON is as if it were not there.
std::optional<JsonFile> generation_file(const std::filesystem::path& folder) {
  if (!is_there(folder / kGeneration)) return std::nullopt;
  try {
    return JsonFile(folder / kGeneration, read_text(folder / kGeneration));
  } catch (const Error&) {
    return std::nullopt;
  }
}

void take_ids(const char* name, const JsonObject& root, StatedTokens& stated) {
  const auto ids = [&](const char* key) { return root.integers(key, INT64_MIN, INT64_MAX); };
  add(stated.bos, fmt::format("{} bos_token_id", name), ids("bos_token_id"));
  add(stated.eos, fmt::format("{} eos_token_id", name), ids("eos_token_id"));
}

StatedTokens of_directory(const std::filesystem::path& folder) {
  StatedTokens stated;
  std::vector<std::string> ignored;
  if (const std::optional<JsonFile> file = generation_file(folder))
    take_ids(kGeneration, file->root().tolerant(ignored), stated);
  if (is_there(folder / "config.json"))
    take_ids("config.json",
             JsonFile(folder / "config.json", read_text(folder / "config.json")).root(), stated);
  return stated;
}

StatedSampling sampling_of(const JsonObject& root) {
  return {.sample = root.boolean("do_sample"),
          .temperature = root.number("temperature"),
          .top_p = root.number("top_p"),
          .min_p = root.number("min_p"),
          .typical = root.number("typical_p"),
          .repeat_penalty = root.number("repetition_penalty"),
          .top_k = root.integer("top_k", INT64_MIN, INT64_MAX),
          .repeat_window = {}};
}

/// Some writers put -1 or 2^32 - 1 for "none".
std::vector<int64_t> id_of(const GgufKeys& keys, const char* key) {
  const std::optional<int64_t> id = keys.integer(key, INT64_MIN, INT64_MAX);
  if (!id || *id < 0 || *id >= UINT32_MAX) return {};
  return {*id};
}

}  // namespace

std::filesystem::path folder_of(const Checkpoint& checkpoint) {
  return std::filesystem::is_directory(checkpoint.path()) ? checkpoint.path()
                                                          : checkpoint.path().parent_path();
}

StatedTokens stated_tokens(const Checkpoint& checkpoint) {
  if (checkpoint.format() == Format::kHuggingFace) return of_directory(folder_of(checkpoint));
  const GgufKeys keys(checkpoint.metadata(), checkpoint.path());
  StatedTokens stated;
  const char* const bos = "tokenizer.ggml.bos_token_id";
  add(stated.bos, bos, id_of(keys, bos));
  for (const char* key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
                          "tokenizer.ggml.eom_token_id"})
    add(stated.eos, key, id_of(keys, key));
  return stated;
}

StatedSampling stated_sampling(const Checkpoint& checkpoint) {
  if (checkpoint.format() == Format::kGguf) {
    const GgufKeys keys(checkpoint.metadata(), checkpoint.path());
    const auto whole = [&](const char* key) { return keys.integer(key, INT64_MIN, INT64_MAX); };
    return {.sample = {},
            .temperature = keys.number("general.sampling.temp"),
            .top_p = keys.number("general.sampling.top_p"),
            .min_p = keys.number("general.sampling.min_p"),
            .typical = {},
            .repeat_penalty = keys.number("general.sampling.penalty_repeat"),
            .top_k = whole("general.sampling.top_k"),
            .repeat_window = whole("general.sampling.penalty_last_n")};
  }
  const std::optional<JsonFile> file = generation_file(folder_of(checkpoint));
  if (!file) return {};
  std::vector<std::string> ignored;
  return sampling_of(file->root().tolerant(ignored));
}

std::vector<Notice> generation_notices(const JsonText& generation) {
  std::vector<Notice> notices;
  const auto leave_out = [&](const std::string& what) {
    notices.push_back({"generation_config", what + ". That is not used."});
  };
  try {
    const JsonFile file(generation.path, generation.text);
    std::vector<std::string> ignored;
    StatedTokens unused;
    take_ids(kGeneration, file.root().tolerant(ignored), unused);
    sampling_of(file.root().tolerant(ignored));
    for (const std::string& what : ignored) leave_out(fmt::format("{}: {}", kGeneration, what));
  } catch (const Error& error) {
    leave_out(error.what());
  }
  return notices;
}

}  // namespace nety::checkpoint
