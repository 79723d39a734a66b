"""Rate limits distinguished from loss: how often each is recognised, over many random runs."""

from __future__ import annotations

from random import Random

import pytest

from mda.answers.rate_limits import rate_limit

Trials = list[tuple[float, bool]]


def times(random: Random, count: int) -> list[float]:
    """When the probes of several waves leave: bursts at some 100 per second, and pauses."""
    at_s, sent = 0.0, list[float]()
    while len(sent) < count:
        for _ in range(random.choice((3, 5, 10, 20, 40))):
            sent.append(at_s)
            at_s += random.uniform(0.003, 0.02)
        at_s += random.choice((0.03, 0.25, 0.3, 0.5))
    return sent[:count]


def limited(random: Random, rate_pps: float, burst: int, count: int) -> Trials:
    """Answered out of a bucket, a millisecond late or early, one in a hundred lost besides."""
    tokens, counted_at_s, trials = float(burst), 0.0, Trials()
    for at_s in times(random, count):
        arrived_s = max(at_s + random.gauss(0, 0.001), counted_at_s)
        tokens = min(burst, tokens + (arrived_s - counted_at_s) * rate_pps)
        counted_at_s = arrived_s
        has_token = tokens >= 1
        tokens -= has_token
        trials.append((at_s, has_token and random.random() >= 0.01))
    return trials


@pytest.mark.parametrize("loss", [0.02, 0.1, 0.2, 0.3, 0.5])
@pytest.mark.parametrize("count", [15, 60, 150])
def test_plain_loss_is_next_to_never_taken_for_a_limit(loss: float, count: int) -> None:
    found = 0
    for seed in range(100):
        random = Random(seed)
        found += rate_limit([(at_s, random.random() >= loss) for at_s in times(random, count)]) is not None  # fmt: skip  # noqa: E501
    assert found <= 2


@pytest.mark.parametrize(("rate_pps", "burst"), [(1, 6), (5, 4), (10, 6), (20, 4), (50, 6)])
def test_a_limit_is_recognised_with_its_rate_once_it_has_been_felt(
    rate_pps: float, burst: int
) -> None:
    found = [rate_limit(limited(Random(seed), rate_pps, burst, 150)) for seed in range(40)]
    known = [limit for limit in found if limit is not None]
    assert len(known) >= 36
    close = [limit for limit in known if 0.4 * rate_pps <= limit.rate_pps <= 2 * rate_pps]
    assert len(close) >= 0.9 * len(known)


def test_without_losses_or_without_answers_nothing_is_said() -> None:
    assert rate_limit([]) is None
    assert rate_limit([(n / 10, True) for n in range(50)]) is None
    assert rate_limit([(n / 10, False) for n in range(50)]) is None
    assert rate_limit([(0.0, True)] * 3 + [(0.1, False)] * 3) is None


def test_an_outage_that_passes_is_no_limit() -> None:
    trials = [(n / 100, not 40 <= n < 50) for n in range(100)]
    assert rate_limit(trials) is None
