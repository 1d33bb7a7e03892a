/** The picture on the page that moves a token: nodes that can be chosen are clicked there or ticked in the list. */
import { drawn } from "./diagram.js";

function markChoice(canvas, box) {
  canvas[box.checked ? "addMarker" : "removeMarker"](box.value, "is-chosen");
}

function start(diagram, list) {
  const canvas = diagram.viewer.get("canvas");
  const known = diagram.viewer.get("elementRegistry");
  const boxes = new Map(
    [...list.querySelectorAll("input[name=to]")]
      .filter((box) => known.get(box.value))
      .map((box) => [box.value, box]),
  );
  for (const [node, box] of boxes) {
    canvas.addMarker(node, "can-choose");
    markChoice(canvas, box);
  }
  list.addEventListener("change", (event) => {
    if (boxes.has(event.target.value)) {
      markChoice(canvas, event.target);
    }
  });
  diagram.viewer.get("eventBus").on("element.click", ({ element }) => {
    boxes.get(element.id)?.click();
  });
}

const list = document.querySelector("[data-targets]");
const diagram = await drawn;
if (diagram && list) {
  start(diagram, list);
}
