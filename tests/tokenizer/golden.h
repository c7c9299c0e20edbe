// Golden data of tests/data/tokenizer: what the libraries `tokenizers` and `sentencepiece` give
// (make_tokenizers.py there).
#pragma once

#include <gtest/gtest.h>
#include <simdjson.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/tokenizer/tokenizer.h"

namespace nety::tokenizer {

/// A file of tests/data/tokenizer, or of the folder in NETY_TOKENIZER_DATA: a bigger set made with
/// make_tokenizers.py --cases 5000 --out FOLDER.
std::filesystem::path golden_file(const std::string& name);
std::string golden_text(const std::string& name);

/// Parsed JSON that lives as long as this.
class GoldenJson {
 public:
  explicit GoldenJson(const std::string& name);
  simdjson::dom::element root() const { return root_; }
  simdjson::dom::element operator[](std::string_view key) const { return root_[key].value(); }

 private:
  std::unique_ptr<simdjson::dom::parser> parser_;
  simdjson::dom::element root_;
};

/// By value: a loop over what a temporary holds would outlive it.
simdjson::dom::array items(simdjson::dom::element element);
simdjson::dom::object members(simdjson::dom::element element);
std::string text_of(simdjson::dom::element element);
std::vector<int32_t> ids_of(simdjson::dom::element element);
std::vector<std::string> texts_of(simdjson::dom::element element);

/// Names of all *.tokenizer.json, without the ending.
std::vector<std::string> every_tokenizer();
/// The same tokenizer, read from tokenizer.json.
Tokenizer tokenizer_named(const std::string& name);
/// What a GGUF made from that tokenizer.json would hold; for byte-level ones.
GgufVocabulary gguf_of(const std::string& name, const std::string& pre);

/// Runs `action` and checks that it throws an Error of that kind whose message and hint together
/// hold all of `parts`.
void expect_error(const std::function<void()>& action, ErrorKind kind,
                  const std::vector<std::string>& parts);

}  // namespace nety::tokenizer
