#!/usr/bin/env python3
"""Renders models' own chat templates with Python's jinja2, set up as transformers does, and writes
template_goldens.json: what each format of core/chat/named_templates.cpp must render.

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
        row.pop("form", None)
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


def write(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
