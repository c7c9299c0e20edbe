// Recognition by length and hash of the text (chat_templates.def) or of its form
// (chat_template_forms.def), rendering by table (chat_formats.cpp).
#include "core/tokenizer/chat_template.h"

#include <fmt/core.h>

#include <algorithm>
#include <ctime>

#include "core/base/error.h"
#include "core/tokenizer/chat_formats.h"
#include "core/tokenizer/template_form.h"
#include "core/tokenizer/unicode.h"

namespace nety::tokenizer {
namespace {

/// A text we know: its length and two FNV-1a sums, over its bytes forwards and backwards.
struct KnownTemplate {
  std::string_view format;
  size_t bytes;
  uint64_t forwards, backwards;
};

constexpr KnownTemplate kForms[] = {
#define NETY_CHAT_FORM(format, bytes, forwards, backwards) {format, bytes, forwards, backwards},
#include "core/tokenizer/chat_template_forms.def"
#undef NETY_CHAT_FORM
};

constexpr KnownTemplate kKnown[] = {
#define NETY_CHAT_TEMPLATE(format, bytes, forwards, backwards) {format, bytes, forwards, backwards},
#include "core/tokenizer/chat_templates.def"
#undef NETY_CHAT_TEMPLATE
};

template <class Iterator>
uint64_t fnv1a(Iterator begin, Iterator end) {
  uint64_t sum = 0xcbf29ce484222325U;
  for (; begin != end; ++begin) sum = (sum ^ static_cast<unsigned char>(*begin)) * 0x100000001b3U;
  return sum;
}

/// The format of a text in `table`; empty if it is not there.
std::string_view format_of(std::string_view text, std::span<const KnownTemplate> table) {
  const uint64_t forwards = fnv1a(text.begin(), text.end());
  const uint64_t backwards = fnv1a(text.rbegin(), text.rend());
  for (const KnownTemplate& known : table)
    if (known.bytes == text.size() && known.forwards == forwards && known.backwards == backwards)
      return known.format;
  return {};
}

/// White space of Python's str.strip(): the property and four control characters.
bool is_stripped(char32_t value) {
  return is_white_space(value) || (value >= 0x1c && value <= 0x1f);
}

std::string_view stripped(std::string_view text) {
  while (!text.empty()) {
    const CodePoint first = code_point_at(text, 0);
    if (!is_stripped(first.value)) break;
    text.remove_prefix(first.bytes);
  }
  while (!text.empty()) {
    size_t last = text.size() - 1;
    while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xc0) == 0x80) --last;
    if (!is_stripped(code_point_at(text, last).value)) break;
    text = text.substr(0, last);
  }
  return text;
}

class Renderer {
 public:
  Renderer(const ChatFormat& format, const TemplateContext& context)
      : format_(&format), context_(&context) {}

  const std::vector<TextRange>& contents() const { return contents_; }

  std::string run(std::span<const Message> messages) {
    check(messages);
    if (format_->bos) out_ += context_->bos_token;
    const bool has_system = messages[0].role == "system";
    const bool inside =
        format_->place == SystemPlace::kFirstUser || format_->place == SystemPlace::kLastUser;
    if (!has_system && format_->always_system) add_system(format_->default_system);
    const std::span<const Message> turns = messages.subspan(has_system && inside ? 1 : 0);
    for (size_t i = 0; i < turns.size(); ++i) {
      const Message& message = turns[i];
      const bool here = format_->place == SystemPlace::kFirstUser ? i == 0 : i + 1 == turns.size();
      if (message.role == "system")
        add_system(message.content);
      else if (message.role == "assistant")
        add(format_->assistant, message.content);
      else if (has_system && inside && here)
        add_user(in_user(messages[0].content) + message.content);
      else
        add_user(message.content);
    }
    if (messages.back().role != "assistant" || format_->prompt_after_assistant)
      out_ += format_->prompt;
    return std::move(out_);
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(ErrorKind::kUsage, fmt::format("the chat template \"{}\" {}", format_->name, what),
                "Leave the message out, or give the whole prompt as text with --raw.");
  }

