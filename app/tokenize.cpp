// nety tokenize: token ids, exactly as the model sees them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/command.h"
#include "app/input.h"
#include "app/model_options.h"
#include "core/base/error.h"
#include "core/model/tokenizer_source.h"

namespace nety::app {
namespace {

class Tokenize final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.text("MODEL", model_,
                   "A GGUF file (a vocabulary alone will do) or a Hugging Face directory");
    arguments.texts("-p,--prompt", prompt_, "The text; else --file, else standard input");
    arguments.text("-f,--file", file_, "Read the text from a file");
    arguments.flag("--json", json_, "Print {\"ids\": [...]}");
    arguments.flag("--no-special", no_special_, "Do not add what the tokenizer itself adds (BOS)");
  }

  int run(const Context&) override {
    if (!prompt_.empty() && !file_.empty())
      throw Error(ErrorKind::kUsage, "--prompt and --file exclude each other", "Give one of them.");
    const auto checkpoint = checkpoint::Checkpoint::open_vocabulary(resolve_model(model_));
    const tokenizer::Tokenizer tokenizer = model::load_tokenizer(checkpoint);
    const std::string text = prompt_.empty() ? read_text(file_) : prompt_.back();
    const std::vector<int32_t> ids = tokenizer.encode(text, {.add_special = !no_special_});
    if (json_) {
      write_output(fmt::format("{{\"ids\": [{}]}}\n", fmt::join(ids, ", ")));
    } else {
      std::string out;
      for (const int32_t id : ids) {
        const std::string piece = tokenizer.decode(std::span(&id, 1), false);
        out += fmt::format("{:>7}  {}\n", id, visible(piece));
      }
      write_answer(out);
    }
    return 0;
  }

 private:
  // The text between quotes, with what does not print escaped.
  static std::string visible(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '\n')
        out += "\\n";
      else if (c == '\t')
        out += "\\t";
      else if (c == '\r')
        out += "\\r";
      else if (c == '"' || c == '\\')
        out += {'\\', c};
      else if (byte < 0x20 || byte == 0x7f)
        out += fmt::format("\\x{:02x}", byte);
      else
        out += c;
    }
    return out + "\"";
  }

  std::string model_ = "default", file_;
  std::vector<std::string> prompt_;  // of several the last; "" is an empty one
  bool json_ = false, no_special_ = false;
};

}  // namespace

std::unique_ptr<Command> make_tokenize() { return std::make_unique<Tokenize>(); }

}  // namespace nety::app
