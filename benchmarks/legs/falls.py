"""How hard falls are: guarded, limp and stiff, from the same pushes; every fall is kept as soon as it has ended."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import tyro

from bunraku.tasks.falling import HOWS, PARTS, fall

KEPT = Path(__file__).with_name("falls.jsonl")


def main(episodes: int = 24, seed: int = 0, path: Path = KEPT) -> None:
    """Run the falls that `path` does not hold yet; print medians, 90 % quantiles and the worst."""
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    done = {(row["seed"], row["how"]) for row in rows}
    for how in HOWS:
        for one in range(seed, seed + episodes):
            if (one, how) not in done:
                row = asdict(fall(one, how))
                with path.open("a") as file:
                    file.write(json.dumps(row) + "\n")
                rows.append(row)
                print(one, how, row["side"], row["force"], row["speed"], "still", row["still"], flush=True)
    for how in HOWS:
        mine = [row for row in rows if row["how"] == how and seed <= row["seed"] < seed + episodes]
        fell = [row for row in mine if row["side"] is not None]
        print(f"\n{how}: {len(fell)} of {len(mine)} fell; lay still {sum(r['still'] is not None for r in fell)}")
        for part in PARTS:
            forces = [row["force"][part] for row in fell]
            speeds = [row["speed"].get(part) or 0.0 for row in fell]
            touched = sum(force > 0 for force in forces)
            print(
                f"  {part:6} touched {touched:3}  force median {np.median(forces):6.0f}  90 % "
                f"{np.quantile(forces, 0.9):6.0f}  worst {max(forces):6.0f} N"
                + (f"  speed median {np.median(speeds):.2f}, worst {max(speeds):.2f} m/s" if part != "trunk" else "")
            )


if __name__ == "__main__":
    tyro.cli(main)
