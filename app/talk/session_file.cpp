#include "app/talk/session_file.h"

#include <fmt/core.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "app/talk/checksum.h"
#include "app/talk/user_folders.h"
#include "core/base/error.h"

namespace nety::talk {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kMagic = "NETYCHAT";
constexpr size_t kPrefix = 16, kSum = 8;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& what) {
  throw Error(
      ErrorKind::kCheckpoint, fmt::format("{}: {}", path.string(), what),
      "Nothing of it was used. Keep the conversation again with /save, or remove the file.");
}

template <class Struct, class Visitor>
void visit_running(Struct& running, Visitor&& visitor) {
  visitor("model", running.model);
  visitor("hash", running.hash);
  visitor("mode", running.mode);
  visitor("head", running.head);
  visitor("compute", running.compute);
  visitor("backend", running.backend);
  visitor("kv", running.kv);
}

Json turn_json(const chat::Message& turn) {
  Json json{{"role", turn.role}, {"content", turn.content}};
  if (!turn.thinking.empty()) json["thinking"] = turn.thinking;
  if (!turn.whole.empty()) json["whole"] = turn.whole;
  return json;
}

std::string header_of(const Session& session) {
  Json json;
  visit_running(session.running,
                [&](const char* name, const std::string& value) { json["running"][name] = value; });
  json["model_path"] = session.model_path;
  json["context"] = session.context;
  json["created_utc"] = session.created_utc;
  json["system"] = session.system;
  json["turns"] = Json::array();
  for (const chat::Message& turn : session.turns) json["turns"].push_back(turn_json(turn));
  json["forgotten"] = session.forgotten;
  json["tokens"] = session.tokens;
  json["settings"] = session.settings;
  json["layers"] = session.layers;
  json["layer_bytes"] = session.layer_bytes;
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

Session session_of(const std::string& header) {
  const Json json = Json::parse(header);
  Session session;
  visit_running(session.running, [&](const char* name, std::string& value) {
    value = json.at("running").at(name).get<std::string>();
  });
  json.at("model_path").get_to(session.model_path);
  json.at("context").get_to(session.context);
  json.at("created_utc").get_to(session.created_utc);
  json.at("system").get_to(session.system);
  for (const Json& turn : json.at("turns"))
    session.turns.push_back({.role = turn.at("role").get<std::string>(),
                             .content = turn.at("content").get<std::string>(),
                             .thinking = turn.value("thinking", ""),
                             .whole = turn.value("whole", "")});
  json.at("forgotten").get_to(session.forgotten);
  json.at("tokens").get_to(session.tokens);
  json.at("settings").get_to(session.settings);
  json.at("layers").get_to(session.layers);
  json.at("layer_bytes").get_to(session.layer_bytes);
  if (session.forgotten > session.turns.size()) session.forgotten = session.turns.size();
  return session;
}

template <class Number>
Number number_at(std::span<const std::byte> bytes, size_t at) {
  Number value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

template <class Number>
std::string_view bytes_of(const Number& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

/// A file that is summed as it is written.
class SummedFile {
 public:
  explicit SummedFile(const std::filesystem::path& path) : file_(path) {}
  void write(std::span<const std::byte> bytes) {
    file_.write(bytes);
    sum_.add(bytes);
    size_ += bytes.size();
  }
  void write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }
  uint64_t finish() {
    const uint64_t sum = sum_.value();
    file_.write(bytes_of(sum));
    file_.commit();
    return size_ + sizeof sum;
  }

 private:
  AtomicFile file_;
  Checksum sum_;
  uint64_t size_ = 0;
};

}  // namespace

uint64_t write_session(const std::filesystem::path& path, const Session& session,
                       const ExportLayer& export_layer) {
  const OwnerOnly mine;
  SummedFile file(path);
  const std::string header = header_of(session);
  const auto size = static_cast<uint32_t>(header.size());
  file.write(kMagic);
  file.write(bytes_of(kSessionVersion));
  file.write(bytes_of(size));
  file.write(header);
  std::vector<std::byte> layer(session.layer_bytes);
  for (uint64_t i = 0; i < session.layers; ++i) {
    export_layer(static_cast<int64_t>(i), layer);
    file.write(layer);
  }
  return file.finish();
}

KeptSession read_session(const std::filesystem::path& path) {
  KeptSession kept{.file = MappedFile(path), .session = {}, .layers = {}};
  const std::span<const std::byte> all = kept.file.bytes();
  if (all.size() < kPrefix + kSum || std::memcmp(all.data(), kMagic.data(), kMagic.size()) != 0)
    refuse(path, "this is no session of nety chat");
  const auto version = number_at<uint32_t>(all, 8);
  Checksum sum;
  sum.add(all.first(all.size() - kSum));
  const bool whole = sum.value() == number_at<uint64_t>(all, all.size() - kSum);
  if (version != kSessionVersion && whole)
    refuse(path, fmt::format("a session of version {}, and this program knows version {}", version,
                             kSessionVersion));
  if (!whole) refuse(path, "the session is damaged: its checksum is not that of its bytes");
  const auto size = number_at<uint32_t>(all, 12);
  const std::span<const std::byte> rest = all.subspan(kPrefix, all.size() - kPrefix - kSum);
  if (size > rest.size()) refuse(path, "the session is damaged: its header is cut off");
  try {
    kept.session = session_of(std::string(reinterpret_cast<const char*>(rest.data()), size));
  } catch (const Json::exception& failure) {
    refuse(path, fmt::format("the session's header is not as it should be: {}", failure.what()));
  }
  kept.layers = rest.subspan(size);
  const Session& session = kept.session;
  const bool fits = session.layers == 0
                        ? kept.layers.empty()
                        : kept.layers.size() % session.layers == 0 &&
                              kept.layers.size() / session.layers == session.layer_bytes;
  if (!fits) refuse(path, "the session is damaged: its layers are not as many as it says");
  return kept;
}

void require_same_model(const Session& session, const Running& now, const std::string& name) {
  const Running& then = session.running;
  if (then.hash == now.hash && then.mode == now.mode && then.head == now.head &&
      then.compute == now.compute)
    return;
  const auto shown = [](const Running& one) {
    std::string text = fmt::format("{} in mode {}", one.model, one.mode);
    if (!one.head.empty()) text += fmt::format(" with --head {}", one.head);
    if (!one.compute.empty()) text += fmt::format(" with --compute {}", one.compute);
    return text;
  };
  const bool same_name = shown(then) == shown(now);
  throw Error(ErrorKind::kUsage,
              same_name
                  ? fmt::format("session {} is of another {}: its weights are not those of {}",
                                name, then.model, session.model_path)
                  : fmt::format("session {} is of {}; this is {}", name, shown(then), shown(now)),
              fmt::format("Go on with it by: nety chat '{}' --mode {} --resume={}",
                          session.model_path, then.mode, name));
}

}  // namespace nety::talk
