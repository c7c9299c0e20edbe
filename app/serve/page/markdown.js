// Markdown as blocks, and blocks as DOM nodes. An answer grows at its end: parseBlocks() is run anew
// with each piece, and showBlocks() replaces only what has changed.

const kDeepestBlock = 6;
const kFence = /^( {0,3})(`{3,}|~{3,})([^`]*)$/;
const kHeading = /^ {0,3}(#{1,6})(?: |$)/;
const kRule = /^ {0,3}(?:(?:\* *){3,}|(?:- *){3,}|(?:_ *){3,})$/;
const kQuote = /^ {0,3}> ?/;
const kItem = /^( *)([-*+]|\d{1,9}[.)])( +|$)/;

function indentOf(line) {
  return line.length - line.trimStart().length;
}

function isBlank(line) {
  return line.trim() === "";
}

/// The cells of a row of a table; "\|" is no border.
function rowCells(line) {
  let row = line.trim();
  if (row.startsWith("|")) row = row.slice(1);
  if (row.endsWith("|") && !row.endsWith("\\|")) row = row.slice(0, -1);
  return row.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

/// How the columns are aligned, if a table begins at this line.
function tableAt(lines, at) {
  const next = lines[at + 1];
  if (next === undefined || !lines[at].includes("|") || !next.includes("-") || !/^[ |:-]+$/.test(next)) return null;
  const marks = rowCells(next);
  if (marks.length !== rowCells(lines[at]).length) return null;
  if (!marks.every((mark) => /^:?-+:?$/.test(mark))) return null;
  return marks.map((mark) => (mark.endsWith(":") ? (mark.startsWith(":") ? "middle" : "right") : ""));
}

/// What ends a paragraph without an empty line before it.
function interrupts(lines, at) {
  const line = lines[at], item = kItem.exec(line);
  return kFence.test(line) || kHeading.test(line) || kRule.test(line) || kQuote.test(line) ||
    (item !== null && line.length > item[0].length && /^(1[.)]|[-*+])$/.test(item[2])) ||
    tableAt(lines, at) !== null;
}

class BlockReader {
  constructor(text, depth = 0) {
    this.lines = text.replace(/\r\n?/g, "\n").replaceAll("\t", "    ").split("\n");
    this.at = 0;
    this.depth = depth;
    this.level = 2;  // of the heading before; the page has its own above
  }

  read() {
    const blocks = [];
    while (this.at < this.lines.length) {
      if (isBlank(this.lines[this.at])) {
        ++this.at;
        continue;
      }
      const from = this.at;
      const block = this.block();
      block.raw = this.lines.slice(from, this.at).join("\n");
      blocks.push(block);
    }
    return blocks;
  }

  block() {
    const line = this.lines[this.at];
    const fence = kFence.exec(line);
    if (fence) return this.code(fence);
    const heading = kHeading.exec(line);
    if (heading) return this.heading(heading);
    if (kRule.test(line)) return this.rule();
    if (this.depth < kDeepestBlock && kQuote.test(line)) return this.quote();
    const item = kItem.exec(line);
    if (this.depth < kDeepestBlock && item) return this.list(item);
    const columns = tableAt(this.lines, this.at);
    return columns ? this.table(columns) : this.paragraph();
  }

  code([, indent, fence, info]) {
    const inside = [];
    const closes = (line) => {
      const mark = line.trim();
      return indentOf(line) < 4 && mark.length >= fence.length && mark === fence[0].repeat(mark.length);
    };
    for (++this.at; this.at < this.lines.length; ++this.at) {
      const line = this.lines[this.at];
      if (closes(line)) {
        ++this.at;
        break;
      }
      inside.push(line.slice(Math.min(indent.length, indentOf(line))));
    }
    return { kind: "code", language: info.trim().split(/\s/)[0].slice(0, 40), text: inside.join("\n") };
  }

