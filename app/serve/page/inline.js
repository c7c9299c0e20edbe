// Markdown inside a paragraph, as DOM nodes. Texts only ever become text nodes: what looks like
// HTML is shown as it is written. One pass, bounded nesting: no text takes more than linear time.

const kDeepestInline = 12;
const kPlain = /[^\\`*_~[\]!<>&h\n]+/y;
const kEntities = { lt: "<", gt: ">", amp: "&", quot: '"', nbsp: "\u00a0", "#39": "'" };
const kEntity = /&(lt|gt|amp|quot|nbsp|#39);/y;
const kTarget =
  /\( {0,3}<?([^\s<>()]{0,2048}(?:\([^\s<>()]{0,512}\)[^\s<>()]{0,512}){0,4})>? {0,3}(?:"[^"\n]{0,512}")? {0,3}\)/y;
const kAddress = /https?:\/\/[^\s<>"'`]{1,2048}/y;
const kBracketed = /<(https?:\/\/[^\s<>]{1,2048})>/y;
const kBreak = /<br ?\/?>/iy;
const kPunctuation = /[!"#$%&'*+,\-./:;<=>?@\\^_`{|}~]/;  // not () and []: formulas are written \( \)
const kMark = /[\p{P}\p{S}]/u;

function matchAt(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/// The address of a link that may be followed, or nothing.
function safeAddress(address) {
  try {
    const url = new URL(address);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

function makeElement(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

function linkTo(href, children) {
  const link = makeElement("a", "", ...children);
  link.href = href;
  link.rel = "noopener noreferrer nofollow";
  link.target = "_blank";
  link.title = href;
  return link;
}

class InlineReader {
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.items = [];  // nodes, texts, and runs of marks that may still open something
    this.openers = [];  // places of such runs in items
    this.brackets = [];  // places of "[" in items
    this.unclosed = new Set();  // lengths of runs of ` that nothing closes
  }

  read() {
    while (this.at < this.text.length) this.step();
    return this.items.map((item) => (item.mark ? item.mark.repeat(item.count) : item));
  }

  put(item, length) {
    const last = this.items.length - 1;
    const joins = typeof item === "string" && typeof this.items[last] === "string" && this.brackets.at(-1) !== last;
    if (joins) this.items[last] += item;
    else this.items.push(item);
    this.at += length;
  }

  step() {
    const { text, at } = this;
    const plain = matchAt(kPlain, text, at);
    if (plain) return this.put(plain[0], plain[0].length);
    switch (text[at]) {
      case "\n": return this.put(document.createElement("br"), 1);
      case "\\": return this.escape();
      case "`": return this.code();
      case "*": case "_": case "~": return this.marks();
      case "[": return this.open(1);
      case "!": return text[at + 1] === "[" ? this.open(2) : this.put("!", 1);
      case "]": return this.close();
      case "<": return this.angle();
      case "&": return this.entity();
      case "h": return this.address();
      default: return this.put(text[at], 1);
    }
  }

  escape() {
    const next = this.text[this.at + 1];
    if (next === "\n") return this.put(document.createElement("br"), 2);
    if (next && kPunctuation.test(next)) return this.put(next, 2);
    this.put("\\", 1);
  }

  entity() {
    const found = matchAt(kEntity, this.text, this.at);
    this.put(found ? kEntities[found[1]] : "&", found ? found[0].length : 1);
  }

  run(mark) {
    let end = this.at;
    while (this.text[end] === mark) ++end;
    return end - this.at;
  }

  code() {
    const { text, at } = this;
    const count = this.run("`");
    const fence = "`".repeat(count);
    let end = this.unclosed.has(count) ? -1 : text.indexOf(fence, at + count);
    while (end >= 0 && (text[end + count] === "`" || text[end - 1] === "`")) {
      while (text[end] === "`") ++end;
      end = text.indexOf(fence, end);
    }
    if (end < 0) {
      this.unclosed.add(count);
      return this.put(fence, count);
    }
    let inside = text.slice(at + count, end).replace(/\n/g, " ");
    if (/^ .* $/.test(inside) && inside.trim()) inside = inside.slice(1, -1);
    this.put(makeElement("code", "", inside), end + count - at);
  }

  angle() {
    const address = matchAt(kBracketed, this.text, this.at);
    const href = address && safeAddress(address[1]);
    if (href) return this.put(linkTo(href, [address[1]]), address[0].length);
    const found = matchAt(kBreak, this.text, this.at);
    this.put(found ? document.createElement("br") : "<", found ? found[0].length : 1);
  }

  address() {
    const found = /\w/.test(this.text[this.at - 1] || " ") ? null : matchAt(kAddress, this.text, this.at);
    if (!found || this.brackets.length) return this.put("h", 1);
    let address = found[0];
    while (/[.,;:!?*_~\]]$/.test(address) || (address.endsWith(")") && !address.includes("(")))
      address = address.slice(0, -1);
    const href = safeAddress(address);
    if (!href) return this.put("h", 1);
    this.put(linkTo(href, [address]), address.length);
  }

  // Emphasis, as CommonMark tells what opens from what closes by the neighbours of a run.
  marks() {
    const { text, at } = this;
    const mark = text[at];
    let count = this.run(mark);
    this.at += count;
    const before = text[at - 1] || " ", after = text[at + count] || " ";
    const blank = /\s/;
    const opensSide = !blank.test(after) && (!kMark.test(after) || blank.test(before) || kMark.test(before));
    const closesSide = !blank.test(before) && (!kMark.test(before) || blank.test(after) || kMark.test(after));
    const word = mark === "_";
    const opens = opensSide && (!word || !closesSide || kMark.test(before));
    const closes = closesSide && (!word || !opensSide || kMark.test(after));
    if (mark === "~" && count !== 2) return void this.items.push(mark.repeat(count));
    if (closes) count = this.closeMarks(mark, count);
    if (count === 0) return;
    if (!opens || this.openers.length >= kDeepestInline) return void this.items.push(mark.repeat(count));
    this.openers.push(this.items.length);
    this.items.push({ mark, count });
  }

  /// How much of a closing run is left.
  closeMarks(mark, count) {
    while (count > 0) {
      const found = this.openers.findLastIndex((place) => this.items[place].mark === mark);
      if (found < 0) break;
      const place = this.openers[found], opener = this.items[place];
      const used = Math.min(2, count, opener.count);
      const tag = mark === "~" ? "del" : used === 2 ? "strong" : "em";
      this.wrap(place, (children) => makeElement(tag, "", ...children));
      opener.count -= used;
      count -= used;
      this.openers.length = found;
      if (opener.count > 0) this.openers.push(place);
      else this.items.splice(place, 1);
    }
    return count;
  }

  // What follows items[place] becomes one node.
  wrap(place, make) {
    const children = this.items.splice(place + 1).map((item) => (item.mark ? item.mark.repeat(item.count) : item));
    this.openers = this.openers.filter((other) => other <= place);
    this.brackets = this.brackets.filter((other) => other <= place);
    this.items.push(make(children));
  }

  // A picture is a link to it: nothing is fetched.
  open(length) {
    if (this.brackets.length < kDeepestInline) this.brackets.push(this.items.length);
    this.items.push(length === 2 ? "![" : "[");
    this.at += length;
  }

  close() {
    const place = this.brackets.pop();
    const target = place === undefined ? null : matchAt(kTarget, this.text, this.at + 1);
    const href = target && safeAddress(target[1]);
    const hasLink = (item) => typeof item !== "string" && !item.mark && (item.matches("a") || item.querySelector("a"));
    if (!href || this.items.slice(place + 1).some(hasLink)) return this.put("]", 1);
    this.wrap(place, (children) => linkTo(href, children.length ? children : [target[1]]));
    this.items.splice(place, 1);
    this.at += 1 + target[0].length;
  }
}

function inlineNodes(text) {
  return new InlineReader(text).read();
}
