"""Rate limits distinguished from loss: how often each is recognised, over many random runs."""

from __future__ import annotations

import math
from itertools import pairwise
from random import Random

import pytest

from mda.answers.rate_limits import (
    RateLimit,
    begins_limited,
    for_want_of_tokens,
    is_worth_naming,
    limit_range,
    looks_limited,
    may_be_limited,
    rate_limit,
)

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


def limited(random: Random, rate_pps: float, burst: int, count: int, taken: int = 0) -> Trials:
    """Answered out of a bucket, a millisecond late or early, one in a hundred lost besides.

    Others have taken `taken` tokens before.
    """
    tokens, counted_at_s, trials = float(burst - taken), 0.0, Trials()
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
def test_random_loss_is_rarely_taken_for_a_rate_limit(loss: float, count: int) -> None:
    found = 0
    for seed in range(100):
        random = Random(seed)
        found += rate_limit([(at_s, random.random() >= loss) for at_s in times(random, count)]) is not None  # fmt: skip  # noqa: E501
    assert found <= 2


@pytest.mark.parametrize(("rate_pps", "burst"), [(1, 6), (5, 4), (10, 6), (20, 4), (50, 6)])
def test_a_rate_limit_and_its_rate_are_recognised_from_150_probes(
    rate_pps: float, burst: int
) -> None:
    found = [rate_limit(limited(Random(seed), rate_pps, burst, 150)) for seed in range(40)]
    known = [limit for limit in found if limit is not None]
    assert len(known) >= 36
    close = [limit for limit in known if 0.4 * rate_pps <= limit.rate_pps <= 2 * rate_pps]
    assert len(close) >= 0.9 * len(known)


@pytest.mark.parametrize("taken", [3, 6])
@pytest.mark.parametrize("rate_pps", [5, 20])
def test_a_limit_is_recognised_although_others_have_taken_replies_before(
    rate_pps: float, taken: int
) -> None:
    found = [rate_limit(limited(Random(seed), rate_pps, 6, 150, taken)) for seed in range(40)]
    known = [limit for limit in found if limit is not None]
    assert len(known) >= 36
    close = [limit for limit in known if 0.4 * rate_pps <= limit.rate_pps <= 2 * rate_pps]
    assert len(close) >= 0.9 * len(known)


AT_ONCE: Trials = [(n / 1000, n < 6) for n in range(9)]  # six of nine are answered


@pytest.mark.parametrize(
    ("trials", "is_suspected"),
    [
        (AT_ONCE, True),
        ([*AT_ONCE, (0.25, False), (1.3, True), (1.31, False)], True),
        ([*AT_ONCE, (0.1, True)], False),  # sooner than the limit allows
        ([*AT_ONCE, (3.0, False)], False),  # although the limit allows three by now
        (AT_ONCE[:7], False),  # a single loss says nothing
        (AT_ONCE[:8], True),  # one order in 28 has all six replies first
        ([(0.0, True), *((0.8, False),) * 14, (1.0, False)], True),
        # However few replies came first, there is one more after a second.
        ([(0.0, True), *((0.8, False),) * 14, (1.0, False), (2.3, False)], False),
        (AT_ONCE[3:], True),  # one order in twenty has all three replies first
        (AT_ONCE[4:], False),  # two replies first, of five, may as well be luck
        (AT_ONCE[:6], False),
        ([], False),
    ],
)
def test_the_usual_limit_is_suspected_where_it_explains_every_outcome(
    trials: Trials, *, is_suspected: bool
) -> None:
    assert looks_limited(trials) is is_suspected


@pytest.mark.parametrize(
    ("outcomes", "is_so"),
    [("yyyyyy", False), ("yyyyyyn", False), ("yyyyynn", True), ("yyynn", False), ("yyynnn", True),
     ("yyyyyynyn", False), ("nnnnnn", False), ("yyyyyynnnyynynn", True)],
)  # fmt: skip
def test_several_losses_after_replies_may_begin_a_limit(outcomes: str, *, is_so: bool) -> None:
    assert begins_limited([(0.0, outcome == "y") for outcome in outcomes]) is is_so


