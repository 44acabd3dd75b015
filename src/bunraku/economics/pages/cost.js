"use strict";
const data = JSON.parse(document.getElementById("data").textContent), k = data.constants;
const state = { hand: data.hand, volume: data.volume, priors: Object.fromEntries(Object.entries(data.priors)) };
const inputs = () => Object.fromEntries(Object.entries(state.priors).map(([name, prior]) => [name, prior.median]));

function lineCosts(lines, x, volume) {
  const single = (i) => ({ ...lines, price: [lines.price[i]], base: [lines.base[i]], exponent: [lines.exponent[i]], drift: [lines.drift[i]], market: [lines.market[i]], compute: [lines.compute[i]], hours: 0 });
  return lines.price.map((_, i) => unitCost(single(i), x, volume, 0, 1, 1, 0).direct);
}

function draw() {
  const robot = data.hands[state.hand], x = inputs(), lines = robot.lines;
  const total = unitCost(lines, x, state.volume, 0, 1, 1, x.scrap);
  const each = lineCosts(lines, x, state.volume), parts = each.reduce((a, b) => a + b, 0);
  const plant = x.capex / (k.PLANT_LIFE * k.UTILISATION);
  tiles(document.getElementById("tiles"), [
    [`$${Math.round(total.direct).toLocaleString("en")}`, "labour and material"],
    [`$${Math.round(parts).toLocaleString("en")}`, "parts"],
    [`$${Math.round(total.labour).toLocaleString("en")}`, "assembly and test"],
    [`$${Math.round(total.direct + plant).toLocaleString("en")}`, "with plant"],
    [`$${Math.round(robot.raw).toLocaleString("en")}`, "raw material in it"],
    [`${robot.mass.toFixed(1)} kg`, "mass"],
  ]);
  const rows = robot.names.map((name, i) => ({
    name, group: robot.groups[i], value: each[i], mark: lines.market[i] ? lines.base[i] : lines.base[i] * x.floor_level,
  })).sort((a, b) => b.value - a.value);
  barChart(document.getElementById("bars"), rows);
  const volumes = Array.from({ length: 61 }, (_, i) => 10 ** (3 + i / 10));
  const curve = volumes.map((volume) => unitCost(lines, x, volume, 0, 1, 1, x.scrap));
  lineChart(document.getElementById("curve"), {
    x: volumes, xLog: true, yLog: true, at: state.volume, unit: "$", marks: [{ y: 10000, name: "$10,000" }],
    series: [{ name: "above a floor", mid: curve.map((c) => c.direct) }, { name: "without a floor", mid: curve.map((c) => c.noFloor) }],
  });
  const groups = [...new Set(robot.groups)].map((group) => ({
    name: group, group, value: (100 * each.reduce((sum, cost, i) => sum + (robot.groups[i] === group ? cost : 0), 0)) / parts,
  })).sort((a, b) => b.value - a.value);
  barChart(document.getElementById("groups"), groups, { unit: "", width: 520, left: 90 });
}

const panel = document.getElementById("panel"), redraw = soon(draw);
const choice = document.createElement("select");
choice.append(...Object.keys(data.hands).map((hand) => Object.assign(document.createElement("option"), { value: hand, textContent: `hand ${hand}`, selected: hand === state.hand })));
choice.addEventListener("change", () => { state.hand = choice.value; redraw(); });
panel.append(choice);
slider(panel, { name: "robots built so far", unit: "cumulative, this maker", low: 1e3, high: 1e9, value: state.volume, log: true, set: (v) => { state.volume = v; redraw(); } });
priorSliders(panel, data.priors, ["learning", "price_level", "floor_level", "wage", "hours_level", "scrap", "capex"], (now) => { state.priors = now; redraw(); });
const x0 = Object.fromEntries(Object.entries(data.priors).map(([name, prior]) => [name, prior.median]));
const found = unitCost(data.hands[data.hand].lines, x0, data.volume, 0, 1, 1, x0.scrap).direct;
document.getElementById("check").textContent = `At the stated medians this page computes $${found.toFixed(2)}, the program $${data.expected.toFixed(2)}.`;
draw();
