"""A case with all that it needs: a real nety serve, a model that says what it is told, a browser."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "client")]
import server  # noqa: E402
from driver import ChatPage, chromium  # noqa: E402
from scripted import Scripted  # noqa: E402
from server import expect, skip  # noqa: E402,F401


class Run:
    def __init__(self, out):
        path = chromium.find()
        if path is None:
            skip("no Chromium here (ci/setup --for tests installs one; NETY_BROWSER names one)")
        self.out = out
        os.makedirs(out, exist_ok=True)
        self.browser = chromium.Browser(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.browser.close()

    def page(self, url, **how):
        page = ChatPage(self.browser, url, **how)
        page.wait_for_model()
        return page

    def picture(self, page, name, whole=False):
        page.screenshot(os.path.join(self.out, name + ".png"), whole)


class ScriptedModel(Scripted):
    """With a nety serve of its own behind it."""

    def __init__(self, *options):
        self.real = server.Server(*options)
        super().__init__(self.real.url)

    def close(self):
        super().close()
        self.real.end()


def main(cases):
    """usage: X_cases.py CASE NETY PICTURES"""
    case, server.PROGRAM, out = sys.argv[1:4]
    with Run(out) as run:
        cases["case_" + case](run)
    print("well")
