#!/usr/bin/env python3
"""Renders known chat templates with Python's jinja2, set up as transformers does, and writes
template_goldens.json (what every format must render) and, in core/tokenizer, chat_templates.def (by
which sums each text is recognised) and chat_template_forms.def (the sums of their forms: texts that
differ in layout alone have the same one).

    python make_templates.py [--texts FOLDER]

templates.json lists the texts: format, models that carry it, and the text itself where it is short.
Of longer texts only length and sums are kept; they are the chat_template of those models'
tokenizer_config.json. Put them into FOLDER (*.jinja) to render them again: they are found by their
sums. Without it, what they gave before is kept.

jinja2 3.1.6
"""
import argparse
import datetime
import json
import pathlib

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE.parents[2] / "core/tokenizer/chat_templates.def"
FORMS = HERE.parents[2] / "core/tokenizer/chat_template_forms.def"
DATE = datetime.date(2025, 3, 7)
LONGEST_KEPT = 1200


def user(content):
    return {"role": "user", "content": content}


def assistant(content):
    return {"role": "assistant", "content": content}


def system(content):
    return {"role": "system", "content": content}


CONVERSATIONS = {
    "one": [user("Hello")],
    "system": [system("Be brief."), user("Hello")],
    "turns": [user("a b"), assistant("c d"), user("e")],
    "system and turns": [system("Sys"), user("Hi"), assistant("Yo"), user("Ok"), assistant("Fine"),
                         user("Bye")],
    "white space": [system("  s \n"), user(" \n a \u3000\t"), assistant("\n b\n\n"),
                    user("\u00a0c\x1f\u200b")],
    "empty": [user("")],
    "empty system": [system(""), user("x")],
    "last is assistant": [user("a"), assistant("b")],
    "system, last is assistant": [system("s"), user("a"), assistant("b")],
    "two users": [user("a"), user("b")],
    "assistant first": [assistant("a"), user("b")],
    "late system": [user("a"), system("b"), user("c")],
    "system only": [system("a")],
    "special": [user("<|im_end|></s>[INST] {{ x }} <<SYS>> 'q' \"r\" \\n")],
    "Unicode": [system("é"), user("日本\r\n語 👩‍🚀")],
}

# Conversations that a template renders by leaving messages out, or with a system turn that looks
# like no other, where our formats refuse. Formats whose turns alternate also refuse "system only".
STRICTER = {name: ["late system"] for name in ("llama2", "llama3.1", "llama3.2")}


def environment():
    result = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True,
                                           extensions=[jinja2.ext.loopcontrols])

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    result.globals["raise_exception"] = raise_exception
    result.globals["strftime_now"] = DATE.strftime
    return result


def render(text, messages):
    """The prompt, or None where the template refuses."""
    try:
        return environment().from_string(text).render(
            messages=messages, add_generation_prompt=True, bos_token="<BOS>", eos_token="<EOS>",
            tools=None, documents=None)
    except jinja2.exceptions.TemplateError:
        return None


def sums(text):
    data = text.encode()

    def fnv1a(values):
        total = 0xcbf29ce484222325
        for value in values:
            total = ((total ^ value) * 0x100000001b3) % 2**64
        return total

    return {"bytes": len(data), "forwards": f"{fnv1a(data):016x}",
            "backwards": f"{fnv1a(data[::-1]):016x}"}


def form(text):
    """The text as jinja2's own lexer reads it, white space control applied; words of a tag are
    separated by one space, strings are in single quotes, a.b is a ['b']."""
    out, words = "", None
    for _, kind, value in environment().lex(text):
        if kind == "data":
            out += value
        elif kind in ("block_begin", "variable_begin"):
            out, words = out + ("{%" if kind == "block_begin" else "{{"), []
        elif kind in ("block_end", "variable_end"):
            out += "".join(" " + word for word in words)
            out += " %}" if kind == "block_end" else " }}"
        elif kind.startswith("raw"):
            return None
        elif kind == "string":
            raw = value[1:-1].encode("ascii", "backslashreplace").decode("unicode-escape")
            for char, escaped in (("\\", "\\\\"), ("'", "\\'"), ("\n", "\\n"), ("\t", "\\t")):
                raw = raw.replace(char, escaped)
            words.append(f"'{raw}'")
        elif kind == "name" and words[-1:] == ["."]:
            words[-1:] = ["[", f"'{value}'", "]"]
        elif kind not in ("whitespace", "comment_begin", "comment", "comment_end"):
            words.append(value)
    return out


