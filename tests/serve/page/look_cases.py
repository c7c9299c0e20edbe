#!/usr/bin/env python3
"""How the page looks and reads: Markdown, hostile texts, keys alone, readers by ear, both schemes, small screens."""
import glob
import json
import os
import shutil
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from running import ScriptedModel, expect, main, server, skip  # noqa: E402
from scripted import Think, Wait  # noqa: E402
from driver import SHIFT, ChatPage  # noqa: E402

RICH = """# A title

Some **bold**, *italic*, ~~struck~~ and `code`; a [link](https://example.org/a_(b)) and https://example.org/x.

### Skipped a level

1. First
2. Second
   - inner `one`
   - inner *two*

   ```cpp
   template <class T> T twice(const T& value) { return value + value; }  // a line that is far too long for a phone
   ```
3. Third

> Quoted, **too**.

| name | tok/s | what it is |
|:-----|------:|:----------:|
| fp32 | 23.1 | exact \\| slow |
| q4_k | 61.0 | small |

---

```
plain code
```
"""

HOSTILE = r"""<script>window.hacked = 1</script>
<img src=x onerror="window.hacked = 2">
<svg onload=window.hacked=3><iframe srcdoc="<script>parent.hacked=4</script>"></iframe>

[one](javascript:window.hacked=5) [two](JaVaScRiPt:window.hacked=6) [three](java&#10;script:window.hacked=7)
[four](data:text/html,<script>alert(1)</script>) [five](vbscript:x) [six](//evil.example) [seven](/v1/models)
![picture](https://evil.example/track.png) ![bad](javascript:window.hacked=8)
<https://ok.example/" onmouseover="window.hacked=9> [eight](https://ok.example/"onclick="x)
[nine](https://user:pass@ok.example/?a=<b>) <a href="javascript:window.hacked=10">ten</a>

```html" onclick="window.hacked=11
</code></pre><script>window.hacked = 12</script>
```

| <b>head</b> | `a` |
|---|---|
| <img src=x onerror=window.hacked=13> | </table><script>window.hacked=14</script> |

<style>*{display:none}</style> &lt;script&gt;window.hacked=15&lt;/script&gt;
"""


def case_hostile_markdown(run):
    """Nothing that a model or a person writes becomes anything but text and links to http and https."""
    with ScriptedModel() as model:
        page = run.page(model.url)
        model.next(Think(HOSTILE), *[HOSTILE[i:i + 7] for i in range(0, len(HOSTILE), 7)])
        page.ask_and_wait(HOSTILE)
        page.value("document.querySelectorAll('details').forEach(d => d.open = true); 0")
        made = page.value("[...document.querySelectorAll('#messages *')].map(e => e.localName)")
        bad = set(made) & {"script", "img", "svg", "iframe", "style", "object", "embed", "base", "link", "meta", "b"}
        expect(not bad, bad)
        attributes = page.value("[...document.querySelectorAll('#messages *')].flatMap(e => e.getAttributeNames())")
        expect(not [name for name in attributes if name.startswith("on") or name in ("style", "src", "srcdoc")], set(attributes))
        links = page.value("[...document.querySelectorAll('#messages a')].map(a => [a.protocol, a.rel, a.host])")
        expect(links and all(p in ("http:", "https:") and "noopener" in rel for p, rel, _ in links), links)
        shown = page.shown(".answer")
        for text in ("<script>window.hacked = 1</script>", "onerror=\"window.hacked = 2\"", "[one](javascript:window.hacked=5)",
                     "</code></pre><script>", "<style>*{display:none}</style>", "<b>head</b>"):
            expect(text in shown, f"{text} is not shown as it is")
        page.button("New chat")
        page.button("Chats")
        expect("<script>" in page.shown("#chat-list"), page.shown("#chat-list"))
        expect(page.value("window.hacked") is None, page.value("window.hacked"))
        expect(not page.complaints(), page.complaints())


