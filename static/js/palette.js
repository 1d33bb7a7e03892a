/** The command palette (Ctrl+K) and the list of all keys (`?`): both are filled from the controls of this very page. */
import { listKeys } from "./keys.js";

const CHORD_NAMES = {
  Control: navigator.platform.startsWith("Mac") ? "\u2318" : "Ctrl",
  Escape: "Esc",
};

function keyCaps(key) {
  return key.split(/[+ ]/).map((part) => {
    const cap = document.createElement("kbd");
    cap.className = "is-chord";
    cap.textContent = CHORD_NAMES[part] ?? part;
    return cap;
  });
}

function line(label, key, group = "") {
  const item = document.createElement("li");
  const text = document.createElement("span");
  text.textContent = label;
  const right = document.createElement("span");
  right.className = "group nowrap";
  right.append(group ? `${group} ` : "", ...(key ? keyCaps(key) : []));
  item.append(text, right);
  return item;
}

function fillHelp(root, dialog) {
  const own = listKeys(root).map(({ key, label }) => line(label, key));
  dialog.querySelector("[data-keys-page]").replaceChildren(...own);
}

/** The palette's commands: the rail's links, every control with a key, every element marked as a command. */
function commands(root) {
  const found = new Map();
  for (const { key, label, element } of listKeys(root)) {
    found.set(element, { label, key, element, group: "" });
  }
  for (const element of root.querySelectorAll("[data-command], .rail li a")) {
    const label =
      element.dataset.command || element.querySelector(".name")?.textContent || element.textContent;
    const group = element.closest("section")?.querySelector("h2")?.textContent ?? "";
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
    this.input.addEventListener("input", () => this.fill());
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    this.list.addEventListener("click", (event) => this.run(event.target.closest("li")));
  }

  open() {
    this.all = commands(this.root);
    this.input.value = "";
    this.fill();
    this.dialog.showModal();
  }

  fill() {
    const shown = this.all.filter(({ label }) => matches(label, this.input.value.trim()));
    this.shown = new Map();
    const items = shown.map((command, index) => {
      const item = line(command.label, command.key, command.group);
      item.id = `palette-${index}`;
      item.setAttribute("role", "option");
      this.shown.set(item, command);
      return item;
    });
    this.list.replaceChildren(...items);
    this.select(items[0]);
  }

  select(item) {
    for (const other of this.list.children) {
      other.setAttribute("aria-selected", String(other === item));
    }
    item?.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", item?.id ?? "");
    this.current = item;
  }

  onKey(event) {
    const steps = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" };
    if (event.key in steps) {
      event.preventDefault();
      this.select(this.current?.[steps[event.key]] ?? this.current);
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.run(this.current);
    }
  }

  run(item) {
    const command = this.shown.get(item);
    if (command) {
      this.dialog.close();
      command.element.focus();
      if (!command.element.matches("input:not([type=radio]), textarea, select")) {
        command.element.click();
      }
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
      fillHelp(root, help);
      help.showModal();
    } else if (event.target.closest("[data-open-palette]")) {
      palette.open();
    }
  });
}