  void check(std::span<const Message> messages) const {
    if (messages.empty()) refuse("needs at least one message");
    bool user_next = true;
    for (size_t i = 0; i < messages.size(); ++i) {
      const std::string& role = messages[i].role;
      if (role == "system") {
        if (format_->place == SystemPlace::kNone) refuse("has no system message");
        if (i > 0 && format_->place != SystemPlace::kTurn)
          refuse("has a system message at the beginning only");
        continue;
      }
      if (role != "user" && role != "assistant")
        refuse(fmt::format("has no role {}: roles are system, user and assistant", quote(role)));
      if (format_->alternate && (role == "user") != user_next)
        refuse("needs messages of user and assistant in turns, the user's first");
      user_next = !user_next;
    }
    const bool only_system = messages.size() == 1 && messages[0].role == "system";
    if (only_system && format_->alternate) refuse("needs a user message");
  }

  void add(const ChatTurn& turn, std::string_view content) {
    std::string repaired;
    if (!is_valid_utf8(content)) {
      append_repaired(content, false, repaired);
      content = repaired;
    }
    out_ += turn.begin;
    const size_t begin = out_.size();
    out_ += turn.strip ? stripped(content) : content;
    if (begin < out_.size()) contents_.push_back({begin, out_.size()});
    out_ += turn.middle;
    if (turn.eos) out_ += context_->eos_token;
    out_ += turn.end;
  }

  void add_user(std::string_view content) {
    if (format_->bos_per_turn) out_ += context_->bos_token;
    add(format_->user, content);
  }

  void add_system(std::string_view content) {
    ChatTurn turn = format_->system;
    std::string begin(turn.begin);
    if (format_->dated) begin += date() + "\n\n";
    turn.begin = begin;
    add(turn, content);
  }

  /// "26 Jul 2024", in English whatever the locale.
  std::string date() const {
    constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::chrono::year_month_day& day = context_->today;
    return fmt::format("{:02} {} {}", static_cast<unsigned>(day.day()),
                       kMonths[(static_cast<unsigned>(day.month()) + 11) % 12],
                       static_cast<int>(day.year()));
  }

  std::string in_user(std::string_view system) const {
    std::string text(format_->system.begin);
    text += system;
    text += format_->system.end;
    return text;
  }

  const ChatFormat* format_;
  const TemplateContext* context_;
  std::string out_;
  std::vector<TextRange> contents_;
};

}  // namespace

std::chrono::year_month_day TemplateContext::local_today() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  return std::chrono::year(local.tm_year + 1900) / (local.tm_mon + 1) / local.tm_mday;
}

std::string ChatTemplate::names() {
  std::string list;
  for (const ChatFormat& format : chat_formats())
    list.append(list.empty() ? "" : ", ").append(format.name);
  return list;
}

ChatTemplate ChatTemplate::named(std::string_view name) {
  for (const ChatFormat& format : chat_formats())
    if (format.name == name) return ChatTemplate(&format);
  throw Error(ErrorKind::kUsage, fmt::format("there is no chat template {}", quote(name)),
              fmt::format("Known: {}.", names()));
}

ChatTemplate ChatTemplate::recognise(std::string_view jinja, const std::string& source) {
  const std::string hint =
      fmt::format("Use --raw to give the whole prompt yourself. Known templates: {}.", names());
  if (jinja.empty())
    throw Error(ErrorKind::kCheckpoint, fmt::format("{}: has no chat template", source), hint);
  // Jinja itself drops one line end at the end of a template.
  std::string_view text = jinja;
  if (text.ends_with('\n')) text.remove_suffix(1);
  std::string_view format = format_of(text, kKnown);
  if (format.empty()) format = format_of(template_form(text), kForms);
  if (!format.empty()) return named(format);
  throw Error(ErrorKind::kCheckpoint,
              fmt::format("{}: its chat template ({} bytes, beginning {}) is not one we know",
                          source, text.size(), quote(text.substr(0, 64))),
              hint);
}

std::string_view ChatTemplate::name() const { return format_->name; }

std::string ChatTemplate::render(std::span<const Message> messages, const TemplateContext& context,
                                 std::vector<TextRange>* contents) const {
  Renderer renderer(*format_, context);
  std::string text = renderer.run(messages);
  if (contents != nullptr) *contents = renderer.contents();
  return text;
}

}  // namespace nety::tokenizer
