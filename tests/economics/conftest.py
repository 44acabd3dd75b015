import pytest

from bunraku.economics import Bill, bill_of_materials
from bunraku.robot import RobotSpec


@pytest.fixture(scope="session")
def bill() -> Bill:
    return bill_of_materials(RobotSpec())
