// The layouts of huggingface_hub (models--ORG--NAME with blobs, refs and snapshots) and of ollama
// (manifests by host, namespace, model and tag; blobs by digest).
#include "app/model_store.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <system_error>

#include "core/base/error.h"
#include "core/base/files.h"

namespace nety::app {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kOllama = "ollama:";
constexpr std::string_view kModelLayer = "application/vnd.ollama.image.model";
constexpr std::string_view kAdapterLayer = "application/vnd.ollama.image.adapter";

fs::path variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? fs::path() : fs::path(value);
}

/// Entries of a folder, sorted; none where it cannot be read.
std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> list;
  std::error_code code;
  for (fs::directory_iterator it(folder, code), end; !code && it != end; it.increment(code))
    list.push_back(it->path());
  std::sort(list.begin(), list.end());
  return list;
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

/// Of a file, links followed; 0 where there is none.
uint64_t bytes_of(const fs::path& path) {
  std::error_code code;
  const auto bytes = fs::file_size(path, code);
  return code ? 0 : bytes;
}

std::string read_small(const fs::path& path) {
  try {
    std::string text = read_file(path, 1 << 20);
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    return text;
  } catch (const Error&) {
    return {};
  }
}

std::vector<fs::path> with_extension(const fs::path& folder, std::string_view extension) {
  std::vector<fs::path> list = entries(folder);
  std::erase_if(list, [&](const fs::path& path) { return path.extension() != extension; });
  return list;
}

// ---- the Hugging Face cache ------------------------------------------------------------------

/// "models--org--name" of "org/name"; empty if that can be no repository.
std::string folder_name(std::string_view repository) {
  std::string name = "models--";
  int slashes = 0;
  for (const char c : repository) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    if (c == '/') {
      name += "--";
      ++slashes;
    } else if (plain) {
      name += c;
    } else {
      return {};
    }
  }
  return slashes > 1 || repository.empty() ? std::string() : name;
}

/// The snapshot that "main" means, else the latest.
fs::path current_snapshot(const fs::path& repository) {
  const fs::path named = repository / "snapshots" / read_small(repository / "refs" / "main");
  if (named.filename() != "" && is_folder(named)) return named;
  fs::path latest;
  fs::file_time_type when{};
  for (const fs::path& snapshot : entries(repository / "snapshots")) {
    std::error_code code;
    const auto time = fs::last_write_time(snapshot, code);
    if (code || !is_folder(snapshot) || (!latest.empty() && time <= when)) continue;
    latest = snapshot;
    when = time;
  }
  return latest;
}

/// The snapshot of a branch, tag or beginning of a commit's name.
fs::path snapshot_of(const fs::path& repository, const std::string& revision) {
  const std::string commit = read_small(repository / "refs" / revision);
  const std::string& wanted = commit.empty() ? revision : commit;
  for (const fs::path& snapshot : entries(repository / "snapshots"))
    if (snapshot.filename().string().starts_with(wanted)) return snapshot;
  return {};
}

bool has_unfinished(const fs::path& repository) {
  return !with_extension(repository / "blobs", ".incomplete").empty();
}

StoredModel describe_snapshot(const fs::path& repository, std::string name) {
  StoredModel model;
  model.name = std::move(name);
  model.path = current_snapshot(repository);
  const std::string unfinished =
      has_unfinished(repository) ? " Its download did not end: run it again." : "";
  if (model.path.empty()) {
    model.format = "-";
    model.problem = "nothing of it is here." + unfinished;
    return model;
  }
  const auto sum = [&](const std::vector<fs::path>& files) {
    for (const fs::path& file : files) model.bytes += bytes_of(file);
    return !files.empty();
  };
  const std::vector<fs::path> ggufs = with_extension(model.path, ".gguf");
  if (sum(with_extension(model.path, ".safetensors"))) {
    model.format = "safetensors";
  } else if (sum(ggufs)) {
    model.format = "gguf";
    if (ggufs.size() > 1)
      model.problem = fmt::format("{} GGUF files: name one as {}/{}.", ggufs.size(), model.name,
                                  ggufs.front().filename().string());
  } else if (sum(with_extension(model.path, ".bin"))) {
    model.format = "pickle";
    model.problem = "its weights are only there as PyTorch pickles.";
  } else {
    model.format = "-";
    model.problem = "no weights of it are here." + unfinished;
  }
  return model;
}

