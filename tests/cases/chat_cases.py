"""Conversations on a real terminal, of a model that says one text, whatever is asked."""

import re
import time

from inputs import *
from terminal import Terminal
from trial import expect

NEWLINE = ids("\n")[0]
ANSWER = """# A title

Words **in bold, more than one of them**, and `code spans`, in a paragraph that is long enough to be broken at any width.

- a first point that goes on under its own indent once it is broken
- naïve café, 日本語のテキストは幅が広い

```python
print("a line of code that is far too long for a terminal of forty columns")
```
Fin."""
SHORT = "Fin: that is all, ok."


def talker(answer=ANSWER, context=8192):
    """A model that says `answer`, in tokens of seven bytes: characters are cut between them."""
    letters, data = byte_letters(), answer.encode()
    pieces = ["".join(letters[b] for b in data[i : i + 7]) for i in range(0, len(data), 7)]
    assert len(set(pieces)) == len(pieces) and not set(pieces) & set(TOKENS), "tokens that are one"
    tokens = [*TOKENS, *pieces]
    c = sizes(rows=len(tokens), context=context)
    says = chain(NEWLINE, [*range(len(TOKENS), len(tokens)), IM_END, NEWLINE])
    gguf("m.gguf", gguf_keys(c, tokens, pre="gpt-2"), gguf_tensors(speaker(says, c), c))
    return "m.gguf"


def endless(context=200000):
    """A model that says abababab ... until it is stopped."""
    c = sizes(context=context)
    says = {NEWLINE: ids("a")[0], ids("a")[0]: ids("b")[0], ids("b")[0]: ids("a")[0]}
    gguf("e.gguf", gguf_keys(c, pre="gpt-2"), gguf_tensors(speaker(says, c), c))
    return "e.gguf"


def chat(t, model, *words, **kw):
    usual = ("--mode", "fp32", "--greedy")
    return Terminal(t, "--lang", "en", "chat", model, *usual, *words, **kw)


def turns(terminal):
    terminal.ask("/export now.json")
    with open("now.json", encoding="utf-8") as file:
        return json.load(file)["messages"]


def answers_in_markdown(t):
    """Headings, bold, code and lists are shown as what they mean, and words are kept whole."""
    model = talker()
    with chat(t, model) as it:
        screen = it.ask("Ça va ? 日本")
        expect("Ça va ? 日本" in screen, "the question as it was typed", screen)
        for text in ("A title", "• a first point", "naïve café, 日本語", "forty columns\")", "Fin."):
            expect(text in screen, text, screen)
        for mark in ("**", "# A", "`code"):
            expect(mark not in screen, f"no {mark}", screen)
        styled = it.screen(styles=True)
        expect(re.search(r"\x1b\[1m(\x1b\[\w+)?in bold", styled), "bold", styled)
        expect(re.search(r"\x1b\[36mcode spans", styled), "a code span", styled)
        expect("\x1b[2m" in styled, "a dimmed line of figures", styled)
        said = turns(it)
        expect(said[1]["content"] == ANSWER, "the answer as the model wrote it", said)


def answers_without_colours(t):
    """With NO_COLOR the marks stay, and no style is written."""
    model = talker()
    with chat(t, model, env={"NO_COLOR": "1"}) as it:
        screen = it.ask("hi")
        expect("# A title" in screen and "`code spans`" in screen, "marks", screen)
        expect("\x1b[1m" not in it.screen(styles=True), "no bold", it.screen(styles=True))


def words_of(text):
    return re.findall(r"[^\s*`#]+", text)


def narrow_terminals(t):
    """At 40 columns, and at whatever width the window gets, lines end between words."""
    model = talker(ANSWER.split("```")[0] + "Fin.")
    with chat(t, model, columns=40, rows=50) as it:
        for columns in (40, 57, 33):
            it.resize(columns, 50)
            time.sleep(0.4)
            screen = it.ask("hi")
            lines = screen.split("\n")
            expect(all(len(x) <= columns for x in lines), f"{columns} columns", screen)
            for word in words_of(ANSWER.split("```")[0]):
                if word.isascii() and word != "-":
                    expect(any(word in x for x in lines), f"{word} in one line", screen)
            expect(any(x.startswith("  ") and "own" in x or "indent" in x for x in lines), "an indent", screen)
        for line in ("/help", "/mode", "/mem", "/stats"):
            screen = it.ask(line)
            expect(all(len(x) <= 33 for x in screen.split("\n")), f"{line} in 33 columns", screen)


