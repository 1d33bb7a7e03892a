/** How wide the sources are: by drag, by arrow keys on the divider, by two buttons. Kept on the server for the person. */
import { post } from "./requests.js";

const LEAST = 25;
const MOST = 70;
const STEP = 5;
const KEEP_MS = 600;

class Panes {
  constructor(task, signal) {
    this.review = task.querySelector(".review");
    this.splitter = task.querySelector("[data-splitter]");
    this.url = task.dataset.layoutUrl;
    this.timer = 0;
    this.splitter.hidden = false;
    this.splitter.addEventListener("keydown", (event) => this.onKey(event), { signal });
    this.splitter.addEventListener("pointerdown", (event) => this.onGrab(event), { signal });
    this.splitter.addEventListener("pointermove", (event) => this.onDrag(event), { signal });
    for (const button of task.querySelectorAll("[data-split-step]")) {
      button.hidden = false;
      button.addEventListener(
        "click",
        () => this.put(this.split + Number(button.dataset.splitStep)),
        { signal },
      );
    }
  }

  get split() {
    return Number(this.review.dataset.split);
  }

  put(wanted) {
    const split = Math.min(MOST, Math.max(LEAST, Math.round(wanted / STEP) * STEP));
    if (split === this.split) {
      return;
    }
    this.review.dataset.split = String(split);
    this.splitter.setAttribute("aria-valuenow", String(split));
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.keep(split), KEEP_MS);
  }

  keep(split) {
    const body = new FormData();
    body.set("split", String(split));
    post(this.url, body);
  }

  onKey(event) {
    const steps = { ArrowLeft: -STEP, ArrowRight: STEP, Home: -MOST, End: MOST };
    if (event.key in steps && !event.ctrlKey && !event.altKey && !event.metaKey) {
      event.preventDefault();
      event.stopPropagation();
      this.put(this.split + steps[event.key]);
    }
  }

  onGrab(event) {
    this.splitter.setPointerCapture(event.pointerId);
    event.preventDefault();
    this.splitter.focus();
  }

  onDrag(event) {
    if (!this.splitter.hasPointerCapture(event.pointerId)) {
      return;
    }
    const left = this.review.querySelector(".sources").getBoundingClientRect();
    const right = this.review.querySelector(".changes").getBoundingClientRect();
    const width = right.right - left.left;
    const isMirrored = getComputedStyle(this.review).direction === "rtl";
    const at = isMirrored ? left.right - event.clientX : event.clientX - left.left;
    this.put((at / (isMirrored ? left.right - right.left : width)) * 100);
  }
}

export function startPanes(task, signal) {
  if (task.querySelector("[data-splitter]")) {
    new Panes(task, signal);
  }
}
