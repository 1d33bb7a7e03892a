/**
 * The modeler page: draw, save by itself under the revision it began from, and say when somebody else was faster.
 * bpmn-js's licence asks that its watermark stay visible: nothing here may cover or hide it.
 */
import { startLint } from "./modeler_lint.js";
import { startPanel } from "./modeler_panel.js";
import { fit, reveal } from "./modeler_view.js";
import { describe } from "./modeler_words.js";
import { announce, post } from "./requests.js";

const IDLE_MS = 1200;
const RETRY_MS = 5000;

async function fetchText(url) {
  const response = await fetch(url, { credentials: "same-origin" });
  if (!response.ok) {
    throw new Error(`${url} could not be fetched (${response.status})`);
  }
  return response.text();
}

class Desk {
  constructor(root, modeler, templates) {
    Object.assign(this, {
      root,
      modeler,
      timer: 0,
      isSending: false,
      isHeld: false,
      changes: 0,
      saved: 0,
    });
    this.revision = root.dataset.revision;
    this.status = document.querySelector("[data-model-status]");
    this.conflict = document.querySelector("[data-model-conflict]");
    this.panel = startPanel(modeler, templates, root.querySelector("[data-model-panel]"));
    this.lint = startLint(modeler, document.querySelector("[data-model-lint]"), root.dataset.file);
    this.lint.show(JSON.parse(document.getElementById("model-lint").textContent));
    this.listElements();
    modeler.get("eventBus").on("commandStack.changed", () => this.changed());
    document.addEventListener("click", (event) =>
      this.act(event.target.closest("[data-model-act]")?.dataset.modelAct),
    );
    document.addEventListener("keydown", (event) => this.press(event));
    window.addEventListener("beforeunload", (event) => {
      this.panel.leave();
      if (this.saved !== this.changes) {
        event.preventDefault();
      }
    });
  }

  /** The elements as a list, for whoever does not point at pictures. */
  listElements() {
    const select = this.root.querySelector("[data-model-elements]");
    const shapes = this.modeler
      .get("elementRegistry")
      .filter((one) => one.parent && one.type !== "label");
    const names = shapes.map((one) => [one.id, one.businessObject.name || one.id]);
    select.replaceChildren(...names.map(([id, name]) => new Option(name, id)));
    select.prepend(new Option("Whole process", ""));
    const [chosen] = this.modeler.get("selection").get();
    select.value = chosen?.id ?? "";
    select.onchange = () => {
      if (!reveal(this.modeler, select.value)) {
        this.modeler.get("selection").select([]);
      }
    };
    this.select = select;
  }

  changed() {
    this.changes += 1;
    this.listElements();
    this.say("Not saved yet");
    this.schedule(IDLE_MS);
  }

  schedule(delay) {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.save(), delay);
  }

  async save() {
    if (this.isSending || this.isHeld || this.saved === this.changes) {
      return;
    }
    this.isSending = true;
    const current = this.changes;
    const body = new FormData();
    body.set("file", this.root.dataset.file);
    body.set("revision", this.revision);
    body.set("xml", (await this.modeler.saveXML({ format: true })).xml);
    this.say("Saving…");
    const { status, data } = await post(this.root.dataset.saveUrl, body);
    this.isSending = false;
    if (status === 200) {
      this.saved = current;
      this.revision = String(data.revision);
      this.lint.show(data.lint);
      this.say(data.message);
    } else if (status === 409) {
      this.hold(data);
    } else {
      this.say(
        status === 0 ? "Not saved: no connection. Trying again." : (data?.message ?? "Not saved."),
      );
    }
    if (status === 0 || (status === 200 && this.saved !== this.changes)) {
      this.schedule(status === 0 ? RETRY_MS : IDLE_MS);
    }
  }

  /** Somebody saved in between: nothing is written over until the person says so. */
  hold({ message, revision }) {
    this.isHeld = true;
    this.theirs = revision;
    this.conflict.querySelector("[data-model-said]").textContent = message;
    this.conflict.hidden = false;
    this.conflict.scrollIntoView({ block: "nearest" });
    this.say("Not saved: somebody else saved in between.");
  }

  async act(name) {
    const stack = this.modeler.get("commandStack");
    if (name === "undo" && stack.canUndo()) {
      stack.undo();
    } else if (name === "redo" && stack.canRedo()) {
      stack.redo();
    } else if (name === "fit") {
      fit(this.modeler);
    } else if (name === "save") {
      this.panel.leave();
      await this.save();
    } else if (name === "theirs") {
      this.saved = this.changes;
      window.location.reload();
    } else if (name === "mine") {
      this.isHeld = false;
      this.conflict.hidden = true;
      this.revision = String(this.theirs);
      await this.save();
    } else if (name === "keep") {
      await this.download();
    }
  }

  async download() {
    const { xml } = await this.modeler.saveXML({ format: true });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([xml], { type: "application/xml" }));
    link.download = this.root.dataset.file.split("/").at(-1);
    link.click();
    URL.revokeObjectURL(link.href);
  }

  press(event) {
    if (event.key.toLowerCase() === "s" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.act("save");
    }
  }

  say(text) {
    this.status.textContent = text;
    if (!text.startsWith("Not saved yet") && !text.endsWith("…")) {
      announce(text);
    }
  }
}

async function start(root) {
  const container = root.querySelector("[data-model-canvas]");
  try {
    const templates = JSON.parse(await fetchText(root.dataset.templatesUrl));
    const modeler = new window.BpmnJS({ container, moddleExtensions: { cs: describe(templates) } });
    await modeler.importXML(await fetchText(root.dataset.fileUrl));
    fit(modeler);
    new Desk(root, modeler, templates);
    reveal(modeler, root.dataset.element);
    modeler.get("eventBus").on("selection.changed", ({ newSelection }) => {
      root.querySelector("[data-model-elements]").value = newSelection[0]?.id ?? "";
    });
    root.dataset.state = "drawn";
  } catch (error) {
    const text = document.createElement("p");
    text.className = "empty";
    text.textContent = `This file cannot be drawn: ${error.message}. Mend it elsewhere and upload it again.`;
    container.replaceChildren(text);
    root.dataset.state = "failed";
  }
}

const root = document.querySelector("[data-modeler]");
if (root) {
  start(root);
}
