/** What the server's linter found: marks on the drawing, and a list whose lines choose the element. */
import { reveal } from "./modeler_view.js";

const MARKS = {
  refused: "lint-refused",
  error: "lint-refused",
  warning: "lint-warning",
  advice: "lint-advice",
};
const TONES = { refused: "is-bad", error: "is-bad", warning: "is-warn", advice: "" };

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  Object.assign(element, properties);
  element.append(...children);
  return element;
}

class Lint {
  constructor(modeler, list, file) {
    Object.assign(this, { modeler, list, file, marked: [] });
  }

  show(lines) {
    const canvas = this.modeler.get("canvas");
    const overlays = this.modeler.get("overlays");
    const known = this.modeler.get("elementRegistry");
    for (const [id, mark] of this.marked.splice(0)) {
      if (known.get(id)) {
        canvas.removeMarker(id, mark);
      }
    }
    overlays.remove({ type: "lint" });
    const counts = new Map();
    for (const line of lines) {
      const element = line.source === this.file ? known.get(line.element) : undefined;
      if (element && element !== canvas.getRootElement()) {
        counts.set(line.element, [...(counts.get(line.element) ?? []), line]);
      }
    }
    for (const [id, found] of counts) {
      this.mark(id, found);
    }
    this.draw(lines);
  }

  mark(id, found) {
    const [worst] = found;
    this.modeler.get("canvas").addMarker(id, MARKS[worst.severity]);
    this.marked.push([id, MARKS[worst.severity]]);
    const badge = make("button", {
      type: "button",
      className: `lint-badge ${TONES[worst.severity]}`,
      textContent: String(found.length),
      title: found.map((one) => one.message).join("\n"),
    });
    badge.setAttribute("aria-label", `${id}: ${found.length} found`);
    badge.addEventListener("click", () => reveal(this.modeler, id));
    this.modeler
      .get("overlays")
      .add(id, "lint", { position: { top: -12, left: -10 }, html: badge });
  }

  draw(lines) {
    const list = make("ol", { className: "plain lint" });
    for (const line of lines) {
      list.append(this.line(line));
    }
    if (!lines.length) {
      list.append(make("li", { className: "muted", textContent: "Nothing was found." }));
    }
    this.list.replaceChildren(list);
  }

  line({ severity, element, message, source, line }) {
    const pill = make("span", { className: `pill ${TONES[severity]}`, textContent: severity });
    const isHere = source === this.file && this.modeler.get("elementRegistry").get(element);
    const name = isHere
      ? make("button", { type: "button", className: "link-button", textContent: element })
      : make("span", { className: "mono", textContent: element });
    if (isHere) {
      name.addEventListener("click", () => {
        reveal(this.modeler, element);
        document.querySelector("[data-modeler]").scrollIntoView({ block: "nearest" });
      });
    }
    const place = make("span", {
      className: "muted mono nowrap",
      textContent: line ? `${source}:${line}` : source,
    });
    return make(
      "li",
      { className: "lint-line" },
      pill,
      make("span", {}, name, ` ${message} `, place),
    );
  }
}

export function startLint(modeler, list, file) {
  return new Lint(modeler, list, file);
}
