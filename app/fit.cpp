// nety fit: what every mode of a model would take, and whether it fits here. Nothing is loaded.
#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/command.h"
#include "app/console.h"
#include "app/input.h"
#include "app/model_options.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/printable.h"
#include "core/base/units.h"
#include "core/checkpoint/shapes.h"
#include "core/machine/address_space.h"
#include "core/machine/machine.h"
#include "core/model/special_tokens.h"
#include "core/model/tokenizer_source.h"
#include "core/policy/address_space.h"
#include "core/policy/messages.h"
#include "core/policy/policy.h"

namespace nety::app {
namespace {

struct Row {
  std::string mode;
  policy::MemoryPlan plan;
};

/// What is odd about the tokenizer, which a checkpoint need not have.
std::optional<Text> tokenizer_note(const checkpoint::Checkpoint& checkpoint) {
  try {
    return model::describe_size(checkpoint, model::load_tokenizer(checkpoint));
  } catch (const Error&) {
    return std::nullopt;  // generate says why; memory is another matter
  }
}

/// What is planned: a checkpoint's weights, or a shape's.
policy::ModelFacts facts_of(const std::string& model, const std::string& shape,
                            const Context& context) {
  if (shape.empty()) {
    const auto checkpoint = checkpoint::Checkpoint::open(resolve_model(model));
    if (const auto note = tokenizer_note(checkpoint)) notice(context, *note);
    return policy::facts_of(checkpoint);
  }
  if (model != ModelOptions().model)
    throw Error(ErrorKind::kUsage, "--shape and a MODEL exclude each other");
  return policy::facts_of(checkpoint::find_shape(shape));
}

class Fit final : public Command {
 public:
  void declare(Arguments& arguments) override {
    options_.declare_plan(arguments);
    arguments.text("--shape", shape_,
                   "Plan a shape instead of MODEL: " + checkpoint::standard_shape_names() +
                       ", or a config.json");
    arguments.flag("--json", json_, "Print JSON");
    arguments.text("-o,--output", output_, "Also write the JSON to a file");
  }

  int run(const Context& context) override {
    const policy::ModelFacts model = facts_of(options_.model, shape_, context);
    const machine::MemoryBudget memory = machine::memory_budget(machine::host());
    const std::vector<Row> rows = plans(model);
    if (model.config.context > 0 && rows[0].plan.context > model.config.context)
      notice(context,
             {message::policy_context_beyond,
              {std::to_string(rows[0].plan.context), std::to_string(model.config.context)}});
    const std::string json = printable_json(
        as_json(model, rows, memory).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
        "\n");
    if (!output_.empty()) write_file(output_, json);
    if (json_) {
      write_output(json);
      return 0;
    }
    write_page(as_table(model, rows, memory));
    if (!output_.empty()) notice(context, output_);
    return 0;
  }

 private:
  // A shape is stored nowhere: it has no such row.
  std::vector<Row> plans(const policy::ModelFacts& model) const {
    const auto plan = [&](std::optional<precision::ModeId> mode) {
      return policy::plan(model.config, model.weights, mode, options_.plan(), model.overhead);
    };
    std::vector<Row> rows;
    if (!model.stored.empty()) rows.push_back({"stored", plan(std::nullopt)});
    for (const precision::Mode& mode : precision::modes())
      if (mode.kind != precision::ModeKind::kStored)
        rows.push_back({std::string(mode.name), plan(mode.id)});
    return rows;
  }

  static bool fits(const policy::ModelFacts& model, const policy::MemoryPlan& plan,
                   const machine::MemoryBudget& memory) {
    const auto left = machine::address_space_left(machine::host());
    return plan.needed() <= memory.available_bytes &&
           (!left || policy::address_space_of(plan, model.weights) <= *left);
  }

  /// "7242 M weights", or of a mixture "30532 M weights, 3354 M of them for a token"
  static std::string count(const policy::ModelFacts& model) {
    const int64_t all = policy::parameters(model.weights);
    const int64_t active = policy::active_parameters(model.weights);
    std::string text = fmt::format("{:.4g} M weights", static_cast<double>(all) / 1e6);
    if (active != all)
      text += fmt::format(", {:.4g} M of them for a token", static_cast<double>(active) / 1e6);
    return text;
  }

  static std::string as_table(const policy::ModelFacts& model, const std::vector<Row>& rows,
                              const machine::MemoryBudget& memory) {
    std::string out =
        fmt::format("{} · {} · context {} · {} available ({})\n\n", model.name, count(model),
                    rows[0].plan.context, format_bytes(memory.available_bytes), memory.limited_by);
    out += fmt::format("{:<8} {:>10} {:>10} {:>10} {:>10} {:>10}  {}\n", "mode", "weights",
                       "of which", "KV cache", "workspace", "needed", "here");
    out += fmt::format("{:<8} {:>10} {:>10} {:>10} {:>10} {:>10}\n", "", "", "mapped", "", "", "");
    for (const Row& row : rows)
      out += fmt::format(
          "{:<8} {:>10} {:>10} {:>10} {:>10} {:>10}  {}\n", row.mode,
          format_bytes(row.plan.weights()), format_bytes(row.plan.weights_mapped_bytes),
          format_bytes(row.plan.kv_bytes), format_bytes(row.plan.workspace_bytes),
          format_bytes(row.plan.needed()), fits(model, row.plan, memory) ? "fits" : "does not fit");
    const policy::MemoryPlan& any = rows[0].plan;
    if (const auto left = machine::address_space_left(machine::host()))
      out += fmt::format(
          "\nThe address space is limited (ulimit -v): {} are left, and the mapped file counts "
          "whole.\n",
          format_bytes(*left));
    return out + fmt::format(
                     "\nBesides, in every mode: tokenizer {} for {} vocabulary entries, program "
                     "{}.\nWeights and KV cache are exact, the rest is an estimate; needed is the "
                     "total and a tenth.\n",
                     format_bytes(any.tokenizer_bytes), model.config.vocab,
                     format_bytes(any.program_bytes));
  }

  static nlohmann::ordered_json as_json(const policy::ModelFacts& model,
                                        const std::vector<Row>& rows,
                                        const machine::MemoryBudget& memory) {
    nlohmann::ordered_json json;
    json["model"] = model.name;
    json["parameters"] = policy::parameters(model.weights);
    json["active_parameters"] = policy::active_parameters(model.weights);
    json["context"] = rows[0].plan.context;
    json["available_bytes"] = memory.available_bytes;
    json["limited_by"] = memory.limited_by;
    if (const auto left = machine::address_space_left(machine::host()))
      json["available_address_space_bytes"] = *left;
    json["tokenizer_bytes"] = rows[0].plan.tokenizer_bytes;
    json["program_bytes"] = rows[0].plan.program_bytes;
    for (const Row& row : rows)
      json["modes"].push_back(
          {{"mode", row.mode},
           {"weights_bytes", row.plan.weights()},
           {"weights_mapped_bytes", row.plan.weights_mapped_bytes},
           {"active_bytes", row.plan.active_bytes},
           {"kv_bytes", row.plan.kv_bytes},
           {"workspace_bytes", row.plan.workspace_bytes},
           {"needed_bytes", row.plan.needed()},
           {"address_space_bytes", policy::address_space_of(row.plan, model.weights)},
           {"fits", fits(model, row.plan, memory)}});
    return json;
  }

  ModelOptions options_;
  bool json_ = false;
  std::string output_, shape_;
};

}  // namespace

std::unique_ptr<Command> make_fit() { return std::make_unique<Fit>(); }

}  // namespace nety::app
