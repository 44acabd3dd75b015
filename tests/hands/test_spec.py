from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunraku.errors import UserError
from bunraku.hands import hand_names, load_hand
from bunraku.hands.spec import hand_from_yaml, hand_to_yaml


@pytest.mark.parametrize("name", hand_names())
def test_every_shipped_hand_survives_a_round_trip(name):
    hand = load_hand(name)
    assert hand_from_yaml(hand_to_yaml(hand)) == hand


@pytest.mark.parametrize(
    ("name", "dof", "cables"),
    [("h11", 11, 11), ("h11-coupled", 11, 6), ("h22", 22, 22), ("h22-n1", 22, 27), ("human", 23, 23)],
)
def test_degrees_of_freedom(name, dof, cables):
    hand = load_hand(name)
    assert (hand.dof, hand.dof_with_wrist, len(hand.cables)) == (dof, dof + 2, cables)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("  - {name: index_dip_cable", "  - {name: index_dip_cable_, arms: {index_dip: 0.0}}\n  # ", "moves no joint"),
        ("length: 0.046", "length: -0.046", "length of thumb metacarpal must be positive, got -0.046"),
        ("range_deg: [0, 100]", "range_deg: [100, 0]", "range of joint 'thumb_cmc_rotation' must rise"),
        ("{little_cmc: 0.012}", "{little_cmc_: 0.012}", "crosses unknown joint 'little_cmc_'"),
        (
            "volume: 1.12e-3",
            "volume: 1.12e-3\n  motor_volume: 30e-6",
            "22 actuators need 660 cm³ but the forearm offers",
        ),
        ("fill: 0.40", "fill: full", "expected a number, got 'full'"),
        ("mass: 0.36", "weight: 0.36", "unknown field 'weight'"),
        ("digits:", "digits: [", "not valid YAML"),
    ],
)
def test_a_wrong_spec_is_one_clear_sentence(old, new, words):
    text = hand_to_yaml_source()
    assert old in text
    with pytest.raises(UserError) as error:
        hand_from_yaml(text.replace(old, new, 1), "mine.yaml")
    assert words in str(error.value) and str(error.value).startswith("mine.yaml")
    assert "\n" not in str(error.value)


def hand_to_yaml_source() -> str:
    from importlib import resources

    return (resources.files("bunraku.hands") / "data" / "h22.yaml").read_text()


def test_a_joint_without_a_cable_is_named():
    hand = load_hand("h22")
    bare = replace(hand, cables=tuple(c for c in hand.cables if "little_dip" not in c.arms))
    with pytest.raises(UserError, match="'little_dip' has no cable"):
        hand_from_yaml(hand_to_yaml(bare))


def test_an_unknown_hand_lists_the_known_ones(tmp_path):
    with pytest.raises(UserError, match="h22-n1"):
        load_hand("h23")
    with pytest.raises(UserError, match="no hand file"):
        load_hand(tmp_path / "none.yaml")


@settings(max_examples=10, deadline=None)
@given(st.floats(0.05, 2.0))
def test_mass_is_kept_through_yaml(mass):
    hand = replace(load_hand("h11"), mass=mass)
    assert hand_from_yaml(hand_to_yaml(hand)).mass == mass
