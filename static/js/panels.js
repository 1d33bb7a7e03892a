/**
 * The dashboard. A panel that could not be read says so and offers again. Rows to act on keep still while somebody
 * points at them, has some selected or is at work in them: the refresh is held back and offered, and comes by itself
 * as soon as nobody is there.
 */
const held = new WeakSet();

function panelOf(event) {
  return event.detail?.ctx?.sourceElement?.closest?.("[data-panel]") ?? null;
}

function show(panel, isFailed) {
  panel.querySelector("[data-wait]").hidden = isFailed;
  panel.querySelector("[data-failed]").hidden = !isFailed;
}

/** Somebody is in the rows, or has chosen some. */
function isBusy(section) {
  return (
    section.matches(":hover") ||
    section.querySelector("tbody :focus-visible") !== null ||
    section.querySelector("[data-row] input:checked") !== null
  );
}

function release(section) {
  if (held.has(section)) {
    held.delete(section);
    window.htmx.trigger(section, "refresh");
  }
}

function hold(event) {
  const section = event.target.closest?.("[data-still]");
  if (!section || section !== event.target || !isBusy(section)) {
    return;
  }
  event.stopImmediatePropagation();
  held.add(section);
  section.querySelector("[data-show-changes]").hidden = false;
}

function startStill(root) {
  root.addEventListener("hint", hold, { capture: true });
  for (const kind of ["pointerout", "focusout", "change"]) {
    root.addEventListener(kind, (event) => {
      const section = event.target.closest?.("[data-still]");
      if (section) {
        // The pointer has left, or the box is unticked, only after this event.
        window.setTimeout(() => isBusy(section) || release(section));
      }
    });
  }
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-show-changes]");
    if (button) {
      release(button.closest("[data-still]"));
    }
  });
}

function startPanels(root) {
  root.addEventListener("htmx:finally:request", (event) => {
    const panel = panelOf(event);
    const { response } = event.detail.ctx;
    if (panel?.isConnected && !(response?.status < 400)) {
      show(panel, true);
    }
  });
  root.addEventListener("click", (event) => {
    const panel = event.target.closest("[data-again]")?.closest("[data-panel]");
    if (panel) {
      show(panel, false);
      window.htmx.trigger(panel, "refresh");
    }
  });
}

/** Two dates are asked for only where the time is "from … to". */
function startPeriod(root) {
  const choice = root.querySelector("[data-period]");
  const sync = () => {
    for (const field of root.querySelectorAll("[data-custom]")) {
      field.hidden = choice.value !== "custom";
    }
  };
  choice?.addEventListener("change", sync);
  if (choice) {
    sync();
  }
}

/** Filters that are not filled in stay out of the address, so that it can be read and passed on. */
function startAddress(root) {
  root.querySelector("[data-plain-address]")?.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) {
      if (value === "") {
        formData.delete(name);
      }
    }
  });
}

startStill(document);
startPanels(document);
startPeriod(document);
startAddress(document);