# By the examples of CommonMark and GitHub's extension where they say something; line ends are kept.
MARKDOWN = [
    ("*a* **b** ***c***", "<p><em>a</em> <strong>b</strong> <em><strong>c</strong></em></p>"),
    ("a * b * c, snake_case_name, 2*3*4", "<p>a * b * c, snake_case_name, 2<em>3</em>4</p>"),
    ("**bold *and italic* here**", "<p><strong>bold <em>and italic</em> here</strong></p>"),
    ("**not closed", "<p>**not closed</p>"),
    ("*a **b***", "<p><em>a <strong>b</strong></em></p>"),
    ("_a_ __b__ ~~c~~ ~d~", "<p><em>a</em> <strong>b</strong> <del>c</del> ~d~</p>"),
    (r"\*no\* \_no\_ \`no\`", "<p>*no* _no_ `no`</p>"),
    ("`a` ``b ` c`` ` `` `", "<p><code>a</code> <code>b ` c</code> <code>``</code></p>"),
    ("`*a*` *`b`*", "<p><code>*a*</code> <em><code>b</code></em></p>"),
    ("a &lt;b&gt; &amp; <i>c</i>", "<p>a &lt;b&gt; &amp; &lt;i&gt;c&lt;/i&gt;</p>"),
    ("one\ntwo", "<p>one<br>two</p>"),
    ("one\n\ntwo", "<p>one</p><p>two</p>"),
    ("# A #\n## B", "<h3>A</h3><h4>B</h4>"),
    ("#### deep\n# top", "<h3>deep</h3><h3>top</h3>"),
    ("#no", "<p>#no</p>"),
    ("---\n***", "<hr><hr>"),
    ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
    ("- a\n  - b\n    - c\n- d", "<ul><li>a<ul><li>b<ul><li>c</li></ul></li></ul></li><li>d</li></ul>"),
    ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
    ("- a\n\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"),
    ("text\n- a", "<p>text</p><ul><li>a</li></ul>"),
    ("text\n14. is a number", "<p>text<br>14. is a number</p>"),
    ("- [ ] a\n- [x] b", "<ul><li>☐ a</li><li>☑ b</li></ul>"),
    ("> a\n> b\n\nc", "<blockquote><p>a<br>b</p></blockquote><p>c</p>"),
    ("[a [b]](https://x.y/)", '<p><a>a [b]</a></p>'),
    ("[a](b) [c] (d) [e](ftp://f)", "<p>[a](b) [c] (d) [e](ftp://f)</p>"),
    ("see https://x.y/z.", "<p>see <a>https://x.y/z</a>.</p>"),
    ("**[a](https://x.y)**", "<p><strong><a>a</a></strong></p>"),
    (r"\(x^2\) and \[y\]", r"<p>\(x^2\) and \[y\]</p>"),
    ("a<br>b", "<p>a<br>b</p>"),
]


def case_markdown(run):
    with server.Server() as one:
        page = run.page(one.url)
        page.value("""window.shown = text => {
          const box = document.createElement('div');
          showBlocks(box, [], parseBlocks(text));
          for (const a of box.querySelectorAll('a')) for (const name of a.getAttributeNames()) a.removeAttribute(name);
          return box.innerHTML;
        }; 0""")
        wrong = []
        for text, wanted in MARKDOWN:
            got = page.value(f"shown({json.dumps(text)})")
            if got != wanted:
                wrong.append(f"{text!r}\n   gives {got}\n   not   {wanted}")
        expect(not wrong, "\n".join(wrong))
        expect(page.value("shown('```py\\na\\n\\n  b\\n```')").count("<code>a\n\n  b</code>") == 1, "code")
        table = page.value(f"shown({json.dumps(RICH)})")
        for part in ('<th scope="col" class="">name</th>', '<td class="right">23.1</td>', '<td class="middle">exact | slow</td>'):
            expect(part.replace(' class=""', "") in table.replace(' class=""', "").replace('class="right" ', ''), f"{part} in {table}")


