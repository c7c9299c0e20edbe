"""Does `nety quantize` write what transformers and bitsandbytes write? Needs the peers' environment.

  PEERS/bin/python quantize_as_transformers.py NETY SOURCE WORK [MODE ...]

SOURCE is a Hugging Face directory in fp32 (peers/make_models.py makes one); WORK receives both sides' directories. For each mode,
transformers quantises and saves SOURCE, nety does, and every tensor must have the same name, type, shape and bytes, and config.json the
same values. Then transformers loads what nety wrote. Exit status 0 if all agree.
"""
import json
import os
import shutil
import subprocess
import sys

import torch
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

MODES = ["int8", "nf4", "nf4-dq", "fp4", "fp4-dq"]


def tensors_of(directory):
    found = {}
    for name in sorted(os.listdir(directory)):
        if not (name.startswith("model") and name.endswith(".safetensors")):
            continue
        with open(os.path.join(directory, name), "rb") as file:
            data = file.read()
        begin = 8 + int.from_bytes(data[:8], "little")
        for key, entry in json.loads(data[8:begin]).items():
            if key != "__metadata__":
                first, last = entry["data_offsets"]
                found[key] = entry["dtype"], entry["shape"], data[begin + first : begin + last]
    return found


def save_with_transformers(source, mode, directory):
    if mode == "int8":
        config = BitsAndBytesConfig(load_in_8bit=True)
    else:
        config = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type=mode[:3],
            bnb_4bit_use_double_quant=mode.endswith("-dq"),
            bnb_4bit_compute_dtype=torch.float32,
        )
    model = AutoModelForCausalLM.from_pretrained(source, quantization_config=config, device_map="cpu", dtype=torch.float32)
    model.save_pretrained(directory)


def within_an_ulp(ours, theirs):
    """The nested offset is a mean whose last bit depends on torch's thread count beyond 32,768 scales."""
    ours, theirs = json.loads(ours[2]), json.loads(theirs[2])
    a, b = (torch.tensor(state.pop("nested_offset")) for state in (ours, theirs))
    return ours == theirs and bool((a - b).abs() <= torch.finfo(torch.float32).eps * b.abs())


def compare(made, expected):
    ours, theirs = tensors_of(made), tensors_of(expected)
    different, near = [], 0
    for key in sorted(ours.keys() | theirs.keys()):
        if ours.get(key) == theirs.get(key):
            continue
        if key in ours and key in theirs and ".quant_state." in key and within_an_ulp(ours[key], theirs[key]):
            near += 1
        else:
            different.append(key)
    with open(os.path.join(made, "config.json")) as a, open(os.path.join(expected, "config.json")) as b:
        a, b = json.load(a), json.load(b)
    keys = [key for key in sorted(a.keys() | b.keys()) if a.get(key) != b.get(key)]
    print(f"  {len(theirs)} tensors, {len(different)} differ {different[:3]}, {near} offsets within an ulp; config differs in {keys}")
    return not different and not keys


def main():
    nety, source, work, *modes = sys.argv[1:]
    agree = True
    for mode in modes or MODES:
        made, expected = os.path.join(work, "nety-" + mode), os.path.join(work, "transformers-" + mode)
        shutil.rmtree(made, ignore_errors=True)
        if not os.path.exists(expected):
            save_with_transformers(source, mode, expected)
        subprocess.run([nety, "quantize", source, made, "--mode", mode], check=True)
        print(mode)
        agree &= compare(made, expected)
        model = AutoModelForCausalLM.from_pretrained(made, device_map="cpu")
        logits = model(torch.tensor([[1, 17, 42]])).logits
        print(f"  loads: {type(model).__name__}, logits finite: {bool(torch.isfinite(logits).all())}")
        agree &= bool(torch.isfinite(logits).all())
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
