"""How alike two pictures are: where each has ink, on one coarse grid. Runs in the browser."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Page

COLUMNS: Final = 72
WINDOW: Final = 8
# A window with less ink says nothing.
LEAST_INK: Final = 10
# A cell holds ink when this share of it is dark.
SHARE: Final = 0.012
_MEASURE: Final = """async ([url, columns, dark, share]) => {
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.width; canvas.height = image.height;
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, image.width, image.height);
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  const inked = (x, y) => {
    const at = 4 * (y * image.width + x);
    return 0.3 * data[at] + 0.6 * data[at + 1] + 0.1 * data[at + 2] < dark;
  };
  let left = image.width, top = image.height, right = -1, bottom = -1;
  for (let y = 0; y < image.height; y += 1)
    for (let x = 0; x < image.width; x += 1)
      if (inked(x, y)) {
        left = Math.min(left, x); right = Math.max(right, x);
        top = Math.min(top, y); bottom = Math.max(bottom, y);
      }
  const width = right - left + 1, height = bottom - top + 1;
  const rows = Math.round(columns * height / width);
  const counts = Array.from({ length: rows }, () => Array(columns).fill(0));
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1)
      if (inked(left + x, top + y))
        counts[Math.min(rows - 1, Math.floor(y * rows / height))]
              [Math.floor(x * columns / width)] += 1;
  const area = (width / columns) * (height / rows);
  const cells = counts.map((row) => row.map((count) => count / area > share));
  return { width, height, cells };
}"""


@dataclass(frozen=True, slots=True)
class Ink:
    """Where a picture has ink, trimmed to it."""

    width: int
    height: int
    cells: list[list[bool]]

    def has_near(self, row: int, column: int) -> bool:
        """Tell whether a cell or one beside it has ink."""
        return any(
            any(line[max(0, column - 1) : column + 2])
            for line in self.cells[max(0, row - 1) : row + 2]
        )


def measure(page: Page, picture: bytes, *, dark: int = 150) -> Ink:
    """Return where a PNG has pixels darker than `dark` (of 255)."""
    url = "data:image/png;base64," + base64.b64encode(picture).decode()
    found = page.evaluate(_MEASURE, [url, COLUMNS, dark, SHARE])
    return Ink(width=found["width"], height=found["height"], cells=found["cells"])


def likeness(one: Ink, other: Ink) -> float:
    """Return from 0 to 1 how much of the ink of each is where the other has some.

    It is that of the least alike window, so that one misplaced shape counts in a large
    picture. Neighbouring cells count as the same place, since fonts and line widths
    differ; pictures of another shape are not alike at all.
    """
    if not 0.9 < (one.width * other.height) / (other.width * one.height) < 1.1:
        return 0.0
    return min(_least_covered(one, other), _least_covered(other, one))


def _least_covered(one: Ink, other: Ink) -> float:
    rows = len(one.cells)
    least = 1.0
    for top in range(0, max(1, rows - WINDOW + 1), WINDOW // 2):
        for left in range(0, COLUMNS - WINDOW + 1, WINDOW // 2):
            inked = [
                (row * len(other.cells) // rows, column)
                for row in range(top, min(rows, top + WINDOW))
                for column in range(left, left + WINDOW)
                if one.cells[row][column]
            ]
            if len(inked) >= LEAST_INK:
                near = sum(other.has_near(row, column) for row, column in inked)
                least = min(least, near / len(inked))
    return least
