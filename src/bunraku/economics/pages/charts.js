// Small SVG charts and sliders; no library, no network.
"use strict";

const COLOURS = ["var(--blue)", "var(--orange)", "var(--green)", "var(--grey)", "var(--group5)", "var(--group3)", "var(--group1)"];
const SVG = "http://www.w3.org/2000/svg";

function element(name, attributes = {}, text = "") {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text) node.textContent = text;
  return node;
}

function compact(value) {
  const size = Math.abs(value);
  if (size >= 1e9) return `${+(value / 1e9).toPrecision(3)}bn`;
  if (size >= 1e6) return `${+(value / 1e6).toPrecision(3)}m`;
  if (size >= 1e4) return `${+(value / 1e3).toPrecision(3)}k`;
  if (size >= 100) return Math.round(value).toLocaleString("en");
  return size > 0 && size < 0.001 ? value.toExponential(0) : `${+value.toPrecision(3)}`;
}

function ticksOf(low, high, log) {
  if (!log) {
    const raw = (high - low) / 4, unit = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 2.5, 5, 10].find((m) => m * unit >= raw) * unit;
    const ticks = [];
    for (let tick = Math.ceil(low / step) * step; tick <= high + 1e-9; tick += step) ticks.push(+tick.toPrecision(8));
    return ticks;
  }
  const ticks = [], first = Math.floor(Math.log10(low)), last = Math.ceil(Math.log10(high));
  const steps = last - first <= 2 ? [1, 2, 5] : [1];
  const skip = Math.max(1, Math.ceil((last - first) / 7));
  for (let e = first; e <= last; e += skip) for (const m of steps) ticks.push(m * 10 ** e);
  return ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
}

// Lines with optional bands. options: {x, xLog, series: [{name, low, mid, high}], yLog, yMin, yMax, marks: [{y, name}], at, unit}
function lineChart(svg, { x, xLog = false, series, yLog = false, yMin, yMax, marks = [], at = null, unit = "" }) {
  const width = 520, height = 300, left = 52, right = 14, top = 12, bottom = 46;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren();
  const values = series.flatMap((s) => [...(s.low ?? s.mid), ...(s.high ?? s.mid)]).filter((v) => Number.isFinite(v) && (!yLog || v > 0));
  let low = yMin ?? Math.min(...values), high = yMax ?? Math.max(...values, ...marks.map((m) => m.y));
  if (yLog) low = Math.max(low, high / 1e9);
  if (high <= low) high = low + 1;
  const scale = (log, a, b, from, to) => (log ? (v) => from + ((Math.log(Math.max(v, a)) - Math.log(a)) / (Math.log(b) - Math.log(a))) * (to - from) : (v) => from + ((v - a) / (b - a)) * (to - from));
  const px = scale(xLog, x[0], x[x.length - 1], left, width - right);
  const clip = (v) => Math.min(Math.max(v, low), high);
  const rawY = scale(yLog, low, high, height - bottom, top), py = (v) => rawY(clip(v));
  for (const tick of ticksOf(low, high, yLog)) {
    svg.append(element("line", { x1: left, x2: width - right, y1: py(tick), y2: py(tick), class: "grid" }));
    svg.append(element("text", { x: left - 6, y: py(tick) + 4, class: "tick end" }, compact(tick)));
  }
  for (const tick of ticksOf(x[0], x[x.length - 1], xLog)) {
    svg.append(element("text", { x: px(tick), y: height - bottom + 18, class: "tick middle" }, xLog ? compact(tick) : String(tick)));
  }
  for (const mark of marks) {
    svg.append(element("line", { x1: left, x2: width - right, y1: py(mark.y), y2: py(mark.y), class: "mark" }));
    svg.append(element("text", { x: width - right, y: py(mark.y) - 4, class: "tick end" }, mark.name));
  }
  series.forEach((s, i) => {
    const colour = s.colour ?? COLOURS[i];
    const points = (ys) => ys.map((v, t) => `${px(x[t]).toFixed(1)},${py(v).toFixed(1)}`);
    if (s.low) {
      const area = [...points(s.high), ...points(s.low).reverse()].join(" ");
      svg.append(element("polygon", { points: area, fill: colour, opacity: 0.16 }));
    }
    svg.append(element("polyline", { points: points(s.mid).join(" "), stroke: colour, class: "line" }));
  });
  if (at !== null) svg.append(element("line", { x1: px(at), x2: px(at), y1: top, y2: height - bottom, class: "cursor" }));
  let legend = left;
  series.forEach((s, i) => {
    if (!s.name) return;
    svg.append(element("rect", { x: legend, y: height - 15, width: 10, height: 10, fill: s.colour ?? COLOURS[i] }));
    const label = element("text", { x: legend + 14, y: height - 6, class: "tick" }, s.name);
    svg.append(label);
    legend += 26 + s.name.length * 6.3;
  });
  hover(svg, x, series, px, unit, { width, left, right, top, bottom, height });
}

