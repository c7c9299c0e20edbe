// nety which: the table, its JSON, other machines, and what is kept. Most of it answers for a
// calibration of round numbers; nothing is measured but where a test says so.
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "tests/app/run.h"
#include "tests/schema.h"

namespace nety::app {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

std::string two_cores() { return "'" + data("calibrations/two_cores.json") + "'"; }

Outcome which(const std::string& arguments, const std::string& before = {}) {
  return run("which --machine " + two_cores() + " " + arguments, before);
}

nlohmann::json json_of(const Outcome& outcome) {
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(results::problems_of(outcome.out), std::vector<std::string>{});
  return nlohmann::json::parse(outcome.out);
}

TEST(WhichCommand, AnswersWithTheLargestModelFirst) {
  const Outcome outcome = which("");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("Two cores"), HasSubstr("at least 5 tok/s"), HasSubstr("model"),
                    HasSubstr("fits"), HasSubstr("memory"), HasSubstr("load"), HasSubstr("prefill"),
                    HasSubstr("decode"), HasSubstr("TTFT"), HasSubstr("quality"),
                    HasSubstr("nety bench"), HasSubstr("more: --all")));
  const auto json = json_of(which("--json"));
  const auto& rows = json["rows"];
  ASSERT_GT(rows.size(), 10U);
  EXPECT_EQ(rows.size(), json["meeting"]);
  for (const auto& row : rows) {
    EXPECT_TRUE(row["meets"]);
    EXPECT_GE(row["decode_tps"]["value"], 5);
    EXPECT_EQ(row["basis"], "calibrated");
    EXPECT_LE(row["memory_bytes"], 22'000'000'000);
    EXPECT_TRUE(row["kld"].is_null()) << "not measured";
    EXPECT_FALSE(row["licence"].get<std::string>().empty());
  }
  const auto size = [](const nlohmann::json& row) {
    return row["parameters"].get<double>() * row["active_parameters"].get<double>();
  };
  EXPECT_GE(size(rows[0]), size(rows[1]));
}

TEST(WhichCommand, LeavesOutWhatDoesNotMeetTheWishes) {
  const auto fast = json_of(which("--min-tps 20 --max-ttft 2s --max-memory 2GB --json"));
  ASSERT_FALSE(fast["rows"].empty());
  for (const auto& row : fast["rows"]) {
    EXPECT_GE(row["decode_tps"]["value"], 20);
    EXPECT_LE(row["first_token_s"]["value"], 2);
    EXPECT_LE(row["memory_bytes"], 2'000'000'000);
  }
  const auto modes = json_of(which("--mode nf4,q8_0 --json"));
  for (const auto& row : modes["rows"]) EXPECT_THAT(row["mode"], testing::AnyOf("nf4", "q8_0"));
  const auto deep = json_of(which("--ctx 16384 --json"));
  for (const auto& row : deep["rows"]) EXPECT_EQ(row["context"], 16384);
  EXPECT_LT(deep["rows"].size(), json_of(which("--json"))["rows"].size());
}

TEST(WhichCommand, SaysWhenNothingMeetsAndWhatIsNearest) {
  const Outcome outcome = which("--min-tps 100000");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("0 of "),
                                 HasSubstr("Nothing meets this. The nearest is smollm2-135m"),
                                 HasSubstr("tok/s where 100000")));
  const auto json = json_of(which("--min-tps 100000 --json"));
  EXPECT_TRUE(json["rows"].empty());
  EXPECT_EQ(json["nearest"]["model"], "smollm2-135m");
  EXPECT_EQ(json["nearest"]["misses"][0], "speed");
}

TEST(WhichCommand, ShowsWhatWasAskedForWhateverItLacks) {
  const Outcome outcome = which("llama-3.1-405b");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("llama-3.1-405b"));
  const auto json = json_of(which("llama-3.1-405b --json"));
  const auto row = json["rows"].back();
  EXPECT_EQ(row["model"], "llama-3.1-405b");
  EXPECT_EQ(row["fits"], false);
}

