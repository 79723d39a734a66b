"""Makes a packet socket with a receive ring (packet(7), TPACKET_V2), in a thread if there is one.

The kernel waits for all its processors before it gives a ring, 10 ms and more. In that time the
wire's modules are imported, so this one needs no numpy.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from typing import TYPE_CHECKING, Final

from paris.packets.protocols import Protocol
from paris.threads import started
from paris.wire.linux import filters
from paris.wire.linux.filters import Sent
from paris.wire.linux.sockets import ETHER_TYPE

if TYPE_CHECKING:
    from paris.packets.flows import Flows
    from paris.wire.linux.bpf import Instruction

SOL_PACKET: Final = 263
_RX_RING, _VERSION = 5, 10
_TPACKET_V2: Final = 1
_IP6_HEADER: Final = 40
FRAME_BYTES: Final = 512  # a quote of 128 bytes with its extensions, twice over
_BLOCK_BYTES: Final = 1 << 16
FRAMES: Final = 1 << 16


class RingSocket:
    """A socket with a ring for the replies to the first probe of `flows`, from all interfaces.

    Whoever makes it either takes the socket, once, or closes it.
    """

    def __init__(self, flows: Flows) -> None:
        self._flows = flows
        self._made: socket.socket | Exception = RuntimeError("the ring is not made yet")
        self._making = started(self._make)
        if self._making is None:
            self._make()

    def taken(self) -> socket.socket:
        """The socket, as soon as it has its ring.

        Raises OSError (PermissionError without CAP_NET_RAW), WireError if a filter fails.
        """
        self._wait()
        if isinstance(self._made, Exception):
            raise self._made
        return self._made

    def close(self) -> None:
        """Close the socket and so release the ring."""
        self._wait()
        if isinstance(self._made, socket.socket):
            self._made.close()

    def _wait(self) -> None:
        if self._making is not None:
            self._making.join()

    def _make(self) -> None:
        try:
            self._made = _made(self._flows)
        except Exception as fault:
            self._made = fault


def kept(flows: Flows, sent: Sent) -> list[Instruction]:
    """The ring's filter, given which probes were `sent`."""
    header = _IP6_HEADER if flows.source.version == 6 else 0
    instructions = filters.icmp_replies(flows, header, sent.tags)
    if Protocol.TCP in flows.protocols:
        instructions = filters.either(instructions, filters.tcp_replies(flows, header, sent.tags))
    if Protocol.UDP in flows.protocols:
        instructions = filters.either(instructions, filters.udp_replies(flows, header, sent.ports))
    if flows.source.version == 6:
        # A raw socket gets what follows such headers; a packet socket gets all.
        instructions = filters.either(instructions, filters.extended_replies(flows))
    return instructions


def _made(flows: Flows) -> socket.socket:
    kind, protocol = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, ETHER_TYPE[flows.source.version]
    made = socket.socket(socket.AF_PACKET, kind, socket.htons(protocol))
    try:
        # `attach` discards datagrams that arrived unfiltered, so the ring never shows them.
        filters.attach(made, kept(flows, Sent(flows)))
        made.setsockopt(SOL_PACKET, _VERSION, _TPACKET_V2)
        _give_ring(made)
    except BaseException:
        made.close()
        raise
    return made


def _give_ring(made: socket.socket) -> None:
    """Set the ring up. Python's own call would hold up every other thread. Raises OSError."""
    blocks = FRAMES * FRAME_BYTES // _BLOCK_BYTES
    request = struct.pack("@IIII", _BLOCK_BYTES, blocks, FRAME_BYTES, FRAMES)
    call = ctypes.CDLL(None, use_errno=True).setsockopt
    if call(made.fileno(), SOL_PACKET, _RX_RING, request, len(request)) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