  // No level is left out, whatever the answer begins with: readers by ear go by them.
  heading([start, marks]) {
    const line = this.lines[this.at++].slice(start.length).trim();
    const text = line.replace(/(^| )#+$/, "").trim();
    this.level = Math.min(marks.length + 2, this.level + 1, 6);
    return { kind: "heading", level: this.level, text };
  }

  rule() {
    ++this.at;
    return { kind: "rule" };
  }

  quote() {
    const inside = [];
    while (this.at < this.lines.length && kQuote.test(this.lines[this.at]))
      inside.push(this.lines[this.at++].replace(kQuote, ""));
    return { kind: "quote", blocks: this.inner(inside) };
  }

  inner(lines) {
    return new BlockReader(lines.join("\n"), this.depth + 1).read();
  }

  list([, indent, mark]) {
    const ordered = /\d/.test(mark), last = mark.at(-1), base = indent.length;
    const isNext = (line) => {
      const item = kItem.exec(line);
      return item && item[1].length < base + 2 && item[2].at(-1) === last && !kRule.test(line) ? item : null;
    };
    const items = [];
    let loose = false;
    while (this.at < this.lines.length) {
      const item = isNext(this.lines[this.at]);
      if (!item) break;
      const inside = [this.lines[this.at++].slice(item[0].length)];
      loose = this.itemLines(base, item[0].length, isNext, inside) || loose;
      items.push(this.inner(inside));
    }
    return { kind: "list", ordered, start: ordered ? parseInt(mark, 10) : 1, loose, items };
  }

  /// Takes the lines of one item; true: empty ones are between its parts, or after it.
  itemLines(base, width, isNext, inside) {
    const { lines } = this;
    let loose = false;
    for (; this.at < lines.length; ++this.at) {
      const line = lines[this.at];
      if (isBlank(line)) {
        let next = this.at;
        while (next < lines.length && isBlank(lines[next])) ++next;
        if (next === lines.length) break;
        if (indentOf(lines[next]) < base + 2 && !isNext(lines[next])) break;
        loose = true;
        if (isNext(lines[next])) {
          this.at = next;
          break;
        }
        for (; this.at < next; ++this.at) inside.push("");
        --this.at;
        continue;
      }
      if (isNext(line)) break;
      const follows = !isBlank(lines[this.at - 1]) && !kItem.test(line) && !interrupts(lines, this.at);
      if (indentOf(line) < base + 2 && !follows) break;
      inside.push(line.slice(Math.min(width, indentOf(line))));
    }
    return loose;
  }

  table(columns) {
    const head = rowCells(this.lines[this.at]), rows = [];
    this.at += 2;
    while (this.at < this.lines.length && this.lines[this.at].includes("|"))
      rows.push(rowCells(this.lines[this.at++]).slice(0, columns.length));
    return { kind: "table", columns, head, rows };
  }

  paragraph() {
    const from = this.at++;
    while (this.at < this.lines.length && !isBlank(this.lines[this.at]) && !interrupts(this.lines, this.at)) ++this.at;
    return { kind: "paragraph", text: this.lines.slice(from, this.at).map((line) => line.trim()).join("\n") };
  }
}

function parseBlocks(text) {
  return new BlockReader(text).read();
}

function codeElement(block) {
  const copy = makeElement("button", "quiet", say("copy"));
  copy.type = "button";
  copy.setAttribute("aria-label", say("copy_code"));
  const text = makeElement("code", "", block.text);
  copy.addEventListener("click", () => copyText(text.textContent, copy));
  const pre = makeElement("pre", "", text);
  pre.tabIndex = 0;
  pre.setAttribute("role", "group");
  pre.setAttribute("aria-label", block.language ? say("code_of", block.language) : say("code"));
  return makeElement("div", "code", makeElement("div", "bar", makeElement("span", "", block.language || say("code")), copy), pre);
}

function tableElement({ columns, head, rows }) {
  const cells = (tag, texts) => columns.map((side, i) => {
    const cell = makeElement(tag, side, ...inlineNodes(texts[i] ?? ""));
    if (tag === "th") cell.scope = "col";
    return cell;
  });
  const table = makeElement("table", "",
    makeElement("thead", "", makeElement("tr", "", ...cells("th", head))),
    makeElement("tbody", "", ...rows.map((row) => makeElement("tr", "", ...cells("td", row)))));
  const scroll = makeElement("div", "scroll", table);
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "group");
  scroll.setAttribute("aria-label", say("table"));
  return scroll;
}

/// "[x] done": a box as a character.
function withBox(text) {
  return text.replace(/^\[([ xX])\] /, (_, mark) => (mark === " " ? "☐ " : "☑ "));
}

function listElement(block) {
  const list = makeElement(block.ordered ? "ol" : "ul", "");
  if (block.ordered && block.start !== 1) list.start = block.start;
  for (const blocks of block.items) {
    const item = makeElement("li", "");
    for (const one of blocks)
      if (one.kind === "paragraph" && !block.loose) item.append(...inlineNodes(withBox(one.text)));
      else item.append(blockElement(one, false));
    list.append(item);
  }
  return list;
}

function blockElement(block, isTop = true) {
  switch (block.kind) {
    case "code": return codeElement(block);
    // Inside of lists and quotes, headings are no part of the outline.
    case "heading": return isTop ? makeElement("h" + block.level, "", ...inlineNodes(block.text))
      : makeElement("p", "", makeElement("strong", "", ...inlineNodes(block.text)));
    case "rule": return makeElement("hr", "");
    case "quote": return makeElement("blockquote", "", ...block.blocks.map((one) => blockElement(one, false)));
    case "list": return listElement(block);
    case "table": return tableElement(block);
    default: return makeElement("p", "", ...inlineNodes(block.text));
  }
}

/// Shows blocks in a container that shows `shown`: only what differs is made anew. A piece of code
/// that grows stays the same element, with its focus and its scroll.
function showBlocks(container, shown, blocks) {
  const isSame = (at) => shown[at].raw === blocks[at].raw && shown[at].kind === blocks[at].kind;
  let same = 0;
  while (same < shown.length && same < blocks.length && isSame(same)) ++same;
  const last = same === shown.length - 1 && shown[same].kind === "code" ? shown[same] : null;
  if (last && blocks[same]?.kind === "code" && last.language === blocks[same].language) {
    container.children[same].querySelector("pre code").textContent = blocks[same].text;
    ++same;
  }
  while (container.children.length > same) container.lastElementChild.remove();
  container.append(...blocks.slice(same).map((block) => blockElement(block)));
  return blocks;
}
