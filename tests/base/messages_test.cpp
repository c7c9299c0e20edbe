// Languages are chosen from text, whatever locales the system has; values go into their places.
#include "core/base/messages.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "core/base/error.h"

namespace nety {
namespace {

constexpr Message kCard{"card", "The {1} card is {0}.", "La carte {1} est {0}."};

TEST(Messages, PutValuesIntoTheirPlaces) {
  const Text text{kCard, {"too old", "{0}"}};
  EXPECT_EQ(render(text, Language::kEnglish), "The {0} card is too old.");
  EXPECT_EQ(render(text, Language::kFrench), "La carte {0} est too old.");
}

TEST(Messages, KeepAHoleThatNoValueIsGivenFor) {
  EXPECT_EQ(render({kCard, {"new"}}, Language::kEnglish), "The {1} card is new.");
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
