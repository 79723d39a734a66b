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
_PERHAPS: Final = 4.0  # what it must win by to be called possible
_RARITY: Final = 4.0  # log-likelihood given up for something silent beside the router
# What a limit must win by to be named: more if few were lost and it is not the usual one. By
# chance, loss takes some replies at times that a burst and a rate of one's choice explain.
_TO_NAME_BY_FEW: Final = 13.0
_TO_NAME: Final = 9.0
_MANY: Final = 10  # losses
_FEWEST: Final = 4  # replies, and losses, below which no limit is reported
_MOST: Final = 300  # of the latest trials
_RATES_PPS: Final = tuple(0.25 * 1.35**step for step in range(28))
_STEP: Final = 1.08  # ratio of neighbouring rates in the final search
_STEPS: Final = 80  # ... to either side of a rate: a factor of 472
_CREDIBLE: Final = 4.0  # log-likelihood within which a rate is credible
_AS_WELL: Final = 1.0  # log-likelihood given up for a higher rate
# Linux: icmp_ratelimit 1000. In IPv6 it is ten times that since February 2026 (6.18.y), and was
# sixteen times that to what a default route leads to.
USUAL_PPS: Final = 1.0
USUAL_ASKED_PPS: Final = 0.95  # how many to ask for: the limit is exact, but for its ticks
USUAL_BURST: Final = 6  # Linux: replies at once
_MOST_USUAL: Final = 10  # more where a reply comes back before the burst is used up
UNLIKELY_ORDER: Final = 15  # orders, of which one has all replies before all losses
# Tokens that a bucket must gain before another loss shows more than the last one did: several at
# one moment all show the same. To name a limit takes more care, and then every loss counts.
_NEWS: Final = 0.1
_BURSTS: Final = (1, 2, 3, 4, 5, 6, 8, 10, 14, 20, 30, 50, 100)


class RateLimit(NamedTuple):
    """About `rate_pps` replies per second, after `burst` at once."""

    rate_pps: float
    burst: int


class LimitRange(NamedTuple):
    """The rates of a limit that explain the replies about as well, and its burst."""

    lowest_pps: float
    highest_pps: float
    burst: int

    @property
    def rate_pps(self) -> float:
        """The middle of the range, in replies per second: the geometric mean."""
        return math.sqrt(self.lowest_pps * self.highest_pps)


class Answering(NamedTuple):
    """How a vertex answers: `asked` probes met it, and `lost` of them got no reply.

    `limit` is one that is sure enough to be named. Where one only may explain the losses, they say
    little of the way: the vertex `may_be_limited`.
    """

    asked: int
    lost: int
    limit: LimitRange | None
    may_be_limited: bool = False


def rate_limit(
    trials: Sequence[tuple[float, bool]], surely: Sequence[tuple[float, bool]] | None = None
) -> RateLimit | None:
    """The limit that explains which probes were answered; None if plain loss does so as well.

    `trials` has the send time of each probe, in seconds and in order, and whether it was answered.
    `surely` has those of them that surely met the router, all by default: the others may also be
    lost because something else is silent.
    """
    latest = trials[-_MOST:]
    if not _has_enough(latest):
        return None
    sure = latest if surely is None else surely
    alone = [trial for trial in sure if trial[0] >= latest[0][0]]
    if all(answered for _, answered in alone):
        return None
    otherwise = _misfit_of_loss(alone) + (_RARITY if len(alone) < len(latest) else 0.0)
    gaps = _gaps(latest)
    best, misfit = _best_limit(gaps, otherwise - _EVIDENCE)
    # Of the rates that explain the replies about as well, the highest: probing faster than a router
    # answers is soon noticed, probing more slowly never is.
    while best is not None and best.rate_pps < _RATES_PPS[-1]:
        faster = RateLimit(best.rate_pps * _STEP, best.burst)
        if sum(_misfit(gaps, faster, misfit + _AS_WELL)) > misfit + _AS_WELL:
            break
        best = faster
    return None if best is None else _with_least_burst(best, gaps, misfit + _AS_WELL)


def _with_least_burst(
    limit: RateLimit, gaps: Sequence[tuple[float, bool]], most: float
) -> RateLimit:
    """The same rate with the smallest burst whose misfit is at most `most`.

    With a larger one, a router would seem to have had a reply left when a probe was lost, and the
    probe would count as met by something silent.
    """
    smaller = (RateLimit(limit.rate_pps, burst) for burst in _BURSTS if burst < limit.burst)
    return next(
        (tried for tried in smaller if sum(_misfit(gaps, tried, most, counts_excess=True)) <= most),
        limit,
    )


