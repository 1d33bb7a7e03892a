/**
 * What bpmn-js leaves out of pictures that other tools drew. Works on its parsed model before it draws, and adds to
 * the picture afterwards; the file itself is never changed.
 */
const SCOPES = ["bpmn:SubProcess", "bpmn:Transaction", "bpmn:AdHocSubProcess"];

function lies({ bounds: inner }, { bounds: outer }) {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

function shapesOf(diagram) {
  return (diagram.plane?.planeElement ?? []).filter((each) => each.bounds && each.bpmnElement);
}

/**
 * A sub-process that does not say whether it is open, but has its content drawn inside its own frame, is open
 * (`isExpanded` is optional in BPMN DI). Without this its content would be hidden.
 */
export function openFilled({ diagrams = [] }) {
  for (const diagram of diagrams) {
    const shapes = shapesOf(diagram);
    for (const shape of shapes) {
      const node = shape.bpmnElement;
      if (SCOPES.includes(node.$type) && shape.isExpanded === undefined) {
        const content = shapes.filter((each) => each.bpmnElement.$parent === node);
        shape.isExpanded = content.length > 0 && content.every((each) => lies(each, shape));
      }
    }
  }
}

/** Draw what the shown plane places but the viewer skipped: the content of a called process in an open call activity. */
export function drawSkipped(viewer, diagram) {
  const importer = viewer.get("bpmnImporter");
  const known = viewer.get("elementRegistry");
  const root = viewer.get("canvas").getRootElement();
  const missing = (diagram?.plane?.planeElement ?? []).filter(
    ({ bpmnElement }) => bpmnElement?.id && !known.get(bpmnElement.id),
  );
  const [shapes, edges] = [true, false].map((hasBounds) =>
    missing.filter((each) => Boolean(each.bounds) === hasBounds),
  );
  for (const shape of shapes) {
    importer.add(shape.bpmnElement, shape, root);
  }
  for (const edge of edges) {
    const { sourceRef, targetRef } = edge.bpmnElement;
    if (edge.waypoint && known.get(sourceRef?.id) && known.get(targetRef?.id)) {
      importer.add(edge.bpmnElement, edge, root);
    }
  }
}
