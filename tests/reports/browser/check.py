"""The report's page in a real browser: check.py CASE PAGES SCREENSHOTS.

PAGES is a folder of pages as the renderer writes them. Pictures of what was looked at go to SCREENSHOTS.
Exit code 77 where this machine lacks what a case needs: the test is then skipped, and says what is
missing."""
import glob, json, os, re, shutil, subprocess, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import chromium  # noqa: E402

SKIP = 77
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "nety")
problems = []


def skip(reason):
    print("skipped:", reason)
    sys.exit(SKIP)


def expect(good, what):
    if not good:
        problems.append(what)


def pages(folder, names="*"):
    found = sorted(glob.glob(os.path.join(folder, names + ".html")))
    expect(found, f"no pages in {folder}")
    return [(os.path.basename(path)[:-5], "file://" + os.path.abspath(path)) for path in found]


def name_overflowing(tab, width):
    """The innermost elements that reach past the right edge and scroll in no box of their own."""
    return tab.value("""(function(width){
      var out=[];
      document.querySelectorAll('main *').forEach(function(e){
        if(e.closest('.scroll')&&!e.matches('.scroll'))return;
        if(e.getBoundingClientRect().right>width+1)out.push(e.tagName+'.'+(e.getAttribute('class')||''));
      });
      return out.slice(-3).join(' ');
    })(%d)""" % width)


def case_layout(browser, folder, out):
    """No page scrolls sideways, on a phone, on a desk or on paper; no script or request goes wrong."""
    for name, url in pages(folder):
        for width, look in ((390, "phone"), (1280, "desk")):
            tab = browser.open(url, width)
            wide = tab.value("document.documentElement.scrollWidth")
            expect(wide <= width, f"{name}: {wide} px wide at {width} px: {name_overflowing(tab, width)}")
            for complaint in tab.complaints():
                expect(False, f"{name}: {complaint}")
            if name in ("complete", "machine", "fleet"):
                tab.screenshot(f"{out}/{name}-{look}.png")
            tab.close()
    for name, url in pages(folder, "complete"):
        tab = browser.open(url, 1280, dark=True)
        tab.screenshot(f"{out}/{name}-dark.png")
        tab.close()
        tab = browser.open(url, 718, media="print")  # A4 less its margins
        wide = tab.value("document.documentElement.scrollWidth")
        expect(wide <= 718, f"{name}: {wide} px wide on paper: {name_overflowing(tab, 718)}")
        tab.screenshot(f"{out}/{name}-print.png")
        tab.pdf(f"{out}/{name}.pdf")
        tab.close()


READ = """(function(){
  document.querySelectorAll('details').forEach(function(d){d.open=true;});
  return [].map.call(document.querySelectorAll('main h1,main h2,main h3,main h4,main p,main td,main th,'+
    'main code,main figcaption,main svg desc'),function(e){return e.textContent.trim();}).join('\\n');
})()"""


def case_reading(browser, folder, out):
    """With scripts off the page says all that it says with them, and everything is visible."""
    for name, url in pages(folder, "complete*") + pages(folder, "fleet"):
        with_scripts = browser.open(url, 1280)
        text = with_scripts.value(READ)
        with_scripts.close()
        tab = browser.open(url, 1280, scripts=False)
        plain = tab.value(READ)
        expect(text == plain, f"{name}: scripts change what the page says")
        expect(len(plain) > 4000, f"{name}: only {len(plain)} characters to read")
        hidden = tab.value("""[].filter.call(document.querySelectorAll('main h2,main h4,main figure,main td'),
          function(e){return !e.closest('details')&&e.getClientRects().length===0;}).length""")
        expect(hidden == 0, f"{name}: {hidden} elements cannot be seen")
        tab.screenshot(f"{out}/{name}-no-scripts.png")
        tab.close()


