import numpy as np
import pytest

from bunraku.hands import load_hand
from bunraku.hands.viewer import REFRESH, HandPanel


@pytest.mark.parametrize("name", ["h22", "h11-coupled"])
def test_a_slider_moves_its_joint_and_every_cable_shows_its_tension(name):
    hand = load_hand(name)
    panel, shown = HandPanel(hand), []
    panel.on_tension = shown.append
    index = hand.joint_names.index("index_mcp_flexion")
    before = panel.data.qpos[index]
    panel.wanted[index] = np.radians(60)
    for _ in range(10 * REFRESH):
        panel.step(panel.model, panel.data)
    assert panel.data.qpos[index] > before + 0.3
    if name == "h22":
        assert panel.data.qpos[index] == pytest.approx(np.radians(60), abs=0.1)
    assert len(shown) == 10
    bars = [panel.tension_html(digit, shown[-1]) for digit in hand.digits]
    assert all(any(cable in bar for bar in bars) for cable in hand.cable_names)
    assert "thumb" not in bars[1]
