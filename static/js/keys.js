/**
 * Single keys for the controls on the page.
 *
 * A control says its own key: `data-key="a"`, `"Shift+E"`, `"g q"` (a sequence) or `"Control+Enter"` (a chord).
 * Single keys and sequences are ignored in fields, in open dialogs and while the person has switched them off
 * (`data-keys="off"` on the root); chords always work. Nothing is reachable by key alone: a key only clicks or focuses.
 */
const SEQUENCE_PAUSE_MS = 1200;
const FIELD =
  "input:not([type=checkbox]):not([type=radio]):not([type=submit]):not([type=button]), textarea, select";

export function isInField(element) {
  return Boolean(element?.closest?.(`${FIELD}, [contenteditable]:not([contenteditable=false])`));
}

/** Name a key press as `data-key` spells it. */
export function keyName(event) {
  const chord = event.ctrlKey || event.metaKey ? "Control+" : "";
  const isUpper = event.shiftKey && /^[a-z]$/i.test(event.key);
  const key = event.key.length === 1 && !isUpper ? event.key.toLowerCase() : event.key;
  return `${chord}${isUpper ? "Shift+" : ""}${isUpper ? key.toUpperCase() : key}`;
}

function isUsable(element) {
  return (
    !element.disabled &&
    element.getAttribute("aria-disabled") !== "true" &&
    element.checkVisibility()
  );
}

function control(root, key) {
  return [...root.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].find(isUsable);
}

function use(element) {
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

/** Move among the page's rows (`data-row`), keeping focus on each row's link so that Enter opens it. */
function moveRow(root, by) {
  const rows = [...root.querySelectorAll("[data-row]")].filter((row) => row.checkVisibility());
  if (rows.length === 0) {
    return false;
  }
  const at = rows.findIndex((row) => row.classList.contains("is-current"));
  const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)] ?? rows[0];
  rows[at]?.classList.remove("is-current");
  next.classList.add("is-current");
  next.querySelector("a, button, summary")?.focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}

/** `1`-`9` choose among the options of the one select that offers them. */
function chooseOption(root, digit) {
  const select = root.querySelector("select[data-key-options]");
  const option = [...(select?.options ?? [])].filter((each) => each.value)[Number(digit) - 1];
  if (!option || !isUsable(select)) {
    return false;
  }
  select.value = option.value;
  select.dispatchEvent(new Event("change", { bubbles: true }));
  select.focus();
  return true;
}

function press(root, key) {
  const target = control(root, key);
  if (target) {
    use(target);
    return true;
  }
  if (key === "j" || key === "k") {
    return moveRow(root, key === "j" ? 1 : -1);
  }
  if (key === "x") {
    const box = root.querySelector("[data-row].is-current input[type=checkbox]");
    box?.click();
    return Boolean(box);
  }
  return /^[1-9]$/.test(key) && chooseOption(root, key);
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
    if ((sequence && press(root, sequence)) || press(root, key)) {
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
