"use strict";
const data = JSON.parse(document.getElementById("data").textContent), k = data.constants;
const years = data.years, samples = 300, made = data.production_priors;
let priors = data.priors;

function draw() {
  const random = randomNumbers(1), paths = [];
  for (let i = 0; i < samples; i++) {
    const x = drawInputs(priors, random), robot = drawInputs(made, random);
    paths.push(economyPath(data.lines, x, robot, randomWalk(robot.noise, years.length, random), years.length, k, random()));
  }
  const last = years[years.length - 1], end = years.length - 1;
  const reached = (ratio) => paths.filter((path) => path.perPerson.some((r) => r >= ratio)).length / samples;
  const median = (key) => percentile(paths.map((path) => path[key][end]), 0.5);
  tiles(document.getElementById("tiles"), [
    [`${compact(median("robots"))}`, `robots in ${last}, median`],
    [reached(1).toFixed(3), `P(a robot per person by ${last})`],
    [`${median("perHead").toFixed(2)}×`, `output per head in ${last}`],
    [`${median("linear").toFixed(2)}×`, "the same by productivity × heads"],
    [`${median("wage").toFixed(2)}×`, `real wage in ${last}`],
    [(paths.filter((path) => !path.failed.some(Boolean)).length / samples).toFixed(2), "P(no failure), by the stated assumptions"],
  ]);
  lineChart(document.getElementById("robots"), { x: years, yLog: true, yMin: 1e-6, yMax: 10, marks: [1, 2, 3].map((y) => ({ y, name: y === 1 ? "1:1, 2:1, 3:1" : "" })), series: [{ name: "robots per person", ...bandOf(paths, "perPerson") }] });
  lineChart(document.getElementById("output"), { x: years, yLog: true, series: [{ name: "tasks that do not all substitute", ...bandOf(paths, "perHead") }, { name: "productivity × heads", ...bandOf(paths, "linear") }] });
  lineChart(document.getElementById("wage"), { x: years, yMin: 0, series: [{ name: "real wage", colour: "var(--green)", ...bandOf(paths, "wage") }, { name: "labour share", colour: "var(--grey)", ...bandOf(paths, "labourShare") }] });
  const failed = k.FAILURES.map((name, i) => ({ name, group: name, value: paths.filter((path) => path.failed[i]).length / samples }));
  barChart(document.getElementById("failures"), failed, { unit: "", width: 520, left: 190 });
  const binding = k.LIMITS.map((name, i) => ({ name, mid: years.map((_, t) => paths.filter((path) => path.limit[t] === i).length / samples) }));
  lineChart(document.getElementById("limits"), { x: years, yMin: 0, yMax: 1, series: binding });
  lineChart(document.getElementById("price"), { x: years, yLog: true, unit: "$", series: [{ name: "price of a robot", ...bandOf(paths, "price") }] });
}

const medians = (of) => Object.fromEntries(Object.entries(of).map(([name, prior]) => [name, prior.median]));
const mid = economyPath(data.lines, medians(data.priors), medians(made), years.map(() => 0), years.length, k);
document.getElementById("check").textContent = `With every input at its median and no noise, this page and the program differ by at most ${disagreement(mid, data.expected).toExponential(1)} (relative).`;
priorSliders(document.getElementById("panel"), data.priors, ["robot_tasks", "robot_tasks_ceiling", "substitution", "speed", "hours_per_day", "life", "growth_young", "growth_grown", "investment_share", "magnet_growth", "magnet_share", "magnet_saving", "cell_growth", "electricity_share", "land_share", "usual_growth", "unsafe_decade", "top_ownership", "transfer"], (now) => { priors = now; redraw(); });
const redraw = soon(draw);
draw();
