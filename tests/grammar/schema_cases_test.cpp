// More than 200 schemas of the kinds of the public test suite, with documents that Python's
// jsonschema says are valid or not (tests/data/grammar/make_schemas.py).
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/grammar/accepts.h"
#include "tests/paths.h"

namespace nety::grammar {
namespace {

nlohmann::json read_cases() {
  std::ifstream file(test_data() + "/grammar/schemas.json");
  return nlohmann::json::parse(file);
}

TEST(SchemaCases, TakeWhatIsValidAndNothingElse) {
  const nlohmann::json file = read_cases();
  const nlohmann::json &documents = file["documents"], &cases = file["cases"];
  EXPECT_GE(cases.size(), 200U);
  for (const nlohmann::json& one : cases) {
    const std::string schema = one["schema"], valid = one["valid"];
    const Grammar grammar = Grammar::of_schema_text(schema);
    ASSERT_EQ(valid.size(), documents.size());
    // A document is there with its members in any order: one of them is the schema's.
    for (size_t i = 0; i < valid.size(); ++i) {
      bool taken = false;
      for (const std::string text : documents[i]) taken = taken || accepts(grammar, text);
      EXPECT_EQ(taken, valid[i] == '1') << schema << "\n" << documents[i];
    }
  }
}

}  // namespace
}  // namespace nety::grammar
