/** Keep the verdict form's draft on the server: 500 ms after the last key and on leaving a field, one request at a time. */
import { post } from "./requests.js";

const IDLE_MS = 500;
const RETRY_MS = 5000;

let saving = 0;

/** Tell whether a draft is on its way: others wait with what can wait. */
export function isSaving() {
  return saving > 0;
}

class Draft {
  constructor(form, signal) {
    this.form = form;
    this.status = form.querySelector("[data-draft-status]");
    this.signal = signal;
    this.timer = 0;
    this.isSending = false;
    this.saved = this.snapshot();
    form.addEventListener("input", () => this.schedule(IDLE_MS), { signal });
    form.addEventListener("focusout", () => this.schedule(0), { signal });
    form.addEventListener("submit", () => window.clearTimeout(this.timer), { signal });
    signal.addEventListener("abort", () => window.clearTimeout(this.timer));
  }

  /** What would be kept; a password never is. */
  body() {
    const body = new FormData(this.form);
    body.delete("password");
    body.delete("sources_opened");
    body.delete("view_digest");
    return body;
  }

  snapshot() {
    return new URLSearchParams(this.body()).toString();
  }

  schedule(delay) {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.send(), delay);
  }

  async send() {
    const current = this.snapshot();
    if (this.isSending || this.signal.aborted || current === this.saved) {
      return;
    }
    this.isSending = true;
    saving += 1;
    this.say("Saving…");
    const { status, data } = await post(this.form.dataset.draftUrl, this.body());
    this.isSending = false;
    saving -= 1;
    if (status === 200) {
      this.saved = current;
      this.say(data?.message ?? "Draft saved");
    } else {
      this.say(
        status === 0
          ? "Draft not saved: no connection. Trying again."
          : (data?.message ?? "Draft not saved."),
      );
    }
    if (status === 0 || this.snapshot() !== current) {
      this.schedule(status === 0 ? RETRY_MS : IDLE_MS);
    }
  }

  say(text) {
    if (this.status) {
      this.status.textContent = text;
    }
  }
}

export function startDrafts(root, signal) {
  for (const form of root.querySelectorAll("form[data-draft-url]")) {
    new Draft(form, signal);
  }
}