TEST(WhichCommand, TakesAConfigOfOnesOwn) {
  const auto folder = test_folder() / "mine";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "config.json")
      << R"({"model_type": "llama", "hidden_size": 512, "num_hidden_layers": 4,
            "num_attention_heads": 8, "num_key_value_heads": 8, "intermediate_size": 1024,
            "vocab_size": 1000, "max_position_embeddings": 2048})";
  for (const std::string& path : {folder.string(), (folder / "config.json").string()}) {
    const auto json = json_of(which("'" + path + "' --json"));
    const auto& rows = json["rows"];
    const auto mine = std::find_if(rows.begin(), rows.end(), [&path](const nlohmann::json& row) {
      return row["source"] == path;
    });
    ASSERT_NE(mine, rows.end());
    EXPECT_EQ((*mine)["meets"], true);
    EXPECT_THAT((*mine)["check"].get<std::string>(), HasSubstr("--shape"));
  }
}

TEST(WhichCommand, TakesAFileOfOnesOwn) {
  if (default_model().empty()) GTEST_SKIP() << "the default model is not in the cache";
  const auto json = json_of(which("default --json"));
  const auto& row = json["rows"].back();
  EXPECT_EQ(row["file"], "default");
  EXPECT_EQ(row["check"], "nety bench 'default' --modes " + row["mode"].get<std::string>() +
                              " -p 512 -n 32 -d 512");
  const auto stored = json_of(which("default --mode stored --json"));
  ASSERT_EQ(stored["rows"].size(), 1U) << "nothing else is stored";
  EXPECT_EQ(stored["rows"][0]["mode"], "stored");
  EXPECT_LT(stored["rows"][0]["weights_bytes"], 150'000'000);
}

TEST(WhichCommand, TurnsItRoundWithPlan) {
  const Outcome outcome = which("--plan llama-3.1-8b --min-tps 10");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("What llama-3.1-8b needs for 10 tok/s"),
                                 HasSubstr("GB/s"), HasSubstr("lacks reading")));
  const auto json = json_of(which("--plan llama-3.1-8b --min-tps 10 --json"));
  EXPECT_TRUE(json["rows"].empty());
  size_t possible = 0;
  for (const auto& need : json["needs"]) {
    if (need["read_bytes_per_s"].is_null()) continue;  // arithmetic alone takes longer
    const double bytes = need["memory_bytes"], rate = need["read_bytes_per_s"];
    EXPECT_GT(rate, bytes / 1.1 * 10 * 0.8) << need["mode"];
    ++possible;
  }
  EXPECT_GT(possible, 3U);
}

TEST(WhichCommand, SpeaksFrench) {
  const Outcome outcome = which("--lang fr");
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("modèle"), HasSubstr("mémoire"), HasSubstr("décodage"),
                                 HasSubstr("au moins"), Not(HasSubstr("memory"))));
}

TEST(WhichCommand, FitsANarrowTerminal) {
  for (const char* language : {"en", "fr"}) {
    const std::string lang = " --lang " + std::string(language);
    std::istringstream lines(which("--mode all llama-3.1-405b" + lang).out +
                             which("--plan llama-3.1-70b" + lang).out);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("    ")) continue;  // a command is never broken
      size_t width = 0;
      for (const char c : line) width += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
      EXPECT_LE(width, 80U) << line;
    }
  }
}

TEST(WhichCommand, GivesEachRowsCommandWhenAsked) {
  const Outcome outcome = which("-v");
  size_t commands = 0;
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);)
    commands += line.starts_with("    nety bench ") ? 1 : 0;
  EXPECT_GT(commands, 10U);
}

TEST(WhichCommand, AnswersAtOnce) {
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(which("").code, 0);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    best = std::min(best, taken.count());
  }
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(best, 0.5) << "0.1 s where nothing else runs";
#endif
}

std::string diag_of_another() {
  const auto path = test_folder() / "diag.json";
  std::ofstream(path) << R"({"schema": "nety.results/1", "machines": [{"id": "big-16t",
      "cpu": "Big", "cpu_budget": {"threads": 16, "affinity": 16},
      "memory_total_bytes": 128000000000, "memory_available_bytes": 120000000000}],
      "findings": [{"id": "memory.bandwidth", "title": "b", "value": "v", "source": "s",
      "status": "ok", "data": 1e11}, {"id": "cpu.fma.fp32", "title": "b", "value": "v",
      "source": "s", "status": "ok", "data": 2e12}]})";
  return path.string();
}

