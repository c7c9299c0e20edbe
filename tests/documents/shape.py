"""Whether what a document shows has the shape of what is printed: the words and their order.
Numbers and sizes differ from machine to machine."""

import re

NUMBER = re.compile(r"(?<![A-Za-z_\d])\d+(?:[.,]\d+)*(?:e-?\d+)?")
SIZE = re.compile(r"# (?:[kMGT]i?B|B|ns|us|µs|ms|s|min)\b")


def words_of(text):
    """The words, with # for numbers and for sizes with their unit."""
    return SIZE.sub("#", NUMBER.sub("#", text)).split()


def begins(words, pattern):
    return len(words) >= len(pattern) and all(p == w for p, w in zip(pattern, words))


def difference(shown, printed):
    """What of the lines `shown` is not in `printed`; nothing if all is. "..." stands for any
    words, also at the beginning and at the end."""
    words = words_of(printed)
    parts, part = [], []
    for word in words_of("\n".join(shown)) + [None]:
        if word is None or word == "...":
            parts.append(part)
            part = []
        else:
            part.append(word)
    for i, part in enumerate(parts):
        last = i == len(parts) - 1
        places = range(len(words) + 1) if i > 0 else [0]
        if last and i > 0:
            places = [len(words) - len(part)]
        place = next((p for p in places if p >= 0 and begins(words[p:], part)), None)
        if place is None:
            return f"shown: {' '.join(part)}\n    printed: {' '.join(words)}"
        words = words[place + len(part) :]
    return f"printed, and not shown: {' '.join(words)}" if words else ""
