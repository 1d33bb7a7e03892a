/**
 * The command palette (Ctrl+K): what this page can do, where one can go, and what the server finds by a key or by words.
 * A combobox with a listbox in groups: the focus stays in the field, the chosen option is named by `aria-activedescendant`.
 * The list of all keys (`?`) is filled here, too, from the controls of this very page.
 */
import { line } from "./keyline.js";
import { listKeys, use } from "./keys.js";
import { announce } from "./requests.js";

const PAUSE_MS = 120;
const SHORTEST = 2;
const HERE = "This page";

function heading(label) {
  const item = document.createElement("li");
  item.setAttribute("role", "presentation");
  item.textContent = label;
  return item;
}

/** What the page offers: links of the rail by their section, controls with a key, and elements marked as commands. */
function commands(root) {
  const found = new Map();
  for (const { key, label, element } of listKeys(root)) {
    found.set(element, { label, key, element, group: HERE });
  }
  for (const element of root.querySelectorAll("[data-command], .rail li a")) {
    const label =
      element.dataset.command || element.querySelector(".name")?.textContent || element.textContent;
    const section = element.closest(".rail section")?.querySelector("h2")?.textContent;
    const group = section ? `Go to \u00b7 ${section}` : HERE;
    found.set(element, { label: label.trim(), key: element.dataset.key ?? "", element, group });
  }
  return [...found.values()];
}

function matches(label, query) {
  const text = label.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

class Palette {
  constructor(root, dialog) {
    this.root = root;
    this.dialog = dialog;
    this.input = dialog.querySelector("input");
    this.list = dialog.querySelector("[role=listbox]");
    this.state = dialog.querySelector("[data-palette-state]");
    this.found = [];
    this.input.addEventListener("input", () => this.onInput());
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    this.list.addEventListener("click", (event) => this.run(event.target.closest("[role=option]")));
  }

  open() {
    this.all = commands(this.root);
    this.found = [];
    this.input.value = "";
    this.fill();
    this.dialog.showModal();
  }

  onInput() {
    const query = this.input.value.trim();
    this.request?.abort();
    window.clearTimeout(this.pause);
    if (query.length < SHORTEST) {
      this.found = [];
    } else {
      this.pause = window.setTimeout(() => this.find(query), PAUSE_MS);
    }
    this.fill();
  }

  /** What the server finds is put below what the page has; a later search drops an earlier one's answer. */
  async find(query) {
    this.request = new AbortController();
    try {
      const url = `${this.dialog.dataset.findUrl}?q=${encodeURIComponent(query)}`;
      const answer = await fetch(url, {
        credentials: "same-origin",
        headers: { Accept: "application/json" },
        signal: this.request.signal,
      });
      const { groups } = answer.ok ? await answer.json() : { groups: [] };
      this.found = groups.flatMap(({ label, items }) =>
        items.map((item) => ({ ...item, group: label })),
      );
      this.fill();
    } catch (error) {
      if (error.name !== "AbortError") {
        this.state.textContent = "The server could not be reached; only this page is searched.";
      }
    }
  }

  fill() {
    const query = this.input.value.trim();
    const own = this.all.filter(({ label }) => matches(label, query));
    this.shown = new Map();
    const items = [];
    let group = "";
    for (const command of [...own, ...this.found].sort((a, b) => this.order(a) - this.order(b))) {
      if (command.group !== group) {
        group = command.group;
        items.push(heading(group));
      }
      const item = line(command.label, command.key ?? "", command.detail);
      item.id = `palette-${this.shown.size}`;
      item.setAttribute("role", "option");
      this.shown.set(item, command);
      items.push(item);
    }
    this.list.replaceChildren(...items);
    this.state.textContent = this.shown.size ? "" : "Nothing here is called so.";
    this.select(this.shown.keys().next().value);
  }

  /** Groups stay together: this page first, then the others in the order in which they were met. */
  order(command) {
    const groups = [...this.all, ...this.found].map(({ group }) => group);
    return command.group === HERE ? -1 : groups.indexOf(command.group);
  }

  select(item) {
    for (const other of this.shown.keys()) {
      other.setAttribute("aria-selected", String(other === item));
    }
    item?.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", item?.id ?? "");
    this.current = item;
  }

  onKey(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    if (event.key in steps) {
      event.preventDefault();
      const items = [...this.shown.keys()];
      const at = items.indexOf(this.current) + steps[event.key];
      this.select(items[Math.min(Math.max(at, 0), items.length - 1)]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.run(this.current);
    }
  }

  run(item) {
    const command = this.shown.get(item);
    if (!command) {
      return;
    }
    this.dialog.close();
    if (command.url) {
      announce(`Opening ${command.label}`);
      window.location.assign(command.url);
    } else {
      command.element.focus();
      use(command.element);
    }
  }
}

export function startPalette(root) {
  const help = root.getElementById("help");
  const dialog = root.getElementById("palette");
  if (!help || !dialog) {
    return;
  }
  const palette = new Palette(root, dialog);
  root.addEventListener("click", (event) => {
    if (event.target.closest("[data-open-help]")) {
      const own = listKeys(root).map(({ key, label }) => line(label, key));
      help.querySelector("[data-keys-page]").replaceChildren(...own);
      help.showModal();
    } else if (event.target.closest("[data-open-palette]")) {
      palette.open();
    }
  });
}
