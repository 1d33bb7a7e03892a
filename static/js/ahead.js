/** The task after this one: taken ahead and its page loaded while this one is looked at; given back when nobody is there. */
import { csrfToken, loadPage, post } from "./requests.js";

const START_MS = 300; // Who only passes by takes nothing ahead.
const GONE_MS = 60_000;

export class Ahead {
  constructor(task, signal) {
    this.url = task.dataset.aheadUrl;
    this.releaseUrl = task.dataset.aheadReleaseUrl;
    this.queue = task.dataset.queue;
    this.signal = signal;
    this.state = document.querySelector("[data-ahead-state]");
    this.ready = null;
    this.isHeld = false;
    this.preparing = Promise.resolve();
    this.goneTimer = 0;
    this.startTimer = 0;
    this.say("");
    if (this.url) {
      this.startSoon();
      signal.addEventListener("abort", () => window.clearTimeout(this.startTimer));
      document.addEventListener("visibilitychange", () => this.onVisibility(), { signal });
      window.addEventListener("pagehide", () => this.leave(), { signal });
    }
  }

  startSoon() {
    window.clearTimeout(this.startTimer);
    this.startTimer = window.setTimeout(() => this.start(), START_MS);
  }

  start() {
    // While the task on the page is itself still ahead, the server would give it once more.
    if (document.querySelector("[data-begin-url]")) {
      this.startSoon();
    } else {
      this.preparing = this.prepare();
    }
  }

  async prepare() {
    const body = new FormData();
    body.set("queue", this.queue);
    const { status, data } = await post(this.url, body);
    if (status !== 200 || !data?.url || this.signal.aborted) {
      return;
    }
    this.isHeld = true;
    const page = await loadPage(data.url);
    const task = page?.getElementById("task");
    if (task && !this.signal.aborted) {
      this.ready = { page, url: data.url };
      this.say(`Next case ready: ${task.dataset.case}`);
      for (const image of task.querySelectorAll(".source-panel.is-current img")) {
        new Image().src = image.getAttribute("src");
      }
    }
  }

  /**
   * Give the loaded page to who moves on to it, null where there is none; from then on it is no longer ahead. What is
   * under way is waited for: asking beside it would take two tasks.
   */
  async take() {
    window.clearTimeout(this.startTimer);
    await this.preparing;
    const { ready } = this;
    this.ready = null;
    this.isHeld = this.isHeld && ready === null;
    return ready;
  }

  onVisibility() {
    window.clearTimeout(this.goneTimer);
    if (document.visibilityState === "hidden") {
      this.goneTimer = window.setTimeout(() => this.giveBack(), GONE_MS);
    } else if (!this.isHeld) {
      this.startSoon();
    }
  }

  giveBack() {
    if (this.isHeld) {
      this.isHeld = false;
      this.ready = null;
      this.say("");
      post(this.releaseUrl);
    }
  }

  leave() {
    if (this.isHeld) {
      const body = new FormData();
      body.set("csrfmiddlewaretoken", csrfToken());
      navigator.sendBeacon(this.releaseUrl, body);
    }
  }

  say(text) {
    if (this.state) {
      this.state.textContent = text;
    }
  }
}
