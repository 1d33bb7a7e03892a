/** Keep the verdict form's draft on the server: 500 ms after the last key and on leaving a field, one request at a time. */
import { post } from "./requests.js";

const IDLE_MS = 500;

class Draft {
  constructor(form) {
    this.form = form;
    this.status = form.querySelector("[data-draft-status]");
    this.timer = 0;
    this.isSending = false;
    this.saved = this.snapshot();
    form.addEventListener("input", () => this.schedule(IDLE_MS));
    form.addEventListener("focusout", () => this.schedule(0));
    form.addEventListener("submit", () => window.clearTimeout(this.timer));
  }

  snapshot() {
    return new URLSearchParams(new FormData(this.form)).toString();
  }

  schedule(delay) {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.send(), delay);
  }

  async send() {
    const current = this.snapshot();
    if (this.isSending || current === this.saved) {
      return;
    }
    this.isSending = true;
    const { status, data } = await post(this.form.dataset.draftUrl, new FormData(this.form));
    this.isSending = false;
    if (status === 200) {
      this.saved = current;
      this.say(data?.message ?? "Draft saved");
    } else {
      this.say(status === 0 ? "Draft not saved: no connection. Trying again." : "Draft not saved.");
    }
    if (status === 0 || this.snapshot() !== current) {
      this.schedule(status === 0 ? 5000 : IDLE_MS);
    }
  }

  say(text) {
    if (this.status) {
      this.status.textContent = text;
    }
  }
}

export function startDrafts(root) {
  for (const form of root.querySelectorAll("form[data-draft-url]")) {
    new Draft(form);
  }
}
