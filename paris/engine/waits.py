"""How long a reply is waited for: what each TTL, and those behind it, have shown so far."""

from __future__ import annotations

from typing import Final

MOST_WAIT_S: Final = 5.0  # what other traceroutes wait; paths over two satellites take half of it
# Where packets are known to pass, only the router itself can be slow.
_PASSED_WAIT_S: Final = 2.0
# The shortest wait bridges the queues that a burst of our own probes may build up.
_SHORTEST_WAIT_S: Final = 0.25
_SLOWER_THAN_ANY: Final = 3.0  # times the slowest reply
_CLOCK_ERROR_S: Final = 1e-6
_TTLS: Final = 256


class Waits:
    """Says when a probe to a TTL is given up. Times are durations in seconds.

    A TTL that never replied, or that lies behind all that did, gets the whole wait: what nearer
    hops took says nothing of the distance to the next one. A TTL that did reply is given three
    times the slowest reply from it or from behind it. Whether a silence has lasted for long enough
    to be believed is another question: it needs the whole wait as well (`whole_s`).

    `given_s` is the whole wait if the user chose one. `most_s` is how long the wire can wait.
    """

    def __init__(self, given_s: float | None = None, most_s: float = float("inf")) -> None:
        self._given_s = given_s
        self._most_s = most_s
        self.slowest_s = 0.0
        self._slowest_from_s = [0.0] * (_TTLS + 1)  # of replies from each TTL or from behind it
        self._replied: set[int] = set()
        self._silent: set[int] = set()

    def replied(self, ttl: int, rtt_s: float) -> None:
        """Learn that a probe to `ttl` was answered after `rtt_s`."""
        self._replied.add(ttl)
        self.slowest_s = max(self.slowest_s, rtt_s)
        for nearer in range(ttl, -1, -1):
            if self._slowest_from_s[nearer] >= rtt_s:
                break
            self._slowest_from_s[nearer] = rtt_s

    def gave_up(self, ttl: int, after_s: float) -> None:
        """Learn that a probe to `ttl` had no reply for `after_s`."""
        if after_s >= self.whole_s(ttl) - _CLOCK_ERROR_S:
            self._silent.add(ttl)

    def timeout_s(self, ttl: int) -> float:
        """After how long a probe to `ttl` is given up, so that it can be sent again."""
        whole_s = self.whole_s(ttl)
        if ttl in self._replied:
            seen_s = self._slowest_from_s[ttl]
        elif ttl in self._silent:
            seen_s = self.slowest_s  # the whole wait was spent on this TTL once: not in each round
        else:
            return whole_s
        return min(whole_s, max(_SHORTEST_WAIT_S, _SLOWER_THAN_ANY * seen_s))

    def whole_s(self, ttl: int) -> float:
        """How long a silence at `ttl` must last to be believed."""
        if self._given_s is not None:
            return min(self._given_s, self._most_s)
        behind_s = self._slowest_from_s[ttl]
        if not behind_s:
            return min(MOST_WAIT_S, self._most_s)
        return min(MOST_WAIT_S, self._most_s, max(_PASSED_WAIT_S, _SLOWER_THAN_ANY * behind_s))
