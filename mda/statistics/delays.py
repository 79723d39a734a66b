"""How long round trips take and how much they vary: the usual figures of a series of them."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_GAIN: Final = 16  # of the smoothed jitter: RFC 3550 section 6.4.1
_DIGITS: Final = 9  # of seconds: clocks count nanoseconds


class Delays(NamedTuple):
    """The number of probes `sent` and `lost`, and figures of the round-trip times of the others.

    Times are in seconds; None where no reply makes them known. `median_s` lies midway between the
    two in the middle of an even number. `p95_s` is the time within which 95 % of the replies came
    (nearest rank). `stdev_s` is the standard deviation of a sample (divided by n - 1), and takes
    two replies. `jitter_s` is as `smoothed_jitter_s` says.
    """

    sent: int
    lost: int
    min_s: float | None = None
    median_s: float | None = None
    p95_s: float | None = None
    max_s: float | None = None
    mean_s: float | None = None
    stdev_s: float | None = None
    jitter_s: float | None = None

    @property
    def loss(self) -> float:
        """The share of probes that were lost."""
        return self.lost / self.sent if self.sent else 0.0

    def in_whole_ns(self) -> Delays:
        """The same figures as `whole_ns` gives them, which is how they are written and kept."""
        _, _, *times_s = self
        return Delays(
            self.sent, self.lost, *(None if own_s is None else whole_ns(own_s) for own_s in times_s)
        )


def whole_ns(time_s: float) -> float:
    """A time in seconds, in whole nanoseconds: without the errors that differences and sums add.

    >>> 0.3 - 0.2, whole_ns(0.3 - 0.2)
    (0.09999999999999998, 0.1)
    """
    return round(time_s, _DIGITS)


def delays_of(sent: int, rtts_s: Sequence[float]) -> Delays:
    """The figures of `sent` probes, given the round-trip times of those answered, in seconds.

    The times are in the order of sending. Raises ValueError for more replies than probes.

    >>> delays_of(4, [0.010, 0.014, 0.012])[:5]
    (4, 1, 0.01, 0.012, 0.014)
    """
    replies = len(rtts_s)
    if replies > sent:
        raise ValueError(f"{replies} replies to {sent} probes")
    if not replies:
        return Delays(sent, sent)
    ordered = sorted(rtts_s)
    mean_s = math.fsum(ordered) / replies
    return Delays(
        sent,
        sent - replies,
        min_s=ordered[0],
        median_s=(ordered[(replies - 1) // 2] + ordered[replies // 2]) / 2,
        p95_s=ordered[math.ceil(0.95 * replies) - 1],
        max_s=ordered[-1],
        mean_s=mean_s,
        stdev_s=_deviation_s(ordered, mean_s),
        jitter_s=smoothed_jitter_s(rtts_s),
    )


def smoothed_jitter_s(rtts_s: Sequence[float]) -> float | None:
    """The interarrival jitter of RFC 3550 section 6.4.1, of round trips in the order of sending.

    For RFC 3550 a difference is that of two packets' one-way transit times. Here it is that of the
    round-trip times of two probes answered one after the other, D. From 0, J grows by (|D| - J) /
    16 with each. Of fewer than some 50 replies, it is too low. None for fewer than two.

    >>> smoothed_jitter_s([0.010, 0.026])
    0.001
    """
    if len(rtts_s) < 2:
        return None
    jitter_s = 0.0
    for before_s, after_s in pairwise(rtts_s):
        jitter_s += (abs(after_s - before_s) - jitter_s) / _GAIN
    return jitter_s


def _deviation_s(rtts_s: Sequence[float], mean_s: float) -> float | None:
    if len(rtts_s) < 2:
        return None
    squares = math.fsum((rtt_s - mean_s) ** 2 for rtt_s in rtts_s)
    return math.sqrt(squares / (len(rtts_s) - 1))
