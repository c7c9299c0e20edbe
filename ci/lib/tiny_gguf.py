"""Small Llama models as GGUF files, with random weights in one format: what ci/count runs. Python's
standard library only; the same bytes on every machine."""

import random
import struct

DIM, FFN, LAYERS, HEADS, KV_HEADS, VOCAB, CONTEXT = 512, 1024, 2, 8, 4, 512, 512

# Format: its number in GGUF, weights and bytes of a block, and where its fp16 scales stand: as
# ggml's own headers define the blocks.
FORMATS = {
    "f16": (1, 1, 2, ()),
    "q4_0": (2, 32, 18, (0,)),
    "q4_1": (3, 32, 20, (0, 2)),
    "q5_0": (6, 32, 22, (0,)),
    "q5_1": (7, 32, 24, (0, 2)),
    "q8_0": (8, 32, 34, (0,)),
    "q2_k": (10, 256, 84, (80, 82)),
    "q3_k": (11, 256, 110, (108,)),
    "q4_k": (12, 256, 144, (0, 2)),
    "q5_k": (13, 256, 176, (0, 2)),
    "q6_k": (14, 256, 210, (208,)),
    "iq4_nl": (20, 32, 18, (0,)),
    "iq4_xs": (23, 256, 136, (0,)),
    "iq3_s": (21, 256, 110, (0,)),
    "iq3_xxs": (18, 256, 98, (0,)),
    "iq2_s": (22, 256, 82, (0,)),
    "iq2_xs": (17, 256, 74, (0,)),
    "iq2_xxs": (16, 256, 66, (0,)),
    "iq1_s": (19, 256, 50, (0,)),
    "tq1_0": (34, 256, 54, (52,)),
    "tq2_0": (35, 256, 66, (64,)),
}


def matrix(draw, name, rows, cols):
    """Random blocks whose scales are small: any codes are weights."""
    number, weights, size, scales = FORMATS[name]
    if name == "f16":
        halves = [struct.pack("<e", draw.gauss(0, 0.05)) for _ in range(4096)]
        return number, b"".join(draw.choices(halves, k=rows * cols))
    count = rows * cols // weights
    data = bytearray(draw.randbytes(count * size))
    for at in scales:
        for block in range(count):
            struct.pack_into("<e", data, block * size + at, 0.002 + 0.01 * draw.random())
    return number, bytes(data)


def text(value):
    return struct.pack("<Q", len(value)) + value.encode()


def tensors(draw, name):
    """(tensor, its dimensions with the fastest first, its type, its bytes)"""

    def weights(tensor, rows, cols):
        return tensor + ".weight", (cols, rows), *matrix(draw, name, rows, cols)

    def norm(tensor):
        values = struct.pack(f"<{DIM}f", *(1 + 0.1 * draw.gauss(0, 1) for _ in range(DIM)))
        return tensor + ".weight", (DIM,), 0, values

    yield weights("token_embd", VOCAB, DIM)
    kv = DIM // HEADS * KV_HEADS
    for layer in range(LAYERS):
        at = f"blk.{layer}."
        yield norm(at + "attn_norm")
        for part, rows, cols in (("attn_q", DIM, DIM), ("attn_k", kv, DIM), ("attn_v", kv, DIM)):
            yield weights(at + part, rows, cols)
        yield weights(at + "attn_output", DIM, DIM)
        yield norm(at + "ffn_norm")
        yield weights(at + "ffn_gate", FFN, DIM)
        yield weights(at + "ffn_up", FFN, DIM)
        yield weights(at + "ffn_down", DIM, FFN)
    yield norm("output_norm")
    yield weights("output", VOCAB, DIM)


def write(path, name):
    """A model whose matrices are all in format `name`."""
    draw = random.Random(7)
    keys = [("general.architecture", "llama"), ("llama.context_length", CONTEXT),
            ("llama.embedding_length", DIM), ("llama.block_count", LAYERS),
            ("llama.feed_forward_length", FFN), ("llama.attention.head_count", HEADS),
            ("llama.attention.head_count_kv", KV_HEADS), ("llama.rope.dimension_count", DIM // HEADS),
            ("llama.vocab_size", VOCAB), ("llama.attention.layer_norm_rms_epsilon", 1e-5)]
    head, data, count = b"", b"", 0
    for key, value in keys:
        head += text(key)
        if isinstance(value, str):
            head += struct.pack("<I", 8) + text(value)
        elif isinstance(value, int):
            head += struct.pack("<II", 4, value)
        else:
            head += struct.pack("<If", 6, value)
    for tensor, dimensions, number, values in tensors(draw, name):
        data += bytes(-len(data) % 32)
        head += text(tensor) + struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions)
        head += struct.pack("<IQ", number, len(data))
        data += values
        count += 1
    head = b"GGUF" + struct.pack("<IQQ", 3, count, len(keys)) + head
    with open(path, "wb") as file:
        file.write(head + bytes(-len(head) % 32) + data)
