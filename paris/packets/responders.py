"""The sources of replies: which addresses can be one, as a host or a router may have them."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mda.model import IPAddress
    from paris.packets.flows import Flows

_BROADCAST: Final = b"\xff\xff\xff\xff"


# A router replies many times. Addresses are compared often, and an object equals itself at once.
@lru_cache(maxsize=4096)
def address(packed: bytes) -> IPAddress:
    """The address of these bytes, each time the same object."""
    return ip_address(packed)


def can_reply(responder: IPAddress, flows: Flows) -> bool:
    """Whether a reply to a probe of `flows` can come from this address.

    An unspecified, multicast, broadcast, loopback or IPv4-mapped address is nobody's on a network
    (RFC 1122 section 3.2.1.3, RFC 4291 sections 2.5.5 and 2.7, RFC 6890), and our own kernel is not
    a hop. The destination itself can always reply.
    """
    if responder in flows.own_addresses:
        return responder == flows.destination
    return _is_somebodys(int(responder), responder.version) or responder == flows.destination


@lru_cache(maxsize=4096)  # to hash an address takes longer than to hash its number
def _is_somebodys(number: int, version: int) -> bool:
    """Whether an interface on a network can have the address of this number."""
    responder = IPv4Address(number) if version == 4 else IPv6Address(number)
    packed = responder.packed
    if responder.is_multicast:
        return False
    if responder.version == 6:
        return any(packed[:10])  # ten zero bytes begin ::, ::1 and ::ffff:a.b.c.d
    return packed[0] != 0 and not responder.is_loopback and packed != _BROADCAST
