"""The half-open connections of a host that listens, while it waits for the end of a handshake.

The source refuses each connection as soon as it hears of it, because no program there asked for it:
the kernel answers a SYN-ACK, or the acknowledgement of one, by a reset.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

_WINDOW: Final = 65_535  # of a SYN-ACK, at most (RFC 7323 section 2.2)
_AGAIN_S: Final = 1.0  # after which a host repeats its SYN-ACK (RFC 6298 section 2)
_ERROR_S: Final = 1e-6  # of sums of times; the source refuses a connection before it sends again
_APART_S: Final = 0.5  # between acknowledgements of one connection (Linux, tcp_invalid_ratelimit)


class Said(NamedTuple):
    """What a host says to a SYN after `wait_s`: TCP flags, and the number that it acknowledges."""

    flags: str
    acknowledged: int
    wait_s: float = 0.0


class _HalfOpen(NamedTuple):
    """A connection: its first SYN's number, until when it lasts, and when it may be confirmed."""

    number: int
    until_s: float
    confirmed_from_s: float


class Listening:
    """The connections of one host by ends and ports."""

    def __init__(self) -> None:
        self._half_open: dict[bytes, _HalfOpen] = {}

    def hears(
        self, ends: bytes, syn: bytes, at_s: float, delay_s: float, *, is_lost: bool
    ) -> Said | None:
        """What the source hears of a SYN (its TCP bytes) at `at_s`; None if it hears nothing.

        `ends` are the packed addresses. What the host says reaches the source and comes back after
        `delay_s`, unless it `is_lost`; a SYN-ACK is then said again, and that is not lost. Rules of
        RFC 9293 section 3.10.7.4, as Linux applies them.
        """
        key, (number,) = ends + syn[:4], struct.unpack("!I", syn[4:8])
        known = self._half_open.get(key)
        if known is None or known.until_s <= at_s + _ERROR_S:
            wait_s = _AGAIN_S if is_lost else 0.0
            self._half_open[key] = _HalfOpen(number, at_s + wait_s + delay_s, at_s)
            return Said("SA", _after(number), wait_s)
        if 0 < (number - known.number) % (1 << 32) <= _WINDOW:
            del self._half_open[key]
            return None if is_lost else Said("RA", _after(number))
        if at_s < known.confirmed_from_s:
            return None
        until_s = known.until_s if is_lost else min(known.until_s, at_s + delay_s)
        self._half_open[key] = _HalfOpen(known.number, until_s, at_s + _APART_S)
        if is_lost:
            return None
        return Said("SA" if number == known.number else "A", _after(known.number))


def _after(number: int) -> int:
    return (number + 1) & 0xFFFF_FFFF
