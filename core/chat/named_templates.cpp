// What the models' own templates render, checked against goldens that Python's jinja2 made of them
// (tests/data/chat/make_templates.py). Names end in what sets formats of one kind apart.
#include "core/chat/named_templates.h"

namespace nety::chat {
namespace {

// ChatML: OpenAI's format, used by Qwen, SmolLM2 and many others. `system`: what a model gets when
// the conversation has no system message.
constexpr std::string_view kChatml = R"(
{%- if bos is defined %}{{ bos_token }}{% endif %}
{%- if system is defined and messages[0].role != 'system' %}
  {{- '<|im_start|>system\n' + system + '<|im_end|>\n' }}
{%- endif %}
{%- for message in messages %}
  {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}
{%- endfor %}
{%- if add_generation_prompt and not (only_asked is defined and messages[-1].role == 'assistant') %}
  {{- '<|im_start|>assistant\n' }}
{%- endif %})";

// Mistral Instruct. Versions differ in spaces and in where the system message goes: into the
// "first" or the "last" message of the user, or nowhere.
constexpr std::string_view kMistral = R"(
{%- set system = '' %}
{%- if place != 'none' and messages[0].role == 'system' %}
  {%- set system = messages[0].content + '\n\n' %}
  {%- set messages = messages[1:] %}
{%- endif %}
{%- if not messages %}{{ raise_exception('A user message is needed.') }}{% endif %}
{{- bos_token }}
{%- for message in messages %}
  {%- if message.role != ('user' if loop.index0 is even else 'assistant') %}
    {{- raise_exception('Messages of user and assistant must take turns, the user first.') }}
  {%- endif %}
  {%- if message.role == 'user' %}
    {%- set here = loop.first if place == 'first' else loop.last %}
    {{- begin + (system if here else '') + message.content + end }}
  {%- else %}
    {{- answer + (message.content.strip() if strip is defined else message.content) + eos_token + after }}
  {%- endif %}
{%- endfor %})";

// Mistral Instruct with a turn of its own for system messages.
constexpr std::string_view kMistralTurns = R"(
{{- bos_token }}
{%- for message in messages %}
  {%- if message.role == 'user' %}
    {{- '[INST]' + space + message.content + '[/INST]' }}
  {%- elif message.role == 'system' %}
    {{- '[SYSTEM_PROMPT]' + space + message.content + '[/SYSTEM_PROMPT]' }}
  {%- elif message.role == 'assistant' %}
    {{- space + message.content + eos_token }}
  {%- else %}
    {{- raise_exception('Roles are system, user and assistant.') }}
  {%- endif %}
{%- endfor %})";

constexpr std::string_view kLlama2 = R"(
{%- set system = '' %}
{%- if messages[0].role == 'system' %}
  {%- set system = '<<SYS>>\n' + messages[0].content + '\n<</SYS>>\n\n' %}
  {%- set messages = messages[1:] %}
{%- endif %}
{%- if not messages %}{{ raise_exception('A user message is needed.') }}{% endif %}
{%- for message in messages %}
  {%- if message.role != ('user' if loop.index0 is even else 'assistant') %}
    {{- raise_exception('Messages of user and assistant must take turns, the user first.') }}
  {%- endif %}
  {%- if message.role == 'user' %}
    {{- bos_token + '[INST] ' + ((system if loop.first else '') + message.content) | trim + ' [/INST]' }}
  {%- else %}
    {{- ' ' + message.content | trim + ' ' + eos_token }}
  {%- endif %}
{%- endfor %})";

// Llama 3. From 3.1 on there is always a system turn, with a date in it.
constexpr std::string_view kLlama3 = R"(
{{- bos_token }}
{%- if date is defined %}
  {{- '<|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\nToday Date: ' + date + '\n\n' }}
  {%- if messages[0].role == 'system' %}
    {{- messages[0].content | trim }}
    {%- set messages = messages[1:] %}
  {%- endif %}
  {{- '<|eot_id|>' }}
{%- endif %}
{%- for message in messages %}
  {%- if date is defined and message.role == 'system' %}
    {{- raise_exception('A system message stands at the beginning only.') }}
  {%- endif %}
  {{- '<|start_header_id|>' + message.role + '<|end_header_id|>\n\n' + message.content | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
  {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %})";

// Zephyr and, with the same template, TinyLlama.
constexpr std::string_view kZephyr = R"(
{%- for message in messages %}
  {{- '<|' + message.role + '|>\n' + message.content + eos_token + '\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %})";

constexpr std::string_view kDeepseek = R"(
{{- bos_token }}
{%- for message in messages %}
  {%- if message.role == 'user' %}
    {{- 'User: ' + message.content + '\n\n' }}
  {%- elif message.role == 'assistant' %}
    {{- 'Assistant: ' + message.content + eos_token }}
  {%- else %}
    {{- message.content + '\n\n' }}
  {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ 'Assistant:' }}{% endif %})";

constexpr NamedTemplate kTemplates[] = {
    {"chatml", "", kChatml},
    {"chatml-bos", "{% set bos = true %}", kChatml},
    {"chatml-smollm2",
     "{% set system = 'You are a helpful AI assistant named SmolLM, trained by Hugging Face' %}",
     kChatml},
    {"hermes3", "{% set bos, system = true, 'You are a helpful assistant.' %}", kChatml},
    {"qwen1.5", "{% set only_asked, system = true, 'You are a helpful assistant' %}", kChatml},
    {"qwen2", "{% set system = 'You are a helpful assistant.' %}", kChatml},
    {"qwen2.5",
     "{% set system = 'You are Qwen, created by Alibaba Cloud. You are a helpful assistant.' %}",
     kChatml},
    {"mistral-v0.1",
     "{% set place, begin, end, answer, after = 'none', '[INST] ', ' [/INST]', '', ' ' %}",
     kMistral},
    {"mistral-v0.2",
     "{% set place, begin, end, answer, after = 'none', '[INST] ', ' [/INST]', '', '' %}",
     kMistral},
    {"mistral-v1",
     "{% set place, begin, end, answer, after = 'first', ' [INST] ', ' [/INST]', ' ', '' %}",
     kMistral},
    {"mistral-v0.3",
     "{% set place, begin, end, answer, after = 'first', '[INST] ', '[/INST]', ' ', '' %}"
     "{% set strip = true %}",
     kMistral},
    {"mistral-8x22b",
     "{% set place, begin, end, answer, after = 'last', '[INST] ', '[/INST]', ' ', '' %}",
     kMistral},
    {"mistral-nemo",
     "{% set place, begin, end, answer, after = 'last', '[INST]', '[/INST]', '', '' %}", kMistral},
    {"mistral-v7", "{% set space = ' ' %}", kMistralTurns},
    {"mistral-v7-tekken", "{% set space = '' %}", kMistralTurns},
    {"llama2", "", kLlama2},
    {"llama3", "", kLlama3},
    {"llama3.1", "{% set date = '26 Jul 2024' %}", kLlama3},
    {"llama3.2", "{% set date = strftime_now('%d %b %Y') %}", kLlama3},
    {"zephyr", "", kZephyr},
    {"deepseek-llm", "", kDeepseek},
};

}  // namespace

std::span<const NamedTemplate> named_templates() { return kTemplates; }

}  // namespace nety::chat
