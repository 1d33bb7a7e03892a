/**
 * Acts in a dialog. A link with `data-dialog` leads to a page with a form; here its form is fetched and shown in one
 * dialog instead. What the server refuses comes back into the dialog with its reason; what it did leads on by the
 * `HX-Redirect` header, or stays here: `X-Done` says what was done, `X-Refresh` names the part that is read again.
 * Without scripts the link and the form work as they are.
 */
import { announce } from "./requests.js";

const FRAGMENT = { "HX-Request": "true" };

function makeDialog(root) {
  const dialog = root.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-labelledby", "act-title");
  root.body.append(dialog);
  return dialog;
}

/** Put the answer in; the first fault or the first field gets the focus. */
function fill(dialog, html) {
  dialog.innerHTML = html;
  const target =
    dialog.querySelector("[data-focus-first]") ??
    dialog.querySelector("form select, form textarea, form input:not([type=hidden])") ??
    dialog.querySelector("a.button");
  target?.focus();
}

/** Say what was done, aloud and in the part of the page that it is about, and read that again. */
function tell(words, id) {
  const part = document.getElementById(id);
  announce(words);
  if (part) {
    window.htmx.trigger(part, "refresh");
    part.querySelector("[data-told]").textContent = words;
  }
}

async function answer(dialog, response) {
  const next = response.headers.get("HX-Redirect");
  if (next) {
    window.location.assign(next);
    return;
  }
  const done = response.headers.get("X-Done");
  if (done) {
    dialog.close();
    tell(decodeURIComponent(done), response.headers.get("X-Refresh"));
    return;
  }
  const text = await response.text();
  // Only a whole page (signed out, no right any more) has a head: go and see it.
  if (text.includes("<html")) {
    window.location.assign(dialog.dataset.url);
    return;
  }
  fill(dialog, text);
}

async function open(dialog, url) {
  dialog.dataset.url = url;
  const response = await fetch(url, { credentials: "same-origin", headers: FRAGMENT });
  await answer(dialog, response);
  if (!dialog.open && dialog.hasChildNodes()) {
    dialog.showModal();
    fill(dialog, dialog.innerHTML);
  }
}

async function send(dialog, form) {
  const button = form.querySelector("[type=submit]");
  button?.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(form.action, {
      method: "POST",
      body: new FormData(form),
      credentials: "same-origin",
      headers: FRAGMENT,
    });
    await answer(dialog, response);
  } catch {
    announce("The server could not be reached; nothing was sent. Try again.");
  } finally {
    button?.removeAttribute("aria-busy");
  }
}

function isPlainClick(event) {
  return event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
}

/** A menu closes when one looks elsewhere or presses Escape; the focus then returns to its button. */
function startMenus(root) {
  root.addEventListener("click", (event) => {
    for (const menu of root.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) {
        menu.open = false;
      }
    }
  });
  root.addEventListener(
    "keydown",
    (event) => {
      const menu = event.key === "Escape" ? root.querySelector("details.menu[open]") : null;
      if (menu) {
        event.preventDefault();
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    },
    { capture: true },
  );
}

/** The button of a bulk act says how many instances are ticked. */
function startCounts(root) {
  const button = root.querySelector("[data-count-checked]");
  button?.form.addEventListener("change", () => {
    const ticked = button.form.querySelectorAll("[name=id]:checked").length;
    button.textContent = `${button.dataset.countChecked} (${ticked})`;
    button.disabled = ticked === 0;
  });
}

export function startActs(root) {
  startMenus(root);
  startCounts(root);
  let dialog = null;
  let opener = null;
  root.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (link && isPlainClick(event)) {
      event.preventDefault();
      const menu = link.closest("details.menu");
      menu?.removeAttribute("open");
      if (!dialog) {
        dialog = makeDialog(root);
        dialog.addEventListener("close", () => opener?.focus());
      }
      if (!dialog.contains(link)) {
        opener = menu?.querySelector("summary") ?? link;
      }
      open(dialog, link.href).catch(() => window.location.assign(link.href));
    } else if (dialog?.open && event.target.closest("[data-close-dialog]")) {
      event.preventDefault();
      dialog.close();
    }
  });
  root.addEventListener("submit", (event) => {
    if (dialog?.contains(event.target)) {
      event.preventDefault();
      send(dialog, event.target);
    }
  });
}