def a_whole_session(t):
    """Every command does what the manual says, in one conversation."""
    model = talker(SHORT)
    with open("notes.txt", "w", encoding="utf-8") as file:
        file.write("été\n```\n")
    with chat(t, model, rows=60) as it:
        screen = it.ask("/help")
        for name in ("/system", "/set", "/seed", "/think", "/file", "/regen", "/edit", "/undo", "/clear",
                     "/save", "/load", "/export", "/mode", "/mem", "/stats", "/exit"):
            expect(name in screen, name, screen)
        it.ask("/system Be brief.")
        it.ask("/set top-k 7")
        screen = it.ask("/set")
        expect("top-k: 7" in screen and "temp: the model's own" in screen, "what is set", screen)
        expect("seed 11" in it.ask("/seed 11"), "the seed", it.screen())
        expect("think: hide" in it.ask("/think hide"), "hide", it.screen())
        expect("none of show|hide|off" in it.ask("/think x"), "a refusal", it.screen())
        expect("notes.txt" in it.ask("/file notes.txt"), "the file", it.screen())
        expect("ok." in it.ask("first"), "an answer", it.screen())
        expect("ok." in it.ask("second"), "an answer", it.screen())
        said = turns(it)
        roles = [x["role"] for x in said]
        expect(roles == ["system", *["user", "assistant"] * 2], "five messages", roles)
        expect(said[1]["content"] == "notes.txt:\n````\nété\n```\n````\n\nfirst", "the file first", said)
        expect("second" in it.ask("/undo"), "what was taken back", it.screen())
        expect("ok." in it.ask("/regen"), "an answer", it.screen())
        it.ask("/edit another")
        said = turns(it)
        expect([x["content"] for x in said[1:]] == ["another", SHORT], "the question changed", said)
        screen = it.ask("/mode")
        for text in ("fp32 on native", "Because --mode fp32 was asked for", "weights:", "nety bench"):
            expect(text in screen, text, screen)
        expect("KV cache" in it.ask("/mem"), "memory", it.screen())
        expect("answers" in it.ask("/stats"), "figures", it.screen())
        it.ask("/export now.md")
        with open("now.md", encoding="utf-8") as file:
            expect("## User\n\nanother\n" in file.read(), "the question", "another file")
        expect("neither" in it.ask("/export now.txt"), "a refusal", it.screen())
        expect("Session one kept" in it.ask("/save one"), "kept", it.screen())
        expect("Forgotten: 2" in it.ask("/clear"), "forgotten", it.screen())
        screen = it.ask("/load one")
        expect("Session one: 2 turns" in screen and "another" in screen, "the conversation", screen)
        expect(len(turns(it)) == 3, "its messages", turns(it))
        for line in ("/load none", "/save a/b", "/nothing", "/file /no/such/file", "/set x 1"):
            screen = it.ask(line)
            expect("nety: " in screen, f"a message for {line}", screen)
        it.write("/exit")
        it.keys("Enter")
        it.wait_for("exit status 0")


def typing(t):
    """Completion, history with search, several lines, a pasted text, $EDITOR: each is one question."""
    model = talker(SHORT)
    with open("editor", "w") as file:
        file.write('#!/bin/sh\nprintf "from the editor\\nline two\\n" >>"$1"\n')
    os.chmod("editor", 0o755)
    with chat(t, model, env={"EDITOR": os.path.abspath("editor")}) as it:
        it.ask("apples and pears")
        it.ask("naïve café")
        it.write("/sta")
        it.keys("Tab")
        it.wait_for("/stats")
        it.keys("C-u")
        it.write("/set top")
        it.keys("Tab")
        it.keys("Tab")
        it.wait_for("top-n-sigma", "/set top-")
        it.keys("C-u")
        it.keys("Up")
        it.wait_for(">>> naïve café")
        it.keys("C-u")
        it.keys("C-r")
        it.write("pears")
        it.wait_for("apples and pears")
        it.keys("Enter")
        it.wait_for_prompt()
        lines = [f"line {i}: ça" for i in range(200)]
        it.write("What is this? ")
        it.paste("\n".join(lines) + "\n")
        it.wait_for("What is this? [200 lines #1: line 0: ça]")
        it.keys("Enter")
        it.wait_for_prompt()
        it.write('"""one')
        it.keys("Enter")
        it.wait_for("\n...")
        it.write('two"""')
        it.keys("Enter")
        time.sleep(0.2)
        it.wait_for_prompt()
        it.write("begun")
        it.keys("C-x", "C-e")
        it.wait_for("[3 lines #")
        it.keys("Enter")
        it.wait_for_prompt()
        asked = [x["content"] for x in turns(it) if x["role"] == "user"]
        expect(asked[2] == "apples and pears", "the question found", asked[2])
        expect(asked[3] == "What is this? " + "\n".join(lines), "200 lines", asked[3][:80])
        expect(asked[4] == "one\ntwo", "two lines", asked[4])
        expect(asked[5] == "begun\nfrom the editor\nline two", "the editor's text", asked[5])
        expect(len(asked) == 6, "six questions", asked)
    with chat(t, model) as it:  # another conversation knows them
        it.wait_for_prompt()
        it.keys("C-r")
        it.write("caf")
        it.wait_for("naïve café")


