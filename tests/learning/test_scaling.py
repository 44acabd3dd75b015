import pytest

pytest.importorskip("torch")

from bunraku.learning.policies.grounded import NetworkConfig
from bunraku.learning.scaling import measured_scaling


@pytest.mark.slow
def test_two_processes_share_a_large_step():
    found = measured_scaling(NetworkConfig(width=192, depth=3), processes=2, batch=2048, repeats=5)
    assert found.processes == 2 and found.by_clock > 0
    # Two processes each do half of the work, and little of what every one has to do.
    assert 1.2 < found.by_cpu < 2.2
