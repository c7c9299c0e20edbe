// nety chat: loads a model and begins a conversation, or goes on with one.
#include "app/command.h"
#include "app/console.h"
#include "app/conversation.h"
#include "app/generation.h"
#include "app/messages.h"
#include "app/model_options.h"
#include "app/structured.h"
#include "app/talk/session_file.h"
#include "app/talk/session_store.h"
#include "core/base/error.h"

namespace nety::app {
namespace {

/// Stands for the session that was kept last; no session has such a name.
constexpr const char* kLast = ".";

class Chat final : public Command {
 public:
  void declare(Arguments& arguments) override {
    options_.declare(arguments);
    arguments.text("--system", system_, "The system message");
    arguments.optional_text("--resume", resume_, kLast,
                            "Go on with a session that /save kept; alone: the last one");
    generation_.tokens = kChatTokens;
    structured_.declare(arguments);
    generation_.declare(arguments);
  }

  int run(const Context& context) override {
    std::optional<talk::KeptSession> kept;
    if (!resume_.empty()) {
      const talk::SessionStore store = talk::SessionStore::of_user();
      if (resume_ == kLast) resume_ = store.newest();
      kept = talk::read_session(store.path_to_read(resume_));
      take_options(kept->session);
    }
    std::optional<ModelText> text;
    std::optional<chat::ChatTemplate> format;
    std::optional<grammar::Grammar> grammar = structured_.read(context);
    std::optional<Structure> structure;
    const auto read = [&](const checkpoint::Checkpoint& checkpoint) {
      text.emplace(load_text(checkpoint, context));
      // A template that cannot be used is refused now, not after the first question.
      format.emplace(load_template(checkpoint, generation_));
      const std::vector<chat::Message> probe = {{"user", "x"}};
      render_conversation(*format, *text, probe, generation_);
      const engine::GenerateOptions options = generation_.resolve(checkpoint, text->special);
      if (grammar)
        structure.emplace(*std::move(grammar), text->tokenizer, options.end_ids,
                          static_cast<int32_t>(checkpoint.config().vocab));
    };
    std::optional<LoadedModel> loaded = load(options_, context, read);
    if (!loaded) return 0;
    Conversation conversation(*loaded, *std::move(text), *std::move(format), options_, generation_,
                              system_, std::move(structure), context);
    if (stdout_is_terminal())
      notice(context,
             Text{message::chat_banner,
                  {loaded->checkpoint->name(), loaded->mode, std::string(loaded->backend->name()),
                   std::to_string(loaded->backend->threads())}});
    if (kept) conversation.resume(resume_, *std::move(kept), true);
    return conversation.talk();
  }

 private:
  /// What the command line leaves open is as it was when the session was kept.
  void take_options(const talk::Session& session) {
    options::RunOptions& run = options_.run;
    const options::RunOptions usual;
    if (options_.model == "default") options_.model = session.model_path;
    if (run.mode.empty()) run.mode = session.running.mode;
    if (run.backend.empty()) run.backend = session.running.backend;
    if (run.context == 0) run.context = session.context;
    if (run.kv == usual.kv) options::read_text(session.running.kv, run.kv);
    if (run.head == usual.head) options::read_text(session.running.head, run.head);
    if (run.compute == usual.compute) options::read_text(session.running.compute, run.compute);
  }

  ModelOptions options_;
  GenerationOptions generation_;
  StructuredOptions structured_;
  std::string system_, resume_;
};

}  // namespace

std::unique_ptr<Command> make_chat() { return std::make_unique<Chat>(); }

}  // namespace nety::app
