/**
 * The sources: one at a time by tabs, or all side by side. Counts what was opened; the verdict says so.
 * Without scripts all of them stand below each other.
 */
const EVERY = "is-side-by-side";

class Sources {
  constructor(task, signal) {
    this.task = task;
    this.area = task.querySelector("[data-sources]");
    this.panels = [...this.area.querySelectorAll("[data-source]")];
    this.tabs = [...task.querySelectorAll("[data-source-tab]")];
    this.field = task.querySelector("[name=sources_opened]");
    this.count = task.querySelector("[data-opened-count]");
    this.opened = new Set();
    this.at = 0;
    for (const [number, tab] of this.tabs.entries()) {
      tab.addEventListener("click", (event) => this.onTab(event, number), { signal });
    }
    for (const button of task.querySelectorAll("[data-source-step]")) {
      button.hidden = false;
      const step = Number(button.dataset.sourceStep);
      button.addEventListener("click", () => this.show(this.at + step), { signal });
    }
    this.every = task.querySelector("[data-side-by-side]");
    if (this.every) {
      this.every.hidden = false;
      this.every.addEventListener("click", () => this.toggleEvery(), { signal });
    }
    for (const button of task.querySelectorAll("[data-tree]")) {
      button.hidden = false;
      button.addEventListener("click", () => this.toggleTree(button), { signal });
    }
    window.addEventListener("hashchange", () => this.onHash(), { signal });
    this.show(0);
    this.onHash();
  }

  onTab(event, number) {
    event.preventDefault();
    this.show(number);
  }

  onHash() {
    const target = document.getElementById(window.location.hash.slice(1));
    if (target && this.area.contains(target)) {
      this.reveal(target);
    }
  }

  /** Open the panel that holds an element, and bring the element into sight. */
  reveal(element) {
    const number = this.panels.findIndex((panel) => panel.contains(element));
    if (number >= 0) {
      this.show(number);
      element.scrollIntoView({ block: "nearest" });
    }
  }

  show(wanted) {
    if (this.panels.length === 0) {
      return;
    }
    this.at = (wanted + this.panels.length) % this.panels.length;
    for (const [number, panel] of this.panels.entries()) {
      panel.classList.toggle("is-current", number === this.at);
    }
    for (const [number, tab] of this.tabs.entries()) {
      if (number === this.at) {
        tab.setAttribute("aria-current", "true");
        tab.classList.add("was-opened");
      } else {
        tab.removeAttribute("aria-current");
      }
    }
    this.tabs[this.at]?.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.note([this.panels[this.at]]);
  }

  toggleEvery() {
    const isEvery = this.area.classList.toggle(EVERY);
    this.every.setAttribute("aria-pressed", String(isEvery));
    if (isEvery) {
      this.note(this.panels);
    }
  }

  toggleTree(button) {
    const panel = button.closest("[data-source]");
    for (const branch of panel.querySelectorAll("details")) {
      branch.open = button.dataset.tree === "open";
    }
  }

  note(panels) {
    for (const panel of panels) {
      this.opened.add(panel.dataset.source);
    }
    if (this.field) {
      this.field.value = [...this.opened].join("\n");
    }
    if (this.count && this.panels.length > 1) {
      this.count.textContent = `${this.opened.size} of ${this.panels.length} opened`;
    }
  }
}

let current = null;

/** Bring a place in a source into sight, whichever source it is in. */
export function revealPlace(element) {
  current?.reveal(element);
}

export function startSources(task, signal) {
  current = task.querySelector("[data-sources]") ? new Sources(task, signal) : null;
}
