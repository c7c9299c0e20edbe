"""Situations from the trackers of other projects, each with the report that it was made after;
docs/reliability.md has the table. Where a reference is named the value is its own."""

import struct

from inputs import *
from trial import expect

H = ids("h")[0]
ABC = speaker(chain(H, ids("abc")))
DAMAGED = (7,)


def raw_safetensors(path, header, data=b""):
    """A file with exactly this header, an object or its text."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    write(path, struct.pack("<Q", len(text)) + text + data)


def with_weights(t, header, data=b""):
    """A folder whose model.safetensors has this header; what fit says of it."""
    folder("m", None)
    raw_safetensors("m/model.safetensors", header, data)
    return t.nety("fit", "m")


def parts(model):
    """Header and data of a safetensors file, to be changed."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, (kind, shape, values) in model.items():
        end = len(data) + len(values)
        header[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [len(data), end]}
        data += values
    return header, data


# ---- safetensors ---------------------------------------------------------------------------------
def safetensors_metadata(t):
    """safetensors #278, #466, #601, #849, fastsafetensors #89: metadata that is empty, of another
    type, missing, or all there is."""
    header, data = parts(ABC)
    plain = {k: v for k, v in header.items() if k != "__metadata__"}
    for head, ok in t.each(
        empty=(header | {"__metadata__": {}}, True),
        missing=(plain, True),
        number=(header | {"__metadata__": {"step": 0}}, None),
        nested=(header | {"__metadata__": {"a": {"b": "c"}}}, None),
        tensor=(plain | {"__metadata__": [1, 2]}, False),
    ):
        answer = with_weights(t, head, data)
        if ok is None:  # the reference refuses it; it says nothing of the weights
            expect(answer.rc in (0, 7), "an answer", answer)
        else:
            answer.ok() if ok else answer.exits(7)
    with_weights(t, {"__metadata__": {"crc": "12"}}).exits(7).says("missing|no tensors")


def safetensors_twice(t):
    """safetensors #401, #586: a name that is there twice is said to be; two names for the same
    bytes are refused as overlapping."""
    header, data = parts(ABC)
    first = json.dumps(header).encode()
    name = b'"model.norm.weight": {"dtype": "F32", "shape": [64], "data_offsets": [0, 256]}, '
    answer = with_weights(t, first.replace(b"{", b"{" + name, 1), data)
    answer.exits(7).says("model.norm.weight").says("twice|duplicate")
    header["lm_head.weight"] = header["model.embed_tokens.weight"]
    os.remove("m/model.safetensors")
    with_weights(t, header, data).exits(7).says("overlap|lm_head.weight")


def safetensors_cut(t):
    """vmlx-swift #217: a shard that is shorter than its header says must not read as zeros."""
    header, data = parts(ABC)
    for missing in t.each(byte=1, page=4096, all=len(data)):
        with_weights(t, header, data[: len(data) - missing]).exits(7)
    with_weights(t, header, data + b"\0" * 100)  # what lies behind is said or ignored, never used


def safetensors_lengths(t):
    """runai-model-streamer #121: header lengths and offsets out of range."""
    header, data = parts(ABC)
    for text in t.each(
        huge=struct.pack("<Q", 2**63) + b"{}",
        beyond=struct.pack("<Q", 1000) + b"{}",
        zero=struct.pack("<Q", 0),
        short=b"\x01\x02",
        empty=b"",
    ):
        folder("m", None)
        write("m/model.safetensors", text)
        t.nety("fit", "m").exits(1, 7)
    for offsets in t.each(reversed=[300, 10], negative=[-4, 252], real=[0.5, 256.5], one=[0]):
        wrong = dict(header["model.norm.weight"], data_offsets=offsets)
        with_weights(t, header | {"model.norm.weight": wrong}, data).exits(7)


