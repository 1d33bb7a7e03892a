/**
 * Ticks of a working paper: `1`, `2`, `3` tick the test the focus is at (or the current row, or the first without a
 * tick) and go on to the next; where an exception is ticked, to its note.
 */
import { currentRow, moveRow } from "./rows.js";

function rowsOf(root) {
  return [...root.querySelectorAll("[data-row]")].filter((row) =>
    row.querySelector("[data-ticks]"),
  );
}

function startingRow(root, rows) {
  const focused = root.activeElement?.closest("[data-row]");
  return (
    rows.find((row) => row === focused) ??
    rows.find((row) => row === currentRow(root)) ??
    rows.find((row) => !row.querySelector("[data-ticks] :checked"))
  );
}

/** Tick by a digit; false where the page has nothing to tick. */
export function tickRow(root, digit) {
  const rows = rowsOf(root);
  const row = startingRow(root, rows);
  const box = row?.querySelectorAll("[data-ticks] input[type=radio]")[Number(digit) - 1];
  if (!box) {
    return false;
  }
  for (const other of rows) {
    other.classList.toggle("is-current", other === row);
  }
  box.click();
  box.focus();
  if (box.hasAttribute("data-needs-note")) {
    row.querySelector("input[type=text]")?.focus();
  } else if (row !== rows.at(-1)) {
    moveRow(root, 1);
  }
  return true;
}
