/**
 * Keys of a grid that is edited: arrows and Enter go from cell to cell, Alt with an arrow moves the row; and a page
 * that holds what is not saved asks before it is left. Without this each cell is a field like any other.
 */
const CELL = "input:not([type=hidden]), textarea, select";

function cellsOf(row) {
  return [...row.querySelectorAll(CELL)];
}

/** The row above or below that has cells; rows of faults have none. */
function nextRow(row, step) {
  let other = row;
  do {
    other = step < 0 ? other.previousElementSibling : other.nextElementSibling;
  } while (other && cellsOf(other).length === 0);
  return other;
}

function go(cell) {
  cell?.focus();
  cell?.select?.();
  return Boolean(cell);
}

function goVertically(cell, step) {
  const row = cell.closest("tr");
  const other = nextRow(row, step);
  return Boolean(other) && go(cellsOf(other)[cellsOf(row).indexOf(cell)]);
}

function goSideways(cell, step) {
  const cells = cellsOf(cell.closest("tr"));
  return go(cells[cells.indexOf(cell) + step]);
}

/** Whether the caret is where the text begins or ends, or all of it is selected. */
function isAtEdge(cell, step) {
  const { selectionStart: start, selectionEnd: end, value } = cell;
  const isWhole = start === 0 && end === value.length;
  return isWhole || (start === end && start === (step < 0 ? 0 : value.length));
}

function moveRow(cell, step) {
  const button = cell
    .closest("tr")
    .querySelector(`button[value^="${step < 0 ? "up" : "down"}-"]:not(:disabled)`);
  button?.click();
  return Boolean(button);
}

/** Do what a key does in a cell; tell whether it did anything. */
function press(cell, event) {
  const vertical = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const sideways = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const isText = !cell.matches("select");
  const isLong = cell.matches("textarea");
  if (event.altKey) {
    return vertical !== undefined && isText && moveRow(cell, vertical);
  }
  if (event.key === "Enter" && !isLong) {
    goVertically(cell, event.shiftKey ? -1 : 1);
    return true;
  }
  if (vertical !== undefined && isText && !event.shiftKey) {
    return (!isLong || isAtEdge(cell, vertical)) && goVertically(cell, vertical);
  }
  return (
    sideways !== undefined &&
    isText &&
    !event.shiftKey &&
    isAtEdge(cell, sideways) &&
    goSideways(cell, sideways)
  );
}

document.addEventListener("keydown", (event) => {
  const cell = event.target.closest?.(`[data-cells] :is(${CELL})`);
  if (!cell || event.ctrlKey || event.metaKey || event.isComposing) {
    return;
  }
  if (press(cell, event)) {
    event.preventDefault();
  }
});

document.addEventListener("input", (event) => {
  event.target.closest("[data-guarded]")?.setAttribute("data-unsaved", "");
});

let isLeaving = false;

document.addEventListener("submit", () => {
  isLeaving = true;
});

document.addEventListener("htmx:finally:request", () => {
  isLeaving = false;
});

window.addEventListener("beforeunload", (event) => {
  if (!isLeaving && document.querySelector("[data-unsaved]")) {
    event.preventDefault();
  }
});
