"""How far away a reply comes from, by its own TTL."""

from __future__ import annotations

from typing import Final

# Systems send with one of these TTLs.
_INITIAL_TTLS: Final = (64, 128, 255)


def links_passed(reply_ttl: int) -> int:
    """Over how many links a reply came that arrived with `reply_ttl`, from 0 to 255.

    >>> [links_passed(ttl) for ttl in (255, 254, 64, 62, 127)]
    [1, 2, 1, 3, 2]
    """
    return next(initial for initial in _INITIAL_TTLS if initial >= reply_ttl) - reply_ttl + 1
