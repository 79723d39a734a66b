"""A forecast is the measurement itself, in networks that may be there."""

from __future__ import annotations

import pytest

from paris import forecast, run
from paris.settings import Settings


def expected(**options: object) -> dict[str, forecast.Expected]:
    settings = Settings.of(host="192.0.2.9", seed=1, **options)
    version = 6 if options.get("ip_version") == 6 else 4
    rows = forecast.expected(settings, version, lambda own, hooks: [run.measure(own, hooks)])
    return {row.network: row for row in rows}


@pytest.mark.parametrize("version", [4, 6])
def test_probes_and_seconds_are_those_of_a_trace(version: int) -> None:
    rows = expected(multipath=True, ip_version=version)
    # Six flows show at 95 % that a hop has no other successor (see docs/output.md).
    assert rows["the host is the next hop"].probes == 6
    assert rows["12 hops, no balancer"].probes == 12 * 6
    assert rows["12 hops, one balancer of 16"].probes > 12 * 6 + 16
    silent = rows["nobody answers"]
    assert silent.duration_s > 5 > 1 > rows["12 hops, no balancer"].duration_s


def test_rates_waits_and_limits_count() -> None:
    slow = expected(multipath=True, rate_pps=10.0, wait_s=1.0)
    quick = expected(multipath=True)
    assert slow["12 hops, no balancer"].duration_s > 6 > 1
    assert slow["nobody answers"].duration_s < 12
    assert quick["12 hops, no balancer"].duration_s < 1
    least = expected(multipath=True, max_probes=60)
    assert max(row.probes for row in least.values()) == 60


def test_one_flow_meets_one_branch() -> None:
    rows = expected(max_ttl=5, queries=2)
    assert "12 hops, one balancer of 16" not in rows
    assert rows["nobody answers"].probes == 2 * 5 + 1  # the last TTL is asked once more


def test_a_simulated_network_is_its_own_forecast() -> None:
    settings = Settings.of(network="two-way", multipath=True)
    measured = run.measure(settings)
    (row,) = forecast.expected(settings, 4, lambda own, hooks: [run.measure(own, hooks)])
    assert row.probes == measured.record.probes_sent
    assert row.duration_s == measured.record.ended_at_s - measured.record.started_at_s
    assert forecast.opened(settings)[0].record.probes_sent == 0