def shards(t):
    """sglang #32279, unsloth-zoo #900, mlx-vlm #1464 and #1827: shards that are missing, have other
    names than usual, or stand beside an index that is not theirs."""
    names = list(ABC)
    halves = [{n: ABC[n] for n in names[:6]}, {n: ABC[n] for n in names[6:]}]

    def make(files, write_second=True, extra=None):
        folder("m", None)
        for file, half in zip(files, halves):
            if file == files[0] or write_second:
                safetensors(f"m/{file}", half)
        where = {n: file for file, half in zip(files, halves) for n in half}
        write(
            "m/model.safetensors.index.json",
            json.dumps({"metadata": {}, "weight_map": where | (extra or {})}),
        )
        return t.generate("m", "h", "--greedy", "-n", 3)

    usual = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    odd = [
        "model.safetensors-00001-of-00002.safetensors",
        "model.safetensors-00002-of-00002.safetensors",
    ]
    for run in t.each(
        usual=lambda: make(usual).gives(text="abc"),
        odd=lambda: make(odd).gives(text="abc"),
        missing=lambda: make(usual, False).exits(7).says("00002-of-00002"),
        stale=lambda: make(usual, extra={"gone.weight": "gone.safetensors"}).exits(7).says("gone"),
        outside=lambda: make(usual, extra={"x": "../../../etc/passwd"}).exits(7),
    ):
        run()


# ---- GGUF ----------------------------------------------------------------------------------------
def head(keys=0, tensors=0, version=3):
    return b"GGUF" + struct.pack("<IQQ", version, tensors, keys)


def gguf_lengths(t):
    """llama.cpp #27188, #18674, #27203, #24263, ggml #1516, gguf-tools #25, stable-diffusion.cpp
    #1397: counts and lengths that no file can hold end with an error, at once and without memory.
    """
    string = lambda text: struct.pack("<Q", len(text)) + text  # noqa: E731
    key = string(b"a")
    tensor = (
        lambda dims: string(b"t")
        + struct.pack(f"<I{len(dims)}Q", len(dims), *dims)
        + struct.pack("<IQ", 0, 0)
    )  # noqa: E731
    for text in t.each(
        key_length=head(1) + struct.pack("<Q", 0xFFFFFFFFFFFF),
        value_length=head(1) + key + struct.pack("<IQ", 8, 2**63),
        array_length=head(1) + key + struct.pack("<IIQ", 9, 4, 2**63),
        array_in_array=head(1) + key + struct.pack("<IIQ", 9, 9, 1) + struct.pack("<IQ", 9, 2**62),
        many_keys=head(2**63),
        many_tensors=head(0, 2**63),
        empty_key=head(1) + string(b"") + struct.pack("<II", 4, 1),
        kind=head(1) + key + struct.pack("<I", 77),
        zero=head(0, 1) + tensor([0]),
        overflow=head(0, 1) + tensor([2**63 - 1, 2]),
        wraps=head(0, 1) + tensor([2**32, 2**32, 4]),
        dimensions=head(0, 1) + tensor([1] * 9),
        version_1=head(version=1),
        big_endian=b"GGUF" + struct.pack(">IQQ", 3, 0, 0),
    ):
        write("m.gguf", text + bytes(64))
        t.nety("fit", "m.gguf", seconds=5).exits(7)


def gguf_alignment(t):
    """ggml #1516, llama.cpp #26318: alignments that are no power of two, huge or of another
    type."""
    for value, alignment, ok in t.each(
        large=((U32, 4096), 4096, True),
        signed=((I32, 64), 64, None),
        zero=((U32, 0), 32, False),
        odd=((U32, 48), 48, False),
        huge=((U32, 2**31), 32, False),
        text=((STRING, "32"), 32, False),
    ):
        keys = gguf_keys(pre="gpt-2") | {"general.alignment": value}
        gguf("m.gguf", keys, gguf_tensors(ABC), alignment=alignment)
        if ok is None:
            expect(t.nety("fit", "m.gguf").rc in (0, 7), "an answer", "another")
        elif ok:
            t.generate("m.gguf", "h", "--greedy", "-n", 3).gives(text="abc")
        else:
            t.nety("fit", "m.gguf").exits(7)


def gguf_without_template(t):
    """ollama #6371: a GGUF without a template is not talked to with a guessed one."""
    gguf("m.gguf", gguf_keys(pre="gpt-2", tokenizer__chat_template=DROP), gguf_tensors(ABC))
    t.nety("generate", "m.gguf", "-p", "hi").exits(7).says("no chat template", "--raw")


def gguf_types_of_ids(t):
    """Metadata of tokens with another type than the format's: refused by key, never taken as
    absent (llama.cpp refuses them too)."""
    for name, value in t.each(
        eos=("eos_token_id", "</s>"),
        bos=("bos_token_id", 1.5),
        add_bos=("add_bos_token", (U32, 1)),
        merges=("merges", [1, 2]),
        tokens=("tokens", [1, 2, 3]),
        scores=("scores", ["a"]),
    ):
        gguf("m.gguf", gguf_keys(**{name: value}), {})
        t.tokens("m.gguf", "hello").exits(7).says(name)


