"""The token bucket: mean rate and burst, with literal times."""

from __future__ import annotations

import pytest

from paris.pacing import Pacing


def test_a_burst_then_the_rate() -> None:
    pacing = Pacing(rate_pps=100, burst=5)
    assert pacing.admits(0.0) == 5
    pacing.spend(5)
    assert pacing.admits(0.0) == 0
    assert pacing.next_s() == pytest.approx(0.01)
    assert pacing.admits(0.01) == 1
    assert pacing.admits(0.035) == 3


def test_idle_time_earns_one_burst_at_most() -> None:
    pacing = Pacing(rate_pps=100, burst=5)
    pacing.spend(5)
    assert pacing.admits(60.0) == 5


@pytest.mark.parametrize("rate_pps", [10, 1000, 33333])
def test_over_a_long_run_the_rate_is_exact(rate_pps: float) -> None:
    pacing = Pacing(rate_pps=rate_pps, burst=8)
    now_s, sent = 0.0, 0
    while now_s < 2000 / rate_pps:
        admitted = pacing.admits(now_s)
        pacing.spend(admitted)
        sent += admitted
        now_s = max(pacing.next_s(), now_s)
    assert sent == pytest.approx(2000 + 8, abs=1)
