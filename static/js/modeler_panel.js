/**
 * The properties beside the drawing: a plain form, made of the same element templates that other modelers get. A field
 * is written when it is left or Enter is pressed.
 */
import { listBasics } from "./modeler_basics.js";
import { findTemplate, objectOf, readWord, writeWord } from "./modeler_words.js";

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  Object.assign(element, properties);
  element.append(...children);
  return element;
}

function control(field, id) {
  if (field.choices) {
    const select = make("select", { id, className: "input" });
    for (const { name, value } of field.choices) {
      select.append(make("option", { value, textContent: name }));
    }
    return select;
  }
  const shape = { id, className: "input mono", spellcheck: false, autocomplete: "off" };
  return field.isLong ? make("textarea", { ...shape, rows: 3 }) : make("input", shape);
}

class Panel {
  constructor(modeler, templates, element) {
    Object.assign(this, { modeler, templates, panel: element, shown: null, filled: [] });
    const bus = modeler.get("eventBus");
    bus.on("selection.changed", ({ newSelection }) => this.show(newSelection));
    // After undo, renaming on the canvas and the like: the same form, its values as they are now.
    bus.on("commandStack.changed", () => this.refill());
  }

  show(selection) {
    this.leave();
    const root = this.modeler.get("canvas").getRootElement();
    const chosen = selection.length === 1 ? selection[0] : selection.length ? null : root;
    this.shown = chosen;
    this.filled = [];
    if (!chosen) {
      this.panel.replaceChildren(
        make("p", { className: "note", textContent: "Choose one element to see its properties." }),
      );
      return;
    }
    const object = objectOf(chosen);
    const template = findTemplate(this.templates, object);
    const title = make("h2", { textContent: object.name || object.id });
    const kind = make("p", {
      className: "note mono",
      textContent: `${object.$type.slice(5)} ${object.id}`,
    });
    const basics = listBasics(this.modeler, chosen, object);
    const isData = ({ key }) => key.startsWith("cs:");
    const drawn = basics.filter((field) => !isData(field));
    this.panel.replaceChildren(title, kind, this.group("Drawn", drawn));
    for (const group of template?.groups ?? []) {
      const words = template.properties.filter((one) => one.group === group.id);
      this.panel.append(
        this.group(
          group.label,
          words.map((one) => this.word(chosen, object, one)),
        ),
      );
    }
    const data = basics.filter(isData);
    if (data.length) {
      this.panel.append(this.group("Data", data));
    }
    this.refill();
  }

  /** A field for one of our attributes. */
  word(element, object, { id, label, description, type, choices, constraints }) {
    return {
      key: id,
      label,
      hint: description,
      choices,
      isLong: type === "Text",
      pattern: constraints?.pattern,
      read: () => readWord(object, id).value,
      inherited: () => readWord(object, id).inherited,
      write: (value) => writeWord(this.modeler, element, object, id, value),
    };
  }

  group(label, fields) {
    const box = make("fieldset", {}, make("legend", { textContent: label }));
    for (const field of fields) {
      box.append(this.field(field));
    }
    return box;
  }

  field(field) {
    const id = `word-${field.key.replace(/[^\w-]/g, "-")}`;
    const input = control(field, id);
    input.dataset.word = field.key;
    const hint = make("span", { id: `${id}-hint`, className: "help", textContent: field.hint });
    const wrong = make("span", { className: "error-text", hidden: true });
    input.setAttribute("aria-describedby", hint.id);
    const check = () => {
      const fits = !field.pattern || new RegExp(field.pattern.value).test(input.value.trim());
      wrong.textContent = fits ? "" : field.pattern.message;
      wrong.hidden = fits;
      input.setAttribute("aria-invalid", String(!fits));
    };
    const write = () => {
      check();
      const value = input.value.trim();
      if (value !== field.read()) {
        field.write(value);
      }
    };
    input.addEventListener("change", write);
    const fill = () => {
      const inherited = field.inherited?.() ?? "";
      if (document.activeElement !== input || input.value !== field.read()) {
        input.value = field.read();
      }
      if (inherited && !field.choices) {
        input.placeholder = inherited;
      }
      check();
    };
    this.filled.push({ fill, write, input });
    return make(
      "div",
      { className: "field" },
      make("label", { htmlFor: id, textContent: field.label }),
      input,
      hint,
      wrong,
    );
  }

  /** Write what is typed and not left yet: before another element is shown, and before saving. */
  leave() {
    for (const { input, write } of this.filled) {
      if (document.activeElement === input) {
        write();
      }
    }
  }

  refill() {
    for (const { fill } of this.filled) {
      fill();
    }
  }
}

export function startPanel(modeler, templates, element) {
  const panel = new Panel(modeler, templates, element);
  panel.show([]);
  return panel;
}
