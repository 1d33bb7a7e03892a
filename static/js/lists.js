/**
 * Open lists stay still. On a hint the rows that are shown are asked about (`data-standing`), and marked in place: who
 * has it now, or that it is gone. Nothing is put in, taken out or reordered under the pointer; the pill in the head
 * says how many are new. Also copies links (`data-copy`).
 */
import { announce } from "./requests.js";

const COPIED = "The link is copied";

function pillOf(held, tone) {
  const span = document.createElement("span");
  span.className = tone ? `pill is-${tone}` : "muted";
  span.textContent = held;
  return span;
}

function mark(row, news) {
  const box = row.querySelector("input[type=checkbox]");
  const cell = row.querySelector("td[data-live]");
  row.classList.toggle("is-done", Boolean(news.gone));
  if (news.gone && box) {
    box.checked = false;
    box.disabled = true;
  }
  const text = news.gone || news.held;
  if (cell && cell.textContent.trim() !== text) {
    cell.replaceChildren(text ? pillOf(text, news.gone ? "" : news.tone) : "");
  }
}

async function refresh(section) {
  const rows = new Map(
    [...section.querySelectorAll("[data-row][id^=task-]")].map((row) => [row.id.slice(5), row]),
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

async function copy(path) {
  await navigator.clipboard.writeText(new URL(path, window.location.href).href);
  announce(COPIED);
}

export function startLists(root) {
  root.addEventListener("hint", (event) => {
    const section = event.target.closest?.("[data-standing]");
    if (section) {
      refresh(section).catch(() => {}); // The next hint, or the interval, asks again.
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
