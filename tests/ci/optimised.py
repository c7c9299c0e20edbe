"""Files whose loops are timed, or are what time is spent in, are compiled at -O3 (at least -O2 where named).

  optimised.py COMPILE_COMMANDS
"""
import json
import re
import sys

FULLY = re.compile(r"/(core/(measure|kernels|precision|tokenizer|model|engine|base|backends/native)|bench/roofline)/")
SOMEWHAT = re.compile(r"/bench/(shape_weights|window_scorer|quality)\.cpp$")

seen, wrong = 0, []
for entry in json.load(open(sys.argv[1], encoding="utf-8")):
    file = entry["file"]
    plugin = " -o core/backends/torch/" in entry["command"]  # whose arithmetic is LibTorch's
    if plugin or "/tests/" in file or not (FULLY.search(file) or SOMEWHAT.search(file)):
        continue
    seen += 1
    level = re.findall(r"\s-O(\w)", entry["command"])[-1:]
    if level not in ([["3"]] if FULLY.search(file) else [["3"], ["2"]]):
        wrong.append(f"{file}: -O{level[0] if level else 0}")
if wrong or seen < 50:
    sys.exit(f"{seen} files looked at; not optimised:\n" + "\n".join(wrong))
print(f"{seen} files")
