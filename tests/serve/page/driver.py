"""The chat page as somebody uses it: by its keys and buttons, read as it is shown."""
import base64
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "reports", "browser"))
import chromium  # noqa: E402
from scripted import until  # noqa: E402

CODES = {"Enter": (13, "\r"), "Escape": (27, ""), "Tab": (9, ""), " ": (32, " "), "ArrowDown": (40, "")}
SHIFT = 8


class ChatPage:
    def __init__(self, browser, url, width=1100, height=800, dark=False, language=None):
        self.url, self.width = url, width
        self.tab = browser.open("about:blank", width, height=height, dark=dark)
        self.call = self.tab.call
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)
        agent = self.tab.value("navigator.userAgent")
        self.call("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=language or "en-GB")
        self.load(url)

    def load(self, url):
        self.call("Page.navigate", url=url + "/")
        self.tab.browser.wait_for("Page.loadEventFired", self.tab.session)

    def close(self):
        self.tab.close()

    def value(self, expression):
        return self.tab.value(expression)

    def wait(self, expression, what=None, seconds=20):
        return until(lambda: self.value(expression), what or expression, seconds)

    def wait_for_model(self):
        self.wait("page.model !== null && document.getElementById('facts-line').textContent !== ''")

    # Keys and the mouse, as the browser gets them from a person.

    def press(self, key, modifiers=0):
        code, text = CODES[key]
        how = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **how, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **how)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def click(self, selector, index=0):
        """In the middle of what is seen of it."""
        self.value(f"{query(selector, index)}.scrollIntoView({{block: 'center'}})")
        x, y = self.value(f"(b => [b.x + b.width / 2, b.y + b.height / 2])({query(selector, index)}.getBoundingClientRect())")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def button(self, name, index=-1):
        """Clicks the button that is called so; the last one, unless an index says otherwise."""
        self.value(f"window.found = [...document.querySelectorAll('button')].filter(b => b.textContent === {json.dumps(name)}"
                   f" && b.getClientRects().length).at({index}); found.id ||= 'found-' + Math.random().toString(36).slice(2); 0")
        self.click("#" + self.value("found.id"))

    def ask(self, text):
        self.value("document.getElementById('question').focus()")
        self.type(text)
        self.press("Enter")

    def ask_and_wait(self, text):
        before = len(self.messages())
        self.ask(text)
        self.wait(f"document.querySelectorAll('.message').length === {before + 2} && !page.answering", f"an answer to {text}")

    # What is shown.

    def messages(self):
        return self.value("[...document.querySelectorAll('.message')].map(m => (m.querySelector('.said') || "
                          "m.querySelector(':scope > .text') || m).textContent)")

    def shown(self, selector):
        """The text of the last such element that is seen, or nothing."""
        return self.value(f"[...document.querySelectorAll({json.dumps(selector)})].filter(e => e.getClientRects().length)"
                          ".at(-1)?.innerText ?? ''")

    def focused(self):
        return self.value("(e => e.id || e !== document.body && e.textContent.trim() || e.tagName)(document.activeElement)")

    def screenshot(self, path, whole=False):
        if whole:  # so high that nothing is scrolled away
            self.tab.size(self.width, self.value("document.documentElement.scrollHeight"))
        data = self.call("Page.captureScreenshot")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
        self.tab.size(self.width, self.tab.height)

    def complaints(self):
        """What went wrong in scripts or in the network, and whatever was asked of another server."""
        return [one for one in self.tab.complaints() if not one.startswith("fetches " + self.url + "/")]


def query(selector, index=0):
    return f"document.querySelectorAll({json.dumps(selector)})[{index}]"
