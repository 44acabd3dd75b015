from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunraku.hands import cable_motor, forearm_motor_mass, load_hand, tension_limits
from bunraku.hands.spec import ActuationSpec


def test_the_law_reproduces_the_data_sheet_it_is_anchored_to():
    """XC330-M288: 0.93 N·m at stall on a 6 mm spool."""
    xc330 = ActuationSpec("palm", volume=17.7e-6, fill=1.0, loss=0.0)
    motor = cable_motor(xc330, 1)
    assert motor.stall == pytest.approx(0.93 / 0.006, rel=0.01)
    assert motor.mass == pytest.approx(0.023, rel=0.02)


@given(st.integers(1, 60), st.floats(0.2, 0.5))
def test_volume_is_shared_and_continuous_torque_grows_faster(count, fill):
    actuation = replace(load_hand("h22").actuation, fill=fill)
    one, many = cable_motor(actuation, 1), cable_motor(actuation, count)
    assert many.volume * count == pytest.approx(one.volume)
    assert many.stall * count == pytest.approx(one.stall)
    if one.continuous < one.stall:
        assert many.continuous * count ** (7 / 6) == pytest.approx(one.continuous, rel=1e-6)


def test_the_forearm_pulls_harder_than_the_palm_and_carries_its_motors():
    assert tension_limits(load_hand("h22")).min() > 2 * tension_limits(load_hand("h22-palm")).max()
    assert forearm_motor_mass(load_hand("h22")) == pytest.approx(0.582, rel=0.01)
    assert forearm_motor_mass(load_hand("h11")) == 0.0
