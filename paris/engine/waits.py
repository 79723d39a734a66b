"""How long to wait for a reply, from the round trips seen so far at each TTL and beyond it."""

from __future__ import annotations

from typing import Final

MOST_WAIT_S: Final = 5.0  # as other traceroutes; a path over two satellites takes half of it
# If probes are known to pass a hop, only its router itself can be slow.
_PASSED_WAIT_S: Final = 2.0
# A router says that a host is down when it has asked for its link address in vain: three times, a
# second apart (RFC 4861 section 10; Linux for ARP as well), here with timers that are late. It is
# waited for where nothing answered a flow behind a silence: the host may be what is silent.
_RESOLVING_S: Final = 3.5
# The shortest wait covers the queues that a burst of our own probes may fill.
_SHORTEST_WAIT_S: Final = 0.25
_TIMEOUT_FACTOR: Final = 3.0  # times the slowest reply
_OVERDUE_FACTOR: Final = 2.0
_CLOCK_ERROR_S: Final = 1e-6
_KEPT_S: Final = 60.0  # a slow reply counts for at least so long, and for twice as long at most
_TTLS: Final = 256


class Waits:
    """Decides when a probe to a TTL times out. All times are durations in seconds.

    A TTL that never replied gets the whole wait, because nearer hops do not show how far away the
    next hop is; it gets it once, not per round. A TTL that replied gets three times the slowest
    reply from it or from beyond it. To believe a silence always takes the whole wait (`whole_s`),
    which is longer where it ends a path. Slow replies are forgotten once quicker ones have come for
    a minute or two, so that one of them does not lengthen a watch for good.

    `given_s` is the whole wait if the user chose one. `most_s` is how long the wire can wait.
    """

    def __init__(self, given_s: float | None = None, most_s: float = float("inf")) -> None:
        self._given_s = given_s
        self._most_s = most_s
        # The slowest reply from each TTL or beyond it, since `_since_s` and in the time before.
        self._lately_s = [0.0] * (_TTLS + 1)
        self._before_s = [0.0] * (_TTLS + 1)
        self._since_s: float | None = None
        self._replied: set[int] = set()
        self._silent: set[int] = set()

    @property
    def slowest_s(self) -> float:
        """How long the slowest reply took; 0 if there was none."""
        return self._slowest_from_s(0)

    def replied(self, ttl: int, rtt_s: float, at_s: float) -> None:
        """Record that the reply to a probe to `ttl` took `rtt_s`, and came at the time `at_s`."""
        if self._since_s is None:
            self._since_s = at_s
        elif at_s - self._since_s >= _KEPT_S:
            # Where nothing has replied since, what was known before is all that there is.
            pairs = zip(self._lately_s, self._before_s, strict=True)
            self._before_s = [lately_s or before_s for lately_s, before_s in pairs]
            self._lately_s = [0.0] * (_TTLS + 1)
            self._since_s = at_s
        self._replied.add(ttl)
        for nearer in range(ttl, -1, -1):
            if self._lately_s[nearer] >= rtt_s:
                break
            self._lately_s[nearer] = rtt_s

    def gave_up(self, ttl: int, after_s: float) -> None:
        """Record that a probe to `ttl` had no reply for `after_s`."""
        if after_s >= self.whole_s(ttl) - _CLOCK_ERROR_S:
            self._silent.add(ttl)

    def due_s(self, ttl: int) -> float:
        """After how long a reply from `ttl` is overdue; infinite if that TTL never replied."""
        if ttl not in self._replied:
            return float("inf")
        return _OVERDUE_FACTOR * self._slowest_from_s(ttl)

    def timeout_s(self, ttl: int) -> float:
        """After how long a probe to `ttl` times out, so that it can be sent again."""
        whole_s = self.whole_s(ttl)
        if ttl in self._replied:
            seen_s = self._slowest_from_s(ttl)
        elif ttl in self._silent:
            seen_s = self.slowest_s  # this TTL has already had the whole wait once
        else:
            return whole_s
        return min(whole_s, max(_SHORTEST_WAIT_S, _TIMEOUT_FACTOR * seen_s))

    def whole_s(self, ttl: int, *, is_end: bool = False) -> float:
        """How long a silence at `ttl` must last to be believed.

        With `is_end` no flow was answered behind that silence.
        """
        if self._given_s is not None:
            return min(self._given_s, self._most_s)
        beyond_s = self._slowest_from_s(ttl)
        if not beyond_s:
            return min(MOST_WAIT_S, self._most_s)
        least_s = _RESOLVING_S + self.slowest_s if is_end else _PASSED_WAIT_S
        return min(MOST_WAIT_S, self._most_s, max(least_s, _TIMEOUT_FACTOR * beyond_s))

    def _slowest_from_s(self, ttl: int) -> float:
        return max(self._lately_s[ttl], self._before_s[ttl])
