// Which files of a Hugging Face directory are the model: weights, shards, chat template.
#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include "core/checkpoint/builder.h"
#include "core/checkpoint/chat_template_file.h"
#include "core/checkpoint/float_scales.h"
#include "core/checkpoint/huggingface_config.h"
#include "core/checkpoint/refuse.h"
#include "core/checkpoint/safetensors.h"
#include "core/checkpoint/shard_index.h"
#include "core/checkpoint/stand_in.h"
#include "core/checkpoint/stated.h"
#include "core/checkpoint/tensors.h"
#include "core/checkpoint/text_file.h"

namespace nety::checkpoint {
namespace {

namespace fs = std::filesystem;

/// Names of the directory's entries with that extension, sorted.
std::vector<std::string> names_with_extension(const fs::path& directory,
                                              std::string_view extension) {
  std::vector<std::string> names;
  std::error_code code;
  for (fs::directory_iterator it(directory, code), end; !code && it != end; it.increment(code))
    if (it->path().extension() == extension) names.push_back(it->path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string folder_name(const fs::path& directory) {
  std::error_code ignored;
  const fs::path whole = fs::weakly_canonical(directory, ignored);
  const fs::path& path = whole.empty() ? directory : whole;
  return path.has_filename() ? path.filename().string() : path.parent_path().filename().string();
}

void note_generation(const fs::path& directory, std::vector<Notice>& notices) {
  const fs::path path = directory / "generation_config.json";
  if (!is_there(path)) return;
  const std::string text = read_text(path);
  for (Notice& notice : generation_notices({text, path})) notices.push_back(std::move(notice));
}

[[noreturn]] void refuse_without_safetensors(const fs::path& directory) {
  for (const char* extension : {".bin", ".pt", ".pth"}) {
    const std::vector<std::string> names = names_with_extension(directory, extension);
    if (!names.empty())
      refuse(directory,
             fmt::format("has its weights only as PyTorch pickles ({}), which are not supported",
                         names.front()),
             "Convert them: load the model with transformers and save_pretrained() it, which "
             "writes safetensors.");
  }
  refuse(directory, "has no weights: neither model.safetensors nor an index of shards",
         "Download the *.safetensors files too, or give a GGUF file.");
}

/// The file that holds all weights, or nothing if there is an index of shards.
std::optional<std::string> single_file(const fs::path& directory) {
  if (is_there(directory / "model.safetensors")) return "model.safetensors";
  if (is_there(directory / "model.safetensors.index.json")) return std::nullopt;
  std::vector<std::string> names = names_with_extension(directory, ".safetensors");
  if (names.empty()) refuse_without_safetensors(directory);
  if (names.size() > 1)
    refuse(directory,
           fmt::format("has {} safetensors files ({}, {} ...) but no model.safetensors and no "
                       "model.safetensors.index.json",
                       names.size(), names[0], names[1]),
           "Give the file itself, or download the index too.");
  return names.front();
}

/// Tensors of older files that are constants of the architecture.
bool is_derived(std::string_view name) {
  return name.ends_with(".rotary_emb.inv_freq") || name.ends_with(".rotary_emb.cos_cached") ||
         name.ends_with(".rotary_emb.sin_cached");
}

/// Adds the tensors of one file that `wanted` accepts.
template <class Wanted>
void add_file(const fs::path& path, Builder& builder, const Wanted& wanted) {
  builder.files.emplace_back(path);
  const size_t index = builder.files.size() - 1;
  const std::span<const std::byte> bytes = builder.files.back().bytes();
  refuse_stand_in(path, bytes);
  for (SafetensorsEntry& entry : parse_safetensors(bytes, path).tensors) {
    if (is_derived(entry.name) || !wanted(entry.name)) continue;
    Tensor tensor;
    tensor.name = entry.name;
    tensor.stored_name = std::move(entry.name);
    tensor.dtype = std::move(entry.dtype);
    tensor.shape = std::move(entry.shape);
    tensor.data = bytes.subspan(entry.begin, entry.end - entry.begin);
    tensor.file = index;
    builder.tensors.push_back(std::move(tensor));
  }
}

void add_shards(const fs::path& directory, Builder& builder) {
  const fs::path index_path = directory / "model.safetensors.index.json";
  const std::map<std::string, std::string, std::less<>> places =
      parse_shard_index(read_text(index_path), index_path);
  std::map<std::string, std::vector<std::string>> by_file;
  for (const auto& place : places) by_file[place.second].push_back(place.first);
  for (const auto& shard : by_file) {
    const fs::path path = directory / shard.first;
    if (!is_there(path))
      refuse(index_path, fmt::format("names the file {}, which is missing", shown(shard.first)),
             "Download the missing file into the same directory.");
    std::set<std::string> found;
    add_file(path, builder, [&](const std::string& name) {
      const auto place = places.find(name);
      return place != places.end() && place->second == shard.first && found.insert(name).second;
    });
    for (const std::string& name : shard.second)
      if (!is_derived(name) && found.count(name) == 0)
        refuse(path,
               fmt::format("lacks tensor {}, which {} says it holds", shown(name),
                           index_path.filename().string()),
               "The shard and the index do not belong together: download both again.");
  }
}

/// True for one shard of a model that has an index: the whole model is meant.
bool is_shard(const fs::path& directory, const fs::path& file) {
  return file.filename().string().find("-of-") != std::string::npos &&
         is_there(directory / "model.safetensors.index.json");
}

void add_weights(const fs::path& directory, const fs::path& only, Builder& builder) {
  const auto all = [](const std::string&) { return true; };
  if (!only.empty() && !is_shard(directory, only)) return add_file(only, builder, all);
  if (const std::optional<std::string> name = single_file(directory))
    return add_file(directory / *name, builder, all);
  add_shards(directory, builder);
}

/// AutoModel saves a model's trunk under names without the "model." that they have in the whole.
void settle_prefix(Builder& builder) {
  constexpr std::string_view kTrunk = "model.";
  const auto starts = [&](std::string_view with) {
    return std::any_of(builder.tensors.begin(), builder.tensors.end(),
                       [with](const Tensor& tensor) { return tensor.name.starts_with(with); });
  };
  if (starts(kTrunk) || !(starts("layers.") || starts("embed_tokens."))) return;
  for (Tensor& tensor : builder.tensors)
    if (!tensor.name.starts_with("lm_head.")) tensor.name.insert(0, kTrunk);
}

/// Files written by safetensors' own save_model keep the alphabetically first name of a shared
/// tensor, which is lm_head; transformers keeps the embedding's.
void settle_tied_embeddings(Builder& builder) {
  const bool tied = std::exchange(builder.config.tied_embeddings, false);
  place_tensors(builder);
  if (!tied) return;
  const Tensor* head = builder.find(Slot::output);
  if (head != nullptr && builder.find(Slot::embedding) != nullptr) {
    builder.notices.push_back({"head_kept",
                               "The configuration says that lm_head shares the embedding's "
                               "weights, but the file has an lm_head of its own, which is used."});
    return;
  }
  builder.config.tied_embeddings = true;
  if (head == nullptr) return;
  Tensor& kept = builder.tensors[builder.find(head->name)];
  kept.name = name_of(builder.config, Slot::embedding);
  kept.slot = Slot::embedding;
}

}  // namespace

Builder read_directory(const fs::path& directory, const fs::path& only) {
  Builder builder;
  builder.format = Format::kHuggingFace;
  builder.path = directory;
  const fs::path config_path = directory / "config.json";
  if (!is_there(config_path))
    refuse(directory, "has no config.json",
           "Give a Hugging Face model directory (config.json and *.safetensors) or a GGUF file.");
  const std::string text = read_text(config_path);
  const JsonText config{text, config_path};
  HuggingFaceConfig parsed = parse_config(config);
  builder.config = std::move(parsed.model);
  builder.quantization = std::move(parsed.quantization);
  builder.notices = std::move(parsed.notices);
  builder.config.name = folder_name(directory);
  note_generation(directory, builder.notices);
  builder.chat_template = read_chat_template(directory);
  add_weights(directory, only, builder);
  join_mxfp4_tensors(builder);
  settle_prefix(builder);
  settle_tied_embeddings(builder);
  return builder;
}

Builder read_vocabulary_directory(const fs::path& directory) {
  Builder builder;
  builder.format = Format::kHuggingFace;
  builder.path = directory;
  if (!is_there(directory / "tokenizer.json"))
    refuse(directory, "has no tokenizer.json",
           is_there(directory / "tokenizer.model")
               ? "It has only tokenizer.model: load it with transformers' AutoTokenizer and "
                 "save_pretrained() it, which writes tokenizer.json."
               : "Download tokenizer.json into the directory.");
  builder.chat_template = read_chat_template(directory);
  note_generation(directory, builder.notices);
  return builder;
}

}  // namespace nety::checkpoint
