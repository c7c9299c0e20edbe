// What is told of the model, and the dialogs: model, chats, settings, API key.

function fillList(id, texts) {
  document.getElementById(id).replaceChildren(...texts.map((text) => makeElement("li", "", text)));
}

function fillTerms(id, terms) {
  document.getElementById(id).replaceChildren(
    ...terms.flatMap(([term, text]) => [makeElement("dt", "", term), makeElement("dd", "", text)]));
}

/// Precision, speed and memory, on one line.
function factsLine() {
  const { model, metrics, chat } = page;
  if (!model) return "";
  const { mode, backend, context } = model.nety;
  const last = chat.messages.findLast((message) => message.facts?.tokens !== undefined)?.facts;
  const parts = [`${mode} · ${backend}`];
  if (last?.tps) parts.push(say("tps", number(last.tps)));
  if (metrics.resident_memory_bytes) parts.push(bytes(metrics.resident_memory_bytes));
  if (last) parts.push(say("context_used", number(last.prompt + last.tokens), number(context)));
  return parts.join(" · ");
}

function showFacts() {
  const { model, metrics } = page;
  document.getElementById("facts-line").textContent = factsLine();
  if (!model) return;
  showEmptiness();
  const { mode, backend, device, context, policy, same_bits: bits } = model.nety;
  const { weights_bytes: weights, per_token_bytes: perToken } = model.nety;
  document.getElementById("model-name").textContent = `${model.id} · ${mode}`;
  document.getElementById("welcome-title").textContent = model.id;
  document.getElementById("model-title").textContent = model.id;
  document.getElementById("welcome-facts").textContent =
    [mode, backend, device, say("weights_of", bytes(weights)), say("context_of", number(context))].join(" · ");
  fillList("welcome-policy", policy);
  fillList("model-policy", policy);
  const terms = [[say("mode"), mode], [say("backend"), backend], [say("device"), device],
    [say("context"), say("tokens", number(context))], [say("bits"), say(bits ? "yes" : "no")],
    [say("weights"), say("weights_read", bytes(weights), bytes(perToken))]];
  const { resident_memory_bytes: resident, kv_cache_bytes: cache } = metrics;
  if (resident) terms.push([say("memory"), say("memory_of", bytes(resident))]);
  if (cache) terms.push([say("kv"), bytes(cache)]);
  fillTerms("model-facts", terms);
}

/// What the server is and uses now. Where it is not there, what was known stays.
async function refreshFacts() {
  try {
    page.metrics = await askMetrics();
    page.model = await askModel();
  } catch (error) {
    if (!(error instanceof AskError)) throw error;
  }
  showFacts();
}

async function meetServer() {
  try {
    page.model = await askModel();
  } catch (error) {
    if (!(error instanceof AskError)) throw error;
    if (error.code === "invalid_api_key") return void (await askForKey());
    const trouble = document.getElementById("trouble");
    trouble.textContent = noteText(noteOf(error, {}, false));
    trouble.hidden = false;
    return;
  }
  await refreshFacts();
}

let keyAsked = null;

/// True: the server takes the key that was entered. False: nobody entered one.
function askForKey() {
  keyAsked ??= openKeyDialog().finally(() => (keyAsked = null));
  return keyAsked;
}

function openKeyDialog() {
  const dialog = document.getElementById("key-dialog"), input = document.getElementById("key");
  const wrong = document.getElementById("key-wrong");
  const showWrong = (text) => {
    wrong.textContent = text;
    wrong.hidden = !text;
  };
  showWrong(apiKey() ? say("key_wrong") : "");
  input.value = "";
  dialog.showModal();
  input.focus();
  return new Promise((resolve) => {
    let well = false;
    document.getElementById("key-form").onsubmit = async (event) => {
      event.preventDefault();
      const key = input.value.trim();
      try {
        if (!/^[\x21-\x7e]+$/.test(key)) throw new AskError("invalid_api_key", "");
        rememberKey(key);
        page.model = await askModel();
      } catch (error) {
        if (!(error instanceof AskError)) throw error;
        rememberKey("");
        showWrong(error.code === "invalid_api_key" ? say("key_wrong") : noteText(noteOf(error, {}, false)));
        input.select();
        return;
      }
      well = true;
      dialog.close();
    };
    dialog.onclose = () => {
      dialog.onclose = null;
      document.getElementById("question").focus();
      resolve(well);
      if (well) refreshFacts();
    };
  });
}

