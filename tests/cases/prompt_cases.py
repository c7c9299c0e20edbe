"""Prompts: templates in another layout, pre-tokenizers by their names, empty and foreign texts."""

import os

from inputs import *
from trial import expect, has_number

ABC = speaker(chain(ids("h")[0], ids("abc")))  # after "h" it says "abccc..."
ASKED = [IM_START, *ids("user\nhi"), IM_END, *ids("\n"), IM_START, *ids("assistant\n")]
DIGITS = TOKENS.index("123")
NEWLINE = ids("\n")[0]


def prompt_of(t, model, *words):
    usual = ("-p", "hi", "--json", "--mode", "fp32", "-n", 1)
    return t.nety("generate", model, *usual, *words)


def template_with_one_more_space(t):
    """A ChatML template in another layout writes the same prompt."""
    for template in t.each(
        space=CHATML.replace("{{'", "{{ '", 1),
        newline=CHATML.replace("%}", "\n%}", 1),
        dot=CHATML.replace("message['role']", "message.role"),
        quotes=CHATML.replace("'role'", '"role"'),
        lines=CHATML.replace("%}", "%}\n").replace("\n{%", "\n    {%"),
        minus=CHATML.replace("{% for", "\n{%- for").replace("messages %}", "messages -%}\n  "),
        comment="{# ours #}" + CHATML,
        end=CHATML + "\n\n",
    ):
        model = folder("m", ABC, tokenizer_config=dict(chat_template=template))
        prompt_of(t, model).gives(prompt_ids=ASKED)
    for template in t.each(gguf=CHATML.replace("{{'", "{{ '", 1)):
        gguf("m.gguf", gguf_keys(tokenizer__chat_template=template, pre="gpt-2"), gguf_tensors(ABC))
        prompt_of(t, "m.gguf").gives(prompt_ids=ASKED)


def template_of_its_own(t):
    """A template that nobody has seen before is rendered: the prompt is what its Jinja writes."""
    for template, asked in t.each(
        macro=("{% macro m(x) %}<|im_start|>{{ x.content | upper }}{% endmacro %}{{ m(messages[-1]) }}", [IM_START, *ids("HI")]),
        loop=("{% for c in messages[0].content %}{{ loop.index }}{{ c }}{% endfor %}", ids("1h2i")),
        space=("  {%- for m in messages %}\n  {{ m.role }}\n{%- endfor %}", ids("  user")),
        json=("{{ messages | tojson }}", ids('[{"role": "user", "content": "hi"}]')),
    ):
        model = folder("m", ABC, tokenizer_config=dict(chat_template=template))
        prompt_of(t, model).gives(prompt_ids=asked)
        gguf("m.gguf", gguf_keys(tokenizer__chat_template=template, pre="gpt-2"), gguf_tensors(ABC))
        prompt_of(t, "m.gguf").gives(prompt_ids=asked)


def template_that_cannot_be_used(t):
    """A template that is no Jinja, or that nobody could render, is refused before the weights are
    loaded, naming construct and line."""
    for template, parts in t.each(
        syntax=("a\n{% if %}", ["line 2", "'%}'"]),
        statement=("\n\n{% include 'x' %}", ["line 3", '"include"']),
        filter=("{{ messages | nosuch }}", ["line 1", '"nosuch"']),
        undefined=("{{ nobody.name }}", ["line 1", '"nobody" is undefined']),
        endless=("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", ["line 1", "steps|bytes"]),
        huge=("{{ 'a' * 99999999999 }}", ["line 1", "bytes"]),
        deep=("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", ["line 1", "levels deep"]),
    ):
        model = folder("m", ABC, tokenizer_config=dict(chat_template=template))
        prompt_of(t, model).exits(7).says(*parts, "--chat-template").never_says("Model loaded")
    for template in t.each(raises="{{ raise_exception('Not today.') }}"):
        model = folder("m", ABC, tokenizer_config=dict(chat_template=template))
        prompt_of(t, model).exits(2).says("Not today.", "--raw")


def template_from_the_command_line(t):
    """--chat-template takes a Jinja file, or the name of a format; anything else lists the names."""
    for given in t.each(name="chatml", file="mine.jinja"):
        with open("mine.jinja", "w", encoding="utf-8") as file:
            file.write(CHATML)
        for own in ("other", DROP):
            model = folder("m", ABC, tokenizer_config=dict(chat_template=own))
            prompt_of(t, model, "--chat-template", given).gives(prompt_ids=ASKED)
        prompt_of(t, model, "--chat-template", "nosuch").exits(2).says("nosuch", "chatml")


