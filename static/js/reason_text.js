/**
 * The chosen reason's text, put into the rationale when it is asked for: behind what is typed, never in its place.
 * It goes in as if typed, so that the browser's own undo takes it back. What stands in [brackets] is selected, to be
 * written over.
 */
import { announce } from "./requests.js";

const BLANK = /\[[^\]]*\]/;

export class ReasonText {
  constructor(form, task, { signal }) {
    this.form = form;
    this.task = task;
    this.button = form.querySelector("[data-insert-text]");
    this.button?.addEventListener("click", () => this.insert(), { signal });
  }

  find() {
    const code = this.form.elements.reason_code?.value ?? "";
    const policy = `[data-policy-for="${CSS.escape(code)}"] [data-reason-text]`;
    return code ? (this.task.querySelector(policy)?.textContent ?? "") : "";
  }

  show() {
    if (this.button) {
      this.button.hidden = this.find() === "";
    }
  }

  insert() {
    const field = this.form.elements.rationale;
    const text = this.find();
    const typed = field.value.trimEnd();
    let start = typed.indexOf(text);
    if (start >= 0) {
      announce("The reason's text is in the rationale already.");
    } else {
      start = typed ? typed.length + 1 : 0;
      field.focus();
      field.setSelectionRange(typed.length, field.value.length);
      write(field, typed ? `\n${text}` : text);
      announce("The reason's text is inserted; edit it as you need.");
    }
    field.focus();
    select(field, start, text);
  }
}

/** Only this old command keeps what the browser's undo knows; where it is gone, the text still gets in. */
function write(field, text) {
  if (!document.execCommand("insertText", false, text)) {
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function select(field, start, text) {
  const blank = BLANK.exec(text);
  const from = start + (blank ? blank.index : text.length);
  field.setSelectionRange(from, blank ? from + blank[0].length : from);
}
