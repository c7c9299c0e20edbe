"""Memory: what can be had is what the plan says, under every limit that applies."""

import math
import os
import resource
import subprocess

from inputs import *
from trial import Group, expect


def quantised_model(path):
    """36 MB of Q8_0, which the program copies into another order."""
    c = sizes(dim=1024, heads=16, kv=16, head=64, ffn=4096, layers=2)
    tensors = gguf_tensors(speaker({}, c))
    for name, (_, shape, _) in tensors.items():
        if len(shape) == 2:
            tensors[name] = ("Q8_0", shape, bytes(math.prod(shape) // 32 * 34))
    gguf(path, gguf_keys(c), tensors)


def page_cache_counts_as_available(t):
    """In a control group with a memory limit the cached pages of the model's own file, active ones
    too, can be dropped: the plan counts them as available, before and after the file was read."""
    c = sizes(dim=512, heads=8, kv=8, head=64, ffn=8192)
    gguf("m.gguf", gguf_keys(c), gguf_tensors(speaker({}, c)))  # 56 MB
    with open("m.gguf", "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    with Group("memory", limit=100_000_000) as group:
        available = []
        for reads in (0, 1, 4):
            for _ in range(reads):
                cat = ["cat", "m.gguf"]
                subprocess.run(cat, stdout=subprocess.DEVNULL, preexec_fn=group.join, check=True)
            fit = t.nety("fit", "m.gguf", "--json", before=group.join).ok().json()
            available.append(fit["available_bytes"])
    expect(min(available) > available[0] - 10_000_000, "as much each time, within 10 MB", available)


def second_run_in_a_small_group(t):
    """What ran once in a control group runs again, the first run's pages notwithstanding."""
    c = sizes(dim=512, heads=8, kv=8, head=64, ffn=4096)
    gguf("m.gguf", gguf_keys(c), gguf_tensors(speaker({}, c)))  # 30 MB
    with Group("memory", limit=80_000_000) as group:
        words = ("generate", "m.gguf", "--raw", "-p", "h", "-n", 1, "--mode", "stored")
        for _ in range(3):
            t.nety(*words, before=group.join).ok()


def address_space_in_the_plan(t):
    """Under ulimit -v what fit says of a mode is what happens: an answer, or exit status 8."""
    quantised_model("m.gguf")

    def limited(size):
        return lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size))

    def fit(size):
        plan = t.nety("fit", "m.gguf", "--json", before=limited(size)).ok().json()
        stored = next(mode for mode in plan["modes"] if mode["mode"] == "stored")
        return plan["available_bytes"], stored

    available, stored = fit(2 << 30)
    taken, fitted = (2 << 30) - available, []
    for share in (0.9, 1.1, 1.5, 2, 3, 5):
        size = taken + int(stored["needed_bytes"] * share)
        fits = fit(size)[1]["fits"]
        words = ("generate", "m.gguf", "--raw", "-p", "h", "-n", 2, "--mode", "stored")
        answer = t.nety(*words, before=limited(size))
        expected = "an answer, as it fits" if fits else "exit status 8, as it does not fit"
        expect(answer.rc == (0 if fits else 8), f"at {share} times the need {expected}", answer)
        fitted.append(fits)
    expect(fitted[-1] and not fitted[0], "a limit that does not fit and one that does", fitted)
