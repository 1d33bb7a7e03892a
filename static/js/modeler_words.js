/**
 * Our attributes in a model: what bpmn-js must know of our namespace, and how one of them is read and written.
 * Every change goes through `modeling`, so that undo takes it back.
 */
const LOOP = ["collection", "element", "outputCollection", "outputElement"];
const RETRY = ["max", "base", "cap"];

function attribute(name) {
  return { name, isAttr: true, type: "String" };
}

/** What bpmn-moddle is told of `urn:countersign:bpmn:1`; the names are those of the templates. */
export function describe(templates) {
  const names = new Set(LOOP);
  for (const template of templates) {
    for (const { id } of template.properties) {
      if (!id.includes(".")) {
        names.add(id);
      }
    }
  }
  const element = (name, attributes) => ({
    name,
    superClass: ["Element"],
    properties: attributes.map(attribute),
  });
  return {
    name: "Countersign",
    prefix: "cs",
    uri: "urn:countersign:bpmn:1",
    xml: { tagAlias: "lowerCase" },
    types: [
      { name: "Words", extends: ["bpmn:BaseElement"], properties: [...names].map(attribute) },
      element("Retry", RETRY),
      element("Input", ["target", "source"]),
      element("Output", ["target", "source"]),
    ],
  };
}

/** The template whose elements the chosen one is of; a pool stands for its process. */
export function findTemplate(templates, object) {
  return templates.find(({ appliesTo }) => appliesTo.includes(object.$type));
}

/** What an element of the picture is about: a pool is about its process. */
export function objectOf(element) {
  const object = element.businessObject;
  return object.$type === "bpmn:Participant" ? (object.processRef ?? object) : object;
}

function extras(object, type) {
  return (object.get("extensionElements")?.values ?? []).filter((one) => one.$type === type);
}

/** What a modeler that knows only properties wrote for the same attribute, as the server reads it. */
function fromProperties(object, name) {
  for (const type of ["camunda:properties", "zeebe:properties"]) {
    for (const holder of extras(object, type)) {
      const children = holder.$children ?? holder.values ?? holder.properties ?? [];
      const found = children.find((one) => one.name === `cs:${name}`);
      if (found) {
        return found.value ?? "";
      }
    }
  }
  return "";
}

/** Returns `{value, inherited}`; inherited is what stands in the file in another modeler's way. */
export function readWord(object, name) {
  const inherited = fromProperties(object, name);
  if (name.startsWith("retry.")) {
    const value = extras(object, "cs:Retry")[0]?.get(name.slice(6)) ?? "";
    return { value, inherited };
  }
  return { value: object.get(`cs:${name}`) ?? "", inherited };
}

function withExtras(modeler, element, object, change) {
  const moddle = modeler.get("moddle");
  const modeling = modeler.get("modeling");
  const before = object.get("extensionElements");
  const values = change(before?.values ?? []);
  const after = moddle.create("bpmn:ExtensionElements", { values });
  for (const one of values) {
    one.$parent = after;
  }
  after.$parent = object;
  modeling.updateModdleProperties(element, object, {
    extensionElements: values.length ? after : undefined,
  });
}

export function writeWord(modeler, element, object, name, value) {
  if (!name.startsWith("retry.")) {
    modeler
      .get("modeling")
      .updateModdleProperties(element, object, { [`cs:${name}`]: value || undefined });
    return;
  }
  const old = extras(object, "cs:Retry")[0];
  const words = Object.fromEntries(RETRY.map((word) => [word, old?.get(word)]));
  words[name.slice(6)] = value || undefined;
  const says = Object.values(words).some(Boolean);
  withExtras(modeler, element, object, (values) => [
    ...values.filter((one) => one !== old),
    ...(says ? [modeler.get("moddle").create("cs:Retry", words)] : []),
  ]);
}

/** Mappings as lines `target = FEEL`, one each. */
export function readMappings(object, type) {
  return extras(object, type)
    .map((one) => `${one.target ?? ""} = ${one.source ?? ""}`)
    .join("\n");
}

export function writeMappings(modeler, element, object, type, text) {
  const made = [];
  for (const line of text.split("\n")) {
    const [target, ...source] = line.split("=");
    if (line.trim()) {
      const words = { target: target.trim(), source: source.join("=").trim() };
      made.push(modeler.get("moddle").create(type, words));
    }
  }
  withExtras(modeler, element, object, (values) => [
    ...values.filter((one) => one.$type !== type),
    ...made,
  ]);
}
