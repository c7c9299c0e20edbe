#!/usr/bin/env python3
"""Writes sampling.json: which tokens may be drawn, and how likely each is, by transformers' logits
processors and by llama.cpp's samplers, each in its own order; and log-probabilities by torch. Needs
torch, transformers and xllamacpp (pip), whose library exports llama.cpp's C functions."""

import ctypes as C
import glob
import importlib.metadata
import json
import os
import random

import torch
import xllamacpp
from transformers.generation import logits_process as warp

library = C.CDLL(glob.glob(os.path.join(os.path.dirname(xllamacpp.__file__), "*.so"))[0])


class TokenData(C.Structure):
    _fields_ = [("id", C.c_int32), ("logit", C.c_float), ("p", C.c_float)]


class TokenList(C.Structure):
    _fields_ = [("data", C.POINTER(TokenData)), ("size", C.c_size_t), ("selected", C.c_int64), ("sorted", C.c_bool)]


class LogitBias(C.Structure):
    _fields_ = [("token", C.c_int32), ("bias", C.c_float)]


def sampler(name, *arguments):
    function = getattr(library, "llama_sampler_init_" + name)
    function.restype = C.c_void_p
    return C.c_void_p(function(*arguments))


library.llama_sampler_apply.argtypes = [C.c_void_p, C.POINTER(TokenList)]
library.llama_sampler_accept.argtypes = [C.c_void_p, C.c_int32]


def by_llama_cpp(case):
    """The order of common_params_sampling. Its penalties count the prompt, so a case that has
    frequency or presence penalties has none."""
    o = case["options"]
    bias = (LogitBias * len(case["bias"]))(*[LogitBias(*one) for one in case["bias"]])
    penalties = sampler(
        "penalties",
        C.c_int32(len(case["logits"])),
        C.c_int32(o.get("penalty_window", 1000)),
        C.c_float(o.get("repeat_penalty", 1)),
        C.c_float(o.get("frequency_penalty", 0)),
        C.c_float(o.get("presence_penalty", 0)),
    )
    for token in case["past"]:
        library.llama_sampler_accept(penalties, token)
    one = C.c_size_t(1)
    chain = [
        sampler("logit_bias", C.c_int32(len(case["logits"])), C.c_int32(len(case["bias"])), bias),
        penalties,
        sampler("top_n_sigma", C.c_float(o.get("top_n_sigma", 0))),
        sampler("top_k", C.c_int32(o.get("top_k", 0))),
        sampler("typical", C.c_float(o.get("typical", 1)), one),
        sampler("top_p", C.c_float(o.get("top_p", 1)), one),
        sampler("min_p", C.c_float(o.get("min_p", 0)), one),
        sampler("temp", C.c_float(o.get("temperature", 1))),
    ]
    data = (TokenData * len(case["logits"]))(*[TokenData(i, x, 0) for i, x in enumerate(case["logits"])])
    tokens = TokenList(data, len(data), -1, False)
    for step in chain:
        library.llama_sampler_apply(step, C.byref(tokens))
    scores = torch.full([len(case["logits"])], -torch.inf)
    for i in range(tokens.size):
        scores[tokens.data[i].id] = tokens.data[i].logit
    return scores


def by_transformers(case):
    """The order of _get_logits_processor() in generation/utils.py."""
    o = case["options"]
    steps = []
    if case["bias"]:
        steps.append(warp.SequenceBiasLogitsProcessor({(token,): bias for token, bias in case["bias"]}))
    if "repeat_penalty" in o:
        steps.append(warp.RepetitionPenaltyLogitsProcessor(float(o["repeat_penalty"])))
    if "temperature" in o:
        steps.append(warp.TemperatureLogitsWarper(float(o["temperature"])))
    if "top_k" in o:
        steps.append(warp.TopKLogitsWarper(o["top_k"]))
    if "top_p" in o:
        steps.append(warp.TopPLogitsWarper(o["top_p"]))
    if "min_p" in o:
        steps.append(warp.MinPLogitsWarper(o["min_p"]))
    if "typical" in o:
        steps.append(warp.TypicalLogitsWarper(o["typical"]))
    past = case["past"][max(0, len(case["past"]) - o.get("penalty_window", 1 << 20)) :]
    ids = torch.tensor([past], dtype=torch.long)
    scores = torch.tensor([case["logits"]])
    for step in steps:
        scores = step(ids, scores)
    return scores[0]


