/** Say every ten seconds that somebody is here, viewing, editing or away, and show who else is. */
import { isSaving } from "./drafts.js";
import { csrfToken, post } from "./requests.js";

const PING_MS = 10_000;
const FIRST_MS = 400;
const AWAY_MS = 2 * 60_000;
const EDIT_MS = 30_000;

class Presence {
  constructor(task, signal) {
    this.url = task.dataset.presenceUrl;
    this.place = task.querySelector("[data-presence]");
    this.signal = signal;
    this.lastInput = Date.now();
    this.lastEdit = 0;
    task.addEventListener("input", () => this.onEdit(), { signal });
    for (const name of ["keydown", "pointermove"]) {
      document.addEventListener(name, () => this.onInput(), { passive: true, signal });
    }
    window.addEventListener("pagehide", () => this.leave(), { signal });
    const first = window.setTimeout(() => this.ping(), FIRST_MS);
    const timer = window.setInterval(() => this.ping(), PING_MS);
    signal.addEventListener("abort", () => {
      window.clearTimeout(first);
      window.clearInterval(timer);
      this.leave();
    });
  }

  onInput() {
    this.lastInput = Date.now();
  }

  onEdit() {
    this.lastEdit = Date.now();
  }

  mode() {
    const now = Date.now();
    if (document.visibilityState === "hidden" || now - this.lastInput > AWAY_MS) {
      return "AWAY";
    }
    return now - this.lastEdit < EDIT_MS ? "EDITING" : "VIEWING";
  }

  body(mode) {
    const body = new FormData();
    body.set("mode", mode);
    body.set("csrfmiddlewaretoken", csrfToken());
    return body;
  }

  /** A draft on its way comes first: presence can wait for the next turn. */
  async ping() {
    if (isSaving()) {
      return;
    }
    const { status, data } = await post(this.url, this.body(this.mode()));
    const text = status === 200 ? data.others.join(" · ") : "";
    if (!this.signal.aborted && this.place.textContent !== text) {
      this.place.textContent = text;
    }
  }

  leave() {
    navigator.sendBeacon(this.url, this.body("GONE"));
  }
}

export function startPresence(task, signal) {
  if (task.dataset.presenceUrl) {
    new Presence(task, signal);
  }
}
