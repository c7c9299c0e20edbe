#!/usr/bin/env python3
"""Trains small tokenizers with the PyPI packages `tokenizers` and `sentencepiece` and records what
they make of hostile texts: the golden data of tests/tokenizer. Run it with the versions below;
everything is seeded, so the files come out the same.

    python make_tokenizers.py [--cases N] [--out FOLDER]

tokenizers 0.23.3, sentencepiece 0.2.3
"""
import argparse
import json
import pathlib
import random
import tempfile
import unicodedata

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, processors, trainers

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
# GPT-4o, Phi-4-mini, gpt-oss: words end where lower case does, with what English joins to them.
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
# DeepSeek LLM: letters with case, as ranges of its own; see core/tokenizer/gguf_pre_tokenizers.cpp.
DEEPSEEK_PUNCTUATION = r"\s?[!-/:-~！-／：-～‘-‟　-。]+"
DEEPSEEK_CJK = "[一-龥ࠀ-一가-\ud7ff]+"

SENTENCES = """
The lighthouse keeper counts the ships that pass before midnight, and writes 3 numbers in a book.
She'll say that they've seen 1024 waves; we don't believe it, but it's what he'd said in 1987!
A token is a piece of text: a word, half a word, a space, or a single byte. Isn't that enough?
Le phare éclaire la côte où l'été s'achève; naïve, la garçonne déjà rêvait d'un cœur à Noël.
Der Leuchtturm grüßt die Schiffe: über zwölf Möwen fliegen, und größer wird die Straße nicht.
Маяк светит кораблям всю ночь, и никто не считает волны, кроме старого смотрителя.
Ο φάρος φωτίζει τη θάλασσα και τα πλοία περνούν αργά.
المنارة تضيء البحر ليلا والسفن تمر ببطء ٣٤٥
灯台は夜の海を照らし、船はゆっくりと通り過ぎる。灯塔照亮大海，船只慢慢驶过。
등대가 밤바다를 비추고 배가 천천히 지나간다.
for (int i = 0; i < 128; ++i) { total += values[i] * 2; }  // sum of the values
def lighthouse(height, lamps=2):\n    return {"height": height, "lamps": lamps}\n
    \t<div class="lamp">on</div>\r\n\r\n\t\tx = y ** 2 != z;\n\n\n
😀 👩‍🚀 sailed past the 🗼 with 🏳️‍🌈 flags.
""".strip("\n").split("\n")
CORPUS = [line.encode().decode("unicode_escape").encode("latin-1").decode() if "\\" in line
          else line for line in SENTENCES]


def corpus():
    rng = random.Random(1)
    words = [w for line in CORPUS for w in line.split(" ")]
    yield from CORPUS * 20
    for _ in range(400):
        yield " ".join(rng.choice(words) for _ in range(rng.randrange(3, 12)))


HOSTILE = [
    "", " ", "  ", "   ", "\n", "\r\n", "\n\n\n", "\t", "\r", "a", "aa", "\x00", "a\x00b", "\x7f",
    "Hello world", "  leading", "trailing   ", "a  b   c    d", "tab\tand\nnew\r\n\n\n end \n ",
    "don't I'LL we'Re 'tis it’s 'S 'ſ x'K", "123456789 3.14 1,000 ٣٤٥ ½ Ⅷ ² ①",
    "naïve café œuvre", "e\u0301 vs \u00e9, \u1e9b\u0323", "ﬁ ① Ⅷ ％ Å",
    "日本語のテキスト、漢字。", "灯塔照亮大海，船只 한국어 등대", "مرحبا بالعالم ٠١٢", "Привет, мир!",
    "😀👩‍👩‍👧‍👦🏳️‍🌈🇫🇷👍🏽", "\u200bzero\u200bwidth\ufeff", "\u00a0nbsp\u2009thin\u3000wide\u1680ogham\u180emongol",
    "\u0085next\u2028line\u2029par", "\U0001f5fc\U00031350\U0001e030\U00016d40\U00010d4a",
    "\ufffe\uffff\U0010ffff\ue000", "a" * 70, " " * 70, "\n" * 40, "-" * 33, "ab" * 40,
    "<s>", "</s>", "<unk>", "<|end|>", "<|end|><|end|>", "x<|end|>y", " <|end|> ", "<|en", "<|end|",
    "<s> a</s> b <|start|>user\nhi<|end|>\n", "<0x41> <0x0A> <0xe2>", "▁ ▁▁a ▁b", "Ġ ĊĠ Ã©",
    "x=y**2;//comment", "C:\\path\\to\\file", "https://example.org/a?b=c&d=e#f", "0x7fff_ffff",
    "snake_case camelCase PascalCase kebab-case", "if (a[i]) { return -1; }\n\t\t// x\n",
    "The lighthouse keeper's 3 ships.", "Le phare éclaire la côte où l'été s'achève.",
    "Маяк светит кораблям всю ночь", "for (int i = 0; i < 128; ++i) { total += values[i] * 2; }",
]


