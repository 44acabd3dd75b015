// The models of production.py and economy.py for one sample at a time; every constant and input comes from the program.
"use strict";

function inverseNormal(p) { // Acklam's rational approximation, relative error below 1.2e-9
  const a = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239];
  const b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572];
  const c = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783];
  const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416];
  const tail = (q) => (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
    ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
  if (p < 0.02425) return tail(Math.sqrt(-2 * Math.log(p)));
  if (p > 0.97575) return -tail(Math.sqrt(-2 * Math.log(1 - p)));
  const q = p - 0.5, r = q * q;
  return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
    (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}

function priorQuantile(prior, p) {
  const log = prior.shape === "lognormal";
  const to = log ? Math.log : (v) => v, back = log ? Math.exp : (v) => v;
  const z = inverseNormal(p), middle = to(prior.median);
  const width = (z < 0 ? middle - to(prior.low) : to(prior.high) - middle) / 1.6448536269514722;
  return Math.min(Math.max(back(middle + z * width), prior.minimum), prior.maximum);
}

// A prior moved so that its median is `median`: lognormal ones by a factor, normal ones by a shift.
function movedPrior(prior, median) {
  if (prior.shape !== "lognormal") {
    const shift = median - prior.median;
    return { ...prior, median, low: prior.low + shift, high: prior.high + shift };
  }
  const factor = median / prior.median;
  return { ...prior, median, low: prior.low * factor, high: prior.high * factor };
}

function randomNumbers(seed) { // mulberry32
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
}

function drawInputs(priors, random) {
  return Object.fromEntries(Object.entries(priors).map(([name, prior]) => [name, priorQuantile(prior, random())]));
}

function randomWalk(deviation, years, random) {
  let at = 0;
  return Array.from({ length: years }, () => (at += deviation * inverseNormal(random())));
}

function unitCost(lines, x, experience, elapsed, step, shock, scrap) {
  const doublings = Math.log(experience / lines.reference_volume) * x.learning;
  let material = 0, noFloor = 0;
  for (let i = 0; i < lines.price.length; i++) {
    const remains = Math.exp(-doublings * lines.exponent[i]) * step * shock;
    const small = lines.price[i] * x.price_level;
    const decline = (lines.compute[i] > 0 ? Math.log1p(-x.compute_decline) : lines.drift[i]) * elapsed;
    const market = lines.market[i] > 0;
    const base = Math.min(market ? lines.base[i] * Math.exp(decline) : lines.base[i] * x.floor_level, small);
    const bare = market ? base : 0;
    material += base + (small - base) * remains;
    noFloor += bare + (small - bare) * remains;
  }
  const learnt = Math.exp(-doublings * lines.hours_exponent) * step;
  const hours = lines.hours * x.hours_level * (lines.hours_floor_share + (1 - lines.hours_floor_share) * learnt);
  const labour = hours * x.wage;
  return { labour, direct: material * (1 + scrap) + labour, noFloor: noFloor * (1 + scrap) + labour };
}

function sellingPrice(direct, x, generation, k) {
  const plant = x.capex / (k.PLANT_LIFE * k.UTILISATION);
  const maturity = Math.min(Math.max(generation / 2, 0), 1);
  const warranty = x.warranty_first + (x.warranty_mature - x.warranty_first) * maturity;
  return (direct + plant) / Math.max(1 - warranty - x.royalty - x.margin, 0.2);
}

function worldDemand(year, demand2035, k) {
  const ahead = (year - 2025) / 10, later = Math.max(ahead - 1, 0);
  const power = Math.min(ahead, 1) + (0.5 / Math.LN2) * (1 - 2 ** (-2 * later));
  return Math.min(k.WORLD_DEMAND_2025 * (demand2035 / k.WORLD_DEMAND_2025) ** power, k.DEMAND_CEILING);
}

function producePath(lines, x, walk, iterations, years, k) {
  const path = { output: [], direct: [], noFloor: [], price: [] };
  let capacity = x.first_output / k.UTILISATION, kept = 0, redesigned = 0, generation = 0;
  for (let t = 0; t < years; t++) {
    const completed = Math.min(Math.floor(t / x.iteration_years), iterations);
    if (completed > generation) { kept *= x.experience_kept; redesigned = t; }
    generation = completed;
    const scrap = x.scrap * (1 + 2 ** (1 - (t - redesigned)));
    const step = x.redesign_cost ** generation;
    const cost = unitCost(lines, x, lines.reference_volume + kept, t, step, Math.exp(walk[t]), scrap);
    const price = sellingPrice(cost.direct, x, generation, k);
    const response = Math.min(Math.max(price / 20000, 0.05), 20) ** -x.demand_elasticity;
    const world = Math.min(worldDemand(k.FIRST_YEAR + t, x.demand_2035, k) * response, k.DEMAND_CEILING);
    const demand = x.market_share * world;
    const suppliers = k.SUPPLIER_HEADROOM * x.first_output * x.supplier_growth ** Math.max(t - 1, 0);
    const plant = capacity * k.UTILISATION * (1 - Math.min(scrap, 0.5));
    const output = t >= 1 ? Math.min(plant, suppliers, demand) : 0;
    kept += output;
    const ramping = Math.min(Math.max(t - x.slip_years, 0), 1);
    const ceiling = 1.5 * Math.min(demand, suppliers * x.supplier_growth);
    capacity *= x.output_growth ** (ramping * Math.min(Math.max(1 - capacity / ceiling, -0.1), 1));
    path.output.push(output);
    path.direct.push(cost.direct);
    path.noFloor.push(cost.noFloor);
    path.price.push(price);
  }
  return path;
}

function costGivenMillion(lines, x, iterations, shock, k) {
  const step = x.redesign_cost ** iterations;
  return unitCost(lines, x, k.VOLUME_AT_MILLION, k.YEARS_TO_MILLION, step, shock, x.scrap).direct;
}

// Output and factor prices of three classes of tasks; growth.task_output says what is what.
function taskOutput(stock, size, productivity, substitution) {
  const mean = (s, t) => {
    let amount = 0, width = 0;
    for (let i = s; i <= t; i++) { amount += stock[i]; width += size[i]; }
    return width > 0 ? amount / width : Infinity;
  };
  const level = [0, 1, 2].map((k) => {
    let least = Infinity;
    for (let s = 0; s <= k; s++) {
      let most = -Infinity;
      for (let t = k; t < 3; t++) most = Math.max(most, mean(s, t));
      least = Math.min(least, most);
    }
    return least;
  });
  const power = 1 - 1 / substitution;
  const total = size.reduce((sum, p, i) => sum + (p > 0 ? p * level[i] ** power : 0), 0);
  const output = productivity * total ** (1 / power);
  const rent = level.map((i) => productivity ** power * (output / i) ** (1 - power));
  return { output, wage: rent[2], robotRent: rent[1], capitalRent: rent[0], labourShare: (rent[2] * stock[2]) / output };
}

function interpolate(x, [xs, ys]) {
  if (x <= xs[0]) return ys[0];
  for (let i = 1; i < xs.length; i++) {
    if (x <= xs[i]) return ys[i - 1] + ((ys[i] - ys[i - 1]) * (x - xs[i - 1])) / (xs[i] - xs[i - 1]);
  }
  return ys[ys.length - 1];
}

function robotTaskShare(elapsed, x, k) {
  const ceiling = x.robot_tasks_ceiling, ten = Math.min(x.robot_tasks, 0.95 * ceiling);
  const start = Math.min(k.INITIAL_ROBOT_TASKS, ten / 2);
  const rate = Math.log((ceiling / start - 1) / (ceiling / ten - 1)) / 10;
  return ceiling / (1 + (ceiling / start - 1) * Math.exp(-rate * elapsed));
}

function economyPath(robot, x, made, walk, years, k, luck = 0.5) {
  const path = { robots: [], perPerson: [], built: [], price: [], perHead: [], linear: [], wage: [], labourShare: [], limit: [], failed: [false, false, false] };
  const labourEach = (x.speed * x.hours_per_day * 365) / k.WORK_YEAR;
  const energy = (x.power / 1000) * x.hours_per_day * 365;
  const odds = ((1 - k.LABOUR_SHARE) / k.LABOUR_SHARE) ** x.substitution * k.CAPITAL ** (1 - x.substitution);
  const humanAtFirst = 1 / (1 + odds);
  const machines = 1 - humanAtFirst;
  const productivity = k.OUTPUT / taskOutput([k.CAPITAL, 0, 1], [machines, 0, humanAtFirst], 1, x.substitution).output;
  let capital = k.CAPITAL, robots = k.STOCK, madeSoFar = k.STOCK, built = x.first_output_world, firstWage = 0;
  let risk = 0, poorYears = 0, firstPoor = 0;
  for (let t = 0; t < years; t++) {
    const people = interpolate(k.FIRST_YEAR + t, k.POPULATION), heads = people / interpolate(k.FIRST_YEAR, k.POPULATION);
    const human = humanAtFirst, tasks = human * robotTaskShare(t, x, k), usual = (1 + x.usual_growth) ** t;
    const powered = (x.electricity_share * k.GENERATION * (1 + x.electricity_growth) ** t) / energy;
    const labour = (labourEach * Math.min(robots, powered)) / k.WORKERS;
    const raw = taskOutput([capital, labour * usual, heads * usual], [1 - human, tasks, human - tasks], productivity, x.substitution);
    const land = (raw.output / (k.OUTPUT * heads * usual)) ** -x.land_share;
    const output = raw.output * land, wage = raw.wage * usual * land;
    firstWage = firstWage || wage;

    const generation = Math.min(Math.floor(t / made.iteration_years), 3);
    const experience = robot.reference_volume + madeSoFar / k.MAKERS, step = made.redesign_cost ** generation;
    const direct = unitCost(robot, made, experience, t, step, Math.exp(walk[t]), made.scrap).direct;
    const price = sellingPrice(direct, made, generation, k);
    const owning = price * (k.INTEREST + x.upkeep + 1 / x.life) + energy * k.POWER_PRICE;
    const worth = (raw.robotRent * usual * land * labourEach * k.DOLLARS_PER_UNIT) / owning;
    const scale = Math.min(Math.max(Math.log(built / 50e3) / Math.log(100e6 / 50e3), 0), 1.5);
    const young = Math.log(x.growth_young), grown = Math.log(x.growth_grown);
    const builders = k.BUILDERS * k.WORKERS * heads, robotBuilders = x.build_share * robots * labourEach;
    const plantGrowth = Math.max(young + (grown - young) * scale, 0.02) *
      (1 + (x.self_build * robotBuilders) / (robotBuilders + builders));
    const magnetEach = robot.magnet * (1 - x.magnet_saving) ** t;
    const magnetInOld = robot.magnet * (1 - x.magnet_saving) ** Math.max(t - 5, 0);
    const magnets = x.magnet_share * k.MAGNETS * (1 + x.magnet_growth) ** t + (x.magnet_recycled * magnetInOld * robots) / x.life;
    const cells = x.cell_share * k.CELLS * Math.exp(((Math.log1p(x.cell_growth) * 12) / Math.LN2) * (1 - 2 ** (-t / 12)));
    const budget = x.investment_share * x.saving * output * k.WORKERS * k.DOLLARS_PER_UNIT;
    const bounds = [
      built * Math.exp(plantGrowth),
      built * Math.exp(plantGrowth * Math.min(Math.max(worth - 1, -1), 1)),
      ((builders + robotBuilders) * k.WORK_YEAR) / x.build_hours,
      budget / price,
      magnets / magnetEach,
      cells / robot.cells,
      Math.max(powered - robots * (1 - 1 / x.life), 0),
    ];
    const bound = Math.min(...bounds);
    path.limit.push(bounds.indexOf(bound));
    if (t > 0) built = bound;

    const owned = 1 - raw.labourShare;
    const top = raw.labourShare * k.TOP_WAGE_SHARE + owned * (1 - x.transfer) * x.top_ownership + 0.1 * owned * x.transfer;
    const poor = wage + (x.transfer * owned * output) / heads;
    firstPoor = firstPoor || poor;
    risk += (-Math.log1p(-x.unsafe_decade) / 10) * Math.min(robots / people, 1);
    poorYears = poor < (1 - k.INCOME_LOSS_LIMIT) * firstPoor ? poorYears + 1 : 0;
    [risk >= -Math.log1p(-luck), top >= k.TOP_INCOME_LIMIT, poorYears >= k.LOSS_YEARS].forEach((now, i) => { path.failed[i] ||= now; });
    path.robots.push(robots);
    path.perPerson.push(robots / people);
    path.built.push(built);
    path.price.push(price);
    path.perHead.push(output / heads / k.OUTPUT);
    path.linear.push((1 + x.usual_growth) ** t * (1 + labour / heads));
    path.wage.push(wage / firstWage);
    path.labourShare.push(raw.labourShare);
    capital = capital * (1 - k.DEPRECIATION) + x.saving * output - (built * price) / (k.WORKERS * k.DOLLARS_PER_UNIT);
    robots += built - robots / x.life;
    madeSoFar += built;
  }
  return path;
}

function percentile(values, p) {
  const sorted = Float64Array.from(values).sort();
  const at = p * (sorted.length - 1), below = Math.floor(at);
  return sorted[below] + (sorted[Math.min(below + 1, sorted.length - 1)] - sorted[below]) * (at - below);
}

// Bands of one quantity over paths: {low, mid, high}, each an array over years.
function bandOf(paths, key) {
  const at = (p) => paths[0][key].map((_, t) => percentile(paths.map((path) => path[key][t]), p));
  return { low: at(0.05), mid: at(0.5), high: at(0.95) };
}

// Largest relative difference between this page's path at the medians and the program's.
function disagreement(path, expected) {
  let worst = 0;
  for (const [key, values] of Object.entries(expected)) {
    values.forEach((value, t) => { worst = Math.max(worst, Math.abs(path[key][t] - value) / Math.max(Math.abs(value), 1e-12)); });
  }
  return worst;
}

if (typeof module !== "undefined") module.exports = { producePath, economyPath, disagreement, unitCost, priorQuantile, taskOutput };
