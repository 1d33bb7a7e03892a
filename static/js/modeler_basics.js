/**
 * What the standard itself says at an element: conditions, moments, messages, errors, scripts, calls, repetition.
 * Each field is `{key, label, hint, isLong, read, write}`; writing goes through `modeling`.
 */
import { readMappings, writeMappings } from "./modeler_words.js";

const NAMED = {
  "bpmn:MessageEventDefinition": ["messageRef", "bpmn:Message", "name", "Message"],
  "bpmn:SignalEventDefinition": ["signalRef", "bpmn:Signal", "name", "Signal"],
  "bpmn:ErrorEventDefinition": ["errorRef", "bpmn:Error", "errorCode", "Error code"],
  "bpmn:EscalationEventDefinition": [
    "escalationRef",
    "bpmn:Escalation",
    "escalationCode",
    "Escalation code",
  ],
};
const TIMES = { timeDuration: "Duration", timeDate: "Date", timeCycle: "Cycle" };
const MAPPED = ["bpmn:Task", "bpmn:CallActivity", "bpmn:SubProcess", "bpmn:ThrowEvent"];

class Basics {
  constructor(modeler, element, object) {
    Object.assign(this, { modeler, element, object, fields: [] });
  }

  update(target, properties) {
    this.modeler.get("modeling").updateModdleProperties(this.element, target, properties);
  }

  add(key, label, hint, read, write, isLong = false) {
    this.fields.push({ key, label, hint, read, write, isLong });
  }

  text(key, label, hint, target = this.object, isLong = false) {
    this.add(
      key,
      label,
      hint,
      () => target.get(key) ?? "",
      (value) => this.update(target, { [key]: value || undefined }),
      isLong,
    );
  }

  /** One of our attributes at the loop of an activity. */
  own(name, label, hint, loop) {
    const write = (value) => this.update(loop, { [`cs:${name}`]: value || undefined });
    this.add(`loop-${name}`, label, hint, () => loop.get(`cs:${name}`) ?? "", write);
  }

  /** A FEEL or ISO 8601 text that BPMN keeps in an element of its own. */
  expression(target, key, label, hint) {
    const write = (value) => {
      const made = value
        ? this.modeler.get("moddle").create("bpmn:FormalExpression", { body: value })
        : undefined;
      if (made) {
        made.$parent = target;
      }
      this.update(target, { [key]: made });
    };
    this.add(key, label, hint, () => target.get(key)?.body ?? "", write);
  }

  /** A message, signal, error or escalation of the file, found by its word or made. */
  named(target, [reference, type, word, label]) {
    const write = (value) => {
      const definitions = this.modeler.getDefinitions();
      let found = definitions.rootElements.find(
        (one) => one.$type === type && one.get(word) === value,
      );
      if (value && !found) {
        found = this.modeler.get("bpmnFactory").create(type, { [word]: value });
        found.$parent = definitions;
        this.update(definitions, { rootElements: [...definitions.rootElements, found] });
      }
      this.update(target, { [reference]: value ? found : undefined });
    };
    const hint = "By this word it is found, thrown and caught.";
    this.add(reference, label, hint, () => target.get(reference)?.get(word) ?? "", write);
  }

  event() {
    for (const definition of this.object.eventDefinitions ?? []) {
      if (definition.$type in NAMED) {
        this.named(definition, NAMED[definition.$type]);
      } else if (definition.$type === "bpmn:TimerEventDefinition") {
        for (const [key, label] of Object.entries(TIMES)) {
          this.expression(definition, key, label, "ISO 8601, or FEEL after =. One of the three.");
        }
      } else if (definition.$type === "bpmn:ConditionalEventDefinition") {
        this.expression(definition, "condition", "Condition", "FEEL over the variables.");
      } else if (definition.$type === "bpmn:LinkEventDefinition") {
        this.text("name", "Link", "The same word at its other end.", definition);
      }
    }
  }

  loop() {
    const loop = this.object.get("loopCharacteristics");
    if (loop?.$type === "bpmn:MultiInstanceLoopCharacteristics") {
      this.own("collection", "Repeated over", "FEEL for the list.", loop);
      this.own("element", "Each item is called", "Name of a variable.", loop);
      this.own("outputCollection", "Results go to", "Name of a variable.", loop);
      this.own("outputElement", "Each result is", "FEEL after each round.", loop);
      this.expression(loop, "completionCondition", "Enough when", "FEEL; the rest is ended.");
    } else if (loop) {
      this.expression(loop, "loopCondition", "Again while", "FEEL, after each round.");
      this.text("loopMaximum", "At most", "Rounds.", loop);
    }
  }

  mappings() {
    for (const [type, label] of [
      ["cs:Input", "Inputs"],
      ["cs:Output", "Outputs"],
    ]) {
      this.add(
        type,
        label,
        "One a line: target = FEEL.",
        () => readMappings(this.object, type),
        (value) => writeMappings(this.modeler, this.element, this.object, type, value),
        true,
      );
    }
  }
}

/** The fields of an element that are not ours. */
export function listBasics(modeler, element, object) {
  const found = new Basics(modeler, element, object);
  const is = (type) => object.$instanceOf(type);
  found.text("name", "Name", "What people read.");
  if (is("bpmn:SequenceFlow")) {
    found.expression(
      object,
      "conditionExpression",
      "Condition",
      "FEEL; without one it is always taken.",
    );
  }
  if (is("bpmn:Event")) {
    found.event();
  }
  if (is("bpmn:SendTask") || is("bpmn:ReceiveTask")) {
    found.named(object, NAMED["bpmn:MessageEventDefinition"]);
  }
  if (is("bpmn:CallActivity")) {
    found.text("calledElement", "Calls", "Id of a process here, or key of a definition.");
  }
  if (is("bpmn:ScriptTask")) {
    found.text("script", "Script", "FEEL; its value goes into the result.", object, true);
  }
  if (is("bpmn:ComplexGateway")) {
    found.expression(object, "activationCondition", "Goes on when", "FEEL over activationCount.");
  }
  if (is("bpmn:Activity")) {
    found.loop();
  }
  if (MAPPED.some(is)) {
    found.mappings();
  }
  return found.fields;
}
