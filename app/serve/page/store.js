// What is kept in this browser: chats, one entry each, so that two tabs do not write over each
// other's, and settings. Where a browser keeps nothing, all works until the page is closed.

const kChatPrefix = "nety.chat.", kSettingsPlace = "nety.settings", kCurrentPlace = "nety.current";
const kLongestTitle = 60;

/// name: least, most, step.
const kSamplingFields = {
  temperature: [0, 100, "any"],
  top_p: [0, 1, "any"],
  top_k: [0, 1000000, 1],
  min_p: [0, 1, "any"],
  repeat_penalty: [0.01, 100, "any"],
  frequency_penalty: [-2, 2, "any"],
  presence_penalty: [-2, 2, "any"],
  max_tokens: [1, 1000000, 1],
  seed: [0, 9007199254740991, 1],
};

// Where a browser allows none: it lasts as long as the page.
class PageStorage {
  getItem(place) {
    return this[place] ?? null;
  }
  setItem(place, text) {
    this[place] = text;
  }
  removeItem(place) {
    delete this[place];
  }
}

function storageOr(name) {
  try {
    return window[name] ?? new PageStorage();
  } catch {
    return new PageStorage();
  }
}

const browserStorage = storageOr("localStorage"), tabStorage = storageOr("sessionStorage");

const kNoSettings = { system: "", keep: true, sampling: {} };

function readKept(storage, place) {
  try {
    return JSON.parse(storage.getItem(place));
  } catch {
    return null;
  }
}

/// False: there is no room, or nothing may be kept.
function writeKept(storage, place, value) {
  try {
    storage.setItem(place, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

function readSettings() {
  const kept = readKept(browserStorage, kSettingsPlace) || {};
  return { ...kNoSettings, ...kept, sampling: { ...kept.sampling } };
}

function newChat() {
  return { id: crypto.getRandomValues(new Uint32Array(2)).join("-"), at: Date.now(), messages: [] };
}

function chatTitle(chat) {
  const first = chat.messages.find((message) => message.role === "user");
  const text = first ? first.content.trim().split("\n")[0] : "";
  return text.length > kLongestTitle ? text.slice(0, kLongestTitle) + "…" : text || say("untitled");
}

/// A chat that is kept, or null. The page may have been closed while an answer came, or before.
function readChat(place) {
  const chat = readKept(browserStorage, place);
  if (!chat || !Array.isArray(chat.messages)) return null;
  const last = chat.messages.at(-1);
  if (last?.role === "user") chat.messages.push({ role: "assistant", content: "", note: { id: "stopped_empty" } });
  else if (last && !last.note && last.facts?.tokens === undefined) last.note = { id: "stopped" };
  return chat;
}

/// The newest first.
function keptChats() {
  const places = Object.keys(browserStorage).filter((place) => place.startsWith(kChatPrefix));
  return places.map(readChat).filter(Boolean).sort((a, b) => b.at - a.at);
}

function keepChat(chat) {
  return !chat.messages.length || writeKept(browserStorage, kChatPrefix + chat.id, chat);
}

function deleteChat(id) {
  browserStorage.removeItem(kChatPrefix + id);
}

function deleteAllChats() {
  for (const chat of keptChats()) deleteChat(chat.id);
}

/// The chat that this tab showed before it was loaded anew, or an empty one.
function currentChat() {
  const id = readKept(tabStorage, kCurrentPlace);
  return (id && readChat(kChatPrefix + id)) || newChat();
}
