#!/usr/bin/env python3
"""A chat on the page: asked, answered, stopped, made anew, changed, and what happens when things go wrong."""
import os
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from running import ScriptedModel, expect, main, server  # noqa: E402
from scripted import Cut, Die, Refuse, Think, Wait, until  # noqa: E402

STORY = "Write a long story about a ship."


def case_streaming(run):
    """An answer of a real model is there before it is whole; then its cost is said."""
    with server.Server() as one:
        page = run.page(one.url)
        expect("SmolLM2" in page.shown("#welcome-title"), "the model is named")
        expect("stored" in page.shown("#welcome-facts") or "q4_1" in page.shown("#welcome-facts").lower(), page.shown("#welcome-facts"))
        expect(page.shown("#welcome-policy li"), "the policy is visible")
        page.ask(STORY)
        page.wait("page.answering && document.querySelector('.answer > .text').textContent.length > 20", "the beginning")
        early = page.messages()[1]
        expect(page.shown("#send") == "Stop", page.shown("#send"))
        page.wait("page.answering && document.querySelector('.answer > .text').textContent.length > 200", "more of it")
        expect(len(page.messages()[1]) > len(early), "it grows")
        page.press("Escape")
        page.wait("!page.answering")
        page.value("page.settings.sampling.max_tokens = 16; 0")
        page.ask_and_wait("What is the capital of France? Answer in one word.")
        expect("tok/s" in page.shown(".answer .meta") and "seed" in page.shown(".answer .meta"), page.shown(".answer .meta"))
        page.wait("document.getElementById('facts-line').textContent.includes('tok/s')")
        line = page.shown("#facts-line")
        expect("MB" in line and "context" in line and "native" in line, line)
        expect(not page.complaints(), page.complaints())


def case_stopping(run):
    """Esc, or the button, keeps the part that came, frees the server's slot, and the chat goes on from there."""
    with server.Server("--slots", "1") as one:
        page = run.page(one.url)
        page.ask(STORY)
        page.wait("document.querySelector('.answer > .text')?.textContent.length > 40")
        page.press("Escape")
        page.wait("!page.answering")
        expect(len(page.messages()[1]) > 40 and "Stopped" in page.shown(".answer .note"), page.shown(".answer"))
        one.wait_for("requests_running", 0)
        page.ask("And then?")
        page.wait("[...document.querySelectorAll('.answer > .text')].at(-1).textContent.length > 10")
        page.button("Stop")
        page.wait("!page.answering")
        one.wait_for("requests_running", 0)
        expect(page.focused() == "question", page.focused())
    with ScriptedModel() as model:
        held = threading.Event()
        page = run.page(model.url)
        model.next("Once upon", Wait(held))
        page.ask("A story.")
        page.wait("document.querySelector('.answer > .text')?.textContent === 'Once upon'")
        page.press("Escape")
        until(model.left.is_set, "the server hears of it")
        model.next("...a time.")
        page.ask_and_wait("Go on.")
        expect([m["content"] for m in model.asked[-1]["messages"]] == ["A story.", "Once upon", "Go on."], model.asked[-1])
        model.next(Wait(held))
        page.ask("And?")
        page.wait("page.answering && document.querySelectorAll('.answer').length === 3")
        page.press("Escape")
        page.wait("!page.answering")
        expect("before the answer began" in page.shown(".answer .note"), page.shown(".answer .note"))
        model.next("Well.")
        page.ask_and_wait("So?")
        expect("And?" not in str(model.asked[-1]), "a question without an answer is left out")
        held.set()


def case_regenerating(run):
    """The last answer is made anew, by another seed; by the same seed it is the same."""
    with server.Server("--max-tokens", "24") as one:
        page = run.page(one.url)
        page.ask_and_wait("Say three words.")
        first = page.shown(".answer .meta")
        page.button("Regenerate")
        page.wait("!page.answering && document.querySelector('.answer .meta')?.textContent.includes('seed')")
        expect(len(page.messages()) == 2, page.messages())
        expect(page.shown(".answer .meta").split("seed")[1] != first.split("seed")[1], first)
        page.button("Settings")
        page.value("document.getElementById('set-seed').focus()")
        page.type("7")
        page.button("Save")
        texts = set()
        for _ in range(2):
            page.button("Regenerate")
            page.wait("!page.answering && document.querySelector('.answer .meta')?.textContent.includes('seed 7')")
            texts.add(page.messages()[1])
            page.value("document.querySelector('.answer .meta').textContent = ''")
        expect(len(texts) == 1, texts)