# ---- tokens and templates ------------------------------------------------------------------------
def double_bos(t):
    """llama.cpp #7107 and #7332, llama-cpp-python #1501: a raw prompt that begins with BOS gets a
    second one, as in the references, and that is said."""
    gguf("m.gguf", gguf_keys(), gguf_tensors(speaker(chain(H, ids("a")))))
    m = folder("m", ABC, tokenizer_=tokenizer(post_processor=BOS_FIRST))
    for model in t.each(folder=os.path.abspath(m), gguf=os.path.abspath("m.gguf")):
        answer = t.generate(model, "<s>h", "-n", 1).gives(prompt_ids=[BOS, BOS, H])
        expect("twice" in answer.err, "a word that BOS is there twice", answer.err)
        expect("twice" not in t.generate(model, "h", "-n", 1).err, "no word", "one")


def old_added_tokens(t):
    """llama.cpp #3585, CTranslate2 #1415: added_tokens.json repeats tokens of the vocabulary,
    contradicts it, or adds one that the model has no row for. As transformers 5.23 reads it."""
    pair = TOKENS.index("aa")
    for more, rows, text, right in t.each(
        repeats=({"<unk>": 0, "<s>": 1, "</s>": 2, "<new>": 275}, 276, "<s><new>", [1, 275]),
        pad=({"<pad>": 275}, 275, "h<pad>", [H, 275]),
        gap=({"<new>": 300, "<old>": 290}, 277, "<new><old>", [276, 275]),
        taken=({"<new>": 1, "<old>": 290}, 276, "<new><old>", [*ids("<new>"), 275]),
        taken_twice=({"<s>": 4, "hello": 0, "aa": 5}, 275, "<s>hello aa", [1, HELLO, *ids(" "), pair]),
        taken_by_a_word=({"<new>": 100}, 276, "x<new>", [*ids("x"), 275]),
    ):
        c = sizes(rows=rows)
        m = folder("m", speaker(chain(H, ids("abc")), c), c, **{"added_tokens.json": more})
        t.tokens(m, text).gives(ids=right)
        answer = t.generate(m, "h", "--greedy", "-n", 3).gives(text="abc")
        said = "276" in answer.err
        expect(said == ("<pad>" in more), "a word where there are more tokens than rows", answer.err)


def added_tokens_of_letters(t):
    """tokenizers #1392 and #1996: an added token with letters that stand for bytes is decoded to
    those bytes: wrong, and as the reference does it (tokenizers 0.23.3)."""
    word = "ilÖveč"
    more = added(275, word, special=False)
    made = tokenizer()
    made["added_tokens"].append(more)
    c = sizes(rows=276)
    m = folder("m", speaker(chain(H, [275, *ids("a")]), c), c, tokenizer_=made)
    t.tokens(m, f"x{word}").gives(ids=[*ids("x"), 275])
    t.generate(m, "h", "--greedy", "-n", 2).gives(output_ids=[275, *ids("a")], text="il�ve\ra")


def ends_in_lists(t):
    """exllamav2 #803, vllm #4180, ollama #3759: of several ends in a list each one counts, not the
    first alone."""
    for at, eos in t.each(first=([4, 2, 5], 4), middle=([2, 4, 5], 4), last=([2, 5, 4], 4)):
        model = speaker(chain(H, [*ids("ok"), eos, H]))
        m = folder(
            "m", model, config_=dict(eos_token_id=at), tokenizer_config=dict(eos_token="</s>")
        )
        t.generate(m, "h", "--greedy", "-n", 6).gives(text="ok", finish_reason="end")


def characters_in_parts(t):
    """tokenizers #1811, mlx-vlm #1076, exo #1691: characters that several tokens make appear whole
    while an answer is streamed, and what never becomes one is U+FFFD."""
    for text, shown in t.each(
        emoji=("👍🏽", "👍🏽"),
        letters=("čé漢", "čé漢"),
        half=(b"\xf0\x9f\x91A", "�A"),
    ):
        data = text.encode() if isinstance(text, str) else text
        tokens = [len(SPECIAL) + b for b in data]
        c = sizes(context=64)
        # Bytes repeat within characters: a row for each place.
        says = {}
        at = H
        for token in tokens:
            says.setdefault(at, token)
            at = token
        if len(set(tokens)) < len(tokens):
            continue
        m = folder("m", speaker(says, c), c)
        words = ("--raw", "-p", "h", "--mode", "fp32", "--greedy", "-n", len(tokens))
        answer = t.nety("generate", m, *words).ok()
        expect(answer.out == shown + "\n", repr(shown), repr(answer.out))