def test_no_rate_limit_is_reported_without_losses_or_without_replies() -> None:
    assert rate_limit([]) is None
    assert rate_limit([(n / 10, True) for n in range(50)]) is None
    assert rate_limit([(n / 10, False) for n in range(50)]) is None
    assert rate_limit([(0.0, True)] * 3 + [(0.1, False)] * 3) is None


def test_a_bucket_of_one_token_is_not_taken_for_a_larger_one() -> None:
    # Probes leave one by one and in pairs, a little more slowly than the bucket fills.
    trials = [(at * 0.21 + n / 1000, n == 0) for at in range(60) for n in range(2 - at % 2)]
    found = rate_limit(trials)
    assert found is not None
    assert found.burst == 1


def test_a_short_outage_is_not_taken_for_a_rate_limit() -> None:
    trials = [(n / 100, not 40 <= n < 50) for n in range(100)]
    assert rate_limit(trials) is None


def test_rate_limits_that_the_search_skips_are_not_likelier_than_the_limit_it_finds() -> None:
    found = 0
    for seed in range(120):
        random = Random(seed)
        count = random.randrange(8, 120)
        if seed % 3:
            trials = limited(random, random.choice((1, 5, 20, 100)), random.choice((1, 3, 6, 14)), count)  # fmt: skip  # noqa: E501
        else:
            trials = [(at_s, random.random() >= 0.3) for at_s in times(random, count)]
        limit = rate_limit(trials)
        answered = sum(answered for _, answered in trials)
        if min(answered, count - answered) < 4:
            assert limit is None
            continue
        every = every_likelihood(trials)
        by_loss = sum(n * math.log(n / count) for n in (answered, count - answered))
        best = max(every, key=lambda each: every[each])
        assert (limit is None) == (every[best] <= by_loss + 7)
        if limit is not None:
            found += 1
            # Its burst is the least that explains them as well, if a full bucket surely replies.
            larger = (
                burst for burst in (1, 2, 3, 4, 5, 6, 8, 10, 14, 20, 30) if burst >= limit.burst
            )
            of_larger = [likelihood(trials, limit._replace(burst=burst)) for burst in larger]
            assert max(of_larger) >= every[best] - 1.001
    assert found > 40


def every_likelihood(trials: Trials) -> dict[RateLimit, float]:
    limits = [RateLimit(0.25 * 1.35**step, burst)
              for burst in (1, 2, 3, 4, 5, 6, 8, 10, 14, 20, 30, 50, 100) for step in range(28)]  # fmt: skip  # noqa: E501
    return {limit: likelihood(trials, limit) for limit in limits}


def likelihood(trials: Trials, limit: RateLimit) -> float:
    """Of each reply, given the tokens that the ones before it leave; in natural logarithms.

    Others may have taken what was not answered at first. A loss counts that is the first after a
    reply, or a tenth of a token after one that counted.
    """
    at_first = [answered for _, answered in trials].index(False)
    tokens, gained, total = float(min(limit.burst, at_first)), 1.0, 0.0
    for (before_s, _), (at_s, answered) in pairwise([trials[0], *trials]):
        gained += (at_s - before_s) * limit.rate_pps
        tokens = min(tokens + (at_s - before_s) * limit.rate_pps, limit.burst)
        if not answered and gained < 0.1:
            total += math.log(0.98)
            continue
        margin = tokens - 0.9 if answered else 0.9 - tokens
        total += math.log(0.98 if margin > 1 else 0.02 + 0.96 / (1 + math.exp(-5 * margin)))
        tokens = max(tokens - 1, 0) if answered else min(tokens, 0.95)
        gained = 1.0 if answered else 0.0
    return total


def test_a_limit_that_loss_imitates_is_almost_never_named() -> None:
    imitated = named = 0
    for seed in range(4000):
        random = Random(seed)
        trials = [(at_s, random.random() >= 0.25) for at_s in times(random, 25)]
        limit = rate_limit(trials)
        imitated += limit is not None
        named += limit is not None and is_worth_naming(trials, limit)
    assert imitated >= 10  # so many are found without the further evidence
    assert named == 0


