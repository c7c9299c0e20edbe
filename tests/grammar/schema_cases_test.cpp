// Some 200 schemas of the kinds of the public test suite, with documents that Python's jsonschema
// says are valid or not (tests/data/grammar/make_schemas.py).
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
  size_t documents = 0;
  const nlohmann::json cases = read_cases();
  EXPECT_GE(cases.size(), 200U);
  for (const nlohmann::json& one : cases) {
    const std::string schema = one["schema"];
    const Grammar grammar = Grammar::of_schema_text(schema);
    // The same document with its members in any order: one of them is the schema's.
    for (const nlohmann::json& spellings : one["valid"]) {
      bool taken = false;
      for (const std::string text : spellings) taken = taken || accepts(grammar, text);
      EXPECT_TRUE(taken) << schema << "\n" << spellings;
      ++documents;
    }
    for (const nlohmann::json& spellings : one["invalid"])
      for (const std::string text : spellings) {
        EXPECT_FALSE(accepts(grammar, text)) << schema << "\n" << text;
        ++documents;
      }
  }
  EXPECT_GE(documents, 5000U);
}

}  // namespace
}  // namespace nety::grammar
