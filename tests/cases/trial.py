"""How a case asks the program and what it may expect of an answer."""

import array
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time


class Fails(Exception):
    pass


class Skip(Exception):
    pass


def expect(right, expected, came):
    """Fails the case unless `right`."""
    if not right:
        raise Fails(f"expected {expected}, came {came}")


def has_number(text, number):
    """Whether the number stands in the text by itself: not in 0.256, 2560 or 256 kB."""
    return re.search(rf"(?<![\d.]){number}(?!\d|\.\d| ?[kMG]?B\b)", text) is not None


class Answer:
    """What a command gave: rc, out, err. The methods say what is expected and return the answer."""

    def __init__(self, rc, out, err):
        self.rc = rc
        self.out, self.err = out.decode("utf-8", "replace"), err.decode("utf-8", "replace")
        self.said = self.out + self.err

    def __str__(self):
        usual = r"Device:|Standard loading|Loading |Because --mode|A GPU would|Model loaded|The "
        notes = " ".join(x for x in self.err.splitlines() if not re.match(usual, x))
        out, notes = " ".join(self.out.split()), " ".join(notes.split())
        return f"exit status {self.rc}, {out[:160]!r}, {notes[:240]!r}"

    def ok(self):
        return self.exits(0)

    def exits(self, *codes):
        expect(self.rc in codes, "exit status " + " or ".join(map(str, codes)), self)
        return self

    def refuses(self, *words):
        """Exit status 2, 7 or 8, and a message with all the words."""
        return self.exits(2, 7, 8).says(*words)

    def says(self, *words):
        """All the words, in any letter case; "a|b": one of them."""
        said = self.said.lower()
        for word in words:
            expect(
                any(w in said for w in word.lower().split("|")), f"a message with {word!r}", self
            )
        return self

    def never_says(self, *words):
        for word in words:
            expect(word.lower() not in self.said.lower(), f"no {word!r} in the output", self)
        return self

    def json(self):
        try:
            return json.loads(self.out)
        except ValueError:
            raise Fails(f"expected JSON, came {self}") from None

    def gives(self, **values):
        """The fields of the JSON answer: text="ab", ids=[1, 2] ..."""
        answer = self.ok().json()
        for name, value in values.items():
            expect(answer.get(name) == value, f"{name} {value!r}", f"{answer.get(name)!r}")
        return self


class Trial:
    """A case's own empty folder, in which its commands run."""

    def __init__(self, program, root, name):
        self.program, self.root, self.folder = program, root, os.path.join(root, name)
        self.input = ""  # which of several inputs is tried: see each()
        os.mkdir(self.folder)
        os.chdir(self.folder)

    def each(self, **inputs):
        """Several inputs of a case, each in a folder of its own and named where it fails."""
        for name, value in inputs.items():
            self.input = name
            os.mkdir(os.path.join(self.folder, name))
            os.chdir(os.path.join(self.folder, name))
            yield value
        self.input = ""
        os.chdir(self.folder)

    def nety(self, *words, input=b"", seconds=30, before=None, hold=False, env=()):
        """Runs NETY. hold: standard input is a pipe that stays open; before: called in the new
        process; env: more variables."""
        pipe = os.pipe() if hold else None
        process = subprocess.Popen(
            [self.program, *map(str, words)],
            stdin=pipe[0] if hold else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment() | dict(env),
            preexec_fn=before,
            start_new_session=True,
        )
        try:
            out, err = process.communicate(None if hold else input, timeout=seconds)
        except subprocess.TimeoutExpired:
            command = " ".join(map(str, words))[:120]
            raise Fails(f"expected an end within {seconds} s, came none: nety {command}") from None
        finally:
            for end in pipe or ():
                os.close(end)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        return Answer(process.returncode, out, err)

    def on_terminal(self, *words, columns=80, rows=24, seconds=60, env=()):
        """Runs NETY on a terminal of that size; the answer's out is all that came to its screen."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        process = subprocess.Popen(
            [self.program, *map(str, words)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment() | {"TERM": "xterm"} | dict(env),
            start_new_session=True,
        )
        os.close(theirs)
        out, end = b"", time.time() + seconds
        while time.time() < end:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    out += os.read(ours, 65536)
                except OSError:  # the other end is closed
                    break
        os.close(ours)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGHUP)
        return Answer(process.wait(), out, b"")

    def generate(self, model, prompt, *words, **kw):
        """The JSON answer to a raw prompt, in fp32."""
        usual = ("--raw", "-p", prompt, "--json", "--mode", "fp32")
        return self.nety("generate", model, *usual, *words, **kw)

    def tokens(self, model, text, *words, **kw):
        return self.nety("tokenize", model, "-p", text, "--json", *words, **kw)

    def logits(self, model, tokens, mode="fp32", *words):
        """The logits after each token, as lists."""
        ids = ",".join(map(str, tokens))
        usual = ("--tokens", ids, "-o", "logits.safetensors", "--mode", mode)
        self.nety("logits", model, *usual, *words).ok()
        with open("logits.safetensors", "rb") as file:
            data = file.read()
        start = 8 + int.from_bytes(data[:8], "little")
        rows, columns = json.loads(data[8:start])["logits"]["shape"]
        flat = array.array("f", data[start:]).tolist()
        return [flat[i * columns : (i + 1) * columns] for i in range(rows)]

    def once(self, name, make):
        """A file that several cases use, made by make(path) the first time."""
        path = os.path.join(self.root, name)
        if not os.path.exists(path):
            make(path)
        return path


def environment():
    """Ours without what would choose a language or change the program."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("NETY_", "LC_", "LANG"))}
    return kept | {"NETY_EVIDENCE": "off", "LANG": "C.UTF-8"}


class Group:
    """A control group below our own, with limits: Group("memory", limit=10**8). Processes join by
    nety(..., before=group.join). Used as a context, it is removed at the end. Where none can be
    made the case is skipped."""

    FILES = {
        ("memory", 1): "memory.limit_in_bytes",
        ("memory", 2): "memory.max",
        ("cpu", 1): "cpu.cfs_quota_us",
        ("cpu", 2): "cpu.max",
    }

    def __init__(self, controller, limit=None, below=None):
        try:
            with open("/proc/self/cgroup") as file:
                places = [line.rstrip("\n").split(":", 2) for line in file]
            old = [path for _, names, path in places if controller in names.split(",")]
            self.version = 1 if old else 2
            base = (
                f"/sys/fs/cgroup/{controller}{old[0]}" if old else f"/sys/fs/cgroup{places[-1][2]}"
            )
            self.path = os.path.join(below.path if below else base, f"nety-case-{os.getpid()}")
            os.mkdir(self.path)
        except (OSError, IndexError) as reason:
            raise Skip(f"no control group can be made here: {reason}") from None
        try:
            if limit is not None:
                self.write(self.FILES[controller, self.version], limit)
        except OSError as reason:
            os.rmdir(self.path)
            raise Skip(f"no {controller} limit can be set here: {reason}") from None

    def write(self, name, value):
        with open(os.path.join(self.path, name), "w") as file:
            file.write(str(value))

    def join(self):
        self.write("cgroup.procs", os.getpid())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.rmdir(self.path)
