/** The settings of the keys: a field takes the key that is pressed in it, and says at once whose key that is already. */
import { keyName } from "./keys.js";

const PAUSE_MS = 1000;
const LEAVES = new Set(["Tab", "Shift", "Control", "Alt", "Meta", "Escape"]);

function collide(one, other) {
  return one === other || one.startsWith(`${other} `) || other.startsWith(`${one} `);
}

function labelOf(field) {
  return field.labels[0]?.textContent.trim() ?? "";
}

/** Only fields of one group are compared here; the server knows which screens meet and checks them all. */
function showConflict(form, field) {
  const group = field.closest("fieldset");
  const other = [...group.querySelectorAll("[data-capture-key]")].find(
    (each) => each !== field && collide(each.value, field.value),
  );
  field.setAttribute("aria-invalid", String(Boolean(other)));
  form.querySelector("[data-key-conflict]").textContent = other
    ? `${field.value} is the key of \u201c${labelOf(other)}\u201d already.`
    : "";
}

export function startKeymap(root) {
  const form = root.querySelector("[data-key-form]");
  let last = null;
  form?.addEventListener("keydown", (event) => {
    const field = event.target;
    if (!field.matches("[data-capture-key]") || LEAVES.has(event.key)) {
      return;
    }
    event.preventDefault();
    const key = keyName(event);
    const isSecond =
      last?.field === field && event.timeStamp - last.at < PAUSE_MS && !key.includes("Control+");
    field.value = isSecond ? `${last.key} ${key}` : key;
    last = isSecond ? null : { field, key, at: event.timeStamp };
    showConflict(form, field);
  });
  form?.addEventListener("input", (event) => showConflict(form, event.target));
}
