/** Fields and where they were read: going over a field lights its place in the source, Enter goes there. */
import { revealPlace } from "./sources.js";

function placesOf(task, name) {
  return [...task.querySelectorAll("[data-read]")].filter((mark) => mark.dataset.read === name);
}

function light(task, name, anchor) {
  for (const lit of task.querySelectorAll(".is-lit")) {
    lit.classList.remove("is-lit");
  }
  const target = anchor ? document.getElementById(anchor) : null;
  const marks = name ? placesOf(task, name) : [];
  for (const mark of marks.length > 0 ? marks : [target]) {
    mark?.classList.add("is-lit");
  }
  if (target) {
    revealPlace(target);
  }
}

function anchorOf(link) {
  return link?.getAttribute("href")?.slice(1) ?? "";
}

export function startEvidence(task, signal) {
  const table = task.querySelector(".fields");
  table?.addEventListener(
    "focusin",
    (event) => {
      const row = event.target.closest("[data-field]");
      light(task, row?.dataset.field, anchorOf(row?.querySelector("[data-evidence]")));
    },
    { signal },
  );
  task.addEventListener(
    "click",
    (event) => {
      const link = event.target.closest("[data-evidence]");
      const row = event.target.closest("[data-field]");
      if (link) {
        event.preventDefault();
        const target = document.getElementById(anchorOf(link));
        light(task, link.dataset.lights ?? row?.dataset.field, anchorOf(link));
        target?.focus({ preventScroll: true });
      } else if (row && !event.target.closest("a, button, input")) {
        light(task, row.dataset.field, anchorOf(row.querySelector("[data-evidence]")));
      }
    },
    { signal },
  );
  const every = task.querySelector("[data-all-fields]");
  every?.addEventListener("change", () => table.classList.toggle("is-whole", every.checked), {
    signal,
  });
}