TEST(WhichCommand, AnswersForAMachineFromItsDiagFile) {
  const auto folder = test_folder() / "calibrations";
  const std::string before = "NETY_CALIBRATION='" + folder.string() + "'";
  const Outcome outcome = run("which --machine '" + diag_of_another() + "' --json", before);
  const auto json = json_of(outcome);
  EXPECT_EQ(json["machine"]["id"], "big-16t");
  EXPECT_EQ(json["machine"]["threads"], 16);
  EXPECT_EQ(json["calibration"]["source"], "other machine's walls");
  ASSERT_FALSE(json["rows"].empty());
  EXPECT_EQ(json["rows"][0]["basis"], "walls");
  const Outcome text = run("which --machine '" + diag_of_another() + "'", before);
  EXPECT_THAT(text.out, AllOf(HasSubstr("from its walls alone"), HasSubstr("~")));
}

// The real thing, as short as it can be.
TEST(WhichCommand, KeepsItsCalibrationAndRefusesADamagedOne) {
  const auto folder = test_folder() / "calibrations";
  std::filesystem::remove_all(folder);
  const std::string before = "NETY_CALIBRATION='" + folder.string() + "'";
  const Outcome first = run("which --limit 1s --json", before);
  EXPECT_EQ(json_of(first)["calibration"]["source"], "measured");
  EXPECT_THAT(first.err, HasSubstr("Measuring what this machine and this build reach"));
  ASSERT_FALSE(std::filesystem::is_empty(folder));
  const auto path = std::filesystem::directory_iterator(folder)->path();
  EXPECT_EQ(results::problems_of(slurp(path)), std::vector<std::string>{});

  const Outcome second = run("which --json", before);
  EXPECT_EQ(second.err, "") << "it was kept";
  EXPECT_EQ(json_of(second)["calibration"]["created_utc"],
            json_of(first)["calibration"]["created_utc"]);

  std::ofstream(path, std::ios::trunc) << "{\"schema\": \"nety.calibration/1\"}";
  const Outcome damaged = run("which --no-measure --json", before);
  EXPECT_THAT(damaged.err, AllOf(HasSubstr("cannot be used"), HasSubstr(path.string())));
  EXPECT_EQ(json_of(damaged)["calibration"]["source"], "walls");
  const Outcome text = run("which --no-measure", before);
  EXPECT_THAT(text.out, AllOf(HasSubstr("not calibrated"), HasSubstr("from the walls alone")));
}

struct Mistake {
  const char* name;
  const char* arguments;
  int code;
  const char* says;
};
class WhichMistake : public testing::TestWithParam<Mistake> {};

TEST_P(WhichMistake, IsOneMessageWithAWayOut) {
  const auto folder = test_folder();
  std::ofstream(folder / "bad.json") << "{\"schema\": \"nety.calibration/1\", \"tool\": 3}";
  std::ofstream(folder / "none.json") << R"({"schema": "nety.results/1"})";
  std::ofstream(folder / "text.json") << "nonsense";
  std::string arguments = GetParam().arguments;
  for (size_t at; (at = arguments.find("@")) != std::string::npos;)
    arguments.replace(at, 1, folder.string());
  if (arguments.find("--machine") == std::string::npos) arguments += " --machine " + two_cores();
  const Outcome outcome = run("which " + arguments);
  EXPECT_EQ(outcome.code, GetParam().code) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(testing::StartsWith("nety: "), HasSubstr(GetParam().says),
                                 HasSubstr("\n      ")));
  EXPECT_EQ(outcome.out, "");
}

INSTANTIATE_TEST_SUITE_P(
    , WhichMistake,
    testing::Values(Mistake{"Model", "qwen3-4c", 2, "qwen3-4b"},
                    Mistake{"PlanOfNothing", "--plan lama-3.1-8b", 2, "llama-3.1-8b"},
                    Mistake{"Mode", "--mode q9_0", 2, "q9_0"},
                    Mistake{"Memory", "--max-memory 6", 2, "6"},
                    Mistake{"NoMemory", "--max-memory lots", 2, "lots"},
                    Mistake{"Time", "--max-ttft soon", 2, "soon"},
                    Mistake{"Speed", "--min-tps -1", 2, "-1"},
                    Mistake{"Both", "--measure --no-measure", 2, "exclude"},
                    Mistake{"NoFile", "--machine /no/such/file", 1, "/no/such/file"},
                    Mistake{"NoCalibration", "--machine @/bad.json", 2, "bad.json"},
                    Mistake{"NoMachine", "--machine @/none.json", 2, "none.json"},
                    Mistake{"NoJson", "--machine @/text.json", 2, "text.json"},
                    Mistake{"Place", "-o /no/such/folder/x.json", 1, "/no/such/folder"},
                    Mistake{"File", "@/text.json", 7, "text.json"}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace nety::app
