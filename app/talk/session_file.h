// A conversation in a file: its turns and settings, the tokens that were read and the keys and
// values that came of them.
//
// Little-endian: "NETYCHAT", the version (u32), bytes of the header (u32), the header (JSON, blanks
// to a multiple of 8), then of each layer `layer_bytes` bytes, as the backend gave them, then a
// checksum (u64) of all that stands before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/chat/chat_template.h"

namespace nety::talk {

/// Raised with every change of the format, or of how a backend arranges what it exports.
inline constexpr uint32_t kSessionVersion = 1;

/// What the keys and values of a session depend on.
struct Running {
  std::string model;    ///< Its name, for people.
  std::string hash;     ///< model_hash().
  std::string mode;     ///< "fp32", "stored" ...
  std::string head;     ///< Of --head; empty: by the mode.
  std::string compute;  ///< Of --compute.
  std::string backend;  ///< "native" ...
  std::string kv;       ///< "fp32", "bf16" ...

  bool operator==(const Running&) const = default;
};

struct Session {
  Running running;
  std::string model_path;  ///< Where the model was: for going on without naming it.
  int64_t context = 0;
  std::string created_utc;
  std::string system;
  std::vector<chat::Message> turns;
  size_t forgotten = 0;         ///< So many of the oldest turns were no longer read.
  std::vector<int32_t> tokens;  ///< What the sequence had read.
  std::map<std::string, std::string> settings;
  uint64_t layers = 0, layer_bytes = 0;  ///< 0: without keys and values.
};

/// Writes a layer's bytes into the span.
using ExportLayer = std::function<void(int64_t layer, std::span<std::byte> to)>;

/// Replaces the file whole, or leaves what was there. Returns its size. Error: kIo.
uint64_t write_session(const std::filesystem::path& path, const Session& session,
                       const ExportLayer& export_layer);

/// A session that was kept. The layers point into the file.
struct KeptSession {
  MappedFile file;
  Session session;
  std::span<const std::byte> layers;
};

/// Errors: kIo (there is none), kCheckpoint (damaged, of another version, or no session), naming
/// the file.
KeptSession read_session(const std::filesystem::path& path);

/// Error: kUsage if the session is of another model or mode than what runs, naming both.
void require_same_model(const Session& session, const Running& now, const std::string& name);

}  // namespace nety::talk
