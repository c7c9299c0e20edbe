// What a command is: its options, one line each, and what it does. Only cli.cpp knows the parser.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/messages.h"

namespace nety::app {

/// Declares options; implemented over the command-line library. Names as "-n,--tokens"; a
/// positional has no dash. Values already in the variables are the defaults.
class Arguments {
 public:
  virtual ~Arguments() = default;
  virtual void text(const std::string& names, std::string& value, const std::string& help) = 0;
  /// An option whose value may be left out: `value` is then `alone`. A positional that follows is
  /// taken for the value; "--name=" prevents that.
  virtual void optional_text(const std::string& names, std::string& value, const std::string& alone,
                             const std::string& help) = 0;
  virtual void texts(const std::string& names, std::vector<std::string>& values,
                     const std::string& help) = 0;
  /// A comma-separated list of whole numbers.
  virtual void numbers(const std::string& names, std::vector<int64_t>& values,
                       const std::string& help) = 0;
  /// A whole number in [least, most]; out of range is a usage error.
  virtual void number(const std::string& names, int64_t& value, int64_t least, int64_t most,
                      const std::string& help) = 0;
  virtual void real(const std::string& names, double& value, double least, double most,
                    const std::string& help) = 0;
  virtual void flag(const std::string& names, bool& value, const std::string& help) = 0;
  /// Takes whatever follows, `--help` included, for another program to read.
  virtual void pass_through() = 0;
  /// One of `choices`, handed to `set`; `value` is what stands before.
  virtual void choice(const std::string& names, const std::string& value,
                      const std::vector<std::string>& choices, const std::string& help,
                      std::function<void(const std::string&)> set) = 0;
  void choice(const std::string& names, std::string& value, const std::vector<std::string>& choices,
              const std::string& help) {
    choice(names, value, choices, help, [&value](const std::string& given) { value = given; });
  }
};

/// What every command may know of how it was called.
struct Context {
  std::string program;               ///< argv[0]
  std::vector<std::string> command;  ///< the whole command line
  Language language = Language::kEnglish;
  std::string progress = "auto";  ///< auto | always | never
  int verbosity = 0;              ///< -q: -1, -v: 1
};

class Command {
 public:
  virtual ~Command() = default;
  virtual void declare(Arguments& arguments) = 0;
  /// Returns the exit code; throws Error.
  virtual int run(const Context& context) = 0;
};

/// One row of commands.def.
struct CommandRow {
  std::string_view name;
  std::string_view summary;
  bool hidden;
  std::unique_ptr<Command> (*make)();
};

}  // namespace nety::app
