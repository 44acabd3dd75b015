import copy

import pytest

from bunraku.economics.distributions import read_data
from bunraku.economics.parts import load_price_list, price_list_from
from bunraku.errors import UserError


@pytest.fixture
def table():
    return copy.deepcopy(read_data("parts.toml"))


def test_every_price_has_a_source():
    for part in load_price_list().parts.values():
        assert part.source.startswith(("V:", "S:", "M:", "J"))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("price", -1.0, "price must not be negative"),
        ("price", "cheap", "price must not be negative, got 'cheap'"),
        ("price", float("nan"), "price must not be negative, got nan"),
        ("learning_rate", 1.0, "learning_rate must be at least 0 and below 1"),
        ("learning_rate", -0.1, "learning_rate"),
        ("price_at_million", 1e9, "exceeds price"),
        ("materials", {"unobtainium": 1.0}, "unobtainium"),
        ("materials", {"steel": 0.5}, "add up to 0.5"),
        ("process", "magic", "magic"),
        ("market", "moon", "moon"),
        ("colour", "red", "colour"),
    ],
)
def test_a_faulty_row_is_named(table, column, value, message):
    table["parts"]["camera"][column] = value
    with pytest.raises(UserError, match=rf"parts\.camera.*{message}"):
        price_list_from(table)


def test_a_missing_price_is_named(table):
    del table["parts"]["camera"]["price"]
    with pytest.raises(UserError, match=r"parts\.camera.*price"):
        price_list_from(table)


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match=r"none\.toml"):
        load_price_list(tmp_path / "none.toml")
