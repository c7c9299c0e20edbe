// A chat: questions are asked, answers come, are stopped, made anew, or asked for differently.

const page = { chat: null, settings: null, model: null, metrics: {}, answering: null, follows: true };
const kKeepEverySeconds = 2;
const kSeeds = 2 ** 31;

/// The chat for the server. A question that got no answer is left out: templates want turns.
function messagesToSend(chat, system) {
  const sent = system.trim() ? [{ role: "system", content: system }] : [];
  for (let i = 0; i < chat.messages.length; ++i) {
    const { role, content, thinking } = chat.messages[i];
    const next = chat.messages[i + 1];
    if (role === "user" && next && !next.content) ++i;
    else sent.push({ role, content, ...(thinking && { reasoning_content: thinking }) });
  }
  return sent;
}

// The same seed would give the same answer again.
function seedOf({ sampling }) {
  return sampling.seed ?? crypto.getRandomValues(new Uint32Array(1))[0] % kSeeds;
}

function takeChunk(message, chunk) {
  const choice = chunk.choices[0];
  const { content, reasoning_content: thought } = choice?.delta ?? {};
  const now = performance.now();
  if (thought) {
    message.thinkingFrom ??= now;
    message.thinking = (message.thinking || "") + thought;
  }
  if (content) {
    if (message.thinkingFrom && !message.content) message.thoughtSeconds = (now - message.thinkingFrom) / 1000;
    message.content += content;
  }
  if (choice?.finish_reason === "length") message.note = { id: "cut" };
  const { usage, timings } = chunk;
  if (usage)
    Object.assign(message.facts, { tokens: usage.completion_tokens, prompt: usage.prompt_tokens,
      cached: usage.prompt_tokens_details?.cached_tokens });
  if (timings) Object.assign(message.facts, { tps: timings.tg_tps ?? undefined, ttft: timings.ttft_s });
}

function noteOf(error, message, stopped) {
  const came = Boolean(message.content || message.thinking);
  if (stopped) return { id: came ? "stopped" : "stopped_empty" };
  if (error.code === "gone") return { id: came ? "gone" : "gone_empty" };
  return error instanceof AskError ? { id: error.code, text: error.message } : { id: "failed", text: String(error) };
}

/// Shows an answer as it grows, once per frame, and keeps it now and then.
function redrawer(view, chat, answering) {
  let asked = 0, keptAt = performance.now();
  const draw = () => {
    asked = 0;
    if (page.answering !== answering) return;
    view.update(true);
    view.say(true);
    followNewest();
    if (performance.now() - keptAt < kKeepEverySeconds * 1000) return;
    keptAt = performance.now();
    keep(chat);
  };
  return () => (asked ||= requestAnimationFrame(draw));
}

/// Answers the last question.
async function answer() {
  const { chat, settings } = page;
  const message = { role: "assistant", content: "", facts: { mode: page.model?.nety.mode, seed: seedOf(settings) } };
  const body = { messages: messagesToSend(chat, settings.system), ...settings.sampling, seed: message.facts.seed };
  const view = new AnswerView(message), stop = new AbortController();
  chat.messages.push(message);
  document.getElementById("messages").append(view.element);
  page.answering = stop;
  showBusy();
  view.update(true);
  announce(say("answering"));
  followNewest();
  const redraw = redrawer(view, chat, stop);
  let failure = null;
  try {
    await streamAnswer(body, stop.signal, (chunk) => {
      takeChunk(message, chunk);
      redraw();
    });
  } catch (error) {
    failure = error;
    message.note = noteOf(error, message, stop.signal.aborted);
  }
  page.answering = null;
  delete message.thinkingFrom;
  view.update(false);
  view.say(false);
  showBusy();
  keep(chat);
  followNewest();
  if (failure?.code === "invalid_api_key" && (await askForKey())) return regenerate();
  await refreshFacts();
}

function showBusy() {
  const busy = Boolean(page.answering), send = document.getElementById("send");
  send.textContent = say(busy ? "stop" : "send");
  send.classList.toggle("main", !busy);
  for (const button of document.querySelectorAll("[data-changes]")) button.disabled = busy;
}

function stopAnswering() {
  page.answering?.abort();
}

function askQuestion(text) {
  page.chat.messages.push({ role: "user", content: text });
  page.chat.at = Date.now();
  document.getElementById("messages").append(questionElement(page.chat.messages.at(-1)));
  page.follows = true;
  showEmptiness();
  keep(page.chat);
  return answer();
}

/// The last answer is made anew, with another seed.
function regenerate() {
  const { chat } = page;
  if (page.answering || chat.messages.at(-1)?.role !== "assistant") return;
  chat.messages.pop();
  document.getElementById("messages").lastElementChild.remove();
  page.follows = true;
  document.getElementById("question").focus();
  return answer();
}

/// A question is replaced; what came after it goes.
function askInstead(message, text) {
  page.chat.messages.length = page.chat.messages.indexOf(message);
  showChat(page.chat);
  document.getElementById("question").focus();
  return askQuestion(text);
}

function keep(chat) {
  if (!page.settings.keep || chat.deleted) return;
  const trouble = document.getElementById("trouble");
  trouble.hidden = keepChat(chat);
  trouble.textContent = trouble.hidden ? "" : say("storage_full");
}

function showChat(chat) {
  stopAnswering();
  page.chat = chat;
  writeKept(tabStorage, kCurrentPlace, chat.id);
  const shown = chat.messages.map((message) => {
    if (message.role === "user") return questionElement(message);
    const view = new AnswerView(message);
    view.update(false);
    return view.element;
  });
  document.getElementById("messages").replaceChildren(...shown);
  page.follows = true;
  showEmptiness();
  showFacts();
  followNewest();
}

function showEmptiness() {
  document.getElementById("welcome").hidden = page.chat.messages.length > 0 || !page.model;
  document.title = (page.chat.messages.length ? chatTitle(page.chat) + " – " : "") + "NETY";
}

function isAtNewest() {
  return window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 90;
}

function followNewest() {
  if (page.follows) window.scrollTo(0, document.documentElement.scrollHeight);
  document.getElementById("newest").hidden = page.follows;
}