def stopping(t):
    """Ctrl-C stops an answer and keeps what came; twice on an empty line leaves."""
    with chat(t, endless(), "-n", 190000, "--ctx", 195000) as it:
        it.wait_for_prompt()
        it.write("hi")
        it.keys("Enter")
        it.wait_for("abababab")
        it.resize(61, 24)  # between two tokens
        lines, end = [], time.time() + 30
        while time.time() < end and {len(x) for x in lines[-6:-1]} != {61}:
            lines = [x for x in it.lines() if re.fullmatch("[ab]+", x)]
        expect({len(x) for x in lines[-6:-1]} == {61}, "lines of the new width", lines[-6:])
        it.keys("C-c")
        it.wait_for_prompt()
        said = turns(it)
        expect(re.fullmatch(r"(ab)+a?", said[1]["content"]), "the part that came", said[1]["content"][:40])
        expect(len(said[1]["content"]) < 180000, "a part", len(said[1]["content"]))
        it.write("not sent")
        it.keys("C-c")
        it.wait_for("Ctrl-D or /exit leaves")
        it.keys("C-c")
        it.wait_for("exit status 0")


def sessions_are_resumed(t):
    """A kept session goes on without its model being named; another model or mode is refused."""
    model = talker(SHORT)
    with chat(t, model) as it:
        it.ask("where was I")
        it.ask("/set top-k 9")
        it.ask("/save là")
        it.keys("C-d")
        it.wait_for("exit status 0")
    with Terminal(t, "--lang", "fr", "chat", "--resume") as it:
        it.wait_for_prompt()
        screen = it.wait_for("Session là : 2 tours", ">>> where was I", SHORT)
        seconds = float(re.search(r"reprise en ([\d.]+) s", screen)[1])
        expect(seconds < 1, "less than a second", seconds)
        expect("relus" not in screen, "nothing that is read again", screen)
        expect("top-k : 9" in it.ask("/set"), "the settings", it.screen())
        expect("ok." in it.ask("et maintenant ?"), "an answer", it.screen())
        expect("oublier la conversation" in it.ask("/help"), "French", it.screen())
    env = {"NETY_SESSIONS": os.path.abspath("sessions")}
    again = ("chat", "--resume=là", "--kv", "bf16")
    t.nety(*again, input=b"hi\n", env=env).ok()
    t.nety("chat", model, "--mode", "bf16", "--resume=là", env=env).exits(2).says("là", "fp32", "bf16")
    os.mkdir("other")
    os.chdir("other")
    other = os.path.abspath(talker("Fin: that is all, no."))
    t.nety("chat", other, "--resume=là", env=env).exits(2).says("là", "another")
    t.nety("chat", other, "--resume=none", env=env).exits(2).says("none", "là")
    os.chdir("..")
    path = os.path.join("sessions", "là.netychat")
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 4]))
    t.nety("chat", "--resume", env=env).exits(7).says("là.netychat", "damaged")


def chat_without_a_terminal(t):
    """Over a pipe: answers as the model wrote them, commands, and nothing else."""
    model = talker("Fin: **ok**.")
    words = ("chat", model, "--mode", "fp32", "-q")
    env = {"NETY_SESSIONS": os.path.abspath("sessions"), "NETY_HISTORY": os.path.abspath("history")}
    answer = t.nety(*words, input=b"hi\n/undo\n/edit x\n/clear\n/save p\n/load p\nagain\n", env=env)
    answer.ok()
    expect(answer.out == "Fin: **ok**.\nFin: **ok**.\n", "two answers", answer)
    expect(answer.err.count("nety: ") == 1 and "/edit" in answer.err, "one refusal", answer)
    expect(not os.path.exists("history"), "no history of a pipe", "a history")
    shown = t.nety(*words, input=b"/mode\n/mem\n/stats\n/help\n", env=env).ok()
    shown.says("weights:", "KV cache", "/export")
