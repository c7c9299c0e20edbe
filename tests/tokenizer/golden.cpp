// simdjson throws here where the data is not as expected: that fails the test, which is right.
#include "tests/tokenizer/golden.h"
#include "tests/paths.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <memory>

#include "core/base/files.h"

namespace nety::tokenizer {

std::filesystem::path golden_file(const std::string& name) {
  if (const char* folder = std::getenv("NETY_TOKENIZER_DATA")) {
    const std::filesystem::path bigger = std::filesystem::path(folder) / name;
    if (std::filesystem::exists(bigger)) return bigger;
  }
  return std::filesystem::path(test_data()) / "tokenizer" / name;
}

std::string golden_text(const std::string& name) { return read_file(golden_file(name)); }

GoldenJson::GoldenJson(const std::string& name)
    : parser_(std::make_unique<simdjson::dom::parser>()),
      root_(parser_->parse(golden_text(name)).value()) {}

simdjson::dom::array items(simdjson::dom::element element) { return element.get_array().value(); }

simdjson::dom::object members(simdjson::dom::element element) {
  return element.get_object().value();
}

std::string text_of(simdjson::dom::element element) {
  return std::string(std::string_view(element));
}

std::vector<int32_t> ids_of(simdjson::dom::element element) {
  std::vector<int32_t> ids;
  for (const simdjson::dom::element id : items(element))
    ids.push_back(static_cast<int32_t>(int64_t(id)));
  return ids;
}

std::vector<std::string> texts_of(simdjson::dom::element element) {
  std::vector<std::string> texts;
  for (const simdjson::dom::element text : items(element)) texts.push_back(text_of(text));
  return texts;
}

std::vector<std::string> every_tokenizer() {
  constexpr std::string_view kEnding = ".tokenizer.json";
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(golden_file("").parent_path())) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(kEnding)) names.push_back(name.substr(0, name.size() - kEnding.size()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Tokenizer tokenizer_named(const std::string& name) {
  const std::string file = name + ".tokenizer.json";
  return Tokenizer::from_json(golden_text(file), file);
}

GgufVocabulary gguf_of(const std::string& name, const std::string& pre) {
  static std::deque<std::string> texts;  // what the vocabulary points to, as it would into a file
  const auto kept = [](std::string text) {
    return std::string_view(texts.emplace_back(std::move(text)));
  };
  const GoldenJson json(name + ".tokenizer.json");
  GgufVocabulary gguf;
  gguf.model = "gpt2";
  gguf.pre = pre;
  gguf.source = name + ".gguf";
  const auto put = [&](std::string_view token, int64_t id, int32_t type) {
    const auto index = static_cast<size_t>(id);
    if (gguf.tokens.size() <= index) gguf.tokens.resize(index + 1);
    if (gguf.token_types.size() <= index) gguf.token_types.resize(index + 1, 1);
    gguf.tokens[index] = kept(std::string(token));
    gguf.token_types[index] = type;
  };
  for (const auto entry : members(json["model"]["vocab"])) put(entry.key, int64_t(entry.value), 1);
  for (const simdjson::dom::element added : items(json["added_tokens"]))
    put(added["content"], int64_t(added["id"]), bool(added["special"]) ? 3 : 4);
  for (const simdjson::dom::element merge : items(json["model"]["merges"]))
    gguf.merges.push_back(kept(text_of(merge.at(0)) + " " + text_of(merge.at(1))));
  return gguf;
}

void expect_error(const std::function<void()>& action, ErrorKind kind,
                  const std::vector<std::string>& parts) {
  try {
    action();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(name_of(error.kind()), name_of(kind)) << error.what();
    const std::string message = std::string(error.what()) + " | " + error.hint();
    for (const std::string& part : parts) EXPECT_THAT(message, testing::HasSubstr(part));
  }
}

}  // namespace nety::tokenizer
