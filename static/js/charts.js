/**
 * Draw each `figure[data-chart]` from the table inside it: first column the labels, every further column one series.
 * The table is the truth and stays; without this script it is simply what the page shows.
 */
const TONES = ["accent", "hold", "good", "warn", "bad"];
const drawn = new Map();

function token(name) {
  const probe = document.createElement("span");
  probe.className = `is-${name} tone`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

function plain(selector) {
  return getComputedStyle(document.querySelector(selector)).color;
}

function translucent(colour) {
  return colour.replace(/^rgb\(([^)]+)\)$/, "rgba($1, 0.28)");
}

function number(cell) {
  const value = cell.dataset.value ?? cell.textContent.trim();
  return value === "" || value === "-" ? null : Number(value);
}

export function readTable(table) {
  const heads = [...table.tHead.rows[0].cells].slice(1);
  const rows = [...table.tBodies[0].rows];
  return {
    labels: rows.map((row) => row.cells[0].textContent.trim()),
    series: heads.map((head, index) => ({
      label: head.textContent.trim(),
      tone: head.dataset.tone ?? TONES[index % TONES.length],
      type: head.dataset.type,
      values: rows.map((row) => number(row.cells[index + 1])),
    })),
  };
}

function dataset({ label, tone, type, values }, kind) {
  const colour = token(tone);
  const isLine = (type ?? kind) === "line";
  return {
    label,
    data: values,
    type,
    borderColor: colour,
    backgroundColor: isLine ? translucent(colour) : colour,
    borderWidth: isLine ? 2 : 0,
    borderRadius: isLine ? 0 : 3,
    maxBarThickness: 34,
    pointRadius: isLine ? 2 : 0,
    spanGaps: true,
    tension: 0,
  };
}

function options(figure) {
  const isStacked = "stacked" in figure.dataset;
  const isSideways = "sideways" in figure.dataset;
  const ink = plain(".chart figcaption");
  const rule = getComputedStyle(document.querySelector(".card")).borderTopColor;
  const unit = figure.dataset.unit ?? "";
  const values = {
    stacked: isStacked,
    beginAtZero: true,
    grid: { color: rule },
    border: { display: false },
    ticks: { color: ink, precision: 0, maxTicksLimit: 6 },
    title: { display: Boolean(unit), text: unit, color: ink },
  };
  const names = {
    stacked: isStacked,
    grid: { display: false },
    ticks: { color: ink, maxRotation: 0, autoSkipPadding: 8 },
  };
  return {
    indexAxis: isSideways ? "y" : "x",
    animation: false,
    maintainAspectRatio: false,
    interaction: { mode: "index", intersect: false },
    plugins: {
      legend: {
        display: figure.querySelectorAll("thead th").length > 2,
        position: "bottom",
        labels: { color: ink, boxWidth: 10, boxHeight: 10 },
      },
    },
    scales: isSideways ? { x: values, y: names } : { x: names, y: values },
  };
}

function draw(figure) {
  const table = figure.querySelector("table");
  const area = figure.querySelector(".chart-area");
  if (!table?.tBodies[0]?.rows.length || !area) {
    return;
  }
  drawn.get(figure)?.destroy();
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute(
    "aria-label",
    `${figure.querySelector("h2, h3")?.textContent ?? "Chart"}: the table below holds the same figures`,
  );
  area.replaceChildren(canvas);
  figure.dataset.drawn = "";
  const { labels, series } = readTable(table);
  const kind = figure.dataset.chart;
  const config = {
    type: kind,
    data: { labels, datasets: series.map((each) => dataset(each, kind)) },
    options: options(figure),
  };
  drawn.set(figure, new window.Chart(canvas, config));
}

function drawAll() {
  for (const [figure, chart] of drawn) {
    if (!figure.isConnected) {
      chart.destroy();
      drawn.delete(figure);
    }
  }
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    draw(figure);
  }
}

window.Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
drawAll();
document.addEventListener("htmx:after:swap", drawAll);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
