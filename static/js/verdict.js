/**
 * The verdict form. A reason without a decision stands for its own decision, so that to disagree takes no more steps
 * than to agree. Handing in moves on at once where the next task's page is ready; else it waits for the answer.
 * What the server refuses is sent again as a plain form: its page says what to mend, or shows what has changed.
 */
import { beginLease } from "./lease.js";
import { ReasonText } from "./reason_text.js";
import { loadPage, post } from "./requests.js";
import { clearToast, showFailed, showRecorded, showRecording } from "./toast.js";

class Verdict {
  constructor(form, task, { ahead, moveOn, signal }) {
    this.form = form;
    this.task = task;
    this.ahead = ahead;
    this.moveOn = moveOn;
    this.isSending = false;
    this.reason = form.querySelector("select[name=reason_code]");
    this.text = new ReasonText(form, task, { signal });
    form.addEventListener("submit", (event) => this.onSubmit(event), { signal });
    form.addEventListener("change", (event) => this.onChange(event), { signal });
    this.showPolicy();
  }

  onChange(event) {
    if (event.target === this.reason) {
      this.followReason();
      this.showPolicy();
    } else if (event.target.name === "decision") {
      this.dropReason(event.target.value);
    }
  }

  get options() {
    return [...this.reason.querySelectorAll("option")].filter((option) => option.value);
  }

  decisionOf(option) {
    return option?.closest("optgroup")?.label ?? "";
  }

  radioOf(label) {
    return [...this.form.querySelectorAll("[name=decision]")].find(
      (radio) => radio.dataset.keyLabel === label,
    );
  }

  followReason() {
    const radio = this.radioOf(this.decisionOf(this.reason.selectedOptions[0]));
    if (radio && !radio.checked) {
      radio.checked = true;
      radio.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  /** A reason for another decision would be refused: it goes with the decision it was for. */
  dropReason(decision) {
    const chosen = this.reason?.selectedOptions[0];
    const radio = chosen?.value ? this.radioOf(this.decisionOf(chosen)) : null;
    if (radio && radio.value !== decision) {
      this.reason.value = "";
      this.showPolicy();
    }
  }

  showPolicy() {
    for (const policy of this.task.querySelectorAll("[data-policy-for]")) {
      policy.open = policy.dataset.policyFor === this.reason?.value;
      policy.hidden = !policy.open;
    }
    this.text.show();
  }

  onSubmit(event) {
    event.preventDefault();
    event.stopPropagation();
    if (!this.isSending) {
      this.isSending = true;
      this.send(event.submitter?.value ?? "next");
    }
  }

  async send(then) {
    const { case: name, url } = this.task.dataset;
    const body = new FormData(this.form);
    const hasChosen = body.get("decision") || body.get("reason_code");
    showRecording(name);
    const ready = then === "next" && hasChosen ? await this.ahead.take() : null;
    body.set("then", ready ? "stay" : then);
    body.set("shows", ready ? "toast" : "");
    if (ready) {
      this.moveOn(ready.page, ready.url);
    }
    const { status, data } = await post(this.form.action, body);
    if (status === 200) {
      await this.goOn(data, { then, hasMovedOn: Boolean(ready) });
    } else if (ready) {
      showFailed(data?.message ?? "there is no connection.", name, url);
      await beginLease();
    } else if (status === 0) {
      showFailed("there is no connection. Try again.", name, url);
      this.isSending = false;
    } else {
      this.sendPlainly(then);
    }
  }

  async goOn(data, { then, hasMovedOn }) {
    if (hasMovedOn) {
      showRecorded(data);
      await beginLease();
    } else if (then !== "next") {
      window.location.assign(data.url);
    } else if (!data.next || !(await this.openNext(data.next, data))) {
      window.location.assign(data.next || data.queue);
    }
  }

  /** Put the next task's page in the place of this one; tell whether it is such a page. */
  async openNext(url, data) {
    const page = await loadPage(url);
    if (!page?.getElementById("task")) {
      return false;
    }
    if (data.undo_url) {
      showRecorded(data);
    } else {
      clearToast(); // The page that came says it.
    }
    this.moveOn(page, url);
    await beginLease();
    return true;
  }

  /** Nothing was recorded: let the server's page say why. */
  sendPlainly(then) {
    clearToast();
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = "then";
    field.value = then;
    this.form.append(field);
    this.form.submit();
  }
}

export function startVerdict(task, parts) {
  const form = task.querySelector("form[data-verdict]");
  if (form) {
    new Verdict(form, task, parts);
  }
  beginIfFirst(task);
}

let isFirst = true;

/** A page opened by its address begins its lease by itself; one that was moved on to waits for the verdict before it. */
function beginIfFirst(task) {
  if (isFirst && task.querySelector("[data-begin-url]")) {
    beginLease();
  }
  isFirst = false;
}