def test_the_usual_limit_is_named_after_few_losses() -> None:
    trials = [(0.001 * n, n < 6) for n in range(13)] + [(1.2, True), (1.3, False)]
    limit = rate_limit(trials)
    assert limit is not None
    assert is_worth_naming(trials, limit)


@pytest.mark.parametrize(("rate_pps", "burst"), [(5, 1), (20, 2), (50, 1)])
def test_the_true_rate_lies_in_the_range_however_far_the_best_estimate_is_off(
    rate_pps: float, burst: int
) -> None:
    within = known = 0
    for seed in range(40):
        trials = limited(Random(seed), rate_pps, burst, 60)
        limit = rate_limit(trials)
        if limit is not None:
            known += 1
            found = limit_range(trials, limit)
            assert found is not None
            within += found.lowest_pps / 1.25 <= rate_pps <= 1.25 * found.highest_pps
    assert known >= 25
    assert within >= known - 1


def test_a_router_that_never_saves_up_replies_may_be_faster_than_it_was_asked() -> None:
    """It sends 50 replies per second, one at once; waves far apart each get a single reply."""
    trials = [(0.0, True), (0.04, True), *((0.04, False),) * 5]
    for wave in range(1, 8):
        trials += [(0.3 * wave, True), *((0.3 * wave, False),) * (12 - wave)]
    trials += [(2.4 + 0.3 * wave, True) for wave in range(8)]
    limit = rate_limit(trials)
    assert limit is not None
    found = limit_range(trials, limit)
    assert found is None or found.highest_pps >= 50


def test_a_limit_that_is_not_sure_may_explain_losses_that_loss_explains_less_well() -> None:
    """It sends 10 replies per second, some to probes of further hops: no rate fits the times."""
    sent_ms = (0, 31, 31, -31, 31, 31, -54, 106, -106, -106, -154, -194, 286, -309, 309, -361,
               -361, 409, -449, 564, 616, -616, 704, 866, -866, 1116, 1152)  # fmt: skip
    trials = [(abs(at_ms) / 1000, at_ms >= 0) for at_ms in sent_ms]  # the negative ones are lost
    assert rate_limit(trials) is None
    assert may_be_limited(trials)


@pytest.mark.parametrize("loss", [0.1, 0.3])
def test_random_loss_seldom_looks_as_if_a_limit_may_explain_it(loss: float) -> None:
    imitated = 0
    for seed in range(100):
        random = Random(seed)
        imitated += may_be_limited([(at_s, random.random() >= loss) for at_s in times(random, 60)])
    assert imitated <= 5
    assert not may_be_limited([(0.0, True)] * 3 + [(0.1, False)] * 3)


def test_losses_at_one_moment_show_once_that_nothing_was_left() -> None:
    """A reply a second, and a dozen probes lost between each two; no rate fits them any better."""
    trials = [(0.0, True)]
    for second in range(1, 5):
        trials += [(second - 0.3, False)] * 12 + [(second + 0.05, True)]
    limit = rate_limit(trials)
    assert limit is not None
    assert limit.burst == 1
    assert 0.8 <= limit.rate_pps <= 1.5


def test_a_limit_without_a_highest_rate_has_no_range() -> None:
    trials = [(0.0, n < 6) for n in range(30)] + [(2.0 * n, True) for n in range(1, 9)]
    assert limit_range(trials, RateLimit(1.0, 6)) is None


def test_only_losses_while_the_bucket_lacks_a_token_are_for_want_of_one() -> None:
    trials = [(0.0, True), (0.1, True), (0.2, False), (0.9, False), (1.2, False), (1.3, True)]
    trials += [(1.4, False), (9.0, False)]
    lacking = [False, False, True, True, False, False, True, False]
    assert for_want_of_tokens(trials, RateLimit(1.0, 2)) == lacking
