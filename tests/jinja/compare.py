#!/usr/bin/env python3
"""Renders chat templates with Python's jinja2, set up as transformers does, and with our
interpreter, and compares what they write, byte by byte.

    python compare.py PROGRAM FOLDER...     every *.jinja in the folders, over CONVERSATIONS
    python compare.py PROGRAM --random S    templates made at random, for S seconds

PROGRAM is the build's nety_render_lines. The Python that runs this needs jinja2 (3.1.6).
Where Python raises an exception, our interpreter must refuse; what it refuses as not supported is
counted apart and listed.
"""
import argparse
import collections
import datetime
import functools
import json
import pathlib
import subprocess
import sys
import time

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from conversations import CONVERSATIONS, VARIABLES  # noqa: E402
from random_templates import Maker  # noqa: E402

NOW = datetime.datetime(2025, 3, 7, 14, 5, 9)


class Generation(jinja2.ext.Extension):
    """"generation" blocks, which mark what an assistant says: rendered as their content."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        call = self.call_method("support")
        return jinja2.nodes.CallBlock(call, [], [], body).set_lineno(line)

    def support(self, caller):
        return caller()


def environment():
    """What transformers' apply_chat_template makes."""

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators,
                          sort_keys=sort_keys)

    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True,
                                         extensions=[Generation, jinja2.ext.loopcontrols])
    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = NOW.strftime
    return made


ENVIRONMENT = environment()


@functools.lru_cache(maxsize=4)
def read(template):
    return ENVIRONMENT.from_string(template)


def reference(template, variables):
    """What Python renders: {"text"} or {"error"}."""
    try:
        return {"text": read(template).render(**variables)}
    except RecursionError as error:
        return {"error": str(error)[:200]}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:300]}


class Interpreter:
    """The program, asked over a pipe."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, encoding="utf-8")

    def render(self, template, variables):
        line = json.dumps({"template": template, "variables": variables})
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"the program ended on this template:\n{template}\n{variables}")
        return json.loads(answer)


class Comparison:
    def __init__(self, program):
        self.interpreter = Interpreter(program)
        self.counts = collections.Counter()
        self.unsupported = collections.Counter()
        self.shown = 0

    def add(self, name, template, variables):
        """True unless the two differ."""
        wanted, given = reference(template, variables), self.interpreter.render(template, variables)
        if "text" in wanted and wanted == given:
            self.counts["same text"] += 1
        elif "error" in wanted and "error" in given:
            self.counts["both refuse"] += 1
        elif "not supported" in given.get("error", "") or "takes more than" in given.get("error", ""):
            self.counts["not supported"] += 1
            self.unsupported[given["error"]] += 1
        elif "at 0x" in wanted.get("text", ""):
            self.counts["an address in the text"] += 1
        else:
            self.counts["DIFFER"] += 1
            self.shown += 1
            if self.shown <= 20:
                print(f"--- {name}\n    jinja2: {wanted}\n    ours:   {given}")
            return False
        return True


def compare_folders(comparison, folders):
    families = 0
    for path in sorted(path for folder in folders for path in pathlib.Path(folder).glob("*.jinja")):
        template = path.read_text(encoding="utf-8")
        texts = 0
        for title, conversation in CONVERSATIONS.items():
            before = comparison.counts["same text"]
            comparison.add(f"{path.name}: {title}", template, VARIABLES | conversation)
            texts += comparison.counts["same text"] - before
        families += 1
        if texts == 0:
            print(f"{path.name}: jinja2 renders none of the conversations")
    print(f"{families} templates, {len(CONVERSATIONS)} conversations each")


def compare_random(comparison, seconds, seed):
    maker = Maker(seed)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        template = maker.template()
        if not comparison.add(repr(template), template, maker.VARIABLES) and comparison.shown > 40:
            break


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("folders", nargs="*")
    parser.add_argument("--random", type=float, default=0, metavar="S")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    comparison = Comparison(options.program)
    compare_folders(comparison, options.folders)
    if options.random > 0:
        compare_random(comparison, options.random, options.seed)
    for text, count in comparison.unsupported.most_common(40):
        print(f"{count:6} {text}")
    print(", ".join(f"{count} {what}" for what, count in comparison.counts.most_common()))
    return 1 if comparison.counts["DIFFER"] else 0


if __name__ == "__main__":
    sys.exit(main())
