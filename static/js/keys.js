/**
 * Keys for the controls on the page.
 *
 * A control says its own key: `data-key="a"`, `"Shift+E"`, `"g q"` (a sequence) or `"Control+Enter"` (a chord), as the
 * server wrote it from the person's own map. Single keys and sequences are ignored in fields, in open dialogs and while
 * they are switched off (`data-keys="off"` on the root); chords always work. A key only clicks or focuses what is there.
 * What has no control of its own (rows, reasons) is found by its default key through `data-keymap`, default to own.
 */
import { chooseOption, moveRow, openRow, selectAll, selectRow } from "./rows.js";
import { tickRow } from "./ticks.js";

const SEQUENCE_PAUSE_MS = 1200;
const FIELD =
  "input:not([type=checkbox]):not([type=radio]):not([type=submit]):not([type=button]), textarea, select";

export function isInField(element) {
  return Boolean(element?.closest?.(`${FIELD}, [contenteditable]:not([contenteditable=false])`));
}

/** Name a key press as `data-key` spells it. */
export function keyName(event) {
  const chord = event.ctrlKey || event.metaKey ? "Control+" : "";
  const isUpper = event.shiftKey && event.key.length === 1 && event.key.toLowerCase() !== event.key;
  const key = event.key.length === 1 && !isUpper ? event.key.toLowerCase() : event.key;
  return `${chord}${isUpper ? "Shift+" : ""}${isUpper ? key.toUpperCase() : key}`;
}

/** Read the person's own keys: from the default that templates and scripts name to what is pressed. */
export function readKeymap(root) {
  return JSON.parse(root.documentElement.dataset.keymap ?? "{}");
}

/** The person's own key for a default. */
export function ownKey(root, name) {
  return readKeymap(root)[name] ?? name;
}

/** The default key that a pressed one stands for; "" where its default belongs to another key now. */
function defaultKey(root, pressed) {
  const map = readKeymap(root);
  const found = Object.entries(map).find(([, own]) => own === pressed);
  return found?.[0] ?? (pressed in map ? "" : pressed);
}

export function isUsable(element) {
  return (
    !element.disabled &&
    element.getAttribute("aria-disabled") !== "true" &&
    element.checkVisibility()
  );
}

function control(root, key) {
  return [...root.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].find(isUsable);
}

/** Do what a control does: fields get the focus, radios are chosen, all else is clicked. */
export function use(element) {
  if (element.matches(FIELD)) {
    element.focus();
    element.select?.();
  } else if (element.matches("[type=radio]")) {
    element.click();
    element.focus();
  } else {
    element.click();
  }
}

/** What keys do where no control has them. */
const BUILT_IN = {
  j: (root) => moveRow(root, 1),
  k: (root) => moveRow(root, -1),
  x: (root) => selectRow(root),
  "Shift+X": (root) => selectAll(root),
  Enter: (root, event) => openRow(root, event),
};

function press(root, key, event) {
  const target = control(root, key);
  if (target) {
    use(target);
    return true;
  }
  const name = defaultKey(root, key);
  if (name in BUILT_IN) {
    return BUILT_IN[name](root, event);
  }
  return /^[1-9]$/.test(name) && (tickRow(root, name) || chooseOption(root, name, isUsable));
}

function isBlocked(root, event, key) {
  if (event.altKey || event.isComposing || root.querySelector("dialog[open]")) {
    return true;
  }
  if (key.startsWith("Control+")) {
    return false;
  }
  return root.documentElement.dataset.keys === "off" || isInField(event.target);
}

export function startKeys(root) {
  let pending = "";
  let pendingSince = 0;
  root.addEventListener("keydown", (event) => {
    const key = keyName(event);
    if (event.defaultPrevented || isBlocked(root, event, key)) {
      return;
    }
    const sequence =
      pending && event.timeStamp - pendingSince < SEQUENCE_PAUSE_MS ? `${pending} ${key}` : "";
    pending = "";
    if ((sequence && press(root, sequence, event)) || press(root, key, event)) {
      event.preventDefault();
    } else if (root.querySelector(`[data-key^="${CSS.escape(key)} "]`)) {
      pending = key;
      pendingSince = event.timeStamp;
    }
  });
}

function labelOf(element) {
  const copy = element.cloneNode(true);
  for (const extra of copy.querySelectorAll("kbd, .count")) {
    extra.remove();
  }
  return copy.textContent;
}

/** Every usable key of the page with its label, in page order, each key once. */
export function listKeys(root) {
  const seen = new Map();
  for (const element of root.querySelectorAll("[data-key]")) {
    const label =
      element.dataset.keyLabel ?? element.getAttribute("aria-label") ?? labelOf(element);
    if (!seen.has(element.dataset.key) && isUsable(element)) {
      seen.set(element.dataset.key, {
        key: element.dataset.key,
        label: label.replace(/\s+/g, " ").trim(),
        element,
      });
    }
  }
  return [...seen.values()];
}
