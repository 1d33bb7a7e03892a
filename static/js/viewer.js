/** Pictures and pages: larger, smaller, fitted, turned; by buttons and keys. The first viewer in sight answers the keys. */
const STEPS = [25, 50, 75, 100, 150, 200, 300, 400];
const FIT = 100;

class Viewer {
  constructor(element, signal) {
    this.element = element;
    this.tools = element.querySelector(".viewer-tools");
    this.state = element.querySelector("[data-view-state]");
    this.size = this.state.textContent;
    this.zoom = FIT;
    this.turn = 0;
    this.tools.hidden = false;
    this.tools.addEventListener("click", (event) => this.onClick(event), { signal });
    element
      .querySelector("[data-soften]")
      ?.addEventListener("click", (event) => event.currentTarget.focus(), { signal });
  }

  onClick(event) {
    const act = event.target.closest("[data-view]")?.dataset.view;
    if (act === "in") {
      this.zoom = STEPS.find((step) => step > this.zoom) ?? this.zoom;
    } else if (act === "out") {
      this.zoom = STEPS.findLast((step) => step < this.zoom) ?? this.zoom;
    } else if (act === "fit") {
      this.zoom = FIT;
      this.turn = 0;
    } else if (act === "turn") {
      this.turn = (this.turn + 90) % 360;
    } else {
      return;
    }
    this.element.dataset.zoom = String(this.zoom);
    this.element.dataset.turn = String(this.turn);
    const turned = this.turn ? `, turned ${this.turn}°` : "";
    this.state.textContent = `${this.zoom} %${turned}${this.size ? ` · ${this.size}` : ""}`;
  }
}

export function startViewers(task, signal) {
  for (const element of task.querySelectorAll("[data-viewer]")) {
    new Viewer(element, signal);
  }
}