def assigned():
    return [chr(c) for c in range(0x110000)
            if not 0xd800 <= c < 0xe000 and unicodedata.category(chr(c))[0] in "LMNPSZ"]


def random_texts(count, seed):
    """Texts of every script, with the characters that patterns treat specially over-represented."""
    rng = random.Random(seed)
    anything = assigned()
    spaces = [" "] * 8 + list("\t\n\r\n\n\x0b\x0c\u0085\u00a0\u1680\u2003\u2028\u202f\u205f\u3000\u180e\u200b")
    digits = list("0123456789٣५๙²½Ⅷ〇") + ["\U0001d7d8", "\U00010d40"]
    contractions = ["'s", "'T", "'re", "'VE", "'m", "'Ll", "'d", "’s", "'ſ"]
    tokens = ["<|end|>", "<|start|>", "<s>", "</s>", "<|en", "▁", "Ġ", "<0x0A>"]
    words = [w for line in CORPUS for w in line.split(" ") if w]

    def piece():
        kind = rng.randrange(12)
        if kind < 3:
            return rng.choice(words)
        if kind < 5:
            return "".join(rng.choice(spaces) for _ in range(rng.randrange(1, 5)))
        if kind < 6:
            return "".join(rng.choice(digits) for _ in range(rng.randrange(1, 6)))
        if kind < 7:
            return rng.choice(contractions)
        if kind < 8:
            return "".join(chr(rng.randrange(33, 127)) for _ in range(rng.randrange(1, 8)))
        if kind < 9:
            return rng.choice(tokens)
        if kind < 10:  # neighbours in one script
            start = ord(rng.choice(anything))
            near = (chr(start + rng.randrange(16)) for _ in range(rng.randrange(1, 6)))
            return "".join(c for c in near if c < "\ud800" or "\udfff" < c <= "\U0010ffff")
        if kind < 11:
            return "".join(rng.choice(anything) for _ in range(rng.randrange(1, 4)))
        return rng.choice(["\u0301", "\u200d", "\ufe0f", "\u0345", "\x00", "\ue000", "\U0001f3fd"])

    return ["".join(piece() for _ in range(rng.randrange(1, 12))) for _ in range(count)]


def byte_level_bpe(size, pre_tokenizer, specials, normalizer=None, **options):
    tokenizer = Tokenizer(models.BPE(**options))
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=size, special_tokens=specials, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return tokenizer


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(pattern), behavior, invert)


def byte_level(**options):
    return pre_tokenizers.ByteLevel(**{"add_prefix_space": False, "use_regex": True, **options})


def deepseek_pre_tokenizer():
    letters = deepseek_letters()
    return pre_tokenizers.Sequence([
        split("[\r\n]"), split(letters), split(DEEPSEEK_PUNCTUATION), split(r"\s+$"),
        split(DEEPSEEK_CJK), pre_tokenizers.Digits(individual_digits=True),
        byte_level(use_regex=False)])


def deepseek_letters():
    source = pathlib.Path(__file__).resolve().parents[3] / "core/tokenizer/gguf_pre_tokenizers.cpp"
    lines = source.read_text().split("kDeepseekLetters =", 1)[1].split(";", 1)[0].split("\n")
    return "".join(line.strip()[3:-2] for line in lines if line.strip())


