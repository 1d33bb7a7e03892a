/** The task after this one: taken ahead and its page loaded while this one is looked at; given back when nobody is there. */
import { csrfToken, post } from "./requests.js";

const START_MS = 1500;
const GONE_MS = 60_000;

/** Load a page as a document: parsed without scripts, images or anything else of it being fetched. */
function load(url) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("GET", url);
    request.responseType = "document";
    request.addEventListener("load", () =>
      resolve(request.status === 200 ? request.responseXML : null),
    );
    request.addEventListener("error", () => resolve(null));
    request.send();
  });
}

export class Ahead {
  constructor(task, signal) {
    this.url = task.dataset.aheadUrl;
    this.releaseUrl = task.dataset.aheadReleaseUrl;
    this.queue = task.dataset.queue;
    this.signal = signal;
    this.state = document.querySelector("[data-ahead-state]");
    this.ready = null;
    this.isHeld = false;
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
    this.startTimer = window.setTimeout(() => this.prepare(), START_MS);
  }

  async prepare() {
    // While the task on the page is itself still ahead, the server would give it once more.
    if (document.querySelector("[data-begin-url]")) {
      this.startSoon();
      return;
    }
    const body = new FormData();
    body.set("queue", this.queue);
    const { status, data } = await post(this.url, body);
    if (status !== 200 || !data?.url || this.signal.aborted) {
      return;
    }
    this.isHeld = true;
    const page = await load(data.url);
    const task = page?.getElementById("task");
    if (task && !this.signal.aborted) {
      this.ready = { page, url: data.url };
      this.say(`Next case ready: ${task.dataset.case}`);
      for (const image of task.querySelectorAll(".source-panel.is-current img")) {
        new Image().src = image.getAttribute("src");
      }
    }
  }

  /** Give the loaded page to who moves on to it; from then on it is no longer ahead. */
  take() {
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
      this.prepare();
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
