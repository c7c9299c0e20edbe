"""A tiny Llama in GGUF's Q8_K, which no mode of the project reads, and its twin in fp32.

  float_scaled_gguf.py make FOLDER             writes FOLDER/q8_k.gguf and FOLDER/f32.gguf
  float_scaled_gguf.py compare STORED WIDENED TWIN   logits (safetensors) of the first as stored, of the first in
                                          fp32, and of the twin in fp32; fails where they are not what they should be
"""
import array
import json
import math
import random
import struct
import sys

F32, Q8_K = 0, 15  # ggml.h, enum ggml_type
BLOCK = 256
DIM, LAYERS, HEADS, KV_HEADS, FFN, VOCAB = 256, 2, 4, 2, 512, 64
# Rounding activations to 8 bits per block: tests/model/native_conformance_test.cpp, kLargeBlocks.
ROUNDED = 0.2


def half(value):
    return struct.unpack("<e", struct.pack("<e", value))[0]


def block_of(codes, scale):
    """ggml-quants.c, dequantize_row_q8_K: the scale, the codes, and their sums by 16."""
    sums = [sum(codes[i:i + 16]) for i in range(0, BLOCK, 16)]
    return struct.pack(f"<f{BLOCK}b16h", scale, *codes, *sums)


def random_matrix(rng, rows, cols):
    """Blocks of codes, and the numbers that they stand for."""
    blocks, weights = bytearray(), array.array("f")
    for _ in range(rows * cols // BLOCK):
        codes = [rng.randrange(-127, 128) for _ in range(BLOCK)]
        scale = half((0.5 + rng.random()) * 1.6 / math.sqrt(cols) / 127)
        blocks += block_of(codes, scale)
        weights.extend(code * scale for code in codes)
    return bytes(blocks), weights.tobytes()


def text(value):
    return struct.pack("<Q", len(value)) + value.encode()


def write_gguf(path, tensors):
    """GGUF version 3: metadata, a row per tensor (name, shape, type, offset), data aligned to 32 bytes."""
    metadata = [("general.architecture", "llama")] + [("llama." + key, value) for key, value in (
        ("block_count", LAYERS), ("embedding_length", DIM), ("feed_forward_length", FFN), ("context_length", 64),
        ("attention.head_count", HEADS), ("attention.head_count_kv", KV_HEADS), ("vocab_size", VOCAB),
        ("attention.layer_norm_rms_epsilon", 1e-5))]
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    for key, value in metadata:
        header += text(key)
        if isinstance(value, str):
            header += struct.pack("<I", 8) + text(value)
        else:
            header += struct.pack("<If" if isinstance(value, float) else "<II", 6 if isinstance(value, float) else 4,
                                  value)
    data = b""
    for name, shape, kind, content in tensors:
        header += text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *reversed(shape))
        header += struct.pack("<IQ", kind, len(data))
        data += content + bytes(-len(content) % 32)
    with open(path, "wb") as file:
        file.write(header + bytes(-len(header) % 32) + data)


def make(folder):
    rng = random.Random(1)
    stored, twin = [], []

    def vector(name):
        ones = array.array("f", [1 + 0.1 * rng.random() for _ in range(DIM)]).tobytes()
        for tensors in (stored, twin):
            tensors.append((name, [DIM], F32, ones))

    def matrix(name, rows, cols):
        blocks, weights = random_matrix(rng, rows, cols)
        stored.append((name, [rows, cols], Q8_K, blocks))
        twin.append((name, [rows, cols], F32, weights))

    matrix("token_embd.weight", VOCAB, DIM)
    matrix("output.weight", VOCAB, DIM)
    vector("output_norm.weight")
    for layer in range(LAYERS):
        prefix = f"blk.{layer}."
        vector(prefix + "attn_norm.weight")
        vector(prefix + "ffn_norm.weight")
        for name, rows, cols in (("attn_q", DIM, DIM), ("attn_k", DIM * KV_HEADS // HEADS, DIM),
                                 ("attn_v", DIM * KV_HEADS // HEADS, DIM), ("attn_output", DIM, DIM),
                                 ("ffn_gate", FFN, DIM), ("ffn_up", FFN, DIM), ("ffn_down", DIM, FFN)):
            matrix(f"{prefix}{name}.weight", rows, cols)
    write_gguf(folder + "/q8_k.gguf", stored)
    write_gguf(folder + "/f32.gguf", twin)


def logits(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        begin, end = header["logits"]["data_offsets"]
        values = array.array("f", file.read()[begin:end])
    if not values or not all(math.isfinite(value) for value in values):
        sys.exit(f"{path}: logits that are no numbers")
    return values


def compare(stored, widened, twin):
    stored, widened, twin = logits(stored), logits(widened), logits(twin)
    if widened != twin:
        sys.exit("the file widened to fp32 does not give the bits of its twin")
    size = math.sqrt(sum(value * value for value in twin) / len(twin))
    worst = max(abs(a - b) for a, b in zip(stored, twin)) / size
    print(f"as stored, the worst logit is off by {worst:.4f} of their root mean square")
    if not 0 < worst < ROUNDED:
        sys.exit("the file as stored does not give the logits of its twin")


{"make": make, "compare": compare}[sys.argv[1]](*sys.argv[2:])
