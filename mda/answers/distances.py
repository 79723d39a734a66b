"""How far away a reply comes from, by its own TTL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mda.model import Reply

# Systems send with one of these TTLs.
_INITIAL_TTLS: Final = (64, 128, 255)
_LOW_TTL: Final = 32  # no system in use sends with less, and hardly any path is longer
#: Links by which a way back is so much longer that more hops than one may be hidden.
MANY_LINKS: Final = 2


def links_passed(reply_ttl: int) -> int:
    """Over how many links a reply came that arrived with `reply_ttl`, from 0 to 255.

    >>> [links_passed(ttl) for ttl in (255, 254, 64, 62, 127)]
    [1, 2, 1, 3, 2]
    """
    return next(initial for initial in _INITIAL_TTLS if initial >= reply_ttl) - reply_ttl + 1


def links_more(reply: Reply, ttl: int) -> int | None:
    """By how many links the way back of a reply is longer than the `ttl` hops that its probe took.

    None if that is not known, as no path is as long as its own TTL says.
    """
    if reply.reply_ttl is None:
        return None
    passed = links_passed(reply.reply_ttl)
    return passed - ttl if passed <= _LOW_TTL else None


def copies_ttl(reply: Reply) -> bool:
    """Whether the sender of a reply that ends a path seems to send it with the probe's TTL.

    Such a host copies what the probe had left, so its replies to probes that barely arrive die on
    the way back: the first to survive arrives with a TTL of 1. If it quotes the probe, others show
    that as well: each reply lost on its way what the probe lost on its own.
    """
    ttl, left, arrived = reply.request.ttl, reply.quoted_ttl, reply.reply_ttl
    if not reply.ends_path or arrived is None or ttl == 1:
        return False
    if arrived == 1:
        return True
    return left is not None and left < min(ttl, _LOW_TTL) and arrived == left - (ttl - left)
