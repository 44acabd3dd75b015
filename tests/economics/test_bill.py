import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunraku.economics import bill_of_materials
from bunraku.economics.bill import cents
from bunraku.economics.distributions import read_data
from bunraku.economics.parts import price_list_from
from bunraku.economics.tables import bill_rows, bill_summary, group_totals
from bunraku.errors import UserError
from bunraku.hands import hand_names, load_hand
from bunraku.robot import RobotSpec, build_robot
from bunraku.robot.motors import MOTORS, Drive

MOTOR_HANDS = [name for name in hand_names() if not load_hand(name).actuation.muscle_force]


@pytest.mark.parametrize("hand", MOTOR_HANDS)
def test_the_mass_is_that_of_the_mujoco_model(hand):
    spec = RobotSpec(hand=hand)
    model = build_robot(spec).compile()
    assert bill_of_materials(spec).mass == pytest.approx(model.body_mass.sum(), rel=0.01)


@given(st.floats(1, 1e10))
def test_the_total_is_the_sum_of_the_lines_to_the_cent(bill, volume):
    rows, summary = bill_rows(bill, volume), bill_summary(bill, volume)
    assert sum(row["total"] for row in rows) == summary["parts"] == sum(group_totals(rows).values())
    assert (
        summary["labour and material"] == summary["parts"] + summary["scrap and rework"] + summary["assembly and test"]
    )
    assert all(amount == cents(float(amount)) for amount in summary.values())


@given(st.floats(1000, 1e12), st.floats(1.0, 1e3))
def test_volume_never_raises_a_price_and_none_is_negative(bill, volume, factor):
    now, later = bill.unit_prices(volume), bill.unit_prices(volume * factor)
    assert np.all(later <= now + 1e-9) and np.all(later >= 0)
    assert np.all(bill.unit_prices(volume, floors=False) <= now + 1e-9)


def test_prices_tend_to_the_floor_or_to_the_world_market(bill):
    limit = bill.column(lambda line: line.price_at_million if line.part.market else line.floor)
    assert bill.unit_prices(1e200) == pytest.approx(limit, rel=1e-3)


def test_floors_lie_above_raw_material_and_below_today(bill):
    for line in bill.lines:
        assert 0 < line.raw <= line.floor <= line.price


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(sorted(MOTORS)), st.integers(0, 29))
def test_changing_a_motor_moves_the_cost_by_the_price_of_the_motors(bill, motor, index):
    joints = list(RobotSpec().joints)
    old = joints[index].drive
    joints[index] = dataclasses.replace(joints[index], drive=Drive(MOTORS[motor], old.reduction))
    changed = bill_of_materials(RobotSpec(joints=tuple(joints)))

    def total(of):
        return float(of.column(lambda line: line.quantity) @ of.unit_prices(1000))

    part = bill.prices.part("joint_motor")
    price = {m.name: part.price * (m.mass / part.reference_mass) ** part.mass_exponent for m in MOTORS.values()}
    assert total(changed) - total(bill) == pytest.approx(price[motor] - price[old.motor.name], abs=0.01)


def test_a_hand_with_fewer_cables_costs_less():
    costs = {hand: bill_summary(bill_of_materials(RobotSpec(hand=hand)), 1e6)["parts"] for hand in ("h11", "h22")}
    assert costs["h11"] < costs["h22"]


def test_the_same_motor_prices_as_published():
    rows = {row["part"].split()[0]: row for row in bill_rows(bill_of_materials(RobotSpec()), 1000)}
    assert float(rows["RS04"]["price_each"]) == pytest.approx(540, rel=0.01)
    assert float(rows["RS06"]["price_each"]) == pytest.approx(325, rel=0.02)


def test_the_bill_today_is_what_analysts_publish(bill):
    parts = float(bill_summary(bill, 1000)["parts"])
    assert 30_000 <= parts <= 60_000
    shares = {name: float(total) / parts for name, total in group_totals(bill_rows(bill, 1000)).items()}
    motors = sum(float(row["total"]) for row in bill_rows(bill, 1000) if "motor" in row["part"]) / parts
    assert 0.4 <= motors <= 0.6
    assert 0.05 <= shares["structure"] <= 0.1


def test_a_hand_of_muscles_has_no_price():
    with pytest.raises(UserError, match="human"):
        bill_of_materials(RobotSpec(hand="human"))


def test_an_unknown_hand_is_refused():
    with pytest.raises(UserError, match="h99"):
        bill_of_materials(RobotSpec(hand="h99"))


def test_a_part_without_a_row_is_named():
    table = read_data("parts.toml")
    del table["parts"]["battery"]
    with pytest.raises(UserError, match=r"parts\.battery"):
        bill_of_materials(RobotSpec(), price_list_from(table))


def test_a_volume_of_zero_is_refused(bill):
    with pytest.raises(UserError, match="volume"):
        bill.unit_prices(0)
