"""The inputs of the cases, written by hand: a vocabulary, small models, GGUF files, safetensors
files and Hugging Face folders. Python's standard library only; the same bytes on every run."""

import json
import math
import os
import random
import struct
from array import array

DROP = object()  # as a value: leave this key out

# ---- a byte-level vocabulary: six special tokens, the 256 bytes, thirteen merges -----------------
SPECIAL = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|endoftext|>"]
UNK, BOS, EOS, IM_START, IM_END, END_OF_TEXT = range(6)
MERGES = "h e,l l,he ll,hell o,Ġ w,Ġw o,1 2,12 3,123 4,Ġ Ġ,a a,aa aa,aaaa aaaa".split(",")


def byte_letters():
    """The printable letters that stand for the 256 bytes in a byte-level vocabulary."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(b) if b in plain else chr(next(others)) for b in range(256)]


TOKENS = [*SPECIAL, *byte_letters(), *(m.replace(" ", "") for m in MERGES)]  # 275
HELLO = TOKENS.index("hello")


def ids(text):
    """The ids of the bytes of `text`: what the tokenizer gives where nothing merges."""
    return [len(SPECIAL) + b for b in text.encode()]


CHATML = (
    "{% for message in messages %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
CHATML_BOS = "{{ bos_token }}" + CHATML
PIECES = [
    "<unk>",
    "<s>",
    "</s>",
    *(f"<0x{b:02X}>" for b in range(256)),
    *"▁abcdefghilmnorstwxyz",
]  # SentencePiece's kind of vocabulary


# ---- models: {name: (type, shape, bytes)}, with the names of Hugging Face ------------------------
def sizes(**changes):
    return (
        dict(rows=len(TOKENS), dim=64, heads=4, kv=2, head=16, ffn=96, layers=1, context=256)
        | changes
    )


def shapes(c):
    q, kv = (c["heads"] * c["head"], c["dim"]), (c["kv"] * c["head"], c["dim"])
    layer = {
        "input_layernorm": (c["dim"],),
        "post_attention_layernorm": (c["dim"],),
        "self_attn.q_proj": q,
        "self_attn.k_proj": kv,
        "self_attn.v_proj": kv,
        "self_attn.o_proj": (q[1], q[0]),
        "mlp.gate_proj": (c["ffn"], c["dim"]),
        "mlp.up_proj": (c["ffn"], c["dim"]),
        "mlp.down_proj": (c["dim"], c["ffn"]),
    }
    return {
        "model.embed_tokens.weight": (c["rows"], c["dim"]),
        **{
            f"model.layers.{i}.{name}.weight": shape
            for i in range(c["layers"])
            for name, shape in layer.items()
        },
        "model.norm.weight": (c["dim"],),
        "lm_head.weight": (c["rows"], c["dim"]),
    }


def floats(shape, values):
    return "F32", tuple(shape), array("f", values).tobytes()


def speaker(says, c=None, second=(), logit=6.0):
    """A model that answers token i with says[i] whatever came before: its layers add nothing, the
    rows of its embedding are nearly orthogonal, and lm_head picks. logit: how sure it is;
    second[i]: its second choice, with two thirds of that."""
    c, draw = c or sizes(), random.Random(1)
    model = {
        name: (
            floats(shape, [1.0] * shape[0])
            if "norm" in name
            else ("F32", shape, bytes(4 * math.prod(shape)))
        )
        for name, shape in shapes(c).items()
    }
    rows = [
        [1.0 - 2.0 * (bits >> k & 1) for k in range(c["dim"])]
        for bits in (draw.getrandbits(c["dim"]) for _ in range(c["rows"]))
    ]
    head = [[0.0] * c["dim"] for _ in range(c["rows"])]
    for links, share in ((dict(says), 1), (dict(second), 2 / 3)):
        for i, j in links.items():
            head[j] = [h + e * share * logit / c["dim"] for h, e in zip(head[j], rows[i])]
    shape = (c["rows"], c["dim"])
    model["model.embed_tokens.weight"] = floats(shape, sum(rows, []))
    model["lm_head.weight"] = floats(shape, sum(head, []))
    return model


def chain(first, answer, last=None):
    """The links of a speaker that says the ids of `answer` after the token `first`, then repeats
    the last, or `last`."""
    links, at = {}, first
    for j in answer:
        links.setdefault(at, j)
        at = j
    links.setdefault(at, at if last is None else last)
    return links


def thinker(c=None, seed=1):
    """A model with random weights, in which everything counts."""
    c = c or sizes(dim=32, heads=4, kv=2, head=8, ffn=48, layers=2)
    draw, model = random.Random(seed), {}
    for name, shape in shapes(c).items():
        width = 0.3 if "norm" in name else 1.5 if "embed" in name or "lm_head" in name else 0.6
        middle = 1.0 if "norm" in name else 0.0
        model[name] = floats(
            shape, (middle + width * (draw.random() - 0.5) for _ in range(math.prod(shape)))
        )
    return model


# ---- safetensors and Hugging Face folders --------------------------------------------------------
def safetensors(path, model, pad=8):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, (kind, shape, values) in model.items():
        header[name] = {
            "dtype": kind,
            "shape": list(shape),
            "data_offsets": [len(data), len(data) + len(values)],
        }
        data += values
    text = json.dumps(header).encode()
    write(
        path,
        struct.pack("<Q", len(text) + -len(text) % pad) + text + b" " * (-len(text) % pad) + data,
    )


def config(c, **changes):
    made = dict(
        architectures=["LlamaForCausalLM"],
        model_type="llama",
        hidden_size=c["dim"],
        num_hidden_layers=c["layers"],
        num_attention_heads=c["heads"],
        num_key_value_heads=c["kv"],
        head_dim=c["head"],
        intermediate_size=c["ffn"],
        vocab_size=c["rows"],
        rms_norm_eps=1e-5,
        rope_theta=10000.0,
        max_position_embeddings=c["context"],
        hidden_act="silu",
        bos_token_id=BOS,
        eos_token_id=EOS,
        tie_word_embeddings=False,
        torch_dtype="float32",
    )
    return {key: value for key, value in (made | changes).items() if value is not DROP}


def added(id, text, **flags):
    return (
        dict(
            id=id,
            content=text,
            single_word=False,
            lstrip=False,
            rstrip=False,
            normalized=False,
            special=True,
        )
        | flags
    )


def tokenizer(tokens=TOKENS, special=SPECIAL, **changes):
    byte_level = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": True,
    }
    model = {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": False,
        "vocab": {text: i for i, text in enumerate(tokens)},
        "merges": [m.split(" ") for m in MERGES],
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [added(tokens.index(s), s) for s in special],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": None,
        "decoder": byte_level,
        "model": model,
    } | changes


BOS_FIRST = {
    "type": "TemplateProcessing",
    "single": [
        {"SpecialToken": {"id": "<s>", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
    ],
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
    "special_tokens": {"<s>": {"id": "<s>", "ids": [BOS], "tokens": ["<s>"]}},
}


def folder(
    path, model, c=None, config_=(), tokenizer_=None, tokenizer_config=(), generation=None, **files
):
    """A Hugging Face folder. config_ and tokenizer_config are changes to the usual ones; files:
    more files by name."""
    os.makedirs(path, exist_ok=True)
    usual = dict(
        tokenizer_class="PreTrainedTokenizerFast",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        chat_template=CHATML,
    )
    texts = {
        "config.json": config(c or sizes(), **dict(config_)),
        "tokenizer.json": tokenizer_ or tokenizer(),
        "generation_config.json": generation,
        "tokenizer_config.json": {
            k: v for k, v in (usual | dict(tokenizer_config)).items() if v is not DROP
        },
        **files,
    }
    for name, value in texts.items():
        if value is not None:
            write(
                os.path.join(path, name), value if isinstance(value, bytes) else json.dumps(value)
            )
    if model is not None:
        safetensors(os.path.join(path, "model.safetensors"), model)
    return path


# ---- GGUF ----------------------------------------------------------------------------------------
U16, U32, I32, F32, BOOL, STRING, ARRAY, U64 = 2, 4, 5, 6, 7, 8, 9, 10
PACK = {U16: "<H", U32: "<I", I32: "<i", F32: "<f", BOOL: "<B", U64: "<Q"}
TYPES = {"F32": 0, "F16": 1, "Q4_1": 3, "Q8_0": 8, "BF16": 30}
CONTROL, USER_DEFINED, NORMAL, UNKNOWN, BYTE, UNUSED = 3, 4, 1, 2, 6, 5


def typed(value, in_array=False):
    """(type, value) of a Python value; a tuple says both itself."""
    if isinstance(value, tuple):
        return value
    if isinstance(value, bool):
        return BOOL, value
    if isinstance(value, int):
        return I32 if in_array else U32, value
    if isinstance(value, float):
        return F32, value
    return (ARRAY, value) if isinstance(value, list) else (STRING, value)


def encoded(kind, value):
    if kind == STRING:
        value = value if isinstance(value, bytes) else value.encode()
        return struct.pack("<Q", len(value)) + value
    if kind == ARRAY:
        parts = [typed(v, in_array=True) for v in value]
        return struct.pack("<IQ", parts[0][0] if parts else I32, len(parts)) + b"".join(
            encoded(*p) for p in parts
        )
    return struct.pack(PACK[kind], value)


def gguf(path, keys, tensors, alignment=32, version=3, padded=True, tail=b""):
    """keys: {name: value} or pairs; tensors: {name: (type, shape, bytes)}."""
    keys = list(keys.items()) if isinstance(keys, dict) else keys
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(keys))
    for name, value in keys:
        kind, value = typed(value)
        head += encoded(STRING, name) + struct.pack("<I", kind) + encoded(kind, value)
    data = b""
    for name, (kind, shape, values) in tensors.items():
        data += bytes(-len(data) % alignment)
        head += (
            encoded(STRING, name)
            + struct.pack(f"<I{len(shape)}Q", len(shape), *reversed(shape))
            + struct.pack("<IQ", TYPES[kind], len(data))
        )
        data += values
    data += bytes(-len(data) % alignment) if padded else b""
    write(path, head + bytes(-len(head) % alignment) + data + tail)


def gguf_tensors(model, c=None):
    """The tensors with GGUF's names; rows of q and k in its order (rotary pairs side by side)."""
    names = [
        ("model.embed_tokens", "token_embd"),
        ("model.norm", "output_norm"),
        ("lm_head", "output"),
        ("model.layers", "blk"),
        ("input_layernorm", "attn_norm"),
        ("post_attention_layernorm", "ffn_norm"),
        ("self_attn.o_proj", "attn_output"),
        ("self_attn.", "attn_"),
        ("mlp.", "ffn_"),
        ("_proj.", "."),
    ]
    made, half = {}, (c or sizes())["head"] // 2
    for name, (kind, shape, values) in model.items():
        if ".q_proj" in name or ".k_proj" in name:
            rows = [
                values[i : i + len(values) // shape[0]]
                for i in range(0, len(values), len(values) // shape[0])
            ]
            values = b"".join(
                rows[h + part * half + i]
                for h in range(0, shape[0], 2 * half)
                for i in range(half)
                for part in (0, 1)
            )
        for old, new in names:
            name = name.replace(old, new)
        made[name] = kind, shape, values
    return made


def gguf_keys(c=None, tokens=TOKENS, types=(), **changes):
    """Keys of a Llama with the byte-level vocabulary. types: {token: type}; changes: a__b is the
    key a.b, others are keys of the tokenizer."""
    c = c or sizes()
    kinds = {s: CONTROL for s in SPECIAL} | dict(types)
    keys = {
        "general.architecture": "llama",
        "general.name": "small",
        "llama.context_length": c["context"],
        "llama.embedding_length": c["dim"],
        "llama.block_count": c["layers"],
        "llama.feed_forward_length": c["ffn"],
        "llama.attention.head_count": c["heads"],
        "llama.attention.head_count_kv": c["kv"],
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.freq_base": 10000.0,
        "llama.vocab_size": c["rows"],
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "llama-bpe",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [kinds.get(t, NORMAL) for t in tokens],
        "tokenizer.ggml.merges": MERGES,
        "tokenizer.ggml.bos_token_id": BOS,
        "tokenizer.ggml.eos_token_id": EOS,
        "tokenizer.chat_template": CHATML,
    }
    keys |= {
        key.replace("__", ".") if "__" in key else f"tokenizer.ggml.{key}": value
        for key, value in changes.items()
    }
    return {key: value for key, value in keys.items() if value is not DROP}


def write(path, content):
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
