// What transformers renders for each model's template, checked against Python's jinja2 by
// tests/data/tokenizer/make_templates.py.
#include "core/tokenizer/chat_formats.h"

namespace nety::tokenizer {
namespace {

// ChatML: OpenAI's format, used by Qwen, SmolLM2 and many others. Names of formats end in what sets
// them apart: the system message a model gets when the conversation has none.
constexpr ChatFormat chatml(std::string_view name) {
  return {.name = name,
          .system = {.begin = "<|im_start|>system\n", .end = "<|im_end|>\n"},
          .user = {.begin = "<|im_start|>user\n", .end = "<|im_end|>\n"},
          .assistant = {.begin = "<|im_start|>assistant\n", .end = "<|im_end|>\n"},
          .prompt = "<|im_start|>assistant\n"};
}

constexpr ChatFormat chatml(std::string_view name, std::string_view default_system) {
  ChatFormat format = chatml(name);
  format.always_system = true;
  format.default_system = default_system;
  return format;
}

constexpr ChatFormat with_bos(ChatFormat format) {
  format.bos = true;
  return format;
}

constexpr ChatFormat qwen15() {
  ChatFormat format = chatml("qwen1.5", "You are a helpful assistant");
  format.prompt_after_assistant = false;
  return format;
}

// Mistral Instruct. Versions differ in spaces and in where the system message goes.
constexpr ChatFormat mistral(std::string_view name, ChatTurn user, ChatTurn assistant) {
  return {.name = name,
          .bos = true,
          .place = SystemPlace::kNone,
          .user = user,
          .assistant = assistant,
          .alternate = true};
}

constexpr ChatFormat mistral(std::string_view name, SystemPlace place, ChatTurn system,
                             ChatTurn user, ChatTurn assistant) {
  ChatFormat format = mistral(name, user, assistant);
  format.place = place;
  format.system = system;
  format.alternate = place != SystemPlace::kTurn;
  return format;
}

constexpr ChatTurn kLlama3System = {
    .begin = "<|start_header_id|>system<|end_header_id|>\n\n", .end = "<|eot_id|>", .strip = true};

constexpr ChatFormat llama3(std::string_view name, ChatTurn system = kLlama3System) {
  return {.name = name,
          .bos = true,
          .system = system,
          .user = {.begin = "<|start_header_id|>user<|end_header_id|>\n\n",
                   .end = "<|eot_id|>",
                   .strip = true},
          .assistant = {.begin = "<|start_header_id|>assistant<|end_header_id|>\n\n",
                        .end = "<|eot_id|>",
                        .strip = true},
          .prompt = "<|start_header_id|>assistant<|end_header_id|>\n\n"};
}

// Llama 3.1 has a date in it that never changes, Llama 3.2 that of the day.
constexpr ChatFormat llama31() {
  ChatTurn system = kLlama3System;
  system.begin =
      "<|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\n"
      "Today Date: 26 Jul 2024\n\n";
  ChatFormat format = llama3("llama3.1", system);
  format.place = SystemPlace::kFirst;
  format.always_system = true;
  return format;
}

constexpr ChatFormat llama32() {
  ChatFormat format = llama31();
  format.name = "llama3.2";
  format.system.begin =
      "<|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\n"
      "Today Date: ";
  format.dated = true;
  return format;
}

constexpr ChatFormat llama2() {
  return {.name = "llama2",
          .bos_per_turn = true,
          .place = SystemPlace::kFirstUser,
          .system = {.begin = "<<SYS>>\n", .end = "\n<</SYS>>\n\n"},
          .user = {.begin = "[INST] ", .end = " [/INST]", .strip = true},
          .assistant = {.begin = " ", .middle = " ", .eos = true, .strip = true},
          .alternate = true};
}

// Zephyr and, with the same template, TinyLlama.
constexpr ChatFormat zephyr() {
  return {.name = "zephyr",
          .system = {.begin = "<|system|>\n", .end = "\n", .eos = true},
          .user = {.begin = "<|user|>\n", .end = "\n", .eos = true},
          .assistant = {.begin = "<|assistant|>\n", .end = "\n", .eos = true},
          .prompt = "<|assistant|>\n"};
}

constexpr ChatFormat deepseek_llm() {
  return {.name = "deepseek-llm",
          .bos = true,
          .system = {.end = "\n\n"},
          .user = {.begin = "User: ", .end = "\n\n"},
          .assistant = {.begin = "Assistant: ", .eos = true},
          .prompt = "Assistant:"};
}

constexpr ChatTurn kInst = {.begin = "[INST] ", .end = " [/INST]"};
constexpr ChatTurn kInstTight = {.begin = "[INST] ", .end = "[/INST]"};
constexpr ChatTurn kInstTekken = {.begin = "[INST]", .end = "[/INST]"};
constexpr ChatTurn kAnswer = {.eos = true};
constexpr ChatTurn kSpacedAnswer = {.begin = " ", .eos = true};
constexpr ChatTurn kBlankLine = {.end = "\n\n"};

constexpr ChatFormat kFormats[] = {
    chatml("chatml"),
    with_bos(chatml("chatml-bos")),
    chatml("chatml-smollm2",
           "You are a helpful AI assistant named SmolLM, trained by Hugging Face"),
    with_bos(chatml("hermes3", "You are a helpful assistant.")),
    qwen15(),
    chatml("qwen2", "You are a helpful assistant."),
    chatml("qwen2.5", "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."),
    mistral("mistral-v0.1", kInst, {.end = " ", .eos = true}),
    mistral("mistral-v0.2", kInst, kAnswer),
    mistral("mistral-v1", SystemPlace::kFirstUser, kBlankLine,
            {.begin = " [INST] ", .end = " [/INST]"}, kSpacedAnswer),
    mistral("mistral-v0.3", SystemPlace::kFirstUser, kBlankLine, kInstTight,
            {.begin = " ", .eos = true, .strip = true}),
    mistral("mistral-8x22b", SystemPlace::kLastUser, kBlankLine, kInstTight, kSpacedAnswer),
    mistral("mistral-nemo", SystemPlace::kLastUser, kBlankLine, kInstTekken, kAnswer),
    mistral("mistral-v7", SystemPlace::kTurn,
            {.begin = "[SYSTEM_PROMPT] ", .end = "[/SYSTEM_PROMPT]"}, kInstTight, kSpacedAnswer),
    mistral("mistral-v7-tekken", SystemPlace::kTurn,
            {.begin = "[SYSTEM_PROMPT]", .end = "[/SYSTEM_PROMPT]"}, kInstTekken, kAnswer),
    llama2(),
    llama3("llama3"),
    llama31(),
    llama32(),
    zephyr(),
    deepseek_llm(),
};

}  // namespace

std::span<const ChatFormat> chat_formats() { return kFormats; }

}  // namespace nety::tokenizer
