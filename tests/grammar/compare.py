#!/usr/bin/env python3
"""Asks jsonschema about documents that random walks through masks wrote.

    pip install 'jsonschema[format]' && python compare.py PROGRAM SCHEMAS [TOKENIZER [COUNT]]

PROGRAM is nety_grammar_walks. Exit code 77: jsonschema is not installed.
"""
import json
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: this Python has no jsonschema")
    sys.exit(77)


def main():
    program, schemas = sys.argv[1:3]
    tokenizer = sys.argv[3] if len(sys.argv) > 3 else "20000"
    count = sys.argv[4] if len(sys.argv) > 4 else "6"
    cases = json.load(open(schemas))["cases"]
    checkers = []
    for case in cases:
        schema = json.loads(case["schema"])
        checkers.append(jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER))
    lines = subprocess.run([program, "walks", schemas, tokenizer, count], check=True, capture_output=True, text=True).stdout
    ended = cut = bad = 0
    for line in lines.splitlines():
        walk = json.loads(line)
        schema = cases[walk["case"]]["schema"]
        if walk["end"] == "cut":
            cut += 1
            continue
        wrong = "stuck" if walk["end"] == "stuck" else None
        if not wrong:
            ended += 1
            try:
                error = next(checkers[walk["case"]].iter_errors(json.loads(walk["text"])), None)
                wrong = error and error.message
            except ValueError as error:
                wrong = str(error)
        if wrong:
            bad += 1
            print(f"{schema}\n  {walk['text']!r}\n  {wrong}")
    print(f"{ended} documents valid or not as told above: {bad} wrong; {cut} walks cut")
    if bad or ended < 4 * cut:
        sys.exit(1)


if __name__ == "__main__":
    main()
