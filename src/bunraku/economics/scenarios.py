"""Scenarios: named changes to the stated inputs of the economy and of production."""

from __future__ import annotations

from bunraku.economics import production
from bunraku.economics.distributions import Prior, load_priors, prior_from, read_data
from bunraku.errors import UserError


def scenario_names() -> list[str]:
    """Scenarios in the order of the data file."""
    return list(read_data("scenarios.toml"))


def scenario_priors(name: str) -> tuple[dict[str, Prior], dict[str, Prior]]:
    """Inputs of the economy and of production in scenario `name`; UserError when there is none."""
    scenarios = read_data("scenarios.toml")
    if name not in scenarios:
        raise UserError(f"there is no scenario {name!r}; known are {', '.join(scenarios)}")
    economy, made = load_priors("economy.toml"), production.priors()
    for key, points in scenarios[name].items():
        if key == "description":
            continue
        target = economy if key in economy else made
        if key not in target:
            raise UserError(f"scenario {name}: there is no input {key!r}")
        old = target[key]
        stated = dict(zip(("median", "low", "high"), points, strict=True))
        bounds = {"shape": old.shape, "minimum": old.minimum, "maximum": old.maximum, "unit": old.unit}
        target[key] = prior_from(key, {**stated, **bounds, "source": f"scenario {name}"})
    return economy, made