function showChats() {
  const chats = keptChats();
  document.getElementById("chat-list").replaceChildren(...chats.map(chatRow));
  document.getElementById("chat-list").hidden = chats.length === 0;
  document.getElementById("no-chats").hidden = chats.length > 0;
  const all = document.getElementById("delete-all");
  all.hidden = chats.length === 0;
  all.textContent = say("delete_all");
}

function chatRow(chat) {
  const title = chatTitle(chat);
  const open = actionButton("chats", () => {
    document.getElementById("chats").close();
    showChat(chat);
    document.getElementById("question").focus();
  });
  open.textContent = title;
  open.classList.add("open");
  if (chat.id === page.chat.id) open.setAttribute("aria-current", "true");
  const time = makeElement("time", "", new Intl.DateTimeFormat(locale, { dateStyle: "medium" }).format(chat.at));
  const drop = actionButton("delete_one", () => {
    deleteChat(chat.id);
    if (chat.id === page.chat.id) leaveChat();
    showChats();
    document.getElementById("chats-title").focus();
  });
  drop.setAttribute("aria-label", say("delete_named", title));
  return makeElement("li", "", open, time, drop);
}

/// The chat that is shown was deleted: what still comes of its answer is not kept.
function leaveChat() {
  page.chat.deleted = true;
  showChat(newChat());
}

function deleteAll(button) {
  if (button.textContent !== say("delete_all_sure")) return void (button.textContent = say("delete_all_sure"));
  deleteAllChats();
  leaveChat();
  showChats();
  document.getElementById("chats-title").focus();
}

function samplingField(id) {
  const [least, most, step] = kSamplingFields[id];
  const input = makeElement("input", "");
  Object.assign(input, { type: "number", id: "set-" + id, min: least, max: most, step });
  const label = makeElement("label", "", say(id));
  label.htmlFor = input.id;
  return makeElement("div", "", label, input);
}

function openSettings() {
  const { settings } = page;
  document.getElementById("system").value = settings.system;
  document.getElementById("keep").checked = settings.keep;
  for (const id of Object.keys(kSamplingFields))
    document.getElementById("set-" + id).value = settings.sampling[id] ?? "";
  document.getElementById("key-row").hidden = !apiKey();
  document.getElementById("settings").showModal();
}

function saveSettings(event) {
  event.preventDefault();
  const sampling = {};
  for (const id of Object.keys(kSamplingFields)) {
    const { value } = document.getElementById("set-" + id);
    if (value !== "") sampling[id] = Number(value);
  }
  const system = document.getElementById("system").value, keeps = document.getElementById("keep").checked;
  page.settings = { system, keep: keeps, sampling };
  writeKept(browserStorage, kSettingsPlace, page.settings);
  if (page.settings.keep) keep(page.chat);
  else deleteAllChats();
  showKeeping();
  document.getElementById("settings").close();
}

function resetSettings() {
  document.getElementById("settings-form").reset();
  document.getElementById("system").value = "";
  document.getElementById("keep").checked = kNoSettings.keep;
  for (const id of Object.keys(kSamplingFields)) document.getElementById("set-" + id).value = "";
}

/// Says whether chats are kept.
function showKeeping() {
  for (const element of document.querySelectorAll("[data-say=kept_here]"))
    element.textContent = say(page.settings.keep ? "kept_here" : "not_kept");
}
