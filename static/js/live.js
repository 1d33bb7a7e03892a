/**
 * Live refresh. One socket brings hints `{topic, version}`, never data; the elements that show a topic
 * (`data-topic`, space-separated) then fetch themselves over HTTP by their own `hx-get`, where permission is checked.
 * A missed hint costs at most REFRESH_MS: everything is fetched again on reconnect and at that interval.
 */
const REFRESH_MS = 30_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;
const GATHER_MS = 60;
const SIGNED_OUT = 4401;

const versions = new Map();
const due = new Set();
let gathering = 0;

function topicsOf(element) {
  return element.dataset.topic.split(/\s+/).filter(Boolean);
}

function refreshDue() {
  gathering = 0;
  for (const element of document.querySelectorAll("[data-topic]")) {
    if (topicsOf(element).some((topic) => due.has(topic) || due.has("*"))) {
      window.htmx.trigger(element, "hint");
    }
  }
  due.clear();
}

/** Fetch soon; hints that come in one burst cost one request per element. */
function refresh(topic) {
  due.add(topic);
  if (!gathering) {
    gathering = window.setTimeout(refreshDue, GATHER_MS);
  }
}

function onHint(text) {
  let hint;
  try {
    hint = JSON.parse(text);
  } catch {
    return; // Not ours; the next hint or the interval repairs what this one meant.
  }
  if (typeof hint?.topic !== "string") {
    return;
  }
  if (hint.version !== undefined && versions.get(hint.topic) === hint.version) {
    return;
  }
  versions.set(hint.topic, hint.version);
  refresh(hint.topic);
}

function showState(state, text) {
  for (const element of document.querySelectorAll("[data-live-state]")) {
    element.dataset.state = state;
    element.textContent = text;
  }
}

class Line {
  constructor(url) {
    this.url = url;
    this.retryMs = FIRST_RETRY_MS;
    this.wasOpen = false;
    this.open();
  }

  open() {
    this.topics = subscribedTopics();
    this.socket = new WebSocket(this.url);
    this.socket.addEventListener("open", () => this.onOpen());
    this.socket.addEventListener("message", (event) => onHint(event.data));
    this.socket.addEventListener("close", (event) => this.onClose(event.code));
  }

  onOpen() {
    showState("live", "live");
    this.retryMs = FIRST_RETRY_MS;
    this.socket.send(JSON.stringify({ subscribe: this.topics }));
    if (this.wasOpen) {
      refresh("*");
    }
    this.wasOpen = true;
  }

  onClose(code) {
    showState("waiting", "reconnecting");
    if (code === SIGNED_OUT) {
      refresh("*"); // leads to the sign-in: nobody reads on after a session's end
    }
    const spread = 0.5 + Math.random();
    window.setTimeout(() => this.open(), this.retryMs * spread);
    this.retryMs = Math.min(this.retryMs * 2, LAST_RETRY_MS);
  }
}

function subscribedTopics() {
  const topics = new Set();
  for (const element of document.querySelectorAll("[data-topic]")) {
    for (const topic of topicsOf(element)) {
      topics.add(topic);
    }
  }
  return [...topics];
}

let line = null;

/** Hear of what the page shows now: its content has been exchanged without a new document. */
export function resubscribe() {
  if (line?.socket.readyState === WebSocket.OPEN) {
    line.topics = subscribedTopics();
    line.socket.send(JSON.stringify({ subscribe: line.topics }));
  }
  const shown = new Set(subscribedTopics());
  for (const topic of versions.keys()) {
    if (!shown.has(topic)) {
      versions.delete(topic); // a tab stays open for hundreds of tasks
    }
  }
}

export function startLive(root) {
  const path = root.documentElement.dataset.hintsUrl;
  if (!path || !window.htmx || subscribedTopics().length === 0) {
    return;
  }
  line = new Line(new URL(path, window.location.href.replace(/^http/, "ws")).href);
  window.setInterval(() => {
    if (root.visibilityState === "visible") {
      refresh("*");
    }
  }, REFRESH_MS);
}
