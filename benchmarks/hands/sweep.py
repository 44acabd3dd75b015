"""How the verdict on strength depends on what had to be assumed: fill and power density.

    bunraku hands compare h22 h11 --tests S --json runs/hands/strength.json
    python benchmarks/hands/sweep.py runs/hands/strength.json

Statics is linear in the tension limits, so each measured strength scales with the cable's stall force.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

from bunraku.hands import cable_motor, load_hand
from bunraku.hands.benchmark.summary import PUBLISHED_STRENGTH


def main(path: str) -> None:
    """Print strength as a share of a man's for each fill and power density."""
    results = json.loads(Path(path).read_text())
    measured = {key.split("/")[0]: value for key, value in results.items() if "/S/" in key}
    fills, densities = (0.2, 0.3, 0.35, 0.4, 0.5), (0.05e6, 0.08e6, 0.112e6)
    print(f"{'hand':6s} {'fill':>5s}" + "".join(f"   {d / 1e6:.3f} W/cm³: stall N, of a man" for d in densities))
    for name in ("h11", "h22"):
        hand = load_hand(name)
        share = sum(measured[name][g]["stall"] / f for g, f in PUBLISHED_STRENGTH.items()) / len(PUBLISHED_STRENGTH)
        stall = cable_motor(hand.actuation, len(hand.cables)).stall
        for fill in fills:
            row = f"{name:6s} {fill:5.2f}"
            for density in densities:
                changed = replace(hand.actuation, fill=fill, power_density=density)
                force = cable_motor(changed, len(hand.cables)).stall
                row += f"   {force:16.0f} {share * force / stall:12.0%}"
            print(row)


if __name__ == "__main__":
    main(sys.argv[1])