def may_be_limited(trials: Sequence[tuple[float, bool]]) -> bool:
    """Whether a limit explains which probes were answered better than loss, if not surely."""
    latest = trials[-_MOST:]
    if not _has_enough(latest):
        return False
    best, _ = _best_limit(_gaps(latest), _misfit_of_loss(latest) - _PERHAPS)
    return best is not None


def _has_enough(trials: Sequence[tuple[float, bool]]) -> bool:
    """Whether there are enough replies and losses to tell a limit from plain loss."""
    answered = sum(answered for _, answered in trials)
    return min(answered, len(trials) - answered) >= _FEWEST


def is_worth_naming(trials: Sequence[tuple[float, bool]], limit: RateLimit) -> bool:
    """Whether a `limit` found from `trials` is sure enough to be named to the user.

    To probe more slowly takes less evidence, because that does no harm where there is no limit.
    """
    latest = trials[-_MOST:]
    if not _has_enough(latest):
        return False
    usual = RateLimit(USUAL_PPS, USUAL_BURST)
    misfit, of_usual = (
        sum(_misfit(_gaps(latest), tried, math.inf, news=0.0)) for tried in (limit, usual)
    )
    lost = sum(not answered for _, answered in latest)
    is_usual = of_usual <= misfit + _CREDIBLE
    evidence = _TO_NAME if is_usual or lost >= _MANY else _TO_NAME_BY_FEW
    return min(misfit, of_usual) <= _misfit_of_loss(latest) - evidence


def _misfit_of_loss(trials: Sequence[tuple[float, bool]]) -> float:
    """How badly plain loss, at the share that was lost, predicts the trials; see `_misfit`."""
    asked, lost = len(trials), sum(not answered for _, answered in trials)
    share = lost / asked
    return asked * _SURE - lost * math.log(share) - (asked - lost) * math.log(1 - share)


def limit_range(trials: Sequence[tuple[float, bool]], limit: RateLimit) -> LimitRange | None:
    """The rates around a `limit` that was found from `trials`, and its burst.

    None where hundreds of times that rate explain the replies as well: then they show none.

    They are those of which the likelihood, with the burst that suits them best, is at least e^-4
    of the best: about a 99.5 % interval.
    """
    gaps = _gaps(trials[-_MOST:])

    def misfit_of(rate_pps: float, most: float) -> float:
        for burst in {limit.burst, *_BURSTS}:
            tried = _misfit(gaps, RateLimit(rate_pps, burst), most, counts_excess=True)
            most = min(most, sum(tried))
        return most

    best = misfit_of(limit.rate_pps, math.inf)
    misfits = {
        rate_pps: misfit_of(rate_pps, best + 2 * _CREDIBLE)
        for rate_pps in (limit.rate_pps * _STEP**place for place in range(-_STEPS, _STEPS + 1))
    }
    least = min(misfits.values())
    within = [rate_pps for rate_pps, misfit in misfits.items() if misfit <= least + _CREDIBLE]
    if max(within) == max(misfits):
        return None
    return LimitRange(min(within), max(within), limit.burst)


def for_want_of_tokens(trials: Sequence[tuple[float, bool]], limit: RateLimit) -> list[bool]:
    """For each of `trials`, whether it was lost while a bucket with this limit lacked a token.

    Only replies take tokens: lost probes may have met another router.
    """
    tokens, explained = float(min(limit.burst, _until_loss(trials))), []
    for gap_s, answered in _gaps(trials):
        tokens = min(tokens + gap_s * limit.rate_pps, limit.burst)
        explained.append(not answered and tokens < _SURELY_ONE)
        if answered:
            tokens = max(tokens - 1.0, 0.0)
    return explained


def looks_limited(
    trials: Sequence[tuple[float, bool]],
    *,
    after_usual_burst: bool = False,
    unlikely_order: int = UNLIKELY_ORDER,
) -> bool:
    """Whether the usual limit explains everything: a burst of replies, then USUAL_PPS at most.

    Loss may explain it as well, so this is no more than a reason to wait before asking again.
    `trials` are as for `rate_limit`. With `after_usual_burst`, only a burst of just as many counts
    as Linux sends. All replies before all losses must be one of `unlikely_order` orders or more.
    """
    burst = _until_loss(trials)
    lost = sum(not answered for _, answered in trials)
    if not burst or burst > _MOST_USUAL or math.comb(burst + lost, burst) < unlikely_order:
        return False
    if after_usual_burst and burst != USUAL_BURST:
        return False
    tokens = float(burst)
    for gap_s, answered in _gaps(trials):
        tokens = min(tokens + gap_s * USUAL_PPS, max(burst, USUAL_BURST))
        if tokens < _SURELY_NONE if answered else tokens > _SURELY_MORE:
            return False
        tokens = max(tokens - 1.0, 0.0) if answered else min(tokens, _SURELY_ONE)
    return True


