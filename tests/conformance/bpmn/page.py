"""The diagram page's own script and styles over any model, in a browser without a site."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, Route

STATIC: Final = Path(__file__).parents[3] / "static"
ORIGIN: Final = "http://diagram.test"
VENDOR: Final = next((STATIC / "vendor").glob("bpmn-js-*")).name
PAGE: Final = f"""<!doctype html>
<html lang="en" data-bs-theme="THEME">
<meta charset="utf-8"><title>Diagram</title>
<link rel="stylesheet" href="/static/vendor/{VENDOR}/diagram-js.css">
<link rel="stylesheet" href="/static/vendor/{VENDOR}/bpmn-js.css">
<link rel="stylesheet" href="/static/css/console.css">
<style>.diagram {{ block-size: HEIGHTpx !important; inline-size: WIDTHpx; }}</style>
<body style="margin: 0">
<div class="diagram" data-diagram data-url="/model.bpmn" data-process="PROCESS"></div>
<ol hidden data-diagram-steps></ol>
<script src="/static/vendor/{VENDOR}/bpmn-navigated-viewer.production.min.js"></script>
<script type="module">
  import {{ drawn }} from "/static/js/diagram.js";
  window.diagram = await drawn;
</script>
"""
TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawn page and what its script knows of the picture."""

    page: Page

    def shapes(self) -> dict[str, dict[str, float]]:
        """Return where each shape stands, by element id, in the model's own units."""
        found: dict[str, dict[str, float]] = self.page.evaluate(
            """() => {
              const known = diagram.viewer.get("elementRegistry");
              const isShape = (one) => !one.waypoints && one.parent && !one.labelTarget;
              return Object.fromEntries(known.filter(isShape).map((one) => [one.id,
                { x: one.x, y: one.y, width: one.width, height: one.height }]));
            }"""
        )
        return found

    def on_paper(self) -> dict[str, dict[str, float]]:
        """Return where the browser painted each shape, in the model's own units."""
        found: dict[str, dict[str, float]] = self.page.evaluate(
            """() => {
              const canvas = diagram.viewer.get("canvas");
              const known = diagram.viewer.get("elementRegistry");
              const frame = canvas.getContainer().getBoundingClientRect();
              const view = canvas.viewbox();
              const painted = {};
              for (const one of known.filter((each) => !each.waypoints && each.parent)) {
                const body = canvas.getGraphics(one).querySelector(".djs-visual > *");
                const box = body?.getBoundingClientRect();
                if (box?.width) painted[one.id] = {
                  x: (box.x - frame.x) / view.scale + view.x,
                  y: (box.y - frame.y) / view.scale + view.y,
                  width: box.width / view.scale, height: box.height / view.scale };
              }
              return painted;
            }"""
        )
        return found

    def picture(self, *, scale: float = 1.0, margin: int = 100) -> bytes:
        """Return a PNG of the whole model, clear of the buttons and the watermark."""
        size = self.page.evaluate(
            """([scale, margin]) => {
              const canvas = diagram.viewer.get("canvas");
              const { inner } = canvas.viewbox();
              const width = Math.ceil(inner.width * scale) + 2 * margin;
              const height = Math.ceil(inner.height * scale) + 2 * margin;
              const frame = document.querySelector("[data-diagram]");
              frame.style.setProperty("inline-size", `${width}px`, "important");
              frame.style.setProperty("block-size", `${height}px`, "important");
              frame.style.setProperty("border", "0", "important");
              canvas.resized();
              canvas.viewbox({ x: inner.x - margin / scale, y: inner.y - margin / scale,
                width: width / scale, height: height / scale });
              return { width, height };
            }""",
            [scale, margin],
        )
        self.page.set_viewport_size(size)
        edge = 8
        clip = {
            "x": margin - edge,
            "y": margin - edge,
            "width": size["width"] - 2 * (margin - edge),
            "height": size["height"] - 2 * (margin - edge),
        }
        return self.page.screenshot(clip=clip)  # type: ignore[arg-type]

    def lines(self) -> dict[str, list[dict[str, float]]]:
        """Return the waypoints of each line, by element id."""
        found: dict[str, list[dict[str, float]]] = self.page.evaluate(
            """() => {
              const known = diagram.viewer.get("elementRegistry");
              return Object.fromEntries(known.filter((one) => one.waypoints).map((one) =>
                [one.id, one.waypoints.map(({ x, y }) => ({ x, y }))]));
            }"""
        )
        return found


def draw(
    browser: Browser,
    model: str,
    *,
    process: str = "",
    theme: str = "light",
    size: tuple[int, int] = (1400, 900),
) -> Drawing:
    """Draw a model as the diagram page does; fails with the page's own words."""
    width, height = size
    page = browser.new_page(viewport={"width": width, "height": height})
    html = PAGE.replace("THEME", theme).replace("PROCESS", process)
    html = html.replace("WIDTH", str(width)).replace("HEIGHT", str(height))

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN)
        if path == "/":
            route.fulfill(body=html, content_type="text/html")
        elif path == "/model.bpmn":
            route.fulfill(body=model.encode(), content_type="application/xml")
        elif path.startswith("/static/"):
            file = STATIC / path.removeprefix("/static/")
            route.fulfill(body=file.read_bytes(), content_type=TYPES[file.suffix])
        else:
            route.fulfill(status=404)

    page.route("**/*", answer)
    page.goto(f"{ORIGIN}/")
    page.wait_for_selector("[data-diagram][data-state]")
    state: Any = page.locator("[data-diagram]").get_attribute("data-state")
    assert state == "drawn", page.locator("[data-diagram]").inner_text()
    page.wait_for_function("window.diagram")
    return Drawing(page)
