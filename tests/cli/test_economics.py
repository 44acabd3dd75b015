import csv
import json
from decimal import Decimal

import pytest

from bunraku.cli import main


def test_cost_writes_a_table_that_adds_up(tmp_path, capsys):
    table, result = tmp_path / "bill.csv", tmp_path / "bill.json"
    assert main(["cost", "--volume", "5000", "--csv", str(table), "--json", str(result)]) == 0
    with table.open() as stream:
        rows = list(csv.DictReader(stream))
    total = sum(Decimal(row["total"]) for row in rows)
    assert f"{total:,}" in capsys.readouterr().out
    assert json.loads(result.read_text())["summary"]["parts"] == float(total)


def test_production_prints_bands_and_writes_a_figure(tmp_path, capsys):
    figure = tmp_path / "production.svg"
    assert main(["production", "--samples", "100", "--no-sensitivity", "--figure", str(figure)]) == 0
    assert "learning above a floor" in capsys.readouterr().out
    assert figure.read_text().startswith("<?xml")


def test_production_calibrates_on_a_series(tmp_path, capsys):
    series = tmp_path / "lamps.csv"
    rows = "".join(f"{2000 + i},{2**i},{100 * 0.8**i}\n" for i in range(12))
    series.write_text("year,cumulative_volume,cost\n" + rows)
    assert main(["production", "--calibrate", str(series)]) == 0
    assert "6 of 6 held-out points" in capsys.readouterr().out


def test_economy_prints_what_the_linear_identity_claims_beside_it(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    result = tmp_path / "economy.json"
    assert main(["economy", "--samples", "100", "--scenario", "fast", "--json", str(result)]) == 0
    assert "heads × work" in capsys.readouterr().out
    assert len(json.loads(result.read_text())["years"]) == 30


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["cost", "--hand", "h99"], "h99"),
        (["cost", "--volume", "-1"], "volume"),
        (["cost", "--prices", "none.toml"], "none.toml"),
        (["cost", "--figure", "bill.gif"], "bill.gif"),
        (["cost", "--csv", "/nowhere/bill.csv"], "bill.csv"),
        (["production", "--samples", "0"], "samples"),
        (["production", "--calibrate", "none.csv"], "none.csv"),
        (["economy", "--scenario", "rosy"], "rosy"),
        (["economy", "--samples", "0"], "samples"),
        (["economy", "--years", "0"], "years"),
    ],
)
def test_bad_input_is_one_sentence_and_a_failure(arguments, named, capsys):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert named in error and len(error.strip().splitlines()) == 1
