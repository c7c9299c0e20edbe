// The page's beginning: what the buttons and keys do.

function onClick(id, act) {
  document.getElementById(id).addEventListener("click", (event) => act(event.currentTarget));
}

/// The field is as high as its text, up to what the style allows.
function fitQuestion() {
  const field = document.getElementById("question");
  field.style.height = "auto";
  field.style.height = field.scrollHeight + "px";
}

function submitQuestion() {
  const field = document.getElementById("question"), text = field.value.trim();
  if (page.answering || !text) return;
  field.value = "";
  fitQuestion();
  askQuestion(text);
}

function listenToQuestion() {
  const field = document.getElementById("question");
  field.placeholder = say("ask_anything");
  field.addEventListener("input", fitQuestion);
  field.addEventListener("keydown", (event) => {
    if (!isSend(event)) return;
    event.preventDefault();
    submitQuestion();
  });
  document.getElementById("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    if (page.answering) stopAnswering();
    else submitQuestion();
    field.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
    stopAnswering();
  });
}

function listenToPanels() {
  onClick("new-chat", () => {
    showChat(newChat());
    document.getElementById("question").focus();
  });
  onClick("open-model", () => document.getElementById("model").showModal());
  onClick("open-chats", () => {
    showChats();
    document.getElementById("chats").showModal();
  });
  onClick("delete-all", deleteAll);
  onClick("open-settings", openSettings);
  onClick("reset-settings", resetSettings);
  onClick("forget-key", () => {
    rememberKey("");
    document.getElementById("key-row").hidden = true;
  });
  document.getElementById("settings-form").addEventListener("submit", saveSettings);
  for (const button of document.querySelectorAll("[data-close]"))
    button.addEventListener("click", () => button.closest("dialog").close());
}

function listenToScrolling() {
  window.addEventListener("scroll", () => {
    page.follows = isAtNewest();
    document.getElementById("newest").hidden = page.follows;
  }, { passive: true });
  onClick("newest", () => {
    page.follows = true;
    followNewest();
  });
}

function begin() {
  translatePage();
  page.settings = readSettings();
  document.getElementById("sampling").append(...Object.keys(kSamplingFields).map(samplingField));
  listenToQuestion();
  listenToPanels();
  listenToScrolling();
  window.addEventListener("pagehide", () => keep(page.chat));
  showKeeping();
  showChat(currentChat());
  document.getElementById("question").focus();
  meetServer();
}

begin();
