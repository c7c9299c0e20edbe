// Languages are chosen from text, whatever locales the system has; every message has both.
#include "core/base/messages.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>

#include "core/base/error.h"

namespace nety {
namespace {

struct Row {
  MessageId id;
  std::string name, english, french;
};

const Row kRows[] = {
#define NETY_MESSAGE(id, english, french) {MessageId::id, #id, english, french},
#include "core/base/messages.def"
#undef NETY_MESSAGE
};

std::set<std::string> holes(const std::string& text) {
  std::set<std::string> found;
  for (size_t i = 0; i + 2 < text.size(); ++i)
    if (text[i] == '{' && text[i + 2] == '}') found.insert(text.substr(i, 3));
  return found;
}

TEST(Messages, AskForTheSameValuesInBothLanguages) {
  for (const Row& row : kRows) {
    EXPECT_FALSE(row.english.empty()) << row.name;
    EXPECT_FALSE(row.french.empty()) << row.name;
    EXPECT_EQ(holes(row.english), holes(row.french)) << row.name;
  }
}

TEST(Messages, PutValuesIntoTheirPlaces) {
  const Text text{MessageId::device_cpu_gpu_unused, {"Old {1} card", "too old"}};
  EXPECT_EQ(render(text, Language::kEnglish),
            "Device: cpu (GPU found: Old {1} card; not usable here: too old).");
  EXPECT_NE(render(text, Language::kFrench), render(text, Language::kEnglish));
  EXPECT_EQ(name_of(text.id), "device_cpu_gpu_unused");
}

class Languages : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) ::unsetenv(name);
  }
};

TEST_F(Languages, ComeFromTheOptionThenTheEnvironment) {
  EXPECT_EQ(choose_language(""), Language::kEnglish);
  ::setenv("LANG", "fr_FR.UTF-8", 1);
  EXPECT_EQ(choose_language(""), Language::kFrench);
  ::setenv("LC_ALL", "C", 1);
  EXPECT_EQ(choose_language(""), Language::kEnglish);
  EXPECT_EQ(choose_language("fr"), Language::kFrench);
  ::setenv("LC_ALL", "", 1);  // set but empty counts as unset
  ::setenv("LC_MESSAGES", "fr@euro", 1);
  EXPECT_EQ(choose_language(""), Language::kFrench);
  ::setenv("LC_MESSAGES", "fro", 1);  // Old French is another language
  EXPECT_EQ(choose_language(""), Language::kEnglish);
}

TEST_F(Languages, ThatWeLackAreRefused) { EXPECT_THROW(choose_language("de"), Error); }

}  // namespace
}  // namespace nety