void add_huggingface(std::vector<StoredModel>& models) {
  constexpr std::string_view kPrefix = "models--";
  for (const fs::path& repository : entries(huggingface_cache())) {
    std::string name = repository.filename().string();
    if (!name.starts_with(kPrefix)) continue;
    name.erase(0, kPrefix.size());
    if (const size_t dashes = name.find("--"); dashes != std::string::npos)
      name.replace(dashes, 2, "/");
    models.push_back(describe_snapshot(repository, name));
  }
}

[[noreturn]] void refuse(std::string what, std::string hint) {
  throw Error(ErrorKind::kUsage, std::move(what), std::move(hint));
}

std::string file_names(const std::vector<fs::path>& files) {
  std::vector<std::string> names;
  for (const fs::path& file : files) names.push_back(file.filename().string());
  return fmt::format("{}", fmt::join(names, ", "));
}

/// The one file or the folder that a snapshot means.
fs::path choose(const std::string& name, const fs::path& repository, const fs::path& snapshot) {
  const StoredModel model = describe_snapshot(repository, name);
  if (model.path == snapshot && model.format == "-")
    refuse(fmt::format("{}: {}", name, model.problem),
           fmt::format("It is in {}.", repository.string()));
  const std::vector<fs::path> ggufs = with_extension(snapshot, ".gguf");
  if (!with_extension(snapshot, ".safetensors").empty() || ggufs.empty()) return snapshot;
  if (ggufs.size() == 1) return ggufs.front();
  refuse(fmt::format("{} has {} GGUF files: {}", name, ggufs.size(), file_names(ggufs)),
         fmt::format("Name one of them: {}/{}.", name, ggufs.front().filename().string()));
}

std::optional<fs::path> find_huggingface(std::string name) {
  std::string revision, file;
  if (const size_t at = name.find('@'); at != std::string::npos) {
    revision = name.substr(at + 1);
    name.resize(at);
  }
  if (name.ends_with(".gguf")) {
    const size_t slash = name.rfind('/');
    if (slash == std::string::npos) return std::nullopt;
    file = name.substr(slash + 1);
    name.resize(slash);
  }
  const std::string folder = folder_name(name);
  const fs::path repository = huggingface_cache() / folder;
  if (folder.empty() || !is_folder(repository)) return std::nullopt;
  const fs::path snapshot =
      revision.empty() ? current_snapshot(repository) : snapshot_of(repository, revision);
  if (snapshot.empty())
    refuse(fmt::format("{} is in the Hugging Face cache, but not {}", name,
                       revision.empty() ? "a snapshot of it" : "its revision " + revision),
           fmt::format("Revisions here: {}.", file_names(entries(repository / "snapshots"))));
  if (file.empty()) return choose(name, repository, snapshot);
  if (!is_there(snapshot / file))
    refuse(fmt::format("{} is in the Hugging Face cache, but not its file {}", name, file),
           fmt::format("Files here: {}.", file_names(entries(snapshot))));
  return snapshot / file;
}

// ---- ollama ------------------------------------------------------------------------------------

/// The model that a manifest names.
StoredModel read_manifest(const fs::path& store, const fs::path& manifest, std::string name) {
  StoredModel model;
  model.name = std::move(name);
  model.format = "gguf";
  const nlohmann::json json = nlohmann::json::parse(read_small(manifest), nullptr, false);
  if (!json.is_object() || !json.contains("layers") || !json["layers"].is_array()) {
    model.problem = "its manifest cannot be read.";
    return model;
  }
  for (const nlohmann::json& layer : json["layers"]) {
    if (!layer.is_object()) continue;
    const std::string kind = layer.value("mediaType", "");
    if (kind == kAdapterLayer) model.problem = "it is a base with an adapter.";
    std::string digest = layer.value("digest", "");
    if (kind != kModelLayer || !digest.starts_with("sha256") || digest.find('/') != digest.npos)
      continue;
    // Older versions kept the colon in the file's name.
    const fs::path older = store / "blobs" / digest;
    std::replace(digest.begin(), digest.end(), ':', '-');
    model.path = store / "blobs" / digest;
    if (!is_there(model.path) && is_there(older)) model.path = older;
    model.bytes = bytes_of(model.path);
    if (model.bytes == 0) model.problem = "its weights are not here: its download did not end.";
  }
  if (model.path.empty() && model.problem.empty()) {
    model.format = "-";
    model.problem = "its manifest names no model file.";
  }
  return model;
}

