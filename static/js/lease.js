/**
 * The lease of the open task: what is left of it, kept alive while the person is at work, extended by one key.
 *
 * The server's clock counts: `data-now` and `data-expires-at` come from it, so a wrong local clock does no harm. When
 * the lease is lost the form stays as it is: nothing typed is thrown away, and the server refuses a stale token. What
 * can be done then (claim again, hand over the draft) is the server's notice, fetched at once.
 */
import { announce, post } from "./requests.js";

const BEAT_MS = 20_000;
const IDLE_LIMIT_MS = 5 * 60_000;
const WARN_MS = 60_000;

function clock(leftMs) {
  const seconds = Math.max(0, Math.ceil(leftMs / 1000));
  const part = (value) => String(value).padStart(2, "0");
  return `${part(Math.floor(seconds / 60))}:${part(seconds % 60)}`;
}

class Lease {
  constructor(element, signal) {
    this.element = element;
    this.form = element.querySelector("form");
    this.left = element.querySelector("[data-lease-left]");
    this.offset = Date.parse(element.dataset.now) - Date.now();
    this.expires = Date.parse(element.dataset.expiresAt);
    this.lastInput = Date.now();
    this.hasWarned = false;
    for (const name of ["keydown", "pointerdown", "scroll"]) {
      document.addEventListener(name, () => this.onInput(), { passive: true, signal });
    }
    this.form.addEventListener("submit", (event) => this.onExtend(event), { signal });
    this.ticks = window.setInterval(() => this.tick(), 1000);
    this.beats = window.setInterval(() => this.beat(), BEAT_MS);
    signal.addEventListener("abort", () => this.stop());
    this.tick();
  }

  stop() {
    window.clearInterval(this.ticks);
    window.clearInterval(this.beats);
  }

  onInput() {
    this.lastInput = Date.now();
  }

  onExtend(event) {
    event.preventDefault();
    this.send(this.form.action, "Lease extended");
  }

  tick() {
    const leftMs = this.expires - (Date.now() + this.offset);
    this.left.textContent = clock(leftMs);
    this.element.classList.toggle("is-warn", leftMs <= WARN_MS);
    this.element.classList.toggle("is-accent", leftMs > WARN_MS);
    if (leftMs <= 0) {
      this.lose("Your lease has run out. Your draft is kept; claim the task again to go on.");
    } else if (leftMs <= WARN_MS && !this.hasWarned) {
      this.hasWarned = true;
      announce("Your lease ends within a minute. Press the full stop key to extend it.");
    }
  }

  beat() {
    const isAtWork =
      document.visibilityState === "visible" && Date.now() - this.lastInput < IDLE_LIMIT_MS;
    if (isAtWork) {
      this.send(this.form.action, "");
    }
  }

  /** Ask for more time; tell whether it was given. */
  async send(url, sentence) {
    const { status, data } = await post(url, new FormData(this.form));
    if (status === 200 && data?.expires_at) {
      this.expires = Date.parse(data.expires_at);
      this.hasWarned = false;
      this.tick();
      if (sentence) {
        announce(sentence); // A quiet beat leaves what was just said.
      }
      return true;
    }
    if (status >= 400 && status < 500) {
      this.lose(data?.message ?? "You no longer hold this task. Your draft is kept.");
    }
    return false;
  }

  /** What was taken ahead becomes a full lease, now that somebody looks at it. */
  async begin() {
    const url = this.element.dataset.beginUrl;
    if (await this.send(url, "")) {
      delete this.element.dataset.beginUrl;
    }
  }

  lose(sentence) {
    this.stop();
    this.left.textContent = "ended";
    this.element.classList.remove("is-accent");
    this.element.classList.add("is-warn");
    announce(sentence);
    const notice = document.getElementById("task-notice");
    if (notice) {
      window.htmx?.trigger(notice, "hint");
    }
  }
}

let current = null;

/** Begin the lease that the page on the screen was loaded with, once the verdict before it stands. */
export function beginLease() {
  return current?.element.dataset.beginUrl ? current.begin() : Promise.resolve();
}

export function startLease(root, signal) {
  const element = root.querySelector("[data-lease]");
  current = element ? new Lease(element, signal) : null;
}
