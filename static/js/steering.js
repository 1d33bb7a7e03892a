/** Move and zoom a diagram by buttons, keys and the wheel, which moves the page until the picture has the focus. */
const PAN = 60;
const ZOOM = 1.25;
const ARROWS = {
  ArrowLeft: { dx: PAN, dy: 0 },
  ArrowRight: { dx: -PAN, dy: 0 },
  ArrowUp: { dx: 0, dy: PAN },
  ArrowDown: { dx: 0, dy: -PAN },
};

function makeButton(text, label, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button";
  button.textContent = text;
  button.setAttribute("aria-label", label);
  button.title = label;
  button.addEventListener("click", act);
  return button;
}

function press(diagram, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  if (event.key in ARROWS) {
    diagram.viewer.get("canvas").scroll(ARROWS[event.key]);
  } else if (event.key === "+" || event.key === "=") {
    diagram.zoom(ZOOM);
  } else if (event.key === "-") {
    diagram.zoom(1 / ZOOM);
  } else if (event.key === "0") {
    diagram.fit();
  } else {
    return;
  }
  // The page's own keys mean something else.
  event.preventDefault();
  event.stopPropagation();
}

export function startSteering(diagram) {
  const { element } = diagram;
  // Stopped on its way down, before the viewer sees it: then it scrolls the page as anywhere else.
  element.addEventListener(
    "wheel",
    (event) => {
      if (!element.contains(document.activeElement)) {
        event.stopPropagation();
      }
    },
    { capture: true, passive: true },
  );
  element.addEventListener("keydown", (event) => press(diagram, event));
  const svg = element.querySelector("svg");
  svg.setAttribute("role", "img");
  svg.setAttribute(
    "aria-label",
    "Process. Arrow keys move it, plus and minus zoom, 0 fits it into its frame.",
  );
  const bar = document.createElement("div");
  bar.className = "diagram-tools";
  bar.append(
    makeButton("+", "Zoom in", () => diagram.zoom(ZOOM)),
    makeButton("−", "Zoom out", () => diagram.zoom(1 / ZOOM)),
    makeButton("Fit", "Fit the picture into its frame", () => diagram.fit()),
  );
  element.prepend(bar);
}
