"""Is a tokenizer.json made from GGUF metadata read as meant? Needs the peers' environment (gguf, sentencepiece, tokenizers, transformers).

  PEERS/bin/python compare_tokenizers.py NETY TEXT WORK

Trains a SentencePiece BPE on TEXT, puts it into a small GGUF, has nety write that as a directory, and compares the ids and the decoded
text of 3000 pieces of TEXT with SentencePiece's own. Exit status 0 if all agree.
"""
import os
import random
import shutil
import subprocess
import sys

import numpy as np
import sentencepiece
from gguf import GGUFWriter
from tokenizers import Tokenizer
from transformers import AutoTokenizer


def train(text, prefix):
    sentencepiece.SentencePieceTrainer.train(
        input=text, model_prefix=prefix, vocab_size=1200, model_type="bpe", byte_fallback=True, character_coverage=0.999,
        normalization_rule_name="identity", remove_extra_whitespaces=False, split_digits=True, user_defined_symbols=["<mask>"], hard_vocab_limit=False)
    return sentencepiece.SentencePieceProcessor(model_file=prefix + ".model")


def kind(pieces, i):
    if pieces.is_unknown(i): return 2
    if pieces.is_control(i): return 3
    if pieces.is_byte(i): return 6
    if pieces.is_unused(i): return 5
    return 4 if pieces.id_to_piece(i) == "<mask>" else 1


def write_gguf(pieces, path, hidden=32):
    n = pieces.vocab_size()
    w = GGUFWriter(path, "llama")
    w.add_name("tiny"); w.add_block_count(1); w.add_context_length(64); w.add_embedding_length(hidden); w.add_feed_forward_length(hidden)
    w.add_head_count(2); w.add_head_count_kv(1); w.add_layer_norm_rms_eps(1e-5); w.add_rope_dimension_count(hidden // 2); w.add_vocab_size(n)
    w.add_tokenizer_model("llama"); w.add_token_list([pieces.id_to_piece(i) for i in range(n)])
    w.add_token_scores([pieces.get_score(i) for i in range(n)]); w.add_token_types([kind(pieces, i) for i in range(n)])
    w.add_bos_token_id(1); w.add_eos_token_id(2); w.add_unk_token_id(0)
    rng = np.random.default_rng(1)
    shapes = {"token_embd": (n, hidden), "output": (n, hidden), "blk.0.attn_q": (hidden, hidden), "blk.0.attn_k": (hidden // 2, hidden),
              "blk.0.attn_v": (hidden // 2, hidden), "blk.0.attn_output": (hidden, hidden), "blk.0.ffn_gate": (hidden, hidden),
              "blk.0.ffn_up": (hidden, hidden), "blk.0.ffn_down": (hidden, hidden)}
    for name, shape in shapes.items(): w.add_tensor(name + ".weight", rng.standard_normal(shape).astype(np.float32))
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"): w.add_tensor(name + ".weight", np.ones(hidden, np.float32))
    w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()


def main():
    nety, text_file, work = sys.argv[1:]
    os.makedirs(work, exist_ok=True)
    gguf, made = os.path.join(work, "tiny.gguf"), os.path.join(work, "tiny")
    pieces = train(text_file, os.path.join(work, "pieces"))
    write_gguf(pieces, gguf)
    shutil.rmtree(made, ignore_errors=True)
    subprocess.run([nety, "quantize", gguf, made, "--mode", "bf16"], check=True)
    tokenizer = Tokenizer.from_file(os.path.join(made, "tokenizer.json"))
    with open(text_file, encoding="utf-8") as file: text = file.read()
    random.seed(1)
    cases = [text[i : i + random.randint(1, 200)] for i in (random.randrange(len(text)) for _ in range(3000))]
    cases += ["", " ", "  ", "a  b", "\n\n x", "\U0001f600 \u00fc", "\u00df" * 50, "12345"]
    bad = 0
    for case in cases:
        ids = pieces.encode(case)
        bad += tokenizer.encode(case, add_special_tokens=False).ids != ids or tokenizer.decode(ids) != pieces.decode(ids)
    both = AutoTokenizer.from_pretrained(made)("hi").input_ids
    print(f"{len(cases)} texts, {bad} differ; with BOS: {both}")
    return 0 if bad == 0 and both[0] == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
