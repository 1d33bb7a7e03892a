/**
 * Two pictures beside each other. Each `[data-compared]` draws the file of its `data-url` and takes its marks from the
 * list that `data-list` names: a row with `data-node` and `data-state` (added, changed, removed), its sign in
 * `data-count`. A click on a row's button brings its element into the middle of the pictures that have it.
 */
import { Diagram } from "./diagram.js";

async function draw(element) {
  const diagram = new Diagram(element, document.getElementById(element.dataset.list));
  try {
    await diagram.load();
    return diagram;
  } catch (error) {
    const text = document.createElement("p");
    text.className = "empty";
    text.textContent = `No picture of this version: ${error.message}. The list below says what differs.`;
    element.replaceChildren(text);
    element.dataset.state = "failed";
    return null;
  }
}

function show(diagram, id) {
  const element = diagram.viewer.get("elementRegistry").get(id);
  if (!element) {
    return;
  }
  diagram.viewer.get("canvas").scrollToElement(element, 80);
  diagram.viewer.get("selection")?.select(element);
}

const pictures = await Promise.all([...document.querySelectorAll("[data-compared]")].map(draw));
for (const button of document.querySelectorAll("[data-shows]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    for (const diagram of pictures.filter(Boolean)) {
      show(diagram, button.dataset.shows);
    }
    document.querySelector("[data-compared]")?.scrollIntoView({ block: "nearest" });
  });
}
