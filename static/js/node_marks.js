/**
 * What the rows of a table say of nodes, as small links on the picture. The table is the equal for keyboard and screen
 * readers, so these are neither tabbed to nor read out. A row says `data-level` for its heat, 0 to 5, and
 * `data-heat` in words; cells with `data-mark` (live, age, incident, breach) become marks, links where they are links.
 */
const SIGNS = { live: "", incident: "▲ ", breach: "! ", age: "p85 " };
const PLACES = {
  live: { top: -12, right: 14 },
  incident: { top: -12, left: -8 },
  breach: { bottom: 12, left: -8 },
  age: { bottom: 12, right: 52 },
};

function buildMark(cell) {
  const kind = cell.dataset.mark;
  const isLink = cell.tagName === "A";
  const mark = document.createElement(isLink ? "a" : "span");
  mark.className = `diagram-mark is-${kind}`;
  mark.textContent = `${SIGNS[kind]}${cell.textContent.trim()}`;
  if (isLink) {
    mark.href = cell.href;
    mark.title = cell.title;
    mark.tabIndex = -1;
  }
  mark.setAttribute("aria-hidden", "true");
  return mark;
}

/** Return what stands on the picture for one row: each with its element and its place. */
export function listMarks(row) {
  return [...row.querySelectorAll("[data-mark]")]
    .filter((cell) => cell.textContent.trim())
    .map((cell) => ({
      html: buildMark(cell),
      position: PLACES[cell.dataset.mark],
      // Readable on a picture that is far away; what is long waits until it is near.
      scale: { min: 0.9 },
      show: cell.dataset.mark === "age" ? { minZoom: 0.65 } : {},
    }));
}

/** Return the class that heats a node, or nothing where nothing passed. */
export function heatOf(row) {
  const level = Number(row.dataset.level ?? 0);
  return level > 0 ? `heat-${level}` : null;
}
