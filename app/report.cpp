// nety report: measures (or takes results), judges the claims and writes the report.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "app/command.h"
#include "app/console.h"
#include "app/input.h"
#include "app/measurement.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/words.h"
#include "core/results/json.h"
#include "core/results/merge.h"
#include "reports/render.h"

namespace nety::app {
namespace {

// "kld=0.01,top1=0.96"
reports::Admissible parse_admissible(const std::string& text) {
  reports::Admissible admissible;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    const size_t equals = std::min(part.find('='), part.size());
    const std::string name = part.substr(0, equals);
    const std::string number = equals < part.size() ? part.substr(equals + 1) : "";
    double value = 0;
    const auto [stop, code] = std::from_chars(number.data(), number.data() + number.size(), value);
    const bool good = code == std::errc() && stop == number.data() + number.size() && value >= 0;
    if (good && name == "kld")
      admissible.kld = value;
    else if (good && name == "top1" && value <= 1)
      admissible.top1 = value;
    else
      throw Error(ErrorKind::kUsage, fmt::format("--admissible: cannot read '{}'", part),
                  "Give limits as kld=0.01,top1=0.96.");
    begin = end + 1;
  }
  return admissible;
}

class Report final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.texts("INPUT", inputs_, "Result files (.json) to render, or one MODEL to measure");
    arguments.text(
        "-o,--output", output_,
        "Folder for report.json, report.md and report.html; or one file: .html .md .json "
        ".xml .csv");
    arguments.texts("--gate", gates_, "Exit with 6 if this claim is refuted (repeatable)");
    arguments.text("--admissible", admissible_,
                   "What quality a mode must keep: kld=0.01,top1=0.96");
    measurement_.quality_by_default = true;
    measurement_.budget = "270s";
    measurement_.slices = true;
    measurement_.declare(arguments);
  }

  int run(const Context& context) override {
    const reports::ClaimOptions options{.language = context.language,
                                        .admissible = parse_admissible(admissible_)};
    measurement_.admissible = options.admissible;
    check_gates();
    if (!is_file()) check_folder();
    results::File file = take_results(context);
    const auto paths = write(file, options);
    write_output(reports::terminal_verdicts(file, options));
    for (const auto& path : paths) write_output("  " + path.string() + "\n");
    for (const std::string& warning : file.warnings) notice(context, warning);
    const int code = exit_code_of(file);
    if (code != 0) return code;
    hold_gates(file, options);
    if (measurement_.refusal) throw *measurement_.refusal;
    return 0;
  }

 private:
  static bool is_results(const std::string& path) { return path.ends_with(".json"); }

  results::File take_results(const Context& context) {
    if (inputs_.empty()) return measurement_.run(context);
    if (!is_results(inputs_[0])) {
      if (inputs_.size() > 1)
        throw Error(
            ErrorKind::kUsage, "report takes one model, or result files",
            "Measure each model with nety bench -o A.json, then nety report A.json B.json.");
      measurement_.model = inputs_[0];
      return measurement_.run(context);
    }
    results::File merged = results::from_json(read_file(inputs_[0]), inputs_[0]);
    for (size_t i = 1; i < inputs_.size(); ++i)
      results::merge(merged, results::from_json(read_file(inputs_[i]), inputs_[i]));
    return merged;
  }

  /// Whether -o names a file of a known format and not a folder.
  bool is_file() const {
    const std::string extension = std::filesystem::path(output_).extension().string();
    const auto all = reports::renderers();
    return std::any_of(all.begin(), all.end(), [&extension](const reports::Renderer& renderer) {
      return renderer.extension == extension;
    });
  }

  std::vector<std::filesystem::path> write(results::File& file,
                                           const reports::ClaimOptions& options) const {
    if (!is_file()) return reports::write_report(file, output_, options);
    reports::judge_into(file, options);
    reports::write(file, output_, options);
    return {output_};
  }

  // A folder that cannot be made is found out before minutes are spent.
  void check_folder() const {
    std::error_code failure;
    std::filesystem::create_directories(output_, failure);
    if (failure || ::access(output_.c_str(), W_OK) != 0)
      throw Error(ErrorKind::kIo, fmt::format("{}: cannot be written", output_),
                  "Give another folder with -o.");
  }

  void check_gates() const {
    for (const std::string& gate : gates_) {
      const auto known = reports::claim_ids();
      if (std::find(known.begin(), known.end(), gate) == known.end())
        throw Error(ErrorKind::kUsage, fmt::format("--gate: unknown claim '{}'", gate),
                    fmt::format("Claims: {}.", joined(known)));
    }
  }

  // On every machine of a merged file.
  void hold_gates(const results::File& file, const reports::ClaimOptions& options) const {
    reports::ClaimOptions english = options;
    english.language = Language::kEnglish;  // as every error
    for (const reports::Subject& subject : reports::subjects(file))
      for (const results::Claim& claim : reports::judge(reports::Evidence(file, subject), english))
        if (claim.verdict == results::Verdict::kRefuted &&
            std::find(gates_.begin(), gates_.end(), claim.id) != gates_.end())
          throw Error(ErrorKind::kRequirement,
                      fmt::format("claim {} is refuted: {}", claim.id, claim.evidence),
                      "The report has the details.");
  }

  MeasurementOptions measurement_;
  std::vector<std::string> inputs_, gates_;
  std::string output_ = "nety-report", admissible_;
};

}  // namespace

std::unique_ptr<Command> make_report() { return std::make_unique<Report>(); }

}  // namespace nety::app
