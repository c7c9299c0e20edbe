// What an answer may be: a JSON document, one of a schema, or a text of a grammar.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nety::grammar {

struct Automaton;

/// Immutable; may be used from several threads. Errors of all that make one: kUsage for what cannot
/// be honoured, naming the keyword and where it stands, and for what is beyond limits.h.
class Grammar {
 public:
  /// A JSON schema, as docs/structured.md says. Properties come in the order of the schema.
  static Grammar of_schema(const nlohmann::ordered_json& schema);
  /// The same from its text, for which bounds hold that an object in memory has passed already.
  static Grammar of_schema_text(std::string_view schema);
  /// Any JSON value.
  static Grammar any_json();
  /// Any JSON object: what OpenAI's response_format "json_object" is.
  static Grammar any_json_object();
  /// llama.cpp's notation; the rule "root" is the text.
  static Grammar of_gbnf(std::string_view grammar);

  Grammar(Grammar&&) noexcept;
  Grammar& operator=(Grammar&&) noexcept;
  ~Grammar();

  /// What is honoured only in part (oneOf as anyOf), a sentence each, for whoever asked.
  std::span<const std::string> notes() const { return notes_; }
  const Automaton& automaton() const { return *automaton_; }

 private:
  Grammar(Automaton automaton, std::vector<std::string> notes);
  std::unique_ptr<const Automaton> automaton_;
  std::vector<std::string> notes_;
};

}  // namespace nety::grammar
