// The order of transformers' PreTrainedTokenizerBase._from_pretrained and TokenizersBackend.
#include "core/checkpoint/tokenizer_config.h"

#include <fmt/core.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/checkpoint/refuse.h"
#include "core/checkpoint/text_file.h"

namespace nety::checkpoint {
namespace {

namespace fs = std::filesystem;
namespace dom = simdjson::dom;

constexpr std::string_view kNames[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                       "pad_token", "cls_token", "mask_token"};

/// What a tokenizer class adds where no file names it; "Fast" at the end of its name means nothing.
struct ClassDefaults {
  std::string_view name, bos, eos;
};
constexpr ClassDefaults kClasses[] = {
    {"GPT2Tokenizer", "<|endoftext|>", "<|endoftext|>"},
    {"CodeGenTokenizer", "<|endoftext|>", "<|endoftext|>"},
    {"GPTNeoXTokenizer", "<|endoftext|>", "<|endoftext|>"},
    {"Qwen2Tokenizer", "", "<|endoftext|>"},
    {"GemmaTokenizer", "<bos>", "<eos>"},
    {"CohereTokenizer", "<BOS_TOKEN>", "<|END_OF_TURN_TOKEN|>"},
    {"CodeLlamaTokenizer", "<s>", "</s>"},
};

/// Keys that hold tokens: the rest of these files may be anything, integers of 31 digits included.
bool is_about_tokens(std::string_view key) {
  return key.ends_with("_token") || key == "added_tokens_decoder" || key == "tokenizer_class" ||
         key == "extra_special_tokens" || key == "additional_special_tokens";
}

/// A value as the file has it.
std::string_view text_of(simdjson::ondemand::value value) {
  switch (simdjson::ondemand::json_type(value.type())) {
    case simdjson::ondemand::json_type::array: {
      simdjson::ondemand::array list = value.get_array();
      return list.raw_json();
    }
    case simdjson::ondemand::json_type::object: {
      simdjson::ondemand::object object = value.get_object();
      return object.raw_json();
    }
    default:
      return value.raw_json_token();
  }
}

/// The members of a file's object that are wanted, each parsed by itself.
class Members {
 public:
  using Wanted = bool (*)(std::string_view key);

  Members(const fs::path& file, Wanted wanted) : file_(file) {
    const simdjson::padded_string text(read_text(file));
    try {
      simdjson::ondemand::parser parser;
      simdjson::ondemand::document document = parser.iterate(text);
      for (simdjson::ondemand::field field : document.get_object()) {
        const std::string key(std::string_view(field.unescaped_key()));
        simdjson::ondemand::value value = field.value();
        if (wanted(key)) keep(key, text_of(value));
      }
    } catch (const simdjson::simdjson_error& error) {
      refuse(file, fmt::format("is not valid JSON: {}", error.what()),
             "Correct the file or download it again.");
    }
  }

  const fs::path& file() const { return file_; }
  /// In the order of the file; null values are left out.
  const std::vector<std::pair<std::string, dom::element>>& all() const { return members_; }
  std::optional<dom::element> find(std::string_view key) const {
    for (const auto& [name, value] : members_)
      if (name == key) return value;
    return std::nullopt;
  }

 private:
  void keep(const std::string& key, std::string_view json) {
    dom::parser& parser = *parsers_.emplace_back(std::make_unique<dom::parser>());
    const dom::element value = parser.parse(json.data(), json.size());
    if (!value.is_null()) members_.emplace_back(key, value);
  }

  fs::path file_;
  std::vector<std::unique_ptr<dom::parser>> parsers_;  // own what members_ point to
  std::vector<std::pair<std::string, dom::element>> members_;
};

bool flag(dom::object object, std::string_view key, bool otherwise) {
  bool value = otherwise;
  if (object[key].get(value) != simdjson::SUCCESS) return otherwise;
  return value;
}

/// A text, or an object with "content"; nothing for anything else.
std::optional<NamedToken> token_of(dom::element value, std::string place) {
  NamedToken token;
  token.place = std::move(place);
  std::string_view content;
  if (value.get(content) == simdjson::SUCCESS) {
    token.content = content;
    return token;
  }
  dom::object object;
  if (value.get(object) != simdjson::SUCCESS) return std::nullopt;
  if (object["content"].get(content) != simdjson::SUCCESS) return std::nullopt;
  token.content = content;
  token.special = flag(object, "special", false);
  token.single_word = flag(object, "single_word", false);
  token.lstrip = flag(object, "lstrip", false);
  token.rstrip = flag(object, "rstrip", false);
  token.normalized = flag(object, "normalized", !token.special);
  return token;
}

/// The ids that tokenizer.json gives its own added tokens; none where it cannot be read: that is
/// said where it is used.
std::set<int64_t> added_ids(const fs::path& file) {
  std::set<int64_t> ids;
  if (!is_there(file)) return ids;
  try {
    const Members members(file, [](std::string_view key) { return key == "added_tokens"; });
    dom::array list;
    if (members.all().empty() || members.all().front().second.get(list) != simdjson::SUCCESS)
      return ids;
    for (const dom::element token : list) {
      int64_t id = 0;
      if (token["id"].get(id) == simdjson::SUCCESS) ids.insert(id);
    }
  } catch (const Error&) {
  }
  return ids;
}

class Reader {
 public:
  explicit Reader(const fs::path& directory) : directory_(directory) {}

  TokenizerConfig read() {
    if (const fs::path file = directory_ / "tokenizer_config.json"; is_there(file)) {
      config_.there = true;
      take(Members(file, is_about_tokens));
    }
    if (!has_decoder_) read_older_files();
    add_by_id();
    add_names();
    config_.added.insert(config_.added.end(), extra_.begin(), extra_.end());
    return std::move(config_);
  }

