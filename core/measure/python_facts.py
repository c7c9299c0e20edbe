"""Prints what a Python has of the stack that runs language models, as one JSON object.

Reads the packages' own metadata and imports none of them, so that it answers in a moment and
whatever is broken inside them. With the argument "import" it also imports torch and asks it."""

import importlib.metadata
import importlib.util
import json
import os
import re
import sys

sys.path = [folder for folder in sys.path if folder]
PACKAGES = ("torch", "transformers", "accelerate", "bitsandbytes", "safetensors", "numpy")


def version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def folder(package):
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    places = list(spec.submodule_search_locations or []) if spec else []
    return places[0] if places else None


def torch_cuda():
    """The CUDA that torch was built for; torch/version.py is where it says so itself."""
    place = folder("torch")
    if place is None:
        return ""
    try:
        with open(os.path.join(place, "version.py")) as file:
            found = re.search(r"^cuda[^=]*=\s*'([^']*)'", file.read(), re.M)
    except OSError:
        return ""
    return found.group(1) if found else ""


def bitsandbytes_libraries():
    place = folder("bitsandbytes")
    names = os.listdir(place) if place else []
    return place or "", sorted(n for n in names if n.startswith("libbitsandbytes_"))


def main():
    facts = {"python": ".".join(str(n) for n in sys.version_info[:3])}
    for package in PACKAGES:
        found = version(package)
        if found is not None:
            facts["package " + package] = found
    facts["torch_cuda"] = torch_cuda()
    facts["bitsandbytes_folder"], facts["bitsandbytes_libraries"] = bitsandbytes_libraries()
    if "import" in sys.argv[1:]:
        try:
            import torch

            facts["torch_capability"] = torch.backends.cpu.get_cpu_capability()
        except Exception as error:  # a broken torch is a fact
            facts["torch_error"] = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    print(json.dumps(facts), flush=True)


main()