def rope_in_any_form(t):
    """llama3 #299, transformers 4 and 5: rope_scaling in each of its forms loads alike."""
    new = dict(
        rope_type="llama3",
        factor=8.0,
        low_freq_factor=1.0,
        high_freq_factor=4.0,
        original_max_position_embeddings=8192,
    )
    for change in t.each(
        new=dict(rope_scaling=new),
        both=dict(rope_scaling=new | dict(type="llama3")),
        parameters=dict(rope_parameters=new | dict(rope_theta=10000.0)),
        old=dict(rope_scaling=dict(type="linear", factor=2.0)),
        none=dict(rope_scaling=None),
        default=dict(rope_scaling=dict(rope_type="default")),
    ):
        t.generate(folder("m", ABC, config_=change), "h", "--greedy", "-n", 3).gives(text="abc")


def properties_of_added_tokens(t):
    """tokenizers #917, #918, #1544: single_word, lstrip, rstrip and normalized, as the library
    (0.23.3) has them."""
    lower = {"type": "Lowercase"}
    a, b, m = ids("a")[0], ids("b")[0], 275
    space = ids(" ")[0]
    for flags, normalizer, text, right in t.each(
        word=(dict(single_word=True), None, "a <m> b", [a, space, m, space, b]),
        part=(dict(single_word=True), None, "a<m>b", ids("a<m>b")),
        accent=(dict(single_word=True), None, "é<m>", ids("é<m>")),
        left=(dict(lstrip=True), None, "a <m> b", [a, m, space, b]),
        right=(dict(rstrip=True), None, "<m> <m>", [m, m]),
        normal=(
            dict(normalized=True, special=False),
            lower,
            "A <M> b",
            [a, space, m, space, b],
        ),
    ):
        made = tokenizer(normalizer=normalizer)
        made["added_tokens"].append(added(m, "<m>", **flags))
        t.tokens(folder("m", None, tokenizer_=made), text).gives(ids=right)


def normalizers_that_remove(t):
    """tokenizers #1043: what a normaliser takes out does not keep its neighbours apart."""
    for text, right in t.each(symbol=("hel€lo", [HELLO]), plus=("1+2", [TOKENS.index("12")])):
        remove = {"type": "Replace", "pattern": {"Regex": "\\p{S}"}, "content": ""}
        t.tokens(folder("m", None, tokenizer_=tokenizer(normalizer=remove)), text).gives(ids=right)


def user_defined_first(t):
    """llama.cpp #8228: user-defined tokens of a GGUF are found before anything is split or
    merged."""
    tokens = [*TOKENS, "<tag>", "    "]
    types = {"<tag>": USER_DEFINED, "    ": USER_DEFINED}
    for text, right in t.each(
        tag=("a<tag>b", [*ids("a"), 275, *ids("b")]),
        spaces=("hello      x", [HELLO, 276, *ids("  x")]),
    ):
        gguf("m.gguf", gguf_keys(tokens=tokens, types=types, pre="gpt-2"), {})
        t.tokens("m.gguf", text).gives(ids=right)


def shared_heads(t):
    """Qwen3-VL-Embedding #89, vllm #6758, exllamav2 #408, TensorRT-LLM #3324: an lm_head that is
    missing, or there although it is shared, as transformers 5.24 has it; one that is missing is not
    made up."""
    embedding, head = "model.embed_tokens.weight", "lm_head.weight"
    tied = dict(config_=dict(tie_word_embeddings=True))
    without = lambda name: {k: v for k, v in ABC.items() if k != name}  # noqa: E731
    for model, kw, output in t.each(
        head_kept=(ABC, tied, ids("abc")),
        shared=(without(head), tied, [H, H, H]),
        only_head=(without(embedding), tied, [0, 0, 0]),
        missing=(without(head), {}, None),
        none=(without(embedding), {}, None),
    ):
        answer = t.generate(folder("m", model, **kw), "h", "--greedy", "-n", 3)
        if output is None:
            answer.exits(7).says("lm_head|embed_tokens")
        else:
            answer.gives(output_ids=output)
