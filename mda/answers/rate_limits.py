"""Which routers limit the rate of their replies, as opposed to replies that are lost.

A limit is a token bucket (RFC 1812 section 4.3.2.8, RFC 4443 section 2.4 f): a number of replies at
once, then a number per second, whatever the flow. Loss takes replies independently of each other.
The explanation that makes the replies and their times likelier is taken.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

# Probability that a reply contradicts the bucket model (queueing, clock error, unrelated loss).
_ERROR: Final = 0.02
# How sharply replies stop around one token: fractions of a token cannot be known.
_SHARPNESS: Final = 5.0
# Natural log-likelihood ratio that the bucket must win by; it has two more free parameters than
# plain loss.
_EVIDENCE: Final = 7.0
_FEWEST: Final = 4  # replies, and losses, below which no limit is reported
_MOST: Final = 300  # of the latest trials
_RATES_PPS: Final = tuple(0.25 * 1.35**step for step in range(28))
_STEP: Final = 1.08  # ratio of neighbouring rates in the final search
_AS_WELL: Final = 1.0  # log-likelihood given up for a higher rate
_BURSTS: Final = (1, 2, 3, 4, 5, 6, 8, 10, 14, 20, 30, 50, 100)


class RateLimit(NamedTuple):
    """About `rate_pps` replies per second, after `burst` at once."""

    rate_pps: float
    burst: int


class Answering(NamedTuple):
    """How a vertex answers: `asked` probes met it, and `lost` of them got no reply."""

    asked: int
    lost: int
    limit: RateLimit | None


def rate_limit(trials: Sequence[tuple[float, bool]]) -> RateLimit | None:
    """The limit that explains which probes were answered; None if plain loss does so as well.

    `trials` has the send time of each probe, in seconds and in order, and whether it was answered.
    """
    latest = trials[-_MOST:]
    lost = sum(not answered for _, answered in latest)
    if lost < _FEWEST or len(latest) - lost < _FEWEST:
        return None
    gaps_s = [0.0, *(far - near for (near, _), (far, _) in pairwise(latest))]
    answers = [answered for _, answered in latest]
    share = lost / len(latest)
    by_loss = lost * math.log(share) + (len(latest) - lost) * math.log(1 - share)
    least, best = by_loss + _EVIDENCE, None
    for burst in _BURSTS:
        for rate_pps in _RATES_PPS:
            likelihood = _likelihood(gaps_s, answers, rate_pps, burst, least)
            if likelihood > least:
                least, best = likelihood, RateLimit(rate_pps, burst)
    # Of the rates that explain the replies about as well, the highest: probing faster than a router
    # answers is soon noticed, probing more slowly never is.
    while best is not None and best.rate_pps < _RATES_PPS[-1]:
        faster = RateLimit(best.rate_pps * _STEP, best.burst)
        if _likelihood(gaps_s, answers, faster.rate_pps, best.burst, least - _AS_WELL) < (
            least - _AS_WELL
        ):
            break
        best = faster
    return best


def _likelihood(
    gaps_s: Sequence[float], answers: Sequence[bool], rate_pps: float, burst: int, least: float
) -> float:
    """The log-likelihood of these replies from a bucket; adding stops once it is below `least`.

    Each reply is predicted from the tokens left, and then corrects their number.
    """
    tokens, likelihood = float(burst), 0.0
    for gap_s, answered in zip(gaps_s, answers, strict=True):
        tokens = min(tokens + gap_s * rate_pps, burst)
        if answered:
            likelihood += _log_chance(tokens - 0.9)
            tokens = max(tokens - 1.0, 0.0)
        else:
            likelihood += _log_chance(0.9 - tokens)
            tokens = min(tokens, 0.95)
        if likelihood < least:
            break
    return likelihood


def _log_chance(margin: float) -> float:
    """The log-likelihood of an outcome predicted with this margin, in tokens."""
    if margin > 1:
        return _SURE
    return math.log(_ERROR + (1 - 2 * _ERROR) / (1 + math.exp(-_SHARPNESS * margin)))


_SURE: Final = math.log(1 - _ERROR)