/// "ollama:llama3.2:1b" of manifests/registry.ollama.ai/library/llama3.2/1b.
std::string ollama_name(const fs::path& below) {
  std::vector<std::string> parts;
  for (const fs::path& part : below) parts.push_back(part.string());
  std::string name(kOllama);
  const bool registry = parts[0] == "registry.ollama.ai";
  for (size_t i = registry ? (parts[1] == "library" ? 2 : 1) : 0; i + 1 < parts.size(); ++i)
    name += parts[i] + "/";
  name.pop_back();
  return parts.back() == "latest" ? name : name + ":" + parts.back();
}

void add_ollama(std::vector<StoredModel>& models) {
  const fs::path store = ollama_models();
  const fs::path manifests = store / "manifests";
  std::error_code code;
  for (fs::recursive_directory_iterator it(manifests, code), end; !code && it != end;
       it.increment(code)) {
    const fs::path below = it->path().lexically_relative(manifests);
    if (is_folder(it->path()) || std::distance(below.begin(), below.end()) != 4) continue;
    models.push_back(read_manifest(store, it->path(), ollama_name(below)));
  }
}

fs::path find_ollama(const std::string& name) {
  std::string rest = name.substr(kOllama.size()), tag = "latest";
  if (const size_t colon = rest.rfind(':');
      colon != std::string::npos && rest.find('/', colon) == std::string::npos) {
    tag = rest.substr(colon + 1);
    rest.resize(colon);
  }
  const auto slashes = std::count(rest.begin(), rest.end(), '/');
  if (slashes == 0) rest = "library/" + rest;
  if (slashes <= 1) rest = "registry.ollama.ai/" + rest;
  const fs::path store = ollama_models();
  const fs::path manifest = store / "manifests" / rest / tag;
  std::vector<StoredModel> all;
  add_ollama(all);
  std::vector<std::string> names;
  for (const StoredModel& one : all) names.push_back(one.name);
  if (rest.find("..") != std::string::npos || !is_there(manifest) || is_folder(manifest))
    refuse(fmt::format("{} is not in ollama's store {}", name, store.string()),
           names.empty() ? std::string("The store has no models. OLLAMA_MODELS names another one.")
                         : fmt::format("It has: {}.", fmt::join(names, ", ")));
  const StoredModel model = read_manifest(store, manifest, name);
  if (!model.problem.empty())
    refuse(fmt::format("{}: {}", name, model.problem), "Run ollama pull again.");
  return model.path;
}

}  // namespace

fs::path huggingface_cache() {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"})
    if (const fs::path path = variable(name); !path.empty()) return path;
  if (const fs::path home = variable("HF_HOME"); !home.empty()) return home / "hub";
  const fs::path xdg = variable("XDG_CACHE_HOME");
  return (xdg.empty() ? variable("HOME") / ".cache" : xdg) / "huggingface" / "hub";
}

fs::path ollama_models() {
  if (const fs::path path = variable("OLLAMA_MODELS"); !path.empty()) return path;
  const fs::path own = variable("HOME") / ".ollama" / "models";
  for (const fs::path& path :
       {own, fs::path("/usr/share/ollama/.ollama/models"), fs::path("/var/lib/ollama/models")})
    if (is_folder(path)) return path;
  return own;
}

std::vector<StoredModel> stored_models() {
  std::vector<StoredModel> models;
  add_huggingface(models);
  add_ollama(models);
  std::sort(models.begin(), models.end(),
            [](const StoredModel& a, const StoredModel& b) { return a.name < b.name; });
  return models;
}

std::optional<fs::path> find_in_stores(const std::string& name) {
  if (name.starts_with(kOllama)) return find_ollama(name);
  return find_huggingface(name);
}

}  // namespace nety::app
