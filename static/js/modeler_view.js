/** What of a drawing is in sight. */
const PALETTE = 120;
const ROOM = 24;

/** Show the whole drawing beside the palette, not under it. */
export function fit(modeler) {
  const canvas = modeler.get("canvas");
  const { inner, outer } = canvas.viewbox();
  const room = { width: outer.width - PALETTE - 2 * ROOM, height: outer.height - 2 * ROOM };
  const scale = Math.min(1, room.width / inner.width, room.height / inner.height);
  canvas.viewbox({
    x: inner.x - (PALETTE + ROOM) / scale,
    y: inner.y - (outer.height / scale - inner.height) / 2,
    width: outer.width / scale,
    height: outer.height / scale,
  });
}

/** Choose an element and bring it into sight; tells whether there is one of that id. */
export function reveal(modeler, id) {
  const found = modeler.get("elementRegistry").get(id);
  if (!found) {
    return false;
  }
  modeler.get("canvas").scrollToElement(found);
  modeler.get("selection").select(found);
  return true;
}
