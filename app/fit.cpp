// nety fit: what every mode of a model would take, and whether it fits here. Nothing is loaded.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/command.h"
#include "app/console.h"
#include "app/input.h"
#include "app/model_options.h"
#include "core/base/files.h"
#include "core/base/units.h"
#include "core/machine/machine.h"
#include "core/policy/policy.h"

namespace nety::app {
namespace {

struct Row {
  std::string mode;
  policy::MemoryPlan plan;
};

class Fit final : public Command {
 public:
  void declare(Arguments& arguments) override {
    options_.declare_plan(arguments);
    arguments.flag("--json", json_, "Print JSON");
    arguments.text("-o,--output", output_, "Also write the JSON to a file");
  }

  int run(const Context& context) override {
    const auto checkpoint = checkpoint::Checkpoint::open(resolve_model(options_.model));
    const machine::MemoryBudget memory = machine::memory_budget(machine::host());
    const std::vector<Row> rows = plans(checkpoint);
    const std::string json = as_json(checkpoint, rows, memory).dump(2) + "\n";
    if (!output_.empty()) write_file(output_, json);
    if (json_) {
      write_output(json);
      return 0;
    }
    write_output(as_table(checkpoint, rows, memory));
    if (!output_.empty()) notice(context, output_);
    return 0;
  }

 private:
  std::vector<Row> plans(const checkpoint::Checkpoint& checkpoint) const {
    std::vector<Row> rows = {{"stored", policy::plan(checkpoint, std::nullopt, options_.plan())}};
    for (const precision::Mode& mode : precision::modes())
      if (mode.kind != precision::ModeKind::kStored)
        rows.push_back(
            {std::string(mode.name), policy::plan(checkpoint, mode.id, options_.plan())});
    return rows;
  }

  static std::string as_table(const checkpoint::Checkpoint& checkpoint,
                              const std::vector<Row>& rows, const machine::MemoryBudget& memory) {
    std::string out =
        fmt::format("{} · {:.4g} M weights · context {} · {} available ({})\n\n", checkpoint.name(),
                    static_cast<double>(checkpoint.parameters()) / 1e6, rows[0].plan.context,
                    format_bytes(memory.available_bytes), memory.limited_by);
    out += fmt::format("{:<8} {:>10} {:>10} {:>10} {:>10} {:>10}  {}\n", "mode", "weights",
                       "of which", "KV cache", "workspace", "needed", "here");
    out += fmt::format("{:<8} {:>10} {:>10} {:>10} {:>10} {:>10}\n", "", "", "mapped", "", "", "");
    for (const Row& row : rows)
      out +=
          fmt::format("{:<8} {:>10} {:>10} {:>10} {:>10} {:>10}  {}\n", row.mode,
                      format_bytes(row.plan.weights()), format_bytes(row.plan.weights_mapped_bytes),
                      format_bytes(row.plan.kv_bytes), format_bytes(row.plan.workspace_bytes),
                      format_bytes(row.plan.needed()),
                      row.plan.needed() <= memory.available_bytes ? "fits" : "does not fit");
    return out +
           "\nweights and KV cache are exact, workspace is an estimate; needed is the total and a "
           "tenth.\n";
  }

  static nlohmann::ordered_json as_json(const checkpoint::Checkpoint& checkpoint,
                                        const std::vector<Row>& rows,
                                        const machine::MemoryBudget& memory) {
    nlohmann::ordered_json json;
    json["model"] = checkpoint.name();
    json["parameters"] = checkpoint.parameters();
    json["context"] = rows[0].plan.context;
    json["available_bytes"] = memory.available_bytes;
    json["limited_by"] = memory.limited_by;
    for (const Row& row : rows)
      json["modes"].push_back({{"mode", row.mode},
                               {"weights_bytes", row.plan.weights()},
                               {"weights_mapped_bytes", row.plan.weights_mapped_bytes},
                               {"kv_bytes", row.plan.kv_bytes},
                               {"workspace_bytes", row.plan.workspace_bytes},
                               {"needed_bytes", row.plan.needed()},
                               {"fits", row.plan.needed() <= memory.available_bytes}});
    return json;
  }

  ModelOptions options_;
  bool json_ = false;
  std::string output_;
};

}  // namespace

std::unique_ptr<Command> make_fit() { return std::make_unique<Fit>(); }

}  // namespace nety::app
