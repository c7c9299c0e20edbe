#!/usr/bin/env python3
"""usage: mistakes_test.py BUILD: documents with a mistake each, which run must find, and one without."""

import contextlib
import importlib.machinery
import importlib.util
import io
import os
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)

loader = importlib.machinery.SourceFileLoader("run", os.path.join(HERE, "run"))
run = importlib.util.module_from_spec(importlib.util.spec_from_loader("run", loader))
loader.exec_module(run)

from document import commands, typed_part  # noqa: E402
from sandbox import PROJECT, Sandbox  # noqa: E402
from shape import difference  # noqa: E402
from stand_ins import PROGRAMS, STAND_INS, StandIn  # noqa: E402


class Reading(unittest.TestCase):
    def test_explanations_are_not_typed(self):
        self.assertEqual(typed_part("nety bench   a look"), "nety bench")
        self.assertEqual(typed_part("nety bench # a look"), "nety bench")
        self.assertEqual(typed_part("nety generate -p 'a  # b'  c"), "nety generate -p 'a  # b'")

    def test_a_session_has_commands_and_what_is_printed(self):
        found = commands("```\n$ a b\nc\n$ d\n```\n\n    e   f\n        g\n\n```json\nh\n```\n")
        self.assertEqual([(c.line, c.text, c.shown) for c in found],
                         [(2, "a b", ["c"]), (4, "d", []), (7, "e", [])])

    def test_numbers_and_sizes_may_differ_and_words_may_not(self):
        self.assertEqual(difference(["fp32: 1.5 GB, 3 s"], "fp32: 900 kB, 12.25 min\n"), "")
        self.assertEqual(difference(["...", "b 1", "..."], "a\nb 2\nc"), "")
        self.assertNotEqual(difference(["fp32: 1.5 GB"], "fp32: 1.5 GB free"), "")
        self.assertNotEqual(difference(["fp32: 1.5 GB free"], "fp32: 1.5 GB"), "")
        self.assertNotEqual(difference(["...", "c", "b", "..."], "a b c"), "")


class StandIns(unittest.TestCase):
    def test_each_document_is_there(self):
        for name in STAND_INS:
            self.assertTrue(os.path.exists(os.path.join(PROJECT, name)), name)

    def test_each_program_that_is_stood_in_for_is_listed(self):
        known = set(" ".join(PROGRAMS).split()) | {"nety", "built", "pip-python"}
        ours = set(os.listdir(os.path.join(Documents.sandbox.root, "bin")))
        self.assertEqual(ours - known, set())
        self.assertEqual(known - ours, set())


class Documents(unittest.TestCase):
    """Each in the same sandbox."""

    def wrongs(self, text, stand_ins=()):
        with tempfile.NamedTemporaryFile("w", suffix=".md") as file:
            file.write(text)
            file.flush()
            document = run.Document("made.md", file.name, list(stand_ins))
        with contextlib.redirect_stdout(io.StringIO()) as said:
            bad = run.try_document(self.sandbox, document)
        return bad, said.getvalue()

    def found(self, text, *words, **kw):
        bad, said = self.wrongs(text, **kw)
        self.assertEqual(bad, 1, said)
        for word in ("made.md:", *words):
            self.assertIn(word, said)

    def test_a_document_without_mistakes_passes(self):
        bad, said = self.wrongs("# A\n\n    ./nety modes    the table; `nety bench --quick`\n")
        self.assertEqual(bad, 0, said)

    def test_options_commands_presets_and_targets_that_are_not_there(self):
        for line in ("nety bench --fast", "nety measure", "cmake --preset fastest", "ci/setup --fast",
                     "cmake --preset release -DNETY_TROCH=OFF", "ninja -C build/release nety-rooflines",
                     "./ci/test --everything", "bench/campaigns --table"):
            self.found(f"\n    {line}   explained\n", ":2: ", line)

    def test_an_output_of_another_shape(self):
        self.found("```\n$ nety --version\nNETY 0.1\n```\n", ":2: ", "printed: nety")

    def test_an_option_inside_a_sentence(self):
        self.found("Try `nety diag --deeper`.\n", ":1: ", "--deeper")

    def test_a_stand_in_that_no_document_has(self):
        self.found("Nothing.\n", "nety bench", stand_ins=[StandIn("nety bench", "gone")])


if __name__ == "__main__":
    if not os.path.exists(run.default_model()):
        print("not run: the default model is not in the cache")
        sys.exit(5)
    build = os.path.abspath(sys.argv.pop())
    with tempfile.TemporaryDirectory() as root:
        Documents.sandbox = Sandbox(root, build)
        unittest.main()
