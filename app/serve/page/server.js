// What the page asks of the server that it came from: OpenAI's interface, by relative addresses, so
// that a proxy may put them under a folder.

const kKeyPlace = "nety.key";

/// `code`: the server's word, or "gone".
class AskError extends Error {
  constructor(code, message, status = 0) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

// In this tab only, and nowhere once it is closed.
function apiKey() {
  return tabStorage.getItem(kKeyPlace) || "";
}

function rememberKey(key) {
  if (key) tabStorage.setItem(kKeyPlace, key);
  else tabStorage.removeItem(kKeyPlace);
}

async function refusalOf(response) {
  try {
    const { error } = await response.json();
    return new AskError(error.code || "failed", error.message || response.statusText, response.status);
  } catch {
    return new AskError("failed", `HTTP ${response.status}`, response.status);
  }
}

/// The response, if it is well. Error: AskError; AbortError where `signal` says so.
async function askServer(path, { body, signal } = {}) {
  const headers = {};
  if (apiKey()) headers.Authorization = "Bearer " + apiKey();
  if (body) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, {
      method: body ? "POST" : "GET",
      headers,
      body: body && JSON.stringify(body),
      signal,
      cache: "no-store",
      credentials: "omit",
    });
  } catch (error) {
    throw error.name === "AbortError" ? error : new AskError("gone", error.message);
  }
  if (!response.ok) throw await refusalOf(response);
  return response;
}

/// The data of an event, without its field name.
function eventData(event) {
  return event.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trim()).join("\n");
}

/// Calls `take` with each chunk of a streamed answer. Error: as askServer; AskError "gone" where the
/// stream ends before it says that it does.
async function streamAnswer(body, signal, take) {
  const response = await askServer("v1/chat/completions", { body: { ...body, stream: true }, signal });
  const reader = response.body.getReader(), decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    let piece;
    try {
      piece = await reader.read();
    } catch (error) {
      throw error.name === "AbortError" ? error : new AskError("gone", error.message);
    }
    if (piece.done) throw new AskError("gone", "the stream ended early");
    rest += decoder.decode(piece.value, { stream: true });
    const events = rest.split("\n\n");
    rest = events.pop();
    for (const data of events.map(eventData).filter(Boolean)) {
      if (data === "[DONE]") return;
      const chunk = JSON.parse(data);
      if (chunk.error) throw new AskError(chunk.error.code || "failed", chunk.error.message);
      take(chunk);
    }
  }
}

async function askModel() {
  const { data } = await (await askServer("v1/models")).json();
  return data[0];
}

/// Numbers of /metrics without labels, by name.
async function askMetrics() {
  const text = await (await askServer("metrics")).text();
  const found = {};
  for (const [, name, value] of text.matchAll(/^nety_(\w+) (\S+)$/gm)) found[name] = Number(value);
  return found;
}