def find_axe():
    named = os.environ.get("NETY_AXE")
    found = [named] if named else sorted(glob.glob(os.path.join(CACHE, "axe-*", "axe.min.js")))
    return found[-1] if found and os.path.exists(found[-1]) else None


def case_access(browser, folder, out):
    """axe-core finds nothing against WCAG 2 A and AA or its best practices, in light and in dark."""
    axe = find_axe()
    if axe is None:
        skip("axe-core is not in the cache (ci/setup --for tests fetches it)")
    with open(axe, encoding="utf-8") as file:
        source = file.read()
    for name, url in pages(folder):
        for dark in (False, True) if name == "complete" else (False,):
            for width in (1280, 390) if name == "complete" else (1280,):
                tab = browser.open(url, width, dark=dark)
                tab.value("document.querySelectorAll('details').forEach(function(d){d.open=true;});0")
                tab.value(source + ";0")
                found = json.loads(tab.value(
                    "axe.run(document,{resultTypes:['violations']}).then(function(r){return JSON.stringify("
                    "{rules:r.passes.length,bad:r.violations.map(function(v){return {id:v.id,help:v.help,"
                    "nodes:v.nodes.slice(0,3).map(function(n){return n.html.slice(0,160);})};})});})"))
                expect(found["rules"] > 15, f"{name}: axe looked at {found['rules']} rules only")
                for bad in found["bad"]:
                    expect(False, f"{name}{' dark' if dark else ''} {width}: {bad['id']}: {bad['help']}\n    "
                           + "\n    ".join(bad["nodes"]))
                tab.close()


def case_sorting(browser, folder, out):
    """Every column of a table sorts both ways, by value and not by text, with unmeasured cells last."""
    for name, url in pages(folder, "complete"):
        tab = browser.open(url, 1280)
        column = """(function(){
          var t=[].filter.call(document.querySelectorAll('#modes table'),function(t){return t.tHead;})[0];
          var i=[].findIndex.call(t.tHead.rows[0].cells,function(c){return /^tg128/.test(c.textContent);});
          var head=t.tHead.rows[0].cells[i]; %s
          return [head.getAttribute('aria-sort')].concat([].map.call(t.tBodies[0].rows,function(r){
            return r.cells[i].getAttribute('data-v');}));
        })()"""
        click = "head.querySelector('button').click();"
        up, down = tab.value(column % click), tab.value(column % click)
        numbers = [float(v) for v in up[1:] if v is not None]
        expect(up[0] == "ascending" and numbers == sorted(numbers) and len(numbers) > 3, f"{name}: up {up}")
        numbers = [float(v) for v in down[1:] if v is not None]
        expect(down[0] == "descending" and numbers == sorted(numbers, reverse=True), f"{name}: down {down}")
        tab.close()


# What tidy says of correct pages: it does not know ids on the title of a drawing, and wants to drop
# the coloured squares of a legend, which are empty.
KNOWN = ('<title> proprietary attribute "id"', "trimming empty <i>")


def case_validity(browser, folder, out):
    """An HTML validator finds nothing."""
    tidy = shutil.which("tidy")
    if tidy is None:
        skip("tidy is not installed (ci/setup --for tests installs it)")
    for name, url in pages(folder):
        said = subprocess.run([tidy, "-q", "-e", "-utf8", url[7:]], capture_output=True, text=True).stderr
        for line in said.splitlines():
            expect(any(known in line for known in KNOWN), f"{name}: {line}")


def main():
    case, folder, out = sys.argv[1:4]
    os.makedirs(out, exist_ok=True)
    action, browser = globals()["case_" + case], None
    if case != "validity":
        path = chromium.find()
        if path is None:
            skip("no Chromium here (ci/setup --for tests installs one; NETY_BROWSER names one)")
        browser = chromium.Browser(path)
    try:
        action(browser, folder, out)
    finally:
        if browser:
            browser.close()
    for problem in problems[:40]:
        print(problem)
    print(f"{len(problems)} problems")
    sys.exit(1 if problems else 0)


main()
