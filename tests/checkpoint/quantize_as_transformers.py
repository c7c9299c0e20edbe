"""Does `nety quantize` write what transformers and bitsandbytes write? Needs the peers' environment.

  PEERS/bin/python quantize_as_transformers.py NETY SOURCE WORK [MODE ...]

SOURCE is a Hugging Face directory in fp32; WORK receives both sides' directories. For each mode,
transformers quantises and saves SOURCE, nety does, and every tensor must have the same name, type, shape and bytes, and config.json the
same values. Then transformers loads what nety wrote, and its logits are compared with nety's for the same directory: 4-bit with bitsandbytes'
fp32 path (the one for AVX512_BF16 computes otherwise, reference 2.7), int8 with its weights dequantised and fp32 activations, as
bitsandbytes computes in training. LLM.int8() itself rounds activations to fp16, so that a last bit changes a whole row (reference 1.6):
over 30 layers two correct programs differ by as much as either differs from exact activations. Asked is that ours, token by token (its
outliers are per call, ours per row), is no further from those than bitsandbytes.
Exit status 0 if all agree.
"""
import json
import os
import shutil
import subprocess
import sys

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

MODES = ["int8", "nf4", "nf4-dq", "fp4", "fp4-dq"]
TOKENS = [504, 33059, 418, 22632, 5751, 761, 719, 12934, 327, 20654, 929, 645, 16435, 2250, 2351, 484]
TOLERANCE = 5e-3  # largest difference of a logit
NO_FURTHER = 1.25  # mean difference from the logits of exact activations, ours over theirs


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


def model_in_fp32(directory):
    model = AutoModelForCausalLM.from_pretrained(directory, device_map="cpu", dtype=torch.float32).eval()
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
    return model


def one_by_one(model):
    rows, cache = [], None
    for token in TOKENS:
        out = model(torch.tensor([[token]]), past_key_values=cache, use_cache=True)
        cache = out.past_key_values
        rows.append(out.logits[0, 0].float())
    return torch.stack(rows)


def logits_of_nety(nety, directory, *options):
    file = directory + ".logits.safetensors"
    subprocess.run([nety, "-q", "logits", directory, "--tokens", ",".join(map(str, TOKENS)), "-o", file, *options], check=True)
    return load_file(file)["logits"]


def compare_logits(nety, directory, mode):
    model = model_in_fp32(directory)
    ours = logits_of_nety(nety, directory, *(["--mode", "fp32"] if mode == "int8" else []))
    with torch.no_grad():
        theirs = model.train(mode == "int8")(torch.tensor([TOKENS])).logits[0].float()
    worst = float((ours - theirs).abs().max())
    same = int((ours.argmax(-1) == theirs.argmax(-1)).sum())
    print(f"  transformers loads it; logits up to {float(theirs.abs().max()):.1f} differ by at most {worst:.2g} ({TOLERANCE} allowed), "
          f"same argmax at {same} of {len(TOKENS)}")
    if mode != "int8":
        return worst <= TOLERANCE
    with torch.no_grad():
        far = [float((logits - theirs).abs().mean()) for logits in (logits_of_nety(nety, directory), one_by_one(model.eval()))]
    print(f"  LLM.int8(): mean difference from exact activations {far[0]:.3f}, of bitsandbytes {far[1]:.3f} (ratio {far[0] / far[1]:.2f}, {NO_FURTHER} allowed)")
    return worst <= TOLERANCE and far[0] <= NO_FURTHER * far[1]


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
        agree &= compare_logits(nety, made, mode)
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
