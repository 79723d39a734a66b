"""Addresses of one router, as routers themselves say it.

A router that describes the interface by which a probe came, or would have left, may say its address
(RFC 5837): that is another address it has, beside that from which it answers. Nothing else in a
trace proves that two addresses are one router's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.model import InterfaceRole

if TYPE_CHECKING:
    from mda.model import IPAddress
    from mda.trace import Trace

# The next hop is another router.
_OWN: Final = (InterfaceRole.INCOMING, InterfaceRole.SUB_IP, InterfaceRole.OUTGOING)


class Aliases:
    """Sets of addresses that grow trace by trace; `of` names each set by its least address."""

    def __init__(self) -> None:
        self._parent: dict[IPAddress, IPAddress] = {}

    def add(self, trace: Trace) -> None:
        """Add what the routers of a trace say of themselves."""
        for reply in trace.replies:
            for interface in reply.interfaces:
                address = interface.address
                if interface.role in _OWN and address is not None and _names_one(address):
                    self._join(reply.responder, address)

    def of(self, address: IPAddress) -> IPAddress:
        """The least known address of the router that has this one."""
        above = self._parent.get(address, address)
        while above != address:
            self._parent[address] = self._parent.get(above, above)
            address, above = above, self._parent.get(above, above)
        return address

    def _join(self, first: IPAddress, second: IPAddress) -> None:
        if first.version == second.version:
            least, greatest = sorted((self.of(first), self.of(second)), key=int)
            self._parent[greatest] = least


def _names_one(address: IPAddress) -> bool:
    """Whether an address belongs to one machine only; on other links others have the same."""
    return not (
        address.is_link_local
        or address.is_loopback
        or address.is_multicast
        or address.is_unspecified
    )