def begins_limited(trials: Sequence[tuple[float, bool]]) -> bool:
    """Whether the first losses look like those of a limit of any rate: several after some replies.

    Loss may explain them as well: it is one of UNLIKELY_ORDER orders or more.
    """
    burst = _until_loss(trials)
    lost = next(
        (place for place, (_, answered) in enumerate(trials[burst:]) if answered),
        len(trials) - burst,
    )
    return lost > 1 and math.comb(burst + lost, lost) >= UNLIKELY_ORDER


def left_by_usual_limit(answered_s: Sequence[float], now_s: float) -> float | None:
    """How many more replies the usual limit allows now; None if there were too many for it.

    `answered_s` are the send times of the probes with a reply, in order.
    """
    tokens, before_s = float(USUAL_BURST), 0.0
    for at_s in answered_s:
        tokens = min(tokens + (at_s - before_s) * USUAL_PPS, USUAL_BURST)
        if tokens < _SURELY_NONE:
            return None
        tokens, before_s = tokens - 1.0, at_s
    return min(tokens + (now_s - before_s) * USUAL_PPS, USUAL_BURST)


def _gaps(trials: Sequence[tuple[float, bool]]) -> list[tuple[float, bool]]:
    """The seconds since the previous probe, and whether each probe was answered."""
    gaps_s = (0.0, *(far - near for (near, _), (far, _) in pairwise(trials)))
    return [(gap_s, answered) for gap_s, (_, answered) in zip(gaps_s, trials, strict=True)]


def _best_limit(gaps: Sequence[tuple[float, bool]], most: float) -> tuple[RateLimit | None, float]:
    """The limit with the least misfit below `most`, and that misfit; None where all have more.

    Of equals it is the one of the least burst, then rate. A higher rate or burst leaves more tokens
    at any time, which makes losses less likely, and a lower one makes answers less likely. So most
    limits are ruled out untried.
    """
    best, least, lowest = None, (most, 0), 0
    for burst in reversed(_BURSTS):
        for rate_pps in _RATES_PPS[lowest:]:
            limit = RateLimit(rate_pps, burst)
            of_answers, of_losses = _misfit(gaps, limit, least[0])
            if of_losses > least[0]:
                break
            if of_answers > least[0]:
                lowest = _RATES_PPS.index(rate_pps) + 1
            elif (of_answers + of_losses, burst) < least:
                best, least = limit, (of_answers + of_losses, burst)
    return best, least[0]


def _misfit(
    gaps: Sequence[tuple[float, bool]],
    limit: RateLimit,
    most: float,
    news: float = _NEWS,
    *,
    counts_excess: bool = False,
) -> tuple[float, float]:
    """How badly a bucket predicts the answers, and the losses; adding stops above `most`.

    `gaps` has the seconds since the previous probe, and whether the probe was answered. A misfit is
    the log-likelihood that is lost against predictions that are certain and right. Each reply is
    predicted from the tokens left, and then corrects their number. Others may have taken tokens
    before: at first there are as many as probes were answered before the first loss. After a loss
    that counts, the next does that follows a reply, or once the bucket has gained `news` tokens.
    With `counts_excess`, a bucket of one token that ran over surely has that token: its rate may be
    far higher than probes ever showed.
    """
    rate_pps, burst = limit
    full = max(float(burst), _PLENTY) if counts_excess else burst
    tokens, of_answers, of_losses = float(min(burst, _until_loss(gaps))), 0.0, 0.0
    gained = news
    for gap_s, answered in gaps:
        gained += gap_s * rate_pps
        tokens += gap_s * rate_pps
        if tokens > full:
            tokens = full
        if answered:
            of_answers += _lack(tokens - 0.9) if tokens < _PLENTY else 0.0
            tokens = tokens - 1.0 if burst > 1 and tokens > 1.0 else 0.0
            gained = news
        elif gained >= news:
            of_losses += _lack(0.9 - tokens)
            gained = 0.0
            if tokens > 0.95:
                tokens = 0.95
        if of_answers > most or of_losses > most:
            break
    return of_answers, of_losses


def _until_loss(outcomes: Sequence[tuple[float, bool]]) -> int:
    """How many probes were answered before the first loss."""
    return next((place for place, (_, answered) in enumerate(outcomes) if not answered), 0)


def _lack(margin: float) -> float:
    """The misfit of an outcome that is predicted with this margin, in tokens."""
    return _SURE - math.log(_ERROR + (1 - 2 * _ERROR) / (1 + math.exp(-_SHARPNESS * margin)))


_SURE: Final = math.log(1 - _ERROR)
_SURELY_ONE: Final = 0.99  # tokens
_SURELY_NONE: Final = 0.5  # tokens
_SURELY_MORE: Final = 1.25  # tokens
_PLENTY: Final = 1.9  # tokens from which on an answer is certain
