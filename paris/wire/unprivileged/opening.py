"""Opens the wire that needs no privilege: TCP by connect(), UDP and ICMP by datagram sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.model import HeaderField
from paris.errors import PrivilegeError, SettingsError
from paris.packets.protocols import Protocol

if TYPE_CHECKING:
    from paris.packets.flows import Flows
    from paris.wire.base import Wire, WireOptions
    from paris.wire.unprivileged.tcp import ConnectWire
    from paris.wire.unprivileged.udp_icmp import DatagramWire


def open_wire(flows: Flows, options: WireOptions) -> Wire:
    """A wire for the probes of `flows`.

    It opens the socket of flow 0 at once, so that refusals show early. Raises PortTakenError also
    where another run sends the same headers; see `flow_sockets.open_port` for other errors.
    """
    if flows.protocol is Protocol.TCP and flows.go_anywhere:
        raise PrivilegeError("a survey by TCP needs raw sockets; use -U or -I")
    if flows.protocol is Protocol.TCP:
        if flows.field is HeaderField.FLOW_LABEL:
            raise SettingsError(
                "--flow-field flow-label goes with -T on raw sockets only: the kernel makes one "
                "connection between two ports at a time; use --flow-field sport"
            )
        from paris.wire.unprivileged.tcp import ConnectWire

        wire: ConnectWire | DatagramWire = ConnectWire(flows, options)
    else:
        from paris.wire.unprivileged.udp_icmp import DatagramWire

        wire = DatagramWire(flows, options)
    try:
        wire.open_first()
    except BaseException:
        wire.close()
        raise
    return wire
