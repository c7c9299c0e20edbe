// nety models: what other programs have put on this machine, and what runs here.
#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/command.h"
#include "app/input.h"
#include "app/messages.h"
#include "app/model_options.h"
#include "app/model_store.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "core/machine/machine.h"
#include "core/policy/policy.h"

namespace nety::app {
namespace {

struct Row {
  StoredModel model;
  std::string mode;    ///< In which it would run here; empty: it would not.
  std::string reason;  ///< Why it would not.
};

class Models final : public Command {
 public:
  void declare(Arguments& arguments) override { arguments.flag("--json", json_, "Print JSON"); }

  int run(const Context& context) override {
    const std::vector<Row> rows = rows_of(stored_models());
    write_output(json_ ? as_json(rows) : as_table(rows, context.language));
    return 0;
  }

 private:
  static std::vector<Row> rows_of(std::vector<StoredModel> models) {
    try {
      const auto path = resolve_model("default");
      std::error_code code;
      models.insert(models.begin(),
                    {"default", path, std::filesystem::file_size(path, code), "gguf", ""});
    } catch (const Error&) {  // it has not been fetched
    }
    const results::Machine machine = machine::describe(machine::host());
    std::vector<Row> rows;
    for (StoredModel& model : models) rows.push_back(judged(std::move(model), machine));
    return rows;
  }

  /// Opened as far as its headers, and planned; nothing is loaded.
  static Row judged(StoredModel model, const results::Machine& machine) {
    Row row{std::move(model), "", ""};
    row.reason = row.model.problem;
    if (!row.reason.empty()) return row;
    try {
      const auto checkpoint = checkpoint::Checkpoint::open(row.model.path);
      policy::Request request;
      request.plan = ModelOptions().plan();
      row.mode =
          policy::decide(request, machine, policy::facts_of(checkpoint), available_backends())
              .mode_name();
    } catch (const Error& error) {
      row.reason = error.what();
      // The name stands in the row already.
      const std::string path = row.model.path.string() + ": ";
      if (row.reason.starts_with(path)) row.reason.erase(0, path.size());
    }
    return row;
  }

  static std::string as_table(const std::vector<Row>& rows, Language language) {
    const auto say = [&](MessageId id, std::vector<std::string> values = {}) {
      return render({id, std::move(values)}, language);
    };
    if (rows.empty())
      return say(message::models_none, {huggingface_cache().string(), ollama_models().string()}) +
             "\n";
    size_t width = 4;
    for (const Row& row : rows) width = std::max(width, row.model.name.size());
    std::string out;
    for (const Row& row : rows)
      out +=
          fmt::format("{:<{}}  {:>9}  {:<11}  {}\n", row.model.name, width,
                      row.model.bytes > 0 ? format_bytes(row.model.bytes) : "-", row.model.format,
                      row.mode.empty() ? say(message::models_no, {row.reason})
                                       : say(message::models_yes, {row.mode}));
    return out;
  }

  static std::string as_json(const std::vector<Row>& rows) {
    nlohmann::ordered_json json = {{"models", nlohmann::ordered_json::array()}};
    for (const Row& row : rows)
      json["models"].push_back({{"name", row.model.name},
                                {"path", row.model.path.string()},
                                {"bytes", row.model.bytes},
                                {"format", row.model.format},
                                {"runs", !row.mode.empty()},
                                {"mode", row.mode},
                                {"reason", row.reason}});
    return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  }

  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_models() { return std::make_unique<Models>(); }

}  // namespace nety::app