def byte_level_tokenizers():
    end = ["<|end|>"]
    yield "gpt2", byte_level_bpe(700, byte_level(), end)
    yield "gpt2-prefix", byte_level_bpe(500, byte_level(add_prefix_space=True), end)
    yield "smollm", byte_level_bpe(
        700, pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level()]),
        ["<|end|>", "<|start|>"])
    llama3 = byte_level_bpe(
        900, pre_tokenizers.Sequence([split(LLAMA3), byte_level(use_regex=False)]), [],
        ignore_merges=True)
    llama3.add_special_tokens(["<s>", "<|start|>", "<|end|>"])
    llama3.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B",
                                      special_tokens=[("<s>", llama3.token_to_id("<s>"))])])
    yield "llama3", llama3
    yield "qwen2", byte_level_bpe(
        800, pre_tokenizers.Sequence([split(QWEN2), byte_level(use_regex=False)]),
        ["<|end|>", "<|start|>"], normalizers.NFC())
    yield "deepseek-llm", byte_level_bpe(800, deepseek_pre_tokenizer(), ["<s>", "</s>"],
                                         normalizers.Sequence([]))
    added = byte_level_bpe(400, byte_level(), end, normalizers.Lowercase())
    added.add_tokens([
        AddedToken("<|end|>x", special=False, normalized=False), AddedToken("new york"),
        AddedToken("lamp", single_word=True), AddedToken("<l>", lstrip=True, normalized=False),
        AddedToken("<r>", rstrip=True, normalized=False), AddedToken("Éa"), AddedToken("  two"),
        AddedToken("<b>", lstrip=True, rstrip=True, single_word=True, normalized=False)])
    yield "added-tokens", added


def more_byte_level_tokenizers():
    """After all others, whose random texts depend on their number."""
    yield "o200k", byte_level_bpe(
        800, pre_tokenizers.Sequence([split(O200K), byte_level(use_regex=False)]), ["<|end|>"])


def train_sentencepiece(folder, size):
    prefix = str(pathlib.Path(folder) / "model")
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([line for text in corpus() for line in text.splitlines()]),
        model_prefix=prefix, model_type="bpe", vocab_size=size, byte_fallback=True,
        character_coverage=0.99, split_digits=True, normalization_rule_name="identity",
        remove_extra_whitespaces=False, num_threads=1, minloglevel=2)
    return sentencepiece.SentencePieceProcessor(model_file=prefix + ".model")


def pieces_of(model):
    def kind(i):
        return (3 if model.is_control(i) else 2 if model.is_unknown(i) else
                6 if model.is_byte(i) else 5 if model.is_unused(i) else 1)
    size = model.vocab_size()
    return {"tokens": [model.id_to_piece(i) for i in range(size)],
            "scores": [model.get_score(i) for i in range(size)],
            "types": [kind(i) for i in range(size)]}


def merges_of(vocabulary, pieces):
    """Every way to join two tokens into a third, best score first."""
    merges = []
    for token, score, kind in zip(pieces["tokens"], pieces["scores"], pieces["types"]):
        if kind != 1:
            continue
        for cut in range(1, len(token)):
            left, right = token[:cut], token[cut:]
            if left in vocabulary and right in vocabulary:
                merges.append((-score, vocabulary[left], vocabulary[right], left, right))
    return [(left, right) for *_, left, right in sorted(merges)]


