/** Acts that open a small form: the first field takes the focus, Escape closes it; and the short pause. */
function onToggle(event) {
  const menu = event.currentTarget;
  if (menu.open) {
    menu.querySelector("textarea, input:not([type=hidden]), select, .menu-body button")?.focus();
  }
}

function onKey(event) {
  const menu = event.target.closest?.("details.menu[open]");
  if (event.key === "Escape" && menu) {
    event.preventDefault();
    event.stopPropagation();
    menu.open = false;
    menu.querySelector("summary").focus();
  }
}

function closeOthers(task, event) {
  for (const menu of task.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) {
      menu.open = false;
    }
  }
}

/** Hide everything until the person comes back. Nobody is told, nothing is written down; the lease runs on. */
function pause() {
  const dialog = document.createElement("dialog");
  dialog.className = "pause";
  const text = document.createElement("p");
  text.textContent = "A short pause. Nothing of it is recorded.";
  const form = document.createElement("form");
  form.method = "dialog";
  const button = document.createElement("button");
  button.className = "button";
  button.textContent = "Go on";
  form.append(button);
  dialog.append(text, form);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

export function startMenus(task, signal) {
  for (const menu of task.querySelectorAll("details.menu, details.comment")) {
    menu.addEventListener("toggle", onToggle, { signal });
  }
  task.addEventListener("keydown", onKey, { signal });
  document.addEventListener("pointerdown", (event) => closeOthers(task, event), { signal });
  for (const button of task.querySelectorAll("[data-pause]")) {
    button.hidden = false;
    button.addEventListener("click", pause, { signal });
  }
}
