// The only file that sees CLI11. Every subcommand is declared from the table of commands.
#include "app/cli.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <map>

#include "core/base/edits_between.h"
#include "core/base/error.h"
#include "core/base/words.h"

namespace nety::app {

#define NETY_COMMAND(name, hidden, summary) std::unique_ptr<Command> make_##name();
#include "app/commands.def"
#undef NETY_COMMAND

namespace {

constexpr CommandRow kCommands[] = {
#define NETY_COMMAND(name, hidden, summary) {#name, summary, hidden, make_##name},
#include "app/commands.def"
#undef NETY_COMMAND
};

class CliArguments final : public Arguments {
 public:
  explicit CliArguments(CLI::App& app) : app_(app) {}

  void text(const std::string& names, std::string& value, const std::string& help) override {
    app_.add_option(names, value, help)->type_name("TEXT")->capture_default_str();
  }
  void optional_text(const std::string& names, std::string& value, const std::string& alone,
                     const std::string& help) override {
    app_.add_option_function<std::vector<std::string>>(
            names,
            [&value, alone](const std::vector<std::string>& given) {
              value = given.empty() || given.front().empty() || given.front() == "true"
                          ? alone
                          : given.front();
            },
            help)
        ->type_name("TEXT")
        ->expected(0, 1)
        ->allow_extra_args(false);
  }
  void pass_through() override { app_.allow_extras()->fallthrough(false)->set_help_flag(); }
  void texts(const std::string& names, std::vector<std::string>& values,
             const std::string& help) override {
    auto* option = app_.add_option(names, values, help)->type_name("TEXT");
    // Options take one value each, so that a positional behind them is not swallowed.
    if (names.starts_with("-")) option->allow_extra_args(false);
  }
  void numbers(const std::string& names, std::vector<int64_t>& values,
               const std::string& help) override {
    app_.add_option(names, values, help)
        ->type_name("N,N")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->capture_default_str();
  }
  void number(const std::string& names, int64_t& value, int64_t least, int64_t most,
              const std::string& help) override {
    auto* option = app_.add_option(names, value, help)
                       ->type_name("N")
                       ->check(between(least, most, fmt::format("{} to {}", least, most)));
    // A default that cannot be given stands for "none".
    if (value >= least) option->capture_default_str();
  }
  void real(const std::string& names, double& value, double least, double most,
            const std::string& help) override {
    auto* option = app_.add_option(names, value, help)
                       ->type_name("X")
                       ->check(between(least, most, fmt::format("{} to {}", least, most)));
    if (value >= least) option->capture_default_str();
  }
  void flag(const std::string& names, bool& value, const std::string& help) override {
    app_.add_flag(names, value, help);
  }
  using Arguments::choice;
  void choice(const std::string& names, const std::string& value,
              const std::vector<std::string>& choices, const std::string& help,
              std::function<void(const std::string&)> set) override {
    const std::string list = joined(choices, "|");
    app_.add_option_function<std::string>(names, std::move(set), help)
        ->type_name(list)
        ->check(CLI::Validator(
            [choices, list](std::string& given) {
              return std::ranges::find(choices, given) != choices.end()
                         ? std::string()
                         : fmt::format("'{}' is none of {}", given, list);
            },
            ""))
        ->default_str(value);
  }

 private:
  template <class T>
  static CLI::Validator between(T least, T most, const std::string& range) {
    return CLI::Validator(
        [least, most, range](std::string& given) {
          T value{};
          if (!CLI::detail::lexical_cast(given, value))
            return fmt::format("'{}' is not a number", given);
          const bool inside = value >= least && value <= most;
          return inside ? std::string() : fmt::format("{} is outside {}", given, range);
        },
        "");
  }
  CLI::App& app_;
};

std::string visible_commands() {
  std::string names;
  for (const CommandRow& row : kCommands)
    if (!row.hidden) append_word(names, row.name);
  return names;
}

[[noreturn]] void refuse_command(const std::string& given) {
  const CommandRow* nearest = nullptr;
  for (const CommandRow& row : kCommands)
    if (!row.hidden && (nearest == nullptr ||
                        edits_between(given, row.name) < edits_between(given, nearest->name)))
      nearest = &row;
  const bool close = nearest != nullptr && edits_between(given, nearest->name) <= 2;
  throw Error(
      ErrorKind::kUsage, fmt::format("unknown command '{}'", given),
      close ? fmt::format("Did you mean '{}'? Commands: {}.", nearest->name, visible_commands())
            : fmt::format("Commands: {}.", visible_commands()));
}

// The first word that is no option and no option's value, if it is no command.
void check_command_word(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--config" || word == "--lang" || word == "--progress") {
      ++i;
      continue;
    }
    if (word.starts_with("-")) continue;
    const auto is_word = [&](const CommandRow& row) { return row.name == word; };
    if (std::ranges::none_of(kCommands, is_word)) refuse_command(word);
    return;
  }
}

}  // namespace

Invocation parse(int argc, char** argv) {
  CLI::App app(
      "NETY runs language models locally and measures which precision is right for this machine.");
  app.name("nety");
  Invocation result;
  std::string language;
  bool verbose = false, quiet = false;
  app.set_version_flag("--version", "nety " NETY_VERSION);
  app.set_config("--config", "", "Read options from a file (INI or TOML; a section per command)");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.add_option("--lang", language,
                 "Language of messages: en or fr; else LC_ALL, LC_MESSAGES, LANG")
      ->type_name("en|fr");
  CliArguments(app).choice("--progress", result.context.progress, {"auto", "always", "never"},
                           "Draw progress bars");
  app.add_flag("-v,--verbose", verbose, "Say more");
  app.add_flag("-q,--quiet", quiet, "Say nothing but results and errors");
  app.require_subcommand(1);
  app.fallthrough();
  app.get_formatter()->column_width(34);

  std::map<CLI::App*, std::unique_ptr<Command>> commands;
  for (const CommandRow& row : kCommands) {
    CLI::App* sub = app.add_subcommand(std::string(row.name), std::string(row.summary));
    if (row.hidden) sub->group("");
    auto command = row.make();
    CliArguments arguments(*sub);
    command->declare(arguments);
    commands[sub] = std::move(command);
  }
  if (argc < 2) {
    std::cout << app.help();
    return result;
  }
  check_command_word(argc, argv);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      app.exit(error, std::cout, std::cerr);
      return result;
    }
    const std::string command =
        app.get_subcommands().empty() ? "" : app.get_subcommands()[0]->get_name() + " ";
    throw Error(ErrorKind::kUsage, error.what(), fmt::format("See nety {}--help.", command));
  }
  result.context.program = argv[0];
  result.context.command.assign(argv, argv + argc);
  result.context.language = choose_language(language);
  result.context.verbosity = quiet ? -1 : verbose ? 1 : 0;
  result.command = std::move(commands.at(app.get_subcommands()[0]));
  return result;
}

}  // namespace nety::app
