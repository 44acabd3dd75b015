"use strict";
const data = JSON.parse(document.getElementById("data").textContent), k = data.constants;
const years = data.years, samples = 400;
let priors = data.priors;

function draw() {
  const random = randomNumbers(1), paths = [], given = [];
  for (let i = 0; i < samples; i++) {
    const x = drawInputs(priors, random), walk = randomWalk(x.noise, years.length, random);
    paths.push(producePath(data.lines, x, walk, data.iterations, years.length, k));
    given.push(costGivenMillion(data.lines, x, data.iterations, Math.exp(walk[k.YEARS_TO_MILLION]), k));
  }
  const share = (test) => paths.filter(test).length / samples;
  const reached = (year) => share((path) => path.output.some((n, t) => years[t] <= year && n >= 1e6));
  const last = years[years.length - 1], in2032 = years.indexOf(2032);
  tiles(document.getElementById("tiles"), [
    [reached(2032).toFixed(2), "P(a million a year by 2032)"],
    [reached(last).toFixed(2), `P(a million a year by ${last})`],
    [`$${compact(percentile(given, 0.5))}`, "labour + material given a million a year"],
    [(given.filter((c) => c <= 10000).length / samples).toFixed(2), "P(that is at most $10,000)"],
    [share((path) => path.direct[in2032] <= 10000).toFixed(2), "P(at most $10,000 in 2032)"],
    [share((path) => path.price[in2032] <= 20000).toFixed(2), "P(price at most $20,000 in 2032)"],
  ]);
  const cut = (band) => ({ low: band.low.slice(1), mid: band.mid.slice(1), high: band.high.slice(1) }), x = years.slice(1);
  lineChart(document.getElementById("output"), { x, yLog: true, yMin: 100, marks: [{ y: 1e6, name: "a million a year" }], series: [{ name: "robots a year, one maker", ...cut(bandOf(paths, "output")) }] });
  lineChart(document.getElementById("cost"), {
    x, yLog: true, unit: "$", marks: [{ y: 10000, name: "$10,000" }],
    series: [{ name: "above a floor", ...cut(bandOf(paths, "direct")) }, { name: "without a floor", ...cut(bandOf(paths, "noFloor")) }],
  });
  lineChart(document.getElementById("price"), { x, yLog: true, unit: "$", marks: [{ y: 20000, name: "$20,000" }], series: [{ name: "price", colour: "var(--green)", ...cut(bandOf(paths, "price")) }] });
  const points = Array.from({ length: 60 }, (_, i) => 1500 * 1.07 ** i);
  const below = (costs) => points.map((c) => costs.filter((v) => v <= c).length / samples);
  lineChart(document.getElementById("given"), { x: points, xLog: true, yMin: 0, yMax: 1, at: 10000, series: [{ name: "P(labour + material ≤ x), given a million a year", mid: below(given) }] });
}

const medians = Object.fromEntries(Object.entries(data.priors).map(([name, prior]) => [name, prior.median]));
const mid = producePath(data.lines, medians, years.map(() => 0), data.iterations, years.length, k);
document.getElementById("check").textContent = `With every input at its median and no noise, this page and the program differ by at most ${disagreement(mid, data.expected).toExponential(1)} (relative).`;
priorSliders(document.getElementById("panel"), data.priors, ["learning", "price_level", "floor_level", "output_growth", "first_output", "slip_years", "demand_2035", "market_share", "demand_elasticity", "iteration_years", "redesign_cost", "experience_kept", "wage", "margin", "noise"], (now) => { priors = now; redraw(); });
const redraw = soon(draw);
draw();