def case_editing(run):
    """A question is changed in its place; what followed is gone, and the new one is answered."""
    with ScriptedModel() as model:
        page = run.page(model.url)
        for number in "123":
            model.next("Answer " + number)
            page.ask_and_wait("Question " + number)
        page.button("Edit", 1)
        page.wait("document.activeElement.value === 'Question 2'")
        page.press("Escape")
        expect(page.messages()[2] == "Question 2", "given up")
        page.button("Edit", 1)
        page.wait("document.activeElement.value === 'Question 2'")
        page.value("document.activeElement.select()")
        page.type("Another one")
        model.next("Another answer")
        page.press("Enter")
        page.wait("!page.answering && document.querySelectorAll('.message').length === 4")
        expect(page.messages() == ["Question 1", "Answer 1", "Another one", "Another answer"], page.messages())
        expect([m["content"] for m in model.asked[-1]["messages"]] == ["Question 1", "Answer 1", "Another one"], model.asked[-1])


def case_copying(run):
    """The answer as Markdown, and the code of a block alone."""
    with ScriptedModel() as model:
        run.browser.call("Browser.grantPermissions", origin=model.url, permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        page = run.page(model.url)
        answer = "Use **this**:\n\n```python\nprint('<b>')\n\n# end\n```\n"
        model.next(*answer)
        page.ask_and_wait("How?")
        page.button("Copy", -1)
        page.wait("[...document.querySelectorAll('.answer .actions button')].some(b => b.textContent === 'Copied')")
        expect(page.value("navigator.clipboard.readText()") == answer, page.value("navigator.clipboard.readText()"))
        page.click(".code button")
        page.wait("document.querySelector('.code button').textContent === 'Copied'")
        expect(page.value("navigator.clipboard.readText()") == "print('<b>')\n\n# end", "the code")
        # Where a browser gives no clipboard.
        page.value("Object.defineProperty(navigator, 'clipboard', {value: undefined}); 0")
        page.value("document.addEventListener('copy', () => { window.copied = document.activeElement.value; }); 0")
        page.wait("document.querySelector('.code button').textContent === 'Copy'")
        page.click(".code button")
        page.wait("document.querySelector('.code button').textContent === 'Copied'")
        expect(page.value("window.copied") == "print('<b>')\n\n# end", page.value("window.copied"))


def case_thinking(run):
    """What a model thinks is folded under one line, open to whoever wants it, and sent back with the answer."""
    with ScriptedModel() as model:
        page, held = run.page(model.url), threading.Event()
        model.next(Think("They greet "), Think("me."), Wait(held), "Hello!")
        page.ask("Hi")
        page.wait("document.querySelector('.thoughts summary')?.textContent === 'Thinking'")
        expect(page.value("document.querySelector('.thoughts').open") is False, "folded")
        held.set()
        page.wait("!page.answering")
        expect(page.messages()[1] == "Hello!", page.messages())
        expect("Thought for" in page.shown(".thoughts summary"), page.shown(".thoughts summary"))
        expect("They greet" not in page.shown(".answer"), "folded still")
        page.click(".thoughts summary")
        expect("They greet me." in page.shown(".answer"), page.shown(".answer"))
        model.next("Again!")
        page.ask_and_wait("Hi again")
        expect(model.asked[-1]["messages"][1] == {"role": "assistant", "content": "Hello!", "reasoning_content": "They greet me."},
               model.asked[-1])


def case_api_key(run):
    """The server asks for a key: so does the page, keeps it for this tab only, and goes on where it was."""
    key = "0123456789abcdef0123"
    with tempfile.NamedTemporaryFile("w", suffix=".key") as file:
        file.write(key + "\n")
        file.flush()
        with server.Server("--api-key-file", file.name, "--max-tokens", "24") as one:
            from driver import ChatPage
            page = ChatPage(run.browser, one.url)
            page.wait("document.getElementById('key-dialog').open")
            expect(page.focused() == "key", page.focused())
            page.type("0123456789abcdefWRONG")
            page.press("Enter")
            page.wait("!document.getElementById('key-wrong').hidden")
            expect(page.value("sessionStorage.getItem('nety.key')") is None, "a wrong key is not kept")
            run.picture(page, "key")
            page.type(key)
            page.press("Enter")
            page.wait_for_model()
            expect(page.focused() == "question", page.focused())
            page.ask_and_wait("Say yes.")
            expect(page.messages()[1], "an answer")
            expect(key not in page.value("JSON.stringify(localStorage)"), "not kept beyond the tab")
            page.load(one.url)
            page.wait_for_model()
            page.value("rememberKey('')")
            page.ask("Once more.")
            page.wait("document.getElementById('key-dialog').open")
            page.type(key)
            page.press("Enter")
            page.wait("!page.answering && document.querySelectorAll('.message').length === 4 && page.chat.messages[3].content")


def case_trouble(run):
    """A server that goes mid-answer, is full, cuts, or is not there: the page says so, and what came stays."""
    with ScriptedModel() as model:
        page = run.page(model.url)
        held = threading.Event()
        model.next("The first half", Wait(held), Die())
        page.ask("A story?")
        page.wait("document.querySelector('.answer > .text')?.textContent === 'The first half'")
        held.set()
        page.wait("!page.answering")
        expect(page.messages()[1] == "The first half" and "server is gone" in page.shown(".answer .note"), page.shown(".answer"))
        run.picture(page, "gone")
        model.next("All of it.")
        page.button("Regenerate")
        page.wait("!page.answering && page.chat.messages[1].content === 'All of it.'")
        expect(not page.shown(".answer .note"), page.shown(".answer .note"))
        model.next(Refuse(429, "queue_full", "64 requests wait already: try again later"))
        page.ask_and_wait("More?")
        expect("queue is full" in page.shown(".answer .note"), page.shown(".answer .note"))
        model.next(Refuse(400, "invalid_prompt", "the template <b>refuses</b> that"))
        page.button("Regenerate")
        page.wait("!page.answering && document.querySelector('.answer:last-child .note').textContent.includes('template')")
        expect("<b>refuses</b>" in page.shown(".answer .note"), "as text")
        model.next("Half of it and n", Cut())
        page.button("Regenerate")
        page.wait("!page.answering && document.querySelector('.answer:last-child .note').textContent.includes('Cut')")
        model.close()
        page.ask_and_wait("Are you there?")
        expect("does not answer" in page.shown(".answer .note"), page.shown(".answer .note"))


def case_keeping(run):
    """Chats are there after loading anew, can be chosen and deleted, and are not kept where that is not wanted."""
    kept = "Object.keys(localStorage).filter(k => k.startsWith('nety.chat.')).length"
    with ScriptedModel() as model:
        page = run.page(model.url)
        for text in ("First", "Second"):
            model.next(f"To {text}")
            page.button("New chat")
            page.ask_and_wait(text)
        page.load(model.url)
        page.wait_for_model()
        expect(page.messages() == ["Second", "To Second"], page.messages())
        page.button("Chats")
        expect(page.value("[...document.querySelectorAll('#chat-list .open')].map(b => b.textContent)") == ["Second", "First"], "a list")
        expect("local storage" in page.shown("#chats"), "said on the page")
        run.picture(page, "chats")
        page.button("First")
        expect(page.messages() == ["First", "To First"], page.messages())
        page.button("Chats")
        page.button("Delete")
        expect(page.value(kept) == 1 and page.messages() == [], "one is deleted")
        page.button("Delete all")
        expect(page.value(kept) == 1, "asked for again")
        page.button("Delete all: sure?")
        expect(page.value(kept) == 0, "all are deleted")
        page.button("Close")
        page.button("Settings")
        page.click("#keep")
        page.button("Save")
        model.next("Gone soon")
        page.ask_and_wait("Secret")
        expect(page.value(kept) == 0, "not kept")
        expect("Secret" not in page.value("JSON.stringify([localStorage, sessionStorage])"), "not kept")


def case_no_storage(run):
    """A browser that keeps nothing, or has no room, can chat all the same, and is told."""
    with ScriptedModel() as model:
        page = run.page(model.url)
        page.value("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }; 0")
        model.next("Still here.")
        page.ask_and_wait("Full?")
        expect(page.messages()[1] == "Still here." and "storage is full" in page.shown("#trouble"), page.shown("#trouble"))
        page.call("Page.addScriptToEvaluateOnNewDocument", source="""for (const name of ['localStorage', 'sessionStorage'])
          Object.defineProperty(window, name, { get() { throw new DOMException('no', 'SecurityError'); } });""")
        page.load(model.url)
        page.wait_for_model()
        model.next("Here, too.")
        page.ask_and_wait("None at all?")
        expect(page.messages() == ["None at all?", "Here, too."], page.messages())


def case_settings(run):
    """A system message and sampling go with each question; what is empty is not sent; what is wrong is not taken."""
    with ScriptedModel() as model:
        page = run.page(model.url)
        page.button("Settings")
        for field, text in (("system", "Be brief."), ("set-temperature", "0.5"), ("set-top_k", "20")):
            page.value(f"document.getElementById('{field}').focus()")
            page.type(text)
        run.picture(page, "settings")
        page.button("Save")
        model.next("Yes.")
        page.ask_and_wait("Well?")
        asked = model.asked[-1]
        expect(asked["messages"][0] == {"role": "system", "content": "Be brief."}, asked)
        expect(asked["temperature"] == 0.5 and asked["top_k"] == 20 and "top_p" not in asked and asked["stream"], asked)
        page.button("Settings")
        page.value("document.getElementById('set-top_p').focus()")
        page.type("2")
        page.button("Save")
        expect(page.value("document.getElementById('settings').open"), "2 is no probability")
        page.button("Reset")
        page.button("Save")
        model.next("Yes.")
        page.ask_and_wait("And now?")
        expect("temperature" not in model.asked[-1] and model.asked[-1]["messages"][0]["role"] == "user", model.asked[-1])


main(globals())