def thoughts_shown_or_hidden(t):
    """What a model thinks before it answers is written, or left out with --think hide and off."""
    said = "ab[/THINK]c"  # the template opens the tag
    speaks = speaker(chain(NEWLINE, ids(said)))
    for word, shown in t.each(show=("show", said), hide=("hide", "c"), off=("off", "c")):
        model = folder("m", speaks, tokenizer_config=dict(chat_template=CHATML + "[THINK]{{ '\n' }}"))
        asked = (model, "-p", "hi", "--mode", "fp32", "--greedy", "-n", len(said), "--think", word)
        t.nety("generate", *asked, "--json").gives(text=shown)
        answer = t.nety("generate", *asked).ok()
        expect(answer.out == shown + "\n", repr(shown), answer)
        answer = t.nety("chat", model, "--mode", "fp32", "-q", "--greedy", "-n", len(said), "--think", word, input=b"hi\n").ok()
        expect(answer.out == shown + "\n", repr(shown), answer)


def thoughts_not_asked_for(t):
    """--think off tells the template so; else it does as it pleases."""
    text = "{{ 'yes' if enable_thinking else 'no' }}{{ enable_thinking is defined }}"
    for word, asked in t.each(usual=((), "noFalse"), hidden=(("--think", "hide"), "noFalse"), off=(("--think", "off"), "noTrue")):
        model = folder("m", ABC, tokenizer_config=dict(chat_template=text))
        prompt_of(t, model, *word).gives(prompt_ids=ids(asked))


def pre_tokenizer_smaug(t):
    """Names of tokenizer.ggml.pre that split as others do: smaug-bpe as llama-bpe, without BOS."""
    text = "hello 12345 DON'T"
    by_three = [HELLO, *ids(" "), DIGITS, *ids("45"), *ids(" DON'T")]
    one_by_one = [HELLO, *ids(" 12345"), *ids(" DON'T")]
    for pre, expected in t.each(
        smaug=("smaug-bpe", by_three),
        dbrx=("dbrx", by_three),
        falcon=("falcon3", by_three),
        pixtral=("pixtral", by_three),
        lfm=("lfm2", by_three),
        tekken=("tekken", one_by_one),
        command=("command-r", one_by_one),
        stablelm=("stablelm2", one_by_one),
    ):
        says = {} if pre == "smaug-bpe" else dict(add_bos_token=False)
        gguf("m.gguf", gguf_keys(pre=pre, **says), {})
        t.tokens("m.gguf", text).gives(ids=expected)


def pre_tokenizer_nobody_knows(t):
    """A name that is not known is refused before the weights are loaded, naming it."""
    for pre in t.each(unknown="no-such-bpe", missing=DROP):
        gguf("m.gguf", gguf_keys(pre=pre), gguf_tensors(ABC))
        answer = t.generate("m.gguf", "h", "-n", 1)
        answer.refuses("tokenizer.ggml.pre").never_says("Model loaded")


def empty_prompt_beside_an_open_pipe(t):
    """-p '' is an empty prompt even where standard input is a pipe that nobody closes."""
    adds_bos = tokenizer(post_processor=BOS_FIRST)
    model = folder("m", speaker(chain(BOS, ids("abc"))), tokenizer_=adds_bos)
    asked = t.generate(model, "", "--greedy", "-n", 3, hold=True, seconds=10)
    asked.gives(prompt_ids=[BOS], text="abc")
    t.tokens(model, "", hold=True, seconds=10).gives(ids=[BOS])
    plain = folder("plain", ABC)
    t.tokens(plain, "", hold=True, seconds=10).gives(ids=[])
    t.generate(plain, "", "-n", 1, hold=True, seconds=10).exits(2).says("empty")
    t.nety("generate", plain, "-p", "", "-f", "x", hold=True, seconds=10).exits(2).says("--file")