# Layouts to read: tags in every way of writing them, and texts that only look like tags.
LAYOUTS = [
    "", "x", "x\n", "x\n\n", "a\r\nb\rc\n", "{{ a }}", "{{a}}", "{{  a\n}}", "{{- a -}}",
    "x \n {{- a -}} \n y", "x \n  {{ a }}\n\ny", "  {% if a %}\n  x\n  {% endif %}\n", "a {% if b %} c {% endif %} d",
    "x\n {%- if a -%}\n y \n{%- endif -%}\n z", "x\n  {%+ if a +%}\n y{% endif %}\n\nz",
    "{# note #}x", "x\n  {# note #}\ny", "x {#- note -#} y", "x{#  a {{ b }} #}\n\ny", "{{ 'a' + \"b\" }}",
    "{{ \"it's\" ~ 'say \\\"x\\\"' }}", "{{ 'a\nb\\nc\\t\td' }}", "{{ '}}' }}{{ '%}' }}", "{{ {'a': {'b': 1}} }}",
    "{{ message.role }}", "{{ message['role'] }}", "{{ a.b.c[0].d }}", "{{ x.strip() | trim }}", "{{ 1.5 + 2 }}",
    "{% for m in a[1:] %}{{loop.index0%2==0}}{% endfor %}", "{%if not a is defined%}b{%endif%}",
    "{% set x = (a != b) and c>=2 or d//3 %}", "{ { a } }", "{{ '\uff5cé' }}｜é", "x{%- if a %}\n{% endif %}\n  {{ b }}",
    "{% if a %}\n\n  {% if b %}\n{{ c }}\n{% endif %}{% endif %}", "  \t{% if a %}x{% endif %}", "\n{% if a %}x{% endif %}\n\n",
]


def renderings(name, text):
    result = {key: render(text, messages) for key, messages in CONVERSATIONS.items()}
    alternating = result["two users"] is None
    for key in STRICTER.get(name, []) + (["system only"] if alternating else []):
        result[key] = None
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=pathlib.Path)
    options = parser.parse_args()
    known = {}
    for path in sorted(options.texts.glob("*.jinja")) if options.texts else []:
        text = path.read_text().removesuffix("\n")
        known[json.dumps(sums(text))] = text
    goldens_path = HERE / "template_goldens.json"
    formats = json.loads(goldens_path.read_text())["formats"] if goldens_path.exists() else {}
    rows = json.loads((HERE / "templates.json").read_text())
    fresh = {}
    for row in rows:
        own = sums(row["text"]) if "text" in row else {k: row[k] for k in
                                                       ("bytes", "forwards", "backwards")}
        row.update(own)
        text = row.get("text", known.get(json.dumps(own)))
        if text is None:
            continue
        row["form"] = sums(form(text))
        made = renderings(row["format"], text)
        if fresh.setdefault(row["format"], made) != made:
            raise SystemExit(f"{row['format']}: two texts render differently")
        if len(text.encode()) > LONGEST_KEPT:
            row.pop("text", None)
    formats.update(fresh)
    missing = {row["format"] for row in rows} - set(formats)
    if missing:
        raise SystemExit(f"no text of {sorted(missing)}: give --texts")
    write(HERE / "templates.json", rows)
    write(goldens_path, {"bos_token": "<BOS>", "eos_token": "<EOS>", "date": DATE.isoformat(),
                         "conversations": CONVERSATIONS,
                         "formats": {key: formats[key] for key in sorted(formats)}})
    texts = LAYOUTS + [row["text"] for row in rows if "text" in row]
    write(HERE / "template_forms.json", [{"text": text, "form": form(text)} for text in texts])
    lines = ["// NETY_CHAT_TEMPLATE(format, bytes, forwards, backwards): the texts we recognise, by"
             " length and sums.",
             "// Written by tests/data/tokenizer/make_templates.py; to add one, add it to"
             " templates.json there."]
    models = None
    for row in rows:
        if row["seen_in"] != models:
            models = row["seen_in"]
            lines.append(f"// {models}")
        lines.append(f"NETY_CHAT_TEMPLATE(\"{row['format']}\", {row['bytes']}, "
                     f"0x{row['forwards']}U, 0x{row['backwards']}U)")
    TABLE.write_text("\n".join(lines) + "\n")
    forms = {(row["format"], *row["form"].values()) for row in rows if "form" in row}
    lines = ["// NETY_CHAT_FORM(format, bytes, forwards, backwards): forms of the texts we recognise"
             " (template_form.h).",
             "// Written by tests/data/tokenizer/make_templates.py."]
    for name, size, forwards, backwards in sorted(forms):
        lines.append(f"NETY_CHAT_FORM(\"{name}\", {size}, 0x{forwards}U, 0x{backwards}U)")
    FORMS.write_text("\n".join(lines) + "\n")


def write(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
