import contextlib
import socket
import time
import urllib.request
from collections.abc import Iterator

import mujoco
import numpy as np
import pytest

from bunraku.web import Page, SceneState, serve

SCENE = """
<mujoco>
  <worldbody>
    <geom type="plane" size="2 2 0.1"/>
    <body pos="0 0 1"><freejoint/><geom type="box" size="0.1 0.1 0.1"/></body>
    <body pos="1 0 1"><joint type="hinge"/><geom type="capsule" size="0.05 0.2"/></body>
  </worldbody>
</mujoco>
"""


@pytest.fixture
def model() -> mujoco.MjModel:
    return mujoco.MjModel.from_xml_string(SCENE)


@contextlib.contextmanager
def page_of(model: mujoco.MjModel, port: int) -> Iterator[Page]:
    data = mujoco.MjData(model)
    with serve(
        model, lambda: SceneState(data.time, data.qpos.copy(), "standing"), dict, print, lambda: None, port
    ) as page:
        yield page


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_browser_gets_the_page(model: mujoco.MjModel) -> None:
    with page_of(model, free_port()) as page, urllib.request.urlopen(page.url, timeout=5) as answer:
        assert answer.status == 200
        assert b"<html" in answer.read().lower()


def test_a_port_in_use_gives_another_one(model: mujoco.MjModel) -> None:
    port = free_port()
    with page_of(model, port) as first, page_of(model, port) as second:
        assert first.url != second.url
        for page in (first, second):
            assert urllib.request.urlopen(page.url, timeout=5).status == 200


def test_the_page_is_for_this_machine_only_and_ends_with_its_block(model: mujoco.MjModel) -> None:
    with page_of(model, free_port()) as page:
        host, port = page.url.removeprefix("http://").split(":")
    assert host == "127.0.0.1"
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) != 0:
                return
        time.sleep(0.05)
    pytest.fail("the page is still served after its block")


def test_showing_leaves_the_simulation_as_it_is(model: mujoco.MjModel) -> None:
    before = {name: np.copy(getattr(model, name)) for name in ("qpos0", "geom_rgba", "geom_size", "body_pos")}
    scale = model.vis.scale.contactwidth
    with page_of(model, free_port()) as page:
        page.show(SceneState(1.0, model.qpos0.copy(), "moving"))
    assert all((getattr(model, name) == value).all() for name, value in before.items())
    assert model.vis.scale.contactwidth == scale
