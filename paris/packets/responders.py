"""Which addresses can be the source of a reply: those that a host or a router may have."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mda.model import IPAddress
    from paris.packets.flows import Flows

_BROADCAST: Final = b"\xff\xff\xff\xff"


def can_reply(responder: IPAddress, flows: Flows) -> bool:
    """Whether a reply to a probe of `flows` can come from this address.

    An unspecified, multicast, broadcast, loopback or IPv4-mapped address is nobody's on a network
    (RFC 1122 section 3.2.1.3, RFC 4291 sections 2.5.5 and 2.7, RFC 6890), and our own kernel is not
    a hop. The destination itself can always reply.
    """
    if responder == flows.destination:
        return True
    return responder not in flows.own_addresses and _is_somebodys(responder)


@lru_cache(maxsize=4096)  # a router replies many times
def _is_somebodys(responder: IPAddress) -> bool:
    """Whether an interface on a network can have this address."""
    packed = responder.packed
    if responder.is_multicast:
        return False
    if responder.version == 6:
        return any(packed[:10])  # ten zero bytes begin ::, ::1 and ::ffff:a.b.c.d
    return packed[0] != 0 and not responder.is_loopback and packed != _BROADCAST
