#!/usr/bin/env python3
"""Writes end_texts.json: which of these texts llama.cpp takes for the end of an answer, and which
for control tokens, where a GGUF types them as normal and names no end. Needs xllamacpp (pip), whose
library exports llama.cpp's C functions:  make_end_texts.py tests/cases"""

import ctypes as C
import glob
import importlib.metadata
import json
import os
import sys
import tempfile

import xllamacpp

sys.path.insert(0, sys.argv[1])
from inputs import DROP, NORMAL, TOKENS, gguf, gguf_keys

TEXTS = """
<|im_end|> <|eot_id|> <|eom_id|> <end_of_turn> <turn|> <|end|> <|return|> <|call|> <|calls|>
<|endoftext|> <|end_of_text|> <end_of_utterance> <｜end▁of▁sentence｜> <EOT> _<EOT> </s> <eos>
[EOS] [e~[ <|fim_pad|> <fim-pad> <fim_pad> <PAD> [PAD] <|fim_repo|> <|repo_name|> <fim-repo>
<reponame> <REPO> <|file_sep|> <|tool_response> <|fim_prefix|> <|fim_suffix|> <|fim_middle|>
<fim-prefix> <fim-suffix> <fim-middle> <fim_prefix> <fim_suffix> <fim_middle> <PRE> <SUF> <MID>
<｜fim▁begin｜> <｜fim▁hole｜> <｜fim▁end｜> <|code_prefix|> <|code_suffix|> <|code_middle|> ▁<PRE>
▁<SUF> ▁<MID> <|eot|> <|EOT|> <|end_of_turn|> <|END_OF_TURN_TOKEN|> <|endofturn|> [|endofturn|]
<|message_end|> <s> <unk> <|im_start|> <|start_header_id|> <start_of_turn> <|user|>
<|assistant|>
""".split()

library = C.CDLL(glob.glob(os.path.join(os.path.dirname(xllamacpp.__file__), "*.so"))[0])


class Parameters(C.Structure):
    _fields_ = [("bytes", C.c_uint8 * 320)]  # llama_model_params, with room to spare


VOCAB_ONLY = 72  # where llama_model_params.vocab_only lies
library.llama_model_default_params.restype = Parameters
library.llama_model_load_from_file.argtypes, library.llama_model_load_from_file.restype = [
    C.c_char_p,
    Parameters,
], C.c_void_p
library.llama_model_get_vocab.argtypes, library.llama_model_get_vocab.restype = [
    C.c_void_p
], C.c_void_p
for name in ("llama_vocab_is_eog", "llama_vocab_is_control"):
    getattr(library, name).argtypes, getattr(library, name).restype = [
        C.c_void_p,
        C.c_int32,
    ], C.c_bool
library.llama_backend_init()


def ask(texts):
    """{text: [ends an answer, is a control token]} of these texts in a vocabulary."""
    taken = {"<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|endoftext|>"}
    tokens = [f"other{i}" if token in taken else token for i, token in enumerate(TOKENS)] + texts
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "m.gguf")
        gguf(
            path,
            gguf_keys(
                tokens=tokens,
                pre="gpt-2",
                bos_token_id=DROP,
                eos_token_id=DROP,
                token_type=[NORMAL] * len(tokens),
            ),
            {},
        )
        parameters = library.llama_model_default_params()
        parameters.bytes[VOCAB_ONLY] = 1
        vocabulary = library.llama_model_get_vocab(
            library.llama_model_load_from_file(path.encode(), parameters)
        )
    return {
        text: [
            library.llama_vocab_is_eog(vocabulary, len(TOKENS) + i),
            library.llama_vocab_is_control(vocabulary, len(TOKENS) + i),
        ]
        for i, text in enumerate(texts)
    }


alone = {text: ask([text])[text] for text in TEXTS}
golden = {
    "llama.cpp": f"xllamacpp {importlib.metadata.version('xllamacpp')}",
    "ends": [text for text in TEXTS if alone[text][0]],
    "control": [text for text in TEXTS if alone[text][1] and not alone[text][0]],
    "neither": [text for text in TEXTS if not any(alone[text])],
    "harmony": [
        {"tokens": tokens, "ends": [t for t, facts in ask(tokens).items() if facts[0]]}
        for tokens in (
            ["<|end|>", "<|return|>", "<|call|>"],
            ["<|end|>", "<|return|>"],
            ["<|end|>", "<|call|>"],
            ["<|end|>", "<|return|>", "<|calls|>"],
            ["<|im_end|>", "<|return|>", "<|call|>"],
        )
    ],
}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "end_texts.json"), "w") as file:
    json.dump(golden, file, indent=1, ensure_ascii=False)
    file.write("\n")
