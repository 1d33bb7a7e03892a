/**
 * The process picture by bpmn-js. The XML comes from `data-url`; the marks from the ordered list beside it, whose
 * items say `data-node`, `data-state` (a word of MARKERS) and `data-count`, or what node_marks.js reads. The list is the
 * truth and stays.
 * `data-process`, if given, is the process to show of a file that draws several.
 * bpmn-js's licence asks that its watermark stay visible: nothing here may cover or hide it.
 */
import { heatOf, listMarks } from "./node_marks.js";
import { drawSkipped, openFilled } from "./pictures.js";
import { startSteering } from "./steering.js";

const MARKERS = {
  active: "has-token",
  done: "is-done",
  incident: "has-incident",
  added: "is-added",
  changed: "is-changed",
  removed: "is-removed",
};
const ROOM = 24;
const SCALES = { least: 0.1, most: 4 };
function badge(count, isBad) {
  const element = document.createElement("span");
  element.className = isBad ? "diagram-count is-bad" : "diagram-count";
  element.textContent = count;
  return element;
}

/** Tell whether a model brings colours of its own, which are meant for white paper. */
function hasColours(element) {
  const words = ["background-color", "border-color", "fill", "stroke"];
  return words.some(
    (word) => element.di?.get?.(`color:${word}`) ?? element.di?.get?.(`bioc:${word}`),
  );
}

export class Diagram {
  constructor(element, list) {
    this.element = element;
    this.list = list;
    this.marked = [];
    this.viewer = new window.BpmnJS({
      container: element,
      // Names, so that a change of theme needs no drawing anew.
      bpmnRenderer: {
        defaultFillColor: "var(--diagram-paper)",
        defaultStrokeColor: "var(--diagram-ink)",
        defaultLabelColor: "var(--diagram-ink)",
      },
    });
  }

  async load() {
    const response = await fetch(this.element.dataset.url, { credentials: "same-origin" });
    if (!response.ok) {
      throw new Error(`the picture could not be fetched (${response.status})`);
    }
    this.viewer.on("import.parse.complete", ({ definitions }) => {
      if (definitions) {
        openFilled(definitions);
      }
    });
    await this.viewer.importXML(await response.text());
    drawSkipped(this.viewer, await this.choose());
    startSteering(this);
    this.fit();
    this.mark();
    this.element.classList.toggle(
      "has-colours",
      this.viewer.get("elementRegistry").getAll().some(hasColours),
    );
    this.element.dataset.state = "drawn";
  }

  /** Show the diagram that draws the wanted process, where a file holds more than one; returns what is shown. */
  async choose() {
    const wanted = this.element.dataset.process;
    const { diagrams } = this.viewer.getDefinitions();
    if (!wanted || (diagrams?.length ?? 0) < 2) {
      return diagrams?.[0];
    }
    const shows = ({ plane }) => {
      const root = plane?.bpmnElement;
      const pools = root?.participants ?? [];
      return root?.id === wanted || pools.some((pool) => pool.processRef?.id === wanted);
    };
    const found = diagrams.find(shows);
    if (found && found !== diagrams[0]) {
      await this.viewer.open(found);
    }
    return found ?? diagrams[0];
  }

  fit() {
    const canvas = this.viewer.get("canvas");
    canvas.zoom("fit-viewport", "auto");
    const { inner } = canvas.viewbox();
    const size = canvas.getSize();
    const scale = Math.min(
      1,
      (size.width - 2 * ROOM) / inner.width,
      (size.height - 2 * ROOM) / inner.height,
    );
    canvas.viewbox({
      x: inner.x - (size.width / scale - inner.width) / 2,
      y: inner.y - (size.height / scale - inner.height) / 2,
      width: size.width / scale,
      height: size.height / scale,
    });
  }

  zoom(factor) {
    const canvas = this.viewer.get("canvas");
    const scale = canvas.zoom() * factor;
    canvas.zoom(Math.min(SCALES.most, Math.max(SCALES.least, scale)), "auto");
  }

  mark() {
    const canvas = this.viewer.get("canvas");
    const overlays = this.viewer.get("overlays");
    const known = this.viewer.get("elementRegistry");
    for (const [node, marker] of this.marked.splice(0)) {
      canvas.removeMarker(node, marker);
    }
    overlays.clear();
    for (const item of this.list.querySelectorAll("[data-node][data-state]")) {
      if (known.get(item.dataset.node)) {
        this.markNode(item, overlays);
      }
    }
  }

  markNode(item, overlays) {
    const { node, state, count } = item.dataset;
    for (const marker of [MARKERS[state], heatOf(item)].filter(Boolean)) {
      this.viewer.get("canvas").addMarker(node, marker);
      this.marked.push([node, marker]);
    }
    if (MARKERS[state] && count && count !== "0") {
      const html = badge(count, state === "incident");
      overlays.add(node, { position: { top: -10, right: 12 }, html });
    }
    for (const mark of listMarks(item)) {
      overlays.add(node, mark);
    }
  }
}

/** Draw the picture of this page; gives the diagram, or null where there is none or it could not be drawn. */
async function start() {
  const element = document.querySelector("[data-diagram]");
  const list = document.querySelector("[data-diagram-steps]");
  if (!element || !list) {
    return null;
  }
  const diagram = new Diagram(element, list);
  try {
    await diagram.load();
    document.addEventListener("htmx:after:swap", () => {
      diagram.list = document.querySelector("[data-diagram-steps]") ?? diagram.list;
      diagram.mark();
    });
    return diagram;
  } catch (error) {
    const text = document.createElement("p");
    text.className = "empty";
    text.textContent = `No picture of this process: ${error.message}. The list beside it says the same.`;
    element.replaceChildren(text);
    element.dataset.state = "failed";
    return null;
  }
}

/** For other scripts of a page that work with its picture. */
export const drawn = start();
