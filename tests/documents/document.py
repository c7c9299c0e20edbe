"""What a document of the project asks a reader to type, and what it says will be printed."""

import re


class Command:
    """A command line of a document: where it stands, and the lines shown under it."""

    def __init__(self, line, text):
        self.line, self.text, self.shown = line, text, []

    def __str__(self):
        return f"line {self.line}: {self.text}"


def typed_part(line):
    """The line without what explains it: text behind two spaces, or behind ' #'; not in quotes."""
    quote = ""
    for i, letter in enumerate(line):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif line.startswith(("  ", " #"), i):
            return line[:i]
    return line


def shell_blocks(lines):
    """The blocks of shell text: lists of (line number, text). Fenced ones without a language or with
    sh, bash or console; indented ones with four spaces after an empty line."""
    block, fence, before = [], None, ""
    for number, line in enumerate(lines, 1):
        opens = re.match(r"```(\w*)$", line)
        if fence is not None and line == "```":
            if fence in ("", "sh", "bash", "console"):
                yield block
            block, fence = [], None
        elif fence is not None:
            block.append((number, line))
        elif opens:
            fence = opens.group(1)
        elif line.startswith("    ") and (block or not before.strip()):
            block.append((number, line[4:]))
        elif block:
            yield block
            block = []
        before = line
    if block:
        yield block


def commands(text):
    """The commands of a document. Where a block has lines that begin with '$ ' those are its
    commands and the others what is printed; else each line is a command, and lines further in go
    on with the explanation of the one above."""
    found = []
    for block in shell_blocks(text.splitlines()):
        session = any(line.startswith("$ ") for _, line in block)
        for number, line in block:
            if session and not line.startswith("$ "):
                found[-1].shown.append(line)
            elif line.strip() and not line.startswith(" "):
                found.append(Command(number, typed_part(line.removeprefix("$ "))))
    return found


def mentions(text):
    """[(line number, words)] of what is set as code inside sentences and begins with `nety`."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("    "):
            continue
        for code in re.findall(r"`([^`]+)`", line):
            words = code.removeprefix("./").split()
            if len(words) > 1 and words[0] == "nety":
                found.append((number, words))
    return found
