// Questions and answers as they are shown.

/// What readers by ear are told at once: politely, after what they hear now.
function announce(text) {
  const status = document.getElementById("status");
  status.textContent = "";
  status.textContent = text;
}

const kSpokenSeconds = 20;

/// A finished part of an answer, for readers by ear; gone again once it was read, or it would be
/// there twice.
function speak(text) {
  const part = makeElement("p", "", text);
  document.getElementById("spoken").append(part);
  setTimeout(() => part.remove(), kSpokenSeconds * 1000);
}

// For pages that are not from this machine and not encrypted: browsers give those no clipboard.
function copyBySelection(text) {
  const area = makeElement("textarea", "unseen");
  area.value = text;
  document.body.append(area);
  area.select();
  const well = document.execCommand("copy");
  area.remove();
  return well;
}

async function copyText(text, button) {
  let well = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    well = copyBySelection(text);
    button.focus();
  }
  button.textContent = say(well ? "copied" : "not_copied");
  announce(button.textContent);
  setTimeout(() => (button.textContent = say("copy")), 1500);
}

/// `changes`: the button alters the chat, which must not happen while an answer comes.
function actionButton(id, act, changes = false) {
  const button = makeElement("button", "quiet", say(id));
  button.type = "button";
  if (changes) {
    button.dataset.changes = "";
    button.disabled = Boolean(page.answering);
  }
  button.addEventListener("click", () => act(button));
  return button;
}

function questionElement(message) {
  const said = makeElement("div", "said", message.content);
  const actions = makeElement("div", "actions",
    actionButton("edit", () => article.replaceWith(editElement(message, article)), true),
    actionButton("copy", (button) => copyText(message.content, button)));
  const article = makeElement("article", "message user", makeElement("h2", "unseen", say("you")), said, actions);
  return article;
}

/// In place of a question: a form that changes it.
function editElement(message, before) {
  const area = makeElement("textarea", "");
  area.value = message.content;
  area.setAttribute("aria-label", say("edit_label"));
  const cancel = actionButton("cancel", () => {
    article.replaceWith(before);
    before.querySelector("button").focus();
  });
  const again = makeElement("button", "main", say("ask_again"));
  again.dataset.changes = "";
  const form = makeElement("form", "", area, makeElement("p", "buttons", again, cancel));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!page.answering && area.value.trim()) askInstead(message, area.value.trim());
  });
  area.addEventListener("keydown", (event) => {
    if (isSend(event)) {
      event.preventDefault();
      form.requestSubmit();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      cancel.click();
    }
  });
  const article = makeElement("article", "message user", form);
  setTimeout(() => area.focus());
  return article;
}

function isSend(event) {
  return event.key === "Enter" && !event.shiftKey && !event.isComposing;
}

const kGentleNotes = ["stopped", "stopped_empty", "cut"];

class AnswerView {
  constructor(message) {
    this.message = message;
    this.blocks = [];
    this.thoughtBlocks = [];
    this.spoken = 0;
    this.waiting = makeElement("p", "waiting", say("waiting"));
    this.summary = makeElement("summary", "");
    this.thought = makeElement("div", "text");
    this.thoughts = makeElement("details", "thoughts", this.summary, this.thought);
    this.text = makeElement("div", "text");
    this.note = makeElement("p", "note");
    this.meta = makeElement("p", "meta");
    this.actions = makeElement("div", "actions",
      actionButton("copy", (button) => copyText(message.content, button)),
      actionButton("regenerate", regenerate, true));
    this.actions.lastElementChild.classList.add("again");
    this.element = makeElement("article", "message answer", makeElement("h2", "unseen", say("answer")), this.waiting,
      this.thoughts, this.text, this.note, this.meta, this.actions);
  }

  update(going) {
    const { content, thinking, thoughtSeconds, note } = this.message;
    this.element.setAttribute("aria-busy", String(going));
    this.waiting.hidden = !going || Boolean(content || thinking);
    this.thoughts.hidden = !thinking;
    const thinks = going && !content;
    this.thoughts.classList.toggle("going", thinks);
    this.summary.textContent = thinks ? say("thinking")
      : thoughtSeconds ? say("thought", number(thoughtSeconds)) : say("thought_some");
    this.thoughtBlocks = showBlocks(this.thought, this.thoughtBlocks, parseBlocks(thinking || ""));
    this.blocks = showBlocks(this.text, this.blocks, parseBlocks(content));
    this.note.hidden = !note;
    this.note.classList.toggle("bad", Boolean(note) && !kGentleNotes.includes(note.id));
    this.note.textContent = note ? noteText(note) : "";
    this.meta.textContent = going ? "" : metaLine(this.message.facts || {});
    this.meta.hidden = !this.meta.textContent;
    this.actions.hidden = going;
    this.actions.firstElementChild.hidden = !content;
  }

  /// Says the parts that will not change any more.
  say(going) {
    const finished = going ? this.blocks.length - 1 : this.blocks.length;
    for (; this.spoken < finished; ++this.spoken) {
      const block = this.blocks[this.spoken];
      speak(block.kind === "code" ? say("spoken_code", counted(block.text.split("\n").length, "one_line", "lines"))
        : this.text.children[this.spoken].textContent);
    }
    if (!going) announce(this.message.note ? noteText(this.message.note) : say("answered"));
  }
}

function noteText({ id, text }) {
  return Object.hasOwn(kWords[language], id) ? say(id) : say("failed", text || id);
}

/// What an answer cost, under it.
function metaLine({ mode, tps, ttft, tokens, prompt, cached, seed }) {
  const parts = [];
  if (mode) parts.push(mode);
  if (tps) parts.push(say("tps", number(tps)));
  if (ttft !== undefined) parts.push(say("ttft", number(ttft)));
  if (tokens !== undefined) parts.push(counted(tokens, "one_token", "tokens"));
  if (cached) parts.push(say("cached", number(cached), number(prompt)));
  else if (prompt !== undefined) parts.push(say("prompt", number(prompt)));
  if (seed !== undefined) parts.push(say("seed_of", String(seed)));
  return parts.join(" · ");
}
