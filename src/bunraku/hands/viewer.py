"""A hand in the browser: the cables on the hand, and for each digit its joints' sliders and its cables' tensions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from html import escape

import mujoco
import numpy as np
import viser
from mjviser import Viewer

from bunraku.hands.actuators import tension_ranges
from bunraku.hands.cables import cable_arms
from bunraku.hands.model import VISUAL_GROUP, build_hand
from bunraku.hands.spec import DigitSpec, HandSpec

REFRESH = 50
"""Simulation steps between two pictures of the tensions."""


class HandPanel:
    """The state behind the sliders: wanted joint angles (n,) rad, and the controls they mean."""

    def __init__(self, hand: HandSpec, side: str = "right") -> None:
        self.hand, self.side = hand, side
        spec = build_hand(hand, side)
        self.model = spec.compile()
        self.data = mujoco.MjData(self.model)
        self.arms, self.limits = cable_arms(hand), tension_ranges(hand)
        self.wanted = np.clip(np.zeros(hand.dof), *self.model.jnt_range.T)
        self.lock = threading.Lock()
        self._steps = 0
        self.on_tension: Callable[[np.ndarray], None] = lambda tension: None

    def step(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        """One simulation step towards the wanted angles."""
        with self.lock:
            data.ctrl[:] = self.arms @ self.wanted
        mujoco.mj_step(model, data)
        self._steps += 1
        if self._steps % REFRESH == 0:
            self.on_tension(data.actuator_force.copy())

    def tension_html(self, digit: DigitSpec, tension: np.ndarray) -> str:
        """A bar for each cable of a digit, of all `tension` (m,) N: orange pulls towards flexion, blue the other run;
        full at the sustained limit."""
        joints = {joint.name for joint in digit.joints}
        lines = []
        for cable, force, (low, high) in zip(self.hand.cables, tension, self.limits, strict=True):
            if not joints & set(cable.arms):
                continue
            share = 100 * min(1.0, abs(force) / max(1e-9, high if force > 0 else -low))
            colour = "#f2451a" if force > 0 else "#3a7bd5"
            bar = f"<div style='height:6px;width:{share:.0f}%;background:{colour}'></div>"
            lines.append(f"<div style='font-size:11px'>{escape(cable.name)} {force:+.1f} N{bar}</div>")
        return "<div style='padding:0 1em'>" + "".join(lines) + "</div>"


def show_hand(hand: HandSpec, side: str = "right", port: int = 8080) -> None:
    """Serve the page until interrupted."""
    panel = HandPanel(hand, side)
    server = viser.ViserServer(port=port)
    server.gui.configure_theme(dark_mode=False)
    # the panel covers the right of the page
    server.initial_camera.position = (0.01, 0.16, 0.16)
    server.initial_camera.look_at = (0.12, 0.0, 0.0)
    server.initial_camera.fov = np.radians(50)
    column = {name: i for i, name in enumerate(hand.joint_names)}
    bars = []
    for digit in hand.digits:
        with server.gui.add_folder(digit.name):
            for joint in digit.joints:
                _slider(server, panel, joint.name, joint.range_deg, column[joint.name])
            bars.append(server.gui.add_html(""))

    def draw(tension: np.ndarray) -> None:
        for digit, bar in zip(hand.digits, bars, strict=True):
            bar.content = panel.tension_html(digit, tension)

    panel.on_tension = draw
    viewer = Viewer(panel.model, panel.data, step_fn=panel.step, server=server)
    # a white hand needs little light and a darker ground
    server.scene.configure_environment_map(environment_intensity=0.25)
    server.scene.set_background_image(np.full((2, 2, 3), 150, np.uint8))
    shown = viewer.scene.geom_groups_visible
    for group in range(len(shown)):
        shown[group] = group == VISUAL_GROUP
    print(f"{hand.name}: http://localhost:{server.get_port()}  (Ctrl+C ends)")
    viewer.run()


def _slider(server: viser.ViserServer, panel: HandPanel, name: str, range_deg: tuple[float, float], index: int) -> None:
    low, high = range_deg
    slider = server.gui.add_slider(name, low, high, 1.0, min(max(0.0, low), high))

    @slider.on_update
    def _(_: viser.GuiEvent) -> None:
        with panel.lock:
            panel.wanted[index] = np.radians(slider.value)
