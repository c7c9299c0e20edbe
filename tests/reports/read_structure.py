"""What a report says, read by readers that are not ours: read_structure.py html|markdown|junit REPORT OUT.

Writes to OUT as JSON: headings, sections, claims with their verdicts and commands, tables, drawings, and in
`problems` whatever is wrong with the form itself."""
import html
import json
import re
import sys
from html.parser import HTMLParser
from xml.dom import minidom

VOID = {"meta", "br", "hr", "img", "input", "link"}


class Element:
    def __init__(self, tag, attributes):
        self.tag, self.attributes, self.children = tag, attributes, []

    def get(self, name):
        return self.attributes.get(name) or ""

    def classes(self):
        return self.get("class").split()

    def text(self):
        """The text, without what is hidden from readers aloud (the signs beside words)."""
        parts = (c if isinstance(c, str) else "" if c.get("aria-hidden") else c.text() for c in self.children)
        return re.sub(r"[ \t\r\n]+", " ", "".join(parts)).strip()

    def all(self, *tags):
        for child in self.children:
            if not isinstance(child, str):
                if child.tag in tags:
                    yield child
                yield from child.all(*tags)

    def first(self, *tags):
        return next(self.all(*tags), Element("", {}))


class Reader(HTMLParser):
    """A tree of elements; one that is not closed, or closed out of turn, is a problem."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]
        self.problems = []

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        if len(set(names)) != len(names):
            self.problems.append(f"an attribute twice on <{tag}>")
        self.problems += [f"<{tag} {name}> is a script" for name in names if name.startswith("on")]
        element = Element(tag, dict(attrs))
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if self.open[-1].tag != tag:
            self.problems.append(f"</{tag}> inside <{self.open[-1].tag}>")
        if any(element.tag == tag for element in self.open):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data):
        self.open[-1].children.append(data)


def read_table(table):
    body = table.first("tbody")
    return {"caption": table.first("caption").text(),
            "columns": [cell.text() for cell in table.first("thead").all("th")],
            "rows": [[cell.text() for cell in row.all("td", "th")] for row in body.all("tr")],
            "marked": [at for at, row in enumerate(body.all("tr")) if "marked" in row.classes()]}


def read_drawing(svg):
    marks = [mark for mark in svg.all("circle", "rect") if {"point", "part0", "box"} & set(mark.classes())]
    return {"title": svg.first("title").text(), "description": svg.first("desc").text(),
            "labels": [text.text() for text in svg.all("text") if "lab" in text.classes()], "marks": len(marks)}


def read_claims(page):
    """Each has its id on its entry, or on its heading where one command stands for several."""
    claims = []
    for item in page.all("li"):
        chip = next((span for span in item.all("span") if "chip" in span.classes()), None)
        for place in [item, *item.all("h4")]:
            if chip is None or not place.get("id").startswith("claim-"):
                continue
            claims.append({"id": place.get("id")[6:], "statement": item.first("h4").text() if place is item
                           else place.text(), "verdict": chip.classes()[-1], "word": chip.text(),
                           "command": item.first("code").text()})
    return claims


def read_html(text):
    reader = Reader()
    reader.feed(text)
    reader.close()
    page = reader.root
    reader.problems += [f"<{element.tag}> is not closed" for element in reader.open[1:]]
    everything = list(page.all("html", "body", "main", "section", "h2", "h4", "li", "title", "desc", "script"))
    ids = [element.get("id") for element in everything if element.get("id")]
    reader.problems += [f"the id {one} twice" for one in sorted(set(ids)) if ids.count(one) > 1]
    for element in page.all("section", "svg"):
        for name in element.get("aria-labelledby").split():
            if name not in ids:
                reader.problems.append(f"<{element.tag}> is named by {name}, which is not there")
    reader.problems += [f"a link to {link.get('href')}, which is not there" for link in page.all("a")
                        if link.get("href")[1:] not in ids]
    scripts = [script for script in page.all("script") if script.get("id") == "nety-results"]
    findings = [item for section in page.all("section") if section.get("id").startswith("findings")
                for item in section.all("li")]
    return {
        "problems": reader.problems,
        "language": page.first("html").get("lang"),
        "headline": [h1.text() for h1 in page.all("h1")],
        "sections": [section.get("id") for section in page.all("section")],
        "headings": [h2.text() for h2 in page.all("h2")],
        "claims": read_claims(page),
        "tables": [read_table(table) for table in page.all("table")],
        "figures": [{"title": figure.first("figcaption").text(),
                     "drawings": [read_drawing(svg) for svg in figure.all("svg")]} for figure in page.all("figure")],
        "findings": [{"status": item.first("span").classes()[-1], "text": item.text()} for item in findings],
        "data": [json.loads("".join(script.children)) for script in scripts],
    }


def unescaped(text):
    """What GitHub shows of a text: no backslash before punctuation, characters for entities."""
    return html.unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text))


def cells_of(line):
    """The cells of a line of a table: what stands between bars that are not escaped."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def read_markdown(text):
    claim = re.compile(r"- \*\*(?P<verdict>[^*]*)\*\* · (?P<statement>.*) \(`(?P<id>[^`]*)`\)$")
    out = {"problems": [], "headline": [], "headings": [], "claims": [], "tables": [], "findings": []}
    lines = text.split("\n")
    for at, line in enumerate(lines):
        heading = re.match(r"(#+) (.*)", line)
        if heading:
            out["headline" if heading[1] == "#" else "headings"].append(heading[2])
        found = claim.match(line)
        if found:
            shown = {name: unescaped(value) for name, value in found.groupdict().items()}
            out["claims"].append(dict(shown, command=""))
        elif line.startswith("- **"):
            out["findings"].append(line)
        code = re.search(r"`([^`]*)`$", line)
        if line.startswith("  <br>") and code and out["claims"]:
            out["claims"][-1]["command"] = code[1]
        if re.fullmatch(r"\|(-+:?\|)+", line):
            rows = []
            for row in lines[at + 1:]:
                if not row.startswith("|"):
                    break
                rows.append(cells_of(row))
            out["tables"].append({"columns": cells_of(lines[at - 1]), "rows": rows})
    for table in out["tables"]:
        out["problems"] += [f"a row of {len(row)} cells under {len(table['columns'])} columns"
                            for row in table["rows"] if len(row) != len(table["columns"])]
    return out


def read_junit(text):
    suite = minidom.parseString(text.encode()).documentElement
    cases = []
    for case in suite.getElementsByTagName("testcase"):
        outcomes = [child for child in case.childNodes if child.nodeType == child.ELEMENT_NODE]
        cases.append({"name": case.getAttribute("name"), "outcomes": [child.tagName for child in outcomes],
                      "text": "".join(child.getAttribute("message") + "\n" + "".join(
                          node.data for node in child.childNodes) for child in outcomes)})
    return {"counts": {name: int(suite.getAttribute(name)) for name in ("tests", "failures", "skipped")},
            "cases": cases}


def main():
    kind, path, out = sys.argv[1:]
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"html": read_html, "markdown": read_markdown, "junit": read_junit}[kind](text), file)


main()