 private:
  static std::string place(const Members& members, std::string_view key) {
    return fmt::format("{} {}", members.file().filename().string(), key);
  }

  [[noreturn]] static void refuse_value(const Members& members, std::string_view key,
                                        std::string_view needed) {
    refuse(members.file(), fmt::format("{} is not {}", shown(key), needed),
           "Correct the value or download the file again.");
  }

  void take(const Members& members) {
    const auto extra = members.find("extra_special_tokens");
    const bool has_extra = extra && !(extra->is_array() && dom::array(*extra).size() == 0);
    for (const auto& [key, value] : members.all()) {
      if (key == "tokenizer_class") {
        std::string_view name;
        if (value.get(name) == simdjson::SUCCESS) class_ = name;
      } else if (key == "added_tokens_decoder") {
        take_decoder(members, value);
      } else if (key == "extra_special_tokens") {
        take_extra(members, key, value);
      } else if (key == "additional_special_tokens") {
        if (!has_extra) take_extra(members, key, value);
      } else if (auto token = token_of(value, place(members, key))) {
        token->special = true;
        names_[key] = *token;
        if (std::ranges::find(order_, key) == order_.end()) order_.push_back(key);
      }
    }
  }

  void take_decoder(const Members& members, dom::element value) {
    dom::object object;
    if (value.get(object) != simdjson::SUCCESS)
      refuse_value(members, "added_tokens_decoder", "an object of tokens by id");
    has_decoder_ = true;
    for (const dom::key_value_pair entry : object) {
      int64_t id = 0;
      const auto* end = entry.key.data() + entry.key.size();
      const bool number = std::from_chars(entry.key.data(), end, id).ptr == end;
      auto token = token_of(entry.value, place(members, "added_tokens_decoder"));
      if (!number || !token)
        refuse_value(members, fmt::format("added_tokens_decoder.{}", entry.key), "a token");
      by_id_[id] = *token;
    }
  }

  /// A list of tokens, or an object whose members are.
  void take_extra(const Members& members, std::string_view key, dom::element value) {
    extra_.clear();
    const auto add = [&](dom::element item) {
      auto token = token_of(item, place(members, key));
      if (!token) refuse_value(members, key, "a list of tokens");
      extra_.push_back(*token);
    };
    dom::array list;
    dom::object object;
    if (value.get(list) == simdjson::SUCCESS)
      for (const dom::element item : list) add(item);
    else if (value.get(object) == simdjson::SUCCESS)
      for (const dom::key_value_pair entry : object) add(entry.value);
    else
      refuse_value(members, key, "a list of tokens");
  }

  void read_older_files() {
    if (const fs::path file = directory_ / "special_tokens_map.json"; is_there(file))
      take(Members(file, is_about_tokens));
    const fs::path file = directory_ / "added_tokens.json";
    if (!is_there(file)) return;
    const Members members(file, [](std::string_view) { return true; });
    const std::set<int64_t> taken = added_ids(directory_ / "tokenizer.json");
    for (const auto& [text, value] : members.all()) {
      int64_t id = 0;
      if (value.get(id) != simdjson::SUCCESS) refuse_value(members, text, "an id");
      if (taken.contains(id)) continue;  // transformers reads both by id, tokenizer.json last
      NamedToken token{.content = text, .place = "added_tokens.json"};
      token.special = is_named(text) || is_extra(text);
      token.normalized = !token.special;
      by_id_[id] = token;
    }
  }

  bool is_named(std::string_view text) const {
    return std::ranges::any_of(names_,
                               [&](const auto& entry) { return entry.second.content == text; });
  }
  bool is_extra(std::string_view text) const {
    return std::ranges::any_of(extra_, [&](const NamedToken& one) { return one.content == text; });
  }

  void add_by_id() {
    for (auto& entry : by_id_) {
      NamedToken& token = entry.second;
      token.if_new = false;
      token.special |= is_named(token.content);
      config_.added.push_back(token);
    }
  }

  void add_names() {
    const auto by_class = std::ranges::find_if(kClasses, [&](const ClassDefaults& row) {
      return class_ == row.name || class_ == std::string(row.name) + "Fast";
    });
    if (by_class != std::end(kClasses)) {
      add_default("bos_token", by_class->bos);
      add_default("eos_token", by_class->eos);
    }
    for (const std::string_view name : kNames) add_name(std::string(name));
    for (const std::string& name : order_)
      if (std::ranges::find(kNames, name) == std::end(kNames)) add_name(name);
    if (const auto bos = names_.find("bos_token"); bos != names_.end()) config_.bos = bos->second;
    if (const auto eos = names_.find("eos_token"); eos != names_.end()) config_.eos = eos->second;
  }

  void add_default(const std::string& name, std::string_view text) {
    if (text.empty() || names_.contains(name)) return;
    names_[name] = {.content = std::string(text), .place = "the default of " + class_};
  }

  void add_name(const std::string& name) {
    const auto found = names_.find(name);
    if (found != names_.end() && !found->second.content.empty())
      config_.added.push_back(found->second);
  }

  fs::path directory_;
  TokenizerConfig config_;
  std::string class_;
  bool has_decoder_ = false;
  std::map<int64_t, NamedToken> by_id_;
  std::map<std::string, NamedToken> names_;
  std::vector<std::string> order_;
  std::vector<NamedToken> extra_;
};

}  // namespace

TokenizerConfig read_tokenizer_config(const fs::path& directory) {
  return Reader(directory).read();
}

}  // namespace nety::checkpoint