def context_beyond_the_model(t):
    """--ctx 1000 for a model made for 256: a notice says 256; within 256 nothing is said."""
    model = folder("m", ABC)
    for answer in (
        t.generate(model, "h", "--ctx", 1000, "-n", 2),
        t.nety("fit", model, "--ctx", 1000),
    ):
        expect(has_number(answer.ok().err, 256), "a message with 256", answer)
    for size in (0, 100, 256):
        answer = t.generate(model, "h", "--ctx", size, "-n", 2)
        expect(not has_number(answer.ok().err, 256), "no message with 256", answer)
    quick = ("--quick", "-r", 1, "--modes", "fp32", "--backends", "native")
    for words, said in (
        (("--ctx", 1000), "1000"),  # as asked
        (("-p", 300), "30"),  # as the workload needs: 300 and some
        (("--ctx", 256), ""),
        ((), ""),
    ):
        answer = t.nety("bench", model, *quick, *words, seconds=60).ok()
        expect(has_number(answer.err, 256) == bool(said), f"256 where it is exceeded: {words}", answer)
        answer.says(said)


# ---- untrusted text ------------------------------------------------------------------------------
def clean(answer):
    """Nothing in the output drives a terminal: no ESC, BEL, C1, overwriting or turned text."""
    for bad in ("\x1b", "\x07", "\x9b", "\r", "\b", "\u202e"):
        expect(bad not in answer.said, f"no {bad!r} in the output", "some")
    return answer


def escape_in_the_model_name(t):
    """general.name holds terminal control sequences: none reaches standard output or error."""
    for name in t.each(
        colour="evil\x1b[31m\x1b]0;title\x07",
        c1="evil\u009b31m",
        overwrite="evil\rgood\b\b",
        backwards="evil\u202egpj.exe",
    ):
        gguf("m.gguf", gguf_keys(general__name=name), gguf_tensors(ABC))
        clean(t.nety("fit", "m.gguf").ok().says("evil"))
        clean(prompt_of(t, "m.gguf", "--greedy").ok().says("evil"))
        said = t.nety("fit", "m.gguf", "--json").ok().said
        expect(not set(said) & set("\x1b\x07\x9b\r"), "no control character in JSON", "some")
        clean(t.nety("diag", "m.gguf", "--explain-policy").ok())
    for name in t.each(json="evil\x1b[31m"):
        gguf("m.gguf", gguf_keys(general__name=name), gguf_tensors(ABC))
        expect(t.nety("fit", "m.gguf", "--json").json()["model"] == name, name, "another name")


def escape_in_what_a_message_quotes(t):
    """So do keys, tensor names, templates, file names and prompts that a message quotes."""
    evil = "x\x1b[31m\u009b31m"
    keys = dict(
        architecture=dict(general__architecture=evil),
        pre=dict(pre=evil),
        template=dict(tokenizer__chat_template="{% " + evil + " %}"),
        tokenizer=dict(model=evil),
    )
    for changes in t.each(**keys):
        gguf("m.gguf", gguf_keys(**changes), gguf_tensors(ABC))
        clean(t.nety("generate", "m.gguf", "-p", "hi", "-n", 1)).refuses()
    for tensor in t.each(tensor=("F32", (4, 4), bytes(64))):
        gguf("m.gguf", gguf_keys(), gguf_tensors(ABC) | {evil: tensor})
        clean(t.nety("generate", "m.gguf", "--raw", "-p", "h", "-n", 1)).ok()
    for name in t.each(folder=evil):
        clean(t.nety("fit", folder(name, ABC))).ok()
        clean(t.nety("fit", name + "/none.gguf"))
    for text in t.each(config=evil):
        clean(t.nety("fit", folder("m", ABC, config_=dict(hidden_act=text)))).refuses("hidden_act")


def escape_in_every_written_file(t):
    """A name goes through bench and report escaped for each format it is written in."""
    name = "evil\x1b[31m\u009b<u7>|`*=1+1"
    gguf("m.gguf", gguf_keys(general__name=name), gguf_tensors(ABC))
    formats = [f"r.{end}" for end in ("json", "jsonl", "csv", "md", "html", "xml")]
    outputs = [word for path in formats for word in ("-o", path)]
    quick = ("--quick", "--modes", "fp32", "--backends", "native", "-r", 1, "--budget", "5s")
    clean(t.nety("bench", "m.gguf", *quick, *outputs, seconds=60)).ok()
    for path in formats:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
        for bad in ("\x1b", "\u009b"):
            expect(bad not in text, f"no {bad!r} in {path}", "some")
        if path.endswith((".html", ".md", ".xml")):
            expect("<u7>" not in text, f"<u7> escaped in {path}", "a tag")
