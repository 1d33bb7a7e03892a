/**
 * The process picture by bpmn-js. The XML comes from `data-url`; the marks from the ordered list beside it, whose
 * items say `data-node`, `data-state` (active, done, incident) and `data-count`. The list is the truth and stays.
 * bpmn-js's licence asks that its watermark stay visible: nothing here may cover or hide it.
 */
const MARKERS = { active: "has-token", done: "is-done", incident: "has-incident" };
const ROOM = 24;

function badge(count, isBad) {
  const element = document.createElement("span");
  element.className = isBad ? "diagram-count is-bad" : "diagram-count";
  element.textContent = count;
  return element;
}

class Diagram {
  constructor(element, list) {
    this.element = element;
    this.list = list;
    this.marked = [];
    this.viewer = new window.BpmnJS({ container: element });
  }

  async load() {
    const response = await fetch(this.element.dataset.url, { credentials: "same-origin" });
    if (!response.ok) {
      throw new Error(`the picture could not be fetched (${response.status})`);
    }
    await this.viewer.importXML(await response.text());
    this.fit();
    this.mark();
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

  mark() {
    const canvas = this.viewer.get("canvas");
    const overlays = this.viewer.get("overlays");
    const known = this.viewer.get("elementRegistry");
    for (const [node, marker] of this.marked.splice(0)) {
      canvas.removeMarker(node, marker);
    }
    overlays.clear();
    for (const item of this.list.querySelectorAll("[data-node][data-state]")) {
      const { node, state, count } = item.dataset;
      const marker = MARKERS[state];
      if (marker && known.get(node)) {
        canvas.addMarker(node, marker);
        this.marked.push([node, marker]);
        if (count && count !== "0") {
          overlays.add(node, {
            position: { top: -10, right: 12 },
            html: badge(count, state === "incident"),
          });
        }
      }
    }
  }
}

async function start() {
  const element = document.querySelector("[data-diagram]");
  const list = document.querySelector("[data-diagram-steps]");
  if (!element || !list) {
    return;
  }
  const diagram = new Diagram(element, list);
  try {
    await diagram.load();
    document.addEventListener("htmx:after:swap", () => {
      diagram.list = document.querySelector("[data-diagram-steps]") ?? diagram.list;
      diagram.mark();
    });
  } catch (error) {
    const text = document.createElement("p");
    text.className = "empty";
    text.textContent = `No picture of this process: ${error.message}. The list beside it says the same.`;
    element.replaceChildren(text);
  }
}

start();