function hover(svg, x, series, px, unit, box) {
  const cursor = element("line", { y1: box.top, y2: box.height - box.bottom, class: "cursor", visibility: "hidden" });
  const label = element("text", { y: box.top + 10, class: "tick value", visibility: "hidden" });
  svg.append(cursor, label);
  svg.onmousemove = (event) => {
    const at = ((event.clientX - svg.getBoundingClientRect().left) / svg.clientWidth) * box.width;
    let nearest = 0;
    x.forEach((v, t) => { if (Math.abs(px(v) - at) < Math.abs(px(x[nearest]) - at)) nearest = t; });
    const text = series.map((s) => `${unit}${compact(s.mid[nearest])}`).join("  /  ");
    label.textContent = `${x[nearest] >= 1e4 ? compact(x[nearest]) : x[nearest]}: ${text}`;
    const side = px(x[nearest]) > box.width / 2;
    label.setAttribute("text-anchor", side ? "end" : "start");
    label.setAttribute("x", px(x[nearest]) + (side ? -6 : 6));
    cursor.setAttribute("x1", px(x[nearest]));
    cursor.setAttribute("x2", px(x[nearest]));
    for (const node of [cursor, label]) node.setAttribute("visibility", "visible");
  };
  svg.onmouseleave = () => { for (const node of [cursor, label]) node.setAttribute("visibility", "hidden"); };
}

// Horizontal bars: rows of {name, value, mark, group}, largest first.
function barChart(svg, rows, { unit = "$", width = 640, left = 230 } = {}) {
  const height = 22 * rows.length + 10, room = width - left - 70;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren();
  const most = Math.max(...rows.map((row) => row.value), 1e-9);
  const groups = [...new Set(rows.map((row) => row.group))].sort();
  rows.forEach((row, i) => {
    const y = 6 + 22 * i, length = (row.value / most) * room;
    svg.append(element("text", { x: left - 8, y: y + 12, class: "tick end" }, row.name));
    svg.append(element("rect", { x: left, y, width: Math.max(length, 0.5), height: 15, rx: 2, fill: `var(--group${groups.indexOf(row.group) % 7})` }));
    if (row.mark !== undefined) {
      const at = left + Math.min(row.mark / most, 1) * room;
      svg.append(element("line", { x1: at, x2: at, y1: y - 2, y2: y + 17, class: "floor" }));
    }
    svg.append(element("text", { x: left + length + 6, y: y + 12, class: "tick" }, `${unit}${compact(row.value)}`));
  });
}

// A slider in `panel`; `set` receives the value whenever it moves.
function slider(panel, { name, unit, note, low, high, value, log, set }) {
  const label = document.createElement("label"), shown = document.createElement("output"), input = document.createElement("input");
  const to = log ? Math.log : (v) => v, back = log ? Math.exp : (v) => v;
  input.type = "range";
  input.min = 0;
  input.max = 1000;
  const place = (v) => (1000 * (to(v) - to(low))) / (to(high) - to(low));
  const show = (v) => { shown.textContent = compact(v); };
  input.value = place(value);
  show(value);
  input.addEventListener("input", () => {
    const now = back(to(low) + (input.value / 1000) * (to(high) - to(low)));
    show(now);
    set(now);
  });
  label.append(Object.assign(document.createElement("span"), { textContent: name }), shown, input, Object.assign(document.createElement("small"), { textContent: unit }));
  label.title = note ?? "";
  panel.append(label);
  return () => { input.value = place(value); show(value); set(value); };
}

// Sliders for the medians of `names` in `priors`; calls `changed` with the moved priors.
function priorSliders(panel, priors, names, changed) {
  const now = { ...priors };
  const resets = names.map((name) => {
    const prior = priors[name];
    return slider(panel, {
      name: name.replaceAll("_", " "), unit: prior.unit, note: prior.source, low: prior.low, high: prior.high, value: prior.median,
      log: prior.shape === "lognormal",
      set: (value) => { now[name] = movedPrior(prior, value); changed(now); },
    });
  });
  const button = Object.assign(document.createElement("button"), { textContent: "back to the stated medians" });
  button.addEventListener("click", () => resets.forEach((reset) => reset()));
  panel.append(button);
  return now;
}

function tiles(node, entries) {
  node.replaceChildren(...entries.map(([value, text]) => {
    const tile = document.createElement("div");
    tile.append(Object.assign(document.createElement("b"), { textContent: value }), Object.assign(document.createElement("span"), { textContent: text }));
    return tile;
  }));
}

function soon(work) { // run `work` once, however often it is asked for before the page is free again
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => { waiting = false; work(); });
  };
}
