import numpy as np
import pytest

from bunraku.objects import KINDS
from bunraku.skills.perception import Seen
from bunraku.skills.placing import spots_at

BOWL = Seen("bowl", "green", np.array([0.40, 0.10, 0.9275]), 0.0)


def in_the_bowl(kind: str, aside: tuple[float, float]) -> Seen:
    height = KINDS["bowl"].support.height + KINDS[kind].rest_height  # pyright: ignore[reportOptionalMemberAccess]
    return Seen(kind, "red", BOWL.position + [*aside, height], 0.0)


def test_an_empty_bowl_is_filled_in_the_middle():
    (spot,) = spots_at(BOWL, "in", "apple", [Seen("ball", "red", BOWL.position + [0.2, 0, 0], 0.0)])
    assert spot.point[:2] == pytest.approx(BOWL.position[:2]) and spot.drop == 0


@pytest.mark.parametrize("aside", [(0.0, 0.0), (0.02, 0.02), (-0.03, 0.0)])
def test_what_goes_in_second_is_let_go_beside_or_over_what_is_there(aside):
    ball = in_the_bowl("ball", aside)
    (spot,) = spots_at(BOWL, "in", "apple", [ball])
    middle = spot.point + [0, 0, spot.drop + KINDS["apple"].rest_height]
    assert np.linalg.norm(middle - ball.position) > (KINDS["apple"].size[0] + KINDS["ball"].size[0]) / 2
    assert np.hypot(*(spot.point - BOWL.position)[:2]) < KINDS["bowl"].size[0] / 2 - 0.03
    assert (spot.point - BOWL.position)[:2] @ (ball.position - BOWL.position)[:2] <= 0
