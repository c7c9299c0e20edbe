// JSON lines by nlohmann-json. Replies are validated: a worker's stdout may hold anything.
#include "bench/protocol.h"

#include <fmt/core.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/error.h"
#include "core/options/json.h"

namespace nety::bench {
namespace {

using Json = nlohmann::json;

constexpr std::pair<Action, std::string_view> kActions[] = {
    {Action::kLoad, "load"},     {Action::kWarmUp, "warm_up"},  {Action::kPrefill, "prefill"},
    {Action::kDecode, "decode"}, {Action::kStream, "stream"},   {Action::kSlice, "slice"},
    {Action::kText, "text"},     {Action::kQuality, "quality"}, {Action::kAnswer, "answer"},
    {Action::kJudge, "judge"},   {Action::kMemory, "memory"},   {Action::kQuit, "quit"},
};

constexpr ErrorKind kErrorKinds[] = {ErrorKind::kInternal,     ErrorKind::kIo,
                                     ErrorKind::kUsage,        ErrorKind::kRegression,
                                     ErrorKind::kInconclusive, ErrorKind::kEnvironment,
                                     ErrorKind::kRequirement,  ErrorKind::kCheckpoint,
                                     ErrorKind::kMemory,       ErrorKind::kInterrupted};

std::string_view name_of(Action action) {
  for (const auto& entry : kActions)
    if (entry.first == action) return entry.second;
  return "quit";
}

[[noreturn]] void reject(std::string_view line, std::string_view what) {
  std::string start;
  for (const char c : line.substr(0, 80)) start += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  throw Error(ErrorKind::kInternal, fmt::format("{}: '{}'", what, start));
}

/// One line whatever the strings hold: bytes that are not UTF-8 become U+FFFD.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

double number(const Json& value) {
  return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

Json engine_json(const EngineRequest& request) {
  Json json = {{"model", request.model},
               {"logit_rows", request.logit_rows},
               {"shape", request.shape},
               {"seed", request.seed}};
  options::write(request.run, json);
  return json;
}

EngineRequest engine_from(const Json& json) {
  EngineRequest request;
  request.model = json.value("model", "");
  options::read(json, request.run);
  request.logit_rows = json.value("logit_rows", int64_t{0});
  request.shape = json.value("shape", "");
  request.seed = json.value("seed", uint64_t{1});
  return request;
}

void read_done(const Json& done, Reply& reply) {
  for (const auto& [key, value] : done.items()) {
    if (value.is_string()) {
      reply.words[key] = value.get<std::string>();
    } else if (value.is_array()) {
      std::vector<double>& series = reply.series[key];
      for (const Json& item : value) series.push_back(number(item));
    } else {
      reply.numbers[key] = number(value);
    }
  }
}

}  // namespace

double Reply::number(const std::string& key) const {
  const auto found = numbers.find(key);
  return found == numbers.end() ? std::numeric_limits<double>::quiet_NaN() : found->second;
}

std::string Reply::word(const std::string& key) const {
  const auto found = words.find(key);
  return found == words.end() ? "" : found->second;
}

std::string to_line(const Command& command) {
  Json json = {{"do", name_of(command.action)}};
  if (command.action == Action::kLoad) {
    json["engine"] = engine_json(command.engine);
    json["seed"] = command.seed;
  }
  if (command.n_prompt > 0) json["n_prompt"] = command.n_prompt;
  if (command.n_gen > 0) json["n_gen"] = command.n_gen;
  if (command.depth > 0) json["depth"] = command.depth;
  if (command.limit_s > 0) json["limit_s"] = command.limit_s;
  if (command.resume) json["resume"] = true;
  if (command.probe) json["probe"] = true;
  if (command.action == Action::kText || !command.text.empty()) json["text"] = command.text;
  if (!command.answer.empty()) json["answer"] = command.answer;
  if (!command.tokens.empty()) json["tokens"] = command.tokens;
  if (command.action == Action::kQuality) json["window"] = command.window;
  if (!command.write.empty()) json["write"] = command.write;
  if (!command.compare.empty()) json["compare"] = command.compare;
  return dump(json);
}

std::string to_line(const Reply& reply) {
  Json json;
  if (reply.kind == Reply::Kind::kProgress) {
    json["progress"] = {{"label", reply.label},
                        {"done", number(reply.number("done"))},
                        {"total", number(reply.number("total"))}};
  } else if (reply.kind == Reply::Kind::kFailed) {
    json["error"] = {{"kind", name_of(reply.error)}, {"what", reply.what}, {"hint", reply.hint}};
  } else {
    Json& done = json["done"] = Json::object();
    for (const auto& [key, value] : reply.numbers) done[key] = number(value);
    for (const auto& [key, value] : reply.words) done[key] = value;
    for (const auto& [key, values] : reply.series) {
      Json& series = done[key] = Json::array();
      for (const double value : values) series.push_back(number(value));
    }
  }
  return dump(json);
}

Command parse_command(std::string_view line) try {
  const Json json = Json::parse(line);
  Command command;
  const std::string word = json.at("do").get<std::string>();
  bool known = false;
  for (const auto& entry : kActions) {
    if (entry.second != word) continue;
    command.action = entry.first;
    known = true;
  }
  if (!known) reject(line, "unknown command");
  if (command.action == Action::kLoad) command.engine = engine_from(json.at("engine"));
  command.seed = json.value("seed", uint64_t{0});
  command.n_prompt = json.value("n_prompt", int64_t{0});
  command.n_gen = json.value("n_gen", int64_t{0});
  command.depth = json.value("depth", int64_t{0});
  command.limit_s = json.value("limit_s", 0.0);
  command.resume = json.value("resume", false);
  command.probe = json.value("probe", false);
  command.text = json.value("text", "");
  command.answer = json.value("answer", "");
  command.tokens = json.value("tokens", std::vector<int32_t>());
  command.window = json.value("window", int64_t{0});
  command.write = json.value("write", "");
  command.compare = json.value("compare", "");
  return command;
} catch (const Json::exception&) {
  reject(line, "not a command");
}

Reply parse_reply(std::string_view line) try {
  const Json json = Json::parse(line);
  Reply reply;
  if (json.contains("progress")) {
    const Json& progress = json.at("progress");
    reply.kind = Reply::Kind::kProgress;
    reply.label = progress.value("label", "");
    reply.numbers["done"] = number(progress.at("done"));
    reply.numbers["total"] = number(progress.at("total"));
  } else if (json.contains("error")) {
    const Json& error = json.at("error");
    reply.kind = Reply::Kind::kFailed;
    reply.what = error.at("what").get<std::string>();
    reply.hint = error.value("hint", "");
    const std::string word = error.at("kind").get<std::string>();
    for (const ErrorKind kind : kErrorKinds)
      if (name_of(kind) == word) reply.error = kind;
  } else {
    const Json& done = json.at("done");
    if (!done.is_object()) reject(line, "not a reply");
    read_done(done, reply);
  }
  return reply;
} catch (const Json::exception&) {
  reject(line, "not a reply");
}

void put_model(Reply& reply, const results::Model& model) {
  reply.words["model_id"] = model.id;
  reply.words["model_name"] = model.name;
  reply.words["model_path"] = model.path;
  reply.words["model_format"] = model.format;
  reply.words["model_architecture"] = model.architecture;
  reply.words["model_stored"] = model.stored;
  reply.numbers["parameters"] = static_cast<double>(model.parameters);
  reply.numbers["file_bytes"] = static_cast<double>(model.file_bytes);
}

results::Model model_of(const Reply& reply) {
  results::Model model;
  model.id = reply.word("model_id");
  model.name = reply.word("model_name");
  model.path = reply.word("model_path");
  model.format = reply.word("model_format");
  model.architecture = reply.word("model_architecture");
  model.stored = reply.word("model_stored");
  model.parameters = static_cast<int64_t>(reply.number("parameters"));
  model.file_bytes = static_cast<uint64_t>(reply.number("file_bytes"));
  return model;
}

Reply failure(ErrorKind kind, std::string what, std::string hint) {
  Reply reply;
  reply.kind = Reply::Kind::kFailed;
  reply.error = kind;
  reply.what = std::move(what);
  reply.hint = std::move(hint);
  return reply;
}

}  // namespace nety::bench
