"""Opens the bulk wire of a run: the kernel makes its ring while the wire's modules are imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paris.wire.bulk.ring_socket import RingSocket

if TYPE_CHECKING:
    from paris.packets.flows import Flows
    from paris.wire.base import Wire, WireOptions


def open_wire(flows: Flows, options: WireOptions) -> Wire:
    """See BulkWire.open. Raises ModuleNotFoundError without numpy."""
    ring = RingSocket(flows)
    try:
        from paris.wire.bulk.wire import BulkWire
    except BaseException:
        ring.close()
        raise
    return BulkWire.open(
        flows, options.interface, by_link=options.by_link, mark=options.mark, ring=ring
    )