def distribution(scores):
    chances = scores.double().softmax(-1)
    ids = [i for i in range(len(scores)) if scores[i] > -torch.inf]
    ids.sort(key=lambda i: (-chances[i], i))
    return {"ids": ids, "probabilities": [round(float(chances[i]), 9) for i in ids]}


VALUES = {
    "temperature": [0.2, 0.7, 1.3, 3.0],
    "top_k": [1, 5, 20],
    "top_p": [0.3, 0.8, 0.95],
    "min_p": [0.01, 0.05, 0.3],
    "typical": [0.2, 0.6, 0.95],
    "top_n_sigma": [0.5, 1.0, 2.0],
    "repeat_penalty": [1.1, 1.8, 0.8],
    "frequency_penalty": [0.5, 2.0, -1.0],
    "presence_penalty": [0.7, -0.4],
}
ONLY_LLAMA_CPP = {"top_n_sigma", "frequency_penalty", "presence_penalty"}


def one_case(rng, order, names):
    vocabulary = rng.choice([7, 40, 150])
    options = {name: rng.choice(VALUES[name]) for name in names}
    past = [rng.randrange(vocabulary) for _ in range(rng.choice([0, 5, 30]))] if vocabulary > 7 else [1, 1, 4]
    counts_answer = {"frequency_penalty", "presence_penalty"} & set(names)
    if rng.random() < 0.4 and any("penalty" in name for name in names):
        options["penalty_window"] = rng.choice([0, 3, 12])
    return {
        "order": order,
        "logits": [round(rng.gauss(0, 3), 6) for _ in range(vocabulary)],
        "past": past,
        "answer": len(past) if counts_answer else rng.randrange(len(past) + 1),
        "options": options,
        "bias": [[rng.randrange(vocabulary), rng.choice([-100.0, -1.5, 2.0])]] if rng.random() < 0.3 else [],
    }


def cases():
    rng = random.Random(20260)
    for order, apply in (("transformers", by_transformers), ("llama.cpp", by_llama_cpp)):
        known = [name for name in VALUES if order == "llama.cpp" or name not in ONLY_LLAMA_CPP]
        chosen = [[name] for name in known for _ in range(3)] + [[]]
        chosen += [rng.sample(known, rng.randrange(2, len(known) + 1)) for _ in range(40)]
        for names in chosen:
            # llama.cpp leaves tokens that top-n-sigma drops in its list, and typical takes 0 * log 0 of them.
            if "top_n_sigma" in names and "typical" in names:
                names.remove("typical")
            case = one_case(rng, order, names)
            yield {**case, "expected": distribution(apply(case))}


def logprobs():
    rng = random.Random(7)
    for vocabulary, scale in ((5, 1), (60, 4), (300, 12)):
        logits = [round(rng.gauss(0, scale), 6) for _ in range(vocabulary)]
        values = torch.tensor(logits).double().log_softmax(-1)
        best = sorted(range(vocabulary), key=lambda i: (-values[i], i))[:20]
        yield {"logits": logits, "best": best, "logprobs": [round(float(x), 6) for x in values]}


versions = {name: importlib.metadata.version(name) for name in ("torch", "transformers", "xllamacpp")}
out = {"versions": versions, "cases": list(cases()), "logprobs": list(logprobs())}
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sampling.json")
with open(path, "w") as file:
    file.write('{"versions": ' + json.dumps(out["versions"]) + ',\n"cases": [\n')
    file.write(",\n".join(json.dumps(case) for case in out["cases"]) + '\n],\n"logprobs": [\n')
    file.write(",\n".join(json.dumps(case) for case in out["logprobs"]) + "\n]}\n")
