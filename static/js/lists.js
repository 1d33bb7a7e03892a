/**
 * Open lists stay still. On a hint the rows that are shown are asked about (`data-standing`), and marked in place: who
 * has it now, or that it is gone. Nothing is put in, taken out or reordered under the pointer; the pill in the head
 * says how many are new. Also copies links (`data-copy`).
 */
import { announce } from "./requests.js";

const COPIED = "The link is copied";

const PAUSE_MS = 1000;
/** Lists that were asked about within the pause; true where a hint came meanwhile. */
const asked = new Map();

function shown({ text, kind }) {
  if (!text || !kind) {
    return text;
  }
  const span = document.createElement("span");
  span.className = kind;
  span.textContent = text;
  return span;
}

/** The live cells by name; tasks have one, which says who has them or that they are gone. */
function cellsOf({ cells, gone, held, tone }) {
  const kind = !gone && tone ? `pill is-${tone}` : "muted";
  return cells ?? { "": { text: gone || held, kind } };
}

function mark(row, news) {
  const box = row.querySelector("input[type=checkbox]");
  row.classList.toggle("is-done", Boolean(news.gone));
  if (news.gone && box) {
    box.checked = false;
    box.disabled = true;
  }
  for (const [name, told] of Object.entries(cellsOf(news))) {
    const cell = row.querySelector(`td[data-live="${name}"]`);
    if (cell && cell.textContent.trim() !== told.text) {
      cell.replaceChildren(shown(told));
    }
  }
}

async function refresh(section) {
  const rows = new Map(
    [...section.querySelectorAll("[data-row][id]")].map((row) => [
      row.id.slice(row.id.indexOf("-") + 1),
      row,
    ]),
  );
  const query = [...rows.keys()].map((id) => `id=${id}`).join("&");
  const response = await fetch(`${section.dataset.standing}?${query}`, {
    credentials: "same-origin",
    headers: { Accept: "application/json" },
  });
  if (!response.ok) {
    return; // Signed out or no right any more: the next page says so.
  }
  for (const news of (await response.json()).rows) {
    mark(rows.get(String(news.id)), news);
  }
}

/** Ask at once, and at most once in a pause however many hints come. */
function ask(section) {
  if (asked.has(section)) {
    asked.set(section, true);
    return;
  }
  asked.set(section, false);
  refresh(section).catch(() => {}); // The next hint, or the interval, asks again.
  window.setTimeout(() => {
    const isDue = asked.get(section);
    asked.delete(section);
    if (isDue && section.isConnected) {
      ask(section);
    }
  }, PAUSE_MS);
}

async function copy(path) {
  await navigator.clipboard.writeText(new URL(path, window.location.href).href);
  announce(COPIED);
}

export function startLists(root) {
  root.addEventListener("hint", (event) => {
    const section = event.target.closest?.("[data-standing]");
    if (section) {
      ask(section);
    }
  });
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) {
      copy(button.dataset.copy || window.location.href).catch(() =>
        announce("The link could not be copied"),
      );
    }
  });
}