def sentencepiece_tokenizers(pieces):
    vocabulary = {token: i for i, token in enumerate(pieces["tokens"])}
    specials = [AddedToken(t, normalized=False, special=True) for t in ["<unk>", "<s>", "</s>"]]

    def build(**options):
        tokenizer = Tokenizer(models.BPE(vocabulary, merges_of(vocabulary, pieces), **{
            "unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True, **options}))
        tokenizer.add_special_tokens(specials)
        return tokenizer

    legacy = build()
    legacy.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    legacy.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(),
                                        decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    legacy.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    yield "llama2", legacy
    mistral = build()
    mistral.pre_tokenizer = pre_tokenizers.Metaspace("▁", "first", False)
    mistral.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(),
                                         decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    mistral.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
    yield "metaspace-first", mistral
    words = build(byte_fallback=False)
    words.pre_tokenizer = pre_tokenizers.Metaspace("▁", "always", True)
    words.decoder = decoders.Metaspace("▁", "always", True)
    yield "metaspace-unknown", words
    apart = build(byte_fallback=False, fuse_unk=False)
    apart.pre_tokenizer = pre_tokenizers.Metaspace("▁", "never", True)
    apart.decoder = decoders.Metaspace("▁", "never", True)
    yield "metaspace-never", apart


def component_cases(base):
    """The same model behind other normalisers, pre-tokenisers and decoders."""
    sequence = pre_tokenizers.Sequence
    pre = {
        "split-removed": split(r"\s+", "removed"), "split-isolated": split("[aeiou]+"),
        "split-previous": split("[-_a]", "merged_with_previous"),
        "split-next": split("[-_a]", "merged_with_next"),
        "split-contiguous": split("[-_0-9a]", "contiguous"),
        "split-invert": split(r"\w+", "removed", True), "split-invert-isolated": split(r"\p{L}+", "isolated", True),
        "split-string": pre_tokenizers.Split("a.", "isolated"), "split-empty": split("x*"),
        "split-lines": split(r"^\s*|\s*$", "isolated"), "split-possessive": split(r"\p{N}{1,3}+|\w++"),
        "split-word": split(r"\w+"), "split-not-word": split(r"\W+", "merged_with_previous"),
        "split-hex": split(r"\h+"), "split-not-letter": split(r"[^\p{L}\s]|\P{N}{2,4}", "isolated"),
        "split-set": split(r"[^\S\n]+|[\s\p{P}]"), "split-look": split(r"(?<=a)b|\s(?=\S)|(?m:<.)"),
        "digits": pre_tokenizers.Digits(individual_digits=False),
        "punctuation": pre_tokenizers.Punctuation("merged_with_previous"),
        "whitespace-split": pre_tokenizers.WhitespaceSplit(),
        "cl100k": split(r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"),
    }
    for name, part in pre.items():
        base.normalizer, base.decoder = None, decoders.ByteLevel()
        base.pre_tokenizer = sequence([part, byte_level(use_regex=False)])
        yield name, base
    base.pre_tokenizer = sequence([byte_level(use_regex=False), pre_tokenizers.Split("Ġ", "merged_with_next")])
    yield "split-after-byte-level", base
    base.pre_tokenizer = byte_level()
    forms = {
        "nfc": normalizers.NFC(), "nfd": normalizers.NFD(), "nfkc": normalizers.NFKC(),
        "nfkd": normalizers.NFKD(), "lowercase": normalizers.Lowercase(),
        "sequence": normalizers.Sequence([normalizers.NFD(), normalizers.Lowercase()]),
        "strip": normalizers.Strip(True, True), "strip-left": normalizers.Strip(True, False),
        "strip-right": normalizers.Strip(False, True), "prepend": normalizers.Prepend("ab"),
        "replace": normalizers.Replace("a", "bb"), "replace-regex": normalizers.Replace(Regex(r"\s+"), "-"),
    }
    for name, part in forms.items():
        base.normalizer = part
        yield name, base
    base.normalizer = None
    for name, part in {
            "decode-strip": decoders.Sequence([decoders.ByteLevel(), decoders.Fuse(), decoders.Strip(" ", 1, 2)]),
            "decode-strip-tokens": decoders.Sequence([decoders.Strip("a", 1, 0), decoders.Strip("s", 0, 1),
                                                       decoders.Replace("Ġ", "_")]),
            "decode-replace": decoders.Sequence([decoders.Replace(Regex("[aeiou]"), "*"), decoders.Fuse()]),
    }.items():
        base.decoder = part
        yield name, base
    base.decoder = None
    yield "decode-none", base


def encoded(tokenizer, texts):
    rows = []
    for text in texts:
        row = {"text": text, "ids": tokenizer.encode(text).ids}
        tokenizer.encode_special_tokens = True
        plain = tokenizer.encode(text, add_special_tokens=False).ids
        tokenizer.encode_special_tokens = False
        if plain != tokenizer.encode(text, add_special_tokens=False).ids:
            row["plain"] = plain  # special tokens read as text
        rows.append(row)
    return rows


def decoded(tokenizer, rows, rng, count):
    size = tokenizer.get_vocab_size()
    lists = [row["ids"] for row in rows[:count]]
    lists += [[rng.randrange(size) for _ in range(rng.randrange(1, 9))] for _ in range(count)]
    lists += [[rng.randrange(min(300, size)) for _ in range(rng.randrange(1, 9))] for _ in range(count)]
    rows = []
    for ids in lists:
        try:
            rows.append({"ids": ids, "text": tokenizer.decode(ids, skip_special_tokens=True),
                         "with_special": tokenizer.decode(ids, skip_special_tokens=False)})
        except BaseException as error:  # the library panics where Strip takes more than there is
            if type(error).__name__ != "PanicException":
                raise
    return rows


def write(path, value):
    path.write_text(json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n")


def byte_texts():
    """What Python makes of bytes that are not UTF-8."""
    rng = random.Random(5)
    samples = [b"\xff", b"a\xc3", b"\xc3(", b"\xe2\x82", b"\xe2\x82\xac\xe2", b"\xf0\x9f\x98",
               b"\xf0\x9f\x98\x80\xf0\x9f", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80",
               b"\xe0\x80\x80x", b"ab\x80\x80cd", b"\xf8\x88\x80\x80\x80", b"\xe2\x28\xa1"]
    samples += [bytes(rng.choice([0x41, 0x20, 0x80, 0xbf, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xed, 0xa0,
                                  0xf0, 0x9f, 0x98, 0xf4, 0xff]) for _ in range(rng.randrange(1, 12)))
                for _ in range(60)]
    return [{"bytes": s.hex(), "text": s.decode("utf-8", "replace")} for s in samples]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=40, help="random texts per tokenizer")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    options = parser.parse_args()
    folder = options.out
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        model = train_sentencepiece(scratch, 700)
        pieces = pieces_of(model)
    tokenizers = [*byte_level_tokenizers(), *sentencepiece_tokenizers(pieces), *more_byte_level_tokenizers()]
    names = []
    for number, (name, tokenizer) in enumerate(tokenizers):
        (folder / f"{name}.tokenizer.json").write_text(
            json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=True, separators=(",", ":")) + "\n")
        rows = encoded(tokenizer, HOSTILE + random_texts(options.cases, 100 + number))
        write(folder / f"{name}.cases.json",
              {"encode": rows, "decode": decoded(tokenizer, rows[5:], random.Random(number), 12)})
        names.append(name)
    texts = [t for t in HOSTILE + random_texts(options.cases, 7)
             if not any(s in t for s in ("<s>", "</s>", "<unk>"))]
    write(folder / "sentencepiece.json", {**pieces, "encode": [
        {"text": t, "ids": model.encode(t)} for t in texts]})
    base = byte_level_bpe(500, byte_level(), ["<|end|>"])
    texts = [t for t in HOSTILE if len(t) < 60] + random_texts(max(6, options.cases // 6), 8)
    components = []
    for name, tokenizer in component_cases(base):
        parts = json.loads(tokenizer.to_str())
        rows = [[tokenizer.encode(t).ids for t in texts]]
        rng = random.Random(9)
        components.append({
            "name": name, "ids": rows[0],
            **{key: json.dumps(parts[key], ensure_ascii=True)
               for key in ("normalizer", "pre_tokenizer", "decoder")},
            "decode": decoded(tokenizer, [{"ids": i} for i in rows[0][10:]], rng, 4)
            if name.startswith("decode") else []})
    write(folder / "components.json", {
        "texts": texts, "components": components,
        "model": json.dumps(json.loads(base.to_str())["model"], ensure_ascii=True, separators=(",", ":")),
        "added_tokens": json.dumps(json.loads(base.to_str())["added_tokens"])})
    write(folder / "bytes.json", byte_texts())


if __name__ == "__main__":
    main()