def case_growing_markdown(run):
    """Shown piece by piece, an answer ends as it would be shown at once."""
    with server.Server() as one:
        page = run.page(one.url)
        for text in (RICH, HOSTILE):
            same = page.value("""(text => {
              const whole = document.createElement('div'), grown = document.createElement('div');
              showBlocks(whole, [], parseBlocks(text));
              let shown = [];
              for (let end = 1; end <= text.length; ++end) shown = showBlocks(grown, shown, parseBlocks(text.slice(0, end)));
              return whole.innerHTML === grown.innerHTML;
            })(%s)""" % json.dumps(text))
            expect(same, text[:40])


def case_hard_markdown(run):
    """No text takes long, whatever it repeats, or makes elements without end inside of each other."""
    with server.Server() as one:
        page = run.page(one.url)
        for piece in ("*a ", "**a", "a**", "_", "`", "``a`", "[", "]", "[a](", "![", "](", "[](", "<", "&", "\\", "~~", "http://",
                      "https://a", "- ", "1. ", "> ", "#", "|", "| - ", "|\n|-", "\n\n", "- a\n", "  - a\n", " ", "](a \"", "*_`[", "\t"):
            text = piece * (60000 // len(piece))
            took, depth = page.value("""(text => {
              const box = document.createElement('div'), from = performance.now();
              showBlocks(box, [], parseBlocks(text));
              const took = performance.now() - from;
              let depth = 0;
              for (let level = [box]; level.length; ++depth) level = level.flatMap(e => [...e.children]);
              return [took, depth];
            })(%s)""" % json.dumps(text))
            expect(took < 4000, f"{piece!r}: {took} ms")
            expect(depth < 40, f"{piece!r}: {depth} levels")


def case_keys_alone(run):
    """Everything by keys, in the order of what is seen; what a dialog hid gets the focus back."""
    with ScriptedModel() as model:
        page = run.page(model.url)
        expect(page.focused() == "question", page.focused())
        page.type("one")
        page.press("Enter", SHIFT)
        page.type("two")
        expect(page.value("document.getElementById('question').value") == "one\ntwo", "a new line")
        held = threading.Event()
        model.next("An answer", Wait(held))
        page.press("Enter")
        page.wait("document.querySelector('.answer > .text')?.textContent === 'An answer'")
        expect(model.asked[0]["messages"][0]["content"] == "one\ntwo", model.asked)
        page.type("typed meanwhile")
        page.press("Enter")
        expect(len(page.messages()) == 2, "nothing is asked while an answer comes")
        page.press("Escape")
        page.wait("!page.answering")
        expect(page.value("document.getElementById('question').value") == "typed meanwhile", "what was typed stays")
        page.value("document.getElementById('question').value = ''; document.querySelector('a, button').focus(); 0")
        order = [page.focused()]
        for _ in range(10):
            page.press("Tab")
            order.append(page.focused())
        expect(order == ["Skip to the question", "open-model", "new-chat", "open-chats", "open-settings", "Edit", "Copy",
                         "Copy", "Regenerate", "question", "send"], order)
        for button in ("open-model", "open-chats", "open-settings"):
            page.value(f"document.getElementById('{button}').focus()")
            page.press("Enter")
            page.wait("document.querySelector('dialog[open]') !== null")
            expect(page.value("document.querySelector('dialog[open]').contains(document.activeElement)"), button)
            page.press("Escape")
            page.wait("!document.querySelector('dialog[open]')")
            expect(page.focused() == button, f"back to {button}: {page.focused()}")
        held.set()


def case_reading_aloud(run):
    """Readers by ear get the finished parts of an answer once, politely, and hear of its beginning and end."""
    with ScriptedModel() as model:
        page, held = run.page(model.url), threading.Event()
        expect(page.value("document.getElementById('spoken').getAttribute('aria-live')") == "polite", "politely")
        model.next("First part.\n\nSecond ", Wait(held), "part.\n\n```sh\nls\n```\n")
        page.ask("Hi")
        page.wait("document.getElementById('spoken').textContent === 'First part.'")
        expect(page.value("document.getElementById('status').textContent") == "Answering", "status")
        expect(page.value("document.querySelector('.answer').getAttribute('aria-busy')") == "true", "busy")
        held.set()
        page.wait("!page.answering")
        spoken = page.value("[...document.getElementById('spoken').children].map(e => e.textContent)")
        expect(spoken == ["First part.", "Second part.", "A block of code: 1 line."], spoken)
        expect(page.value("document.getElementById('status').textContent") == "End of the answer.", "status")
        tree = page.call("Accessibility.getFullAXTree")["nodes"]
        roles = [node["role"]["value"] for node in tree if not node.get("ignored")]
        for role in ("banner", "main", "contentinfo", "article", "log", "status", "textbox"):
            expect(role in roles, f"{role} in {sorted(set(roles))}")


def find_axe():
    named = os.environ.get("NETY_AXE")
    found = [named] if named else sorted(glob.glob(os.path.join(server.CACHE, "axe-*", "axe.min.js")))
    return found[-1] if found and os.path.exists(found[-1]) else None


def violations(page, source):
    page.value(source + ";0")
    found = json.loads(page.value(
        "axe.run(document,{resultTypes:['violations']}).then(r=>JSON.stringify({rules:r.passes.length,"
        "bad:r.violations.map(v=>v.id+': '+v.help+' '+v.nodes.slice(0,3).map(n=>n.html.slice(0,160)+' '+n.failureSummary).join(' | '))}))"))
    expect(found["rules"] > 15, f"axe looked at {found['rules']} rules only")
    return found["bad"]


def fill(page, model):
    """A chat with all that a chat can have."""
    model.next(Think("They want to see *everything*."), RICH)
    page.ask_and_wait("Show me everything,\nplease.")
    model.next("Short.")
    page.ask_and_wait("And something short?")
    page.value("document.querySelectorAll('details').forEach(d => d.open = true); 0")


def case_access(run):
    """axe-core finds nothing against WCAG 2 A and AA or its best practices: both schemes, desk and phone, each dialog."""
    axe = find_axe()
    if axe is None:
        skip("axe-core is not in the cache (ci/setup --for tests fetches it)")
    with open(axe, encoding="utf-8") as file:
        source = file.read()
    bad = []
    with ScriptedModel() as model:
        for dark in (False, True):
            for width in (1100, 360):
                page = run.page(model.url, width=width, dark=dark)
                where = f"{'dark' if dark else 'light'} {width}"
                bad += [f"{where} empty: {one}" for one in violations(page, source)]
                fill(page, model)
                bad += [f"{where}: {one}" for one in violations(page, source)]
                for button in ("open-model", "open-chats", "open-settings"):
                    page.click("#" + button)
                    bad += [f"{where} {button}: {one}" for one in violations(page, source)]
                    page.press("Escape")
                page.value("askForKey(); 0")
                bad += [f"{where} key: {one}" for one in violations(page, source)]
                page.close()
    expect(not bad, "\n".join(bad))


def case_layout(run):
    """Nothing reaches past the edge on a phone or a desk; pictures of both schemes."""
    with ScriptedModel() as model:
        for dark, width in ((False, 1100), (True, 1100), (False, 360), (True, 360)):
            page = run.page(model.url, width=width, dark=dark)
            name = f"{'dark' if dark else 'light'}-{width}"
            run.picture(page, name + "-empty")
            fill(page, model)
            for state, open_it in (("chat", "0"), ("model", "document.getElementById('open-model').click()"),
                                   ("settings", "document.getElementById('open-settings').click()")):
                page.value("document.querySelector('dialog[open]')?.close(); 0")
                page.value(open_it)
                wide = page.value("document.documentElement.scrollWidth")
                expect(wide <= width, f"{name} {state}: {wide} px wide")
                run.picture(page, f"{name}-{state}", whole=state == "chat")
            expect(not page.complaints(), page.complaints())
            page.close()


def case_following(run):
    """The newest line stays in view while an answer comes, unless somebody scrolls up to read."""
    with ScriptedModel() as model:
        page, held, again = run.page(model.url, width=800, height=500), threading.Event(), threading.Event()
        lines = [f"Line {i} of a long answer, which says nothing.\n\n" for i in range(60)]
        model.next(*lines[:30], Wait(held), *lines[30:50], Wait(again), *lines[50:])
        page.ask("Much?")
        page.wait("document.querySelector('.answer > .text')?.children.length === 30")
        run.picture(page, "streaming")
        page.wait("isAtNewest()")
        page.value("window.scrollTo(0, 300)")
        page.wait("!page.follows")
        held.set()
        page.wait("document.querySelector('.answer > .text').children.length === 50")
        expect(page.value("window.scrollY") == 300, "it stays where it was scrolled to")
        expect(page.shown("#newest"), "a way back")
        page.button("Newest ↓")
        again.set()
        page.wait("!page.answering")
        expect(page.value("isAtNewest()"), "it follows again")


def case_languages(run):
    """French and English by the browser's language, all of it."""
    with ScriptedModel() as model:
        page = run.page(model.url, language="fr-CA")
        expect(page.value("document.documentElement.lang") == "fr", "lang")
        expect(page.shown("#send") == "Envoyer" and page.shown("#new-chat") == "Nouveau", page.shown("header"))
        model.next("Voilà.")
        page.ask_and_wait("Bonjour")
        expect("21,4 tok/s" in page.shown(".answer .meta"), page.shown(".answer .meta"))
        run.picture(page, "french")
        lacking = page.value("Object.keys(kWords.en).filter(id => !(id in kWords.fr)).concat("
                             "Object.keys(kWords.fr).filter(id => !(id in kWords.en)))")
        expect(not lacking, lacking)
        untranslated = page.value("[...document.querySelectorAll('[data-say]')].filter(e => !(e.dataset.say in kWords.fr)).length")
        expect(untranslated == 0, untranslated)
        other = ChatPage(run.browser, model.url, language="de-DE")
        other.wait_for_model()
        expect(other.shown("#send") == "Send", "others read English")


# What tidy does not know of correct pages.
KNOWN = ('<textarea> proprietary attribute "autocomplete"', '<textarea> proprietary attribute "enterkeyhint"')


def case_validity(run):
    """An HTML validator finds nothing."""
    tidy = shutil.which("tidy")
    if tidy is None:
        skip("tidy is not installed (ci/setup --for tests installs it)")
    with server.Server() as one:
        text = one.get("/")[1]
    said = subprocess.run([tidy, "-q", "-e", "-utf8"], input=text, capture_output=True, text=True).stderr
    bad = [line for line in said.splitlines() if not any(known in line for known in KNOWN)]
    expect(not bad, bad)


def case_policy(run):
    """The browser runs the page's own script and no other, turns no text into HTML, and asks no other server."""
    with server.Server() as one:
        page = run.page(one.url)
        page.value("""(() => {
          window.blocked = [];
          document.addEventListener('securitypolicyviolation', e => blocked.push(e.effectiveDirective));
        })()""")
        thrown = page.value("(() => { try { document.body.innerHTML = '<p>x</p>'; return false; } catch { return true; } })()")
        expect(thrown, "innerHTML")
        page.value("""(async () => {
          const style = document.createElement('style');
          style.textContent = 'body{display:none}';
          document.head.append(style);
          const picture = new Image();
          picture.src = 'http://127.0.0.1:9/x.png';
          document.body.append(picture);
          const frame = document.createElement('iframe');
          frame.src = location.href;
          document.body.append(frame);
          await fetch('http://127.0.0.1:9/').catch(() => 0);
          await new Promise(r => setTimeout(r, 300));
        })()""")
        blocked = set(page.value("blocked"))
        wanted = {"require-trusted-types-for", "style-src-elem", "img-src", "connect-src", "frame-src"}
        expect(wanted <= blocked, f"only {blocked}")
        expect(page.value("getComputedStyle(document.body).display") != "none", "a style was taken")


main(globals())
