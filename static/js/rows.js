/**
 * Rows of a list (`data-row`): the current one, and the selected ones.
 *
 * Focus stands on a row's link, so that Enter opens it without a script. Selecting is ticking the row's own checkbox;
 * with Shift all rows from the last ticked one are ticked too. The bar of a selection (`data-selection`) shows itself
 * with the number, and says it aloud.
 */
import { announce } from "./requests.js";

let lastTicked = null;

function shownRows(root) {
  return [...root.querySelectorAll("[data-row]")].filter((row) => row.checkVisibility());
}

function boxOf(row) {
  return row?.querySelector("input[type=checkbox]:not(:disabled)") ?? null;
}

export function currentRow(root) {
  return root.querySelector("[data-row].is-current");
}

/** Move among the page's rows, keeping focus on each row's link. */
export function moveRow(root, by) {
  const rows = shownRows(root);
  if (rows.length === 0) {
    return false;
  }
  const at = rows.findIndex((row) => row.classList.contains("is-current"));
  const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)] ?? rows[0];
  rows[at]?.classList.remove("is-current");
  next.classList.add("is-current");
  const tick = next.querySelector("[data-ticks] :checked, [data-ticks] input");
  (tick ?? next.querySelector("a, button, summary"))?.focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}

/** Open the current row where the focus is elsewhere; on a control the browser does what it does. */
export function openRow(root, event) {
  if (event.key === "Enter" && event.target.closest("a, button, summary, input, label, select")) {
    return false;
  }
  const link = currentRow(root)?.querySelector("a");
  link?.click();
  return Boolean(link);
}

export function selectRow(root) {
  const box = boxOf(currentRow(root));
  box?.click();
  return Boolean(box);
}

/** Tick all rows shown; where all of them are ticked, none. */
export function selectAll(root) {
  const boxes = shownRows(root).map(boxOf).filter(Boolean);
  const isAll = boxes.length > 0 && boxes.every((box) => box.checked);
  for (const box of boxes) {
    box.checked = !isAll;
  }
  boxes[0]?.dispatchEvent(new Event("change", { bubbles: true }));
  return boxes.length > 0;
}

/** `1`-`9` choose among the options of the one select that offers them. */
export function chooseOption(root, digit, isUsable) {
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

function tickUpTo(root, box) {
  const boxes = shownRows(root).map(boxOf).filter(Boolean);
  const [from, to] = [boxes.indexOf(lastTicked), boxes.indexOf(box)].sort((a, b) => a - b);
  if (from >= 0) {
    for (const each of boxes.slice(from, to + 1)) {
      each.checked = box.checked;
    }
  }
}

/** Show how many are selected; the acts of the bar are there only while something is. */
export function showSelection(root, { isAloud = true } = {}) {
  const boxes = shownRows(root).map(boxOf).filter(Boolean);
  const ticked = boxes.filter((box) => box.checked).length;
  const which = root.querySelector("[data-by-ticks]");
  if (which) {
    which.value = ticked > 0 ? "ticked" : "all"; // who ticks some means those
  }
  const bar = root.querySelector("[data-selection]");
  if (!bar) {
    return;
  }
  bar.hidden = ticked === 0;
  bar.querySelector("[data-selected]").textContent = `${ticked} selected`;
  const all = root.querySelector("[data-select-all]");
  if (all) {
    all.checked = ticked > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  }
  if (isAloud) {
    announce(`${ticked} selected`);
  }
}

export function startRows(root) {
  root.addEventListener("click", (event) => {
    const box = event.target.closest("[data-row] input[type=checkbox]");
    if (box) {
      if (event.shiftKey && lastTicked) {
        tickUpTo(root, box);
      }
      lastTicked = box;
    } else if (event.target.closest("[data-select-all]")) {
      selectAll(root);
    } else if (event.target.closest("[data-select-none]")) {
      for (const each of shownRows(root).map(boxOf).filter(Boolean)) {
        each.checked = false;
      }
      showSelection(root);
    }
  });
  root.addEventListener("change", (event) => {
    if (event.target.closest("[data-row] input[type=checkbox]")) {
      showSelection(root);
    }
  });
  // The row under the focus is the current one, however the focus came there.
  root.addEventListener("focusin", (event) => {
    const row = event.target.closest("[data-row]");
    if (row && !row.classList.contains("is-current")) {
      currentRow(root)?.classList.remove("is-current");
      row.classList.add("is-current");
    }
  });
  window.addEventListener("pageshow", () => showSelection(root, { isAloud: false }));
}
