"""Kernel filters that keep only datagrams that may reply to our probes (classic BPF).

They drop replies to other programs, and replies with a tag or port that no probe used, so that
floods of those cost little. `paris.engine.pending` still decides which probe a reply belongs to.
Operation codes follow linux/bpf_common.h.
"""

from __future__ import annotations

import socket
import struct
from array import array
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from paris.errors import WireError
from paris.packets import tags
from paris.packets.numbers import ECHO_REPLY, ERRORS, ICMP6
from paris.packets.protocols import Protocol
from paris.wire.linux.sockets import SO_ATTACH_FILTER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paris.packets.flows import Flows

Instruction = tuple[int, int, int, int]  # code, jumps if true and false, operand

_BYTE, _HALF, _WORD = 0x30, 0x28, 0x20  # load from an offset
_BYTE_X, _HALF_X, _WORD_X = 0x50, 0x48, 0x40  # load from an offset after the IPv4 header
_AND, _MINUS, _MODULO = 0x54, 0x14, 0x94
_X_IS_IP4_LENGTH: Final = 0xB1
_EQUAL, _SET, _ABOVE, _RETURN = 0x15, 0x45, 0x25, 0x06
_NETWORK: Final = 0xFFF00000  # added to an offset, counts from the IP header even if it is hidden
_WHOLE: Final = 0x40000
_DROP, _KEEP = "drop", "keep"
_ACK: Final = 0x10
NONE, ALL = range(1, 1), range(1 << 16)  # ranges of tags or ports
# The filter's ranges grow in steps of this many, so that a run replaces filters rarely.
_TAGS_AT_ONCE, _PORTS_AT_ONCE = 2048, 256


class _Program:
    """Instructions that jump to names; an unnamed jump continues with the next instruction."""

    def __init__(self) -> None:
        self._code: list[tuple[int, int, str, str]] = []
        self._places: dict[str, int] = {}

    def add(self, code: int, operand: int, *, yes: str = "", no: str = "") -> None:
        """Append an instruction; `yes` and `no` name its jump targets."""
        self._code.append((code, operand, yes, no))

    def name(self, name: str) -> None:
        """Give the next instruction the name `name`."""
        self._places[name] = len(self._code)

    def require(self, load: int, at: int, value: int) -> None:
        """Drop the datagram unless the field at `at` equals `value`."""
        self.add(load, at)
        self.add(_EQUAL, value, no=_DROP)

    def require_range(self, load: int, at: int, lowest: int, highest: int) -> None:
        """Drop the datagram unless the field at `at` is from `lowest` to `highest`."""
        self.add(load, at)
        if lowest:
            self.add(_ABOVE, lowest - 1, no=_DROP)
        self.add(_ABOVE, highest, yes=_DROP)

    def keep_range(self, load: int, at: int, lowest: int, highest: int, otherwise: str) -> None:
        """Keep the datagram if the field at `at` is from `lowest` to `highest`.

        A datagram without this field is dropped; `otherwise` names what follows.
        """
        self.add(load, at)
        if lowest:
            self.add(_ABOVE, lowest - 1, no=otherwise)
        self.add(_ABOVE, highest, no=_KEEP)
        self.name(otherwise)

    def require_any(self, load: int, at: int, values: Sequence[int], then: str) -> None:
        """Drop the datagram unless the field at `at` is in `values`; `then` names what follows."""
        self.add(load, at)
        for value in values[:-1]:
            self.add(_EQUAL, value, yes=then)
        self.add(_EQUAL, values[-1], no=_DROP)
        self.name(then)

    def require_destination(self, at: int, flows: Flows, load: int = _WORD) -> None:
        """Drop the datagram unless the address at `at` is a destination of `flows`."""
        packed = flows.destination.packed
        bits = 8 * len(packed) if flows.prefix_len is None else flows.prefix_len
        for offset in range(0, len(packed), 4):
            mask = 0xFFFFFFFF & ~(0xFFFFFFFF >> max(0, min(32, bits - 8 * offset)))
            if mask:
                self.add(load, at + offset)
                if mask != 0xFFFFFFFF:
                    self.add(_AND, mask)
                value = int.from_bytes(packed[offset : offset + 4]) & mask
                self.add(_EQUAL, value, no=_DROP)

    def assembled(self) -> list[Instruction]:
        """The finished instructions; the filter keeps each datagram that it does not drop."""
        self.name(_KEEP)
        self.add(_RETURN, _WHOLE)
        self.name(_DROP)
        self.add(_RETURN, 0)
        return [
            (
                code,
                self._places[yes] - at - 1 if yes else 0,
                self._places[no] - at - 1 if no else 0,
                operand,
            )
            for at, (code, operand, yes, no) in enumerate(self._code)
        ]


class Sent:
    """The probes a wire has sent, as ranges of `tags` and source `ports` that replies may carry.

    An echo request's identifier counts as its port.
    """

    def __init__(self, flows: Flows) -> None:
        version = flows.source.version
        self.tags = self.ports = NONE
        self._protocol_at = 9 if version == 4 else 6
        self._tag_place = tags.place(version)
        self._port_places = {
            protocol.number(version): _port_place(protocol, version) for protocol in flows.protocols
        }

    def places(self, probe: Sequence[int]) -> tuple[slice, slice]:
        """The places of tag and port in a probe that starts at its IP header."""
        return self._tag_place, self._port_places[probe[self._protocol_at]]

    def add(self, probes: Sequence[bytes]) -> bool:
        """Count these as sent; returns whether a range grew, so that filters need replacing."""
        sent_tags, sent_ports = [], []
        for probe in probes:
            tag, port = self.places(probe)
            sent_tags.append(int.from_bytes(probe[tag]))
            sent_ports.append(int.from_bytes(probe[port]))
        return bool(probes) and self.add_between(
            min(sent_tags), max(sent_tags), min(sent_ports), max(sent_ports)
        )

    def add_between(
        self, lowest_tag: int, highest_tag: int, lowest_port: int, highest_port: int
    ) -> bool:
        """Like `add`, for all tags and ports between these bounds."""
        before = self.tags, self.ports
        self.tags = _widened(self.tags, lowest_tag, highest_tag, _TAGS_AT_ONCE)
        self.ports = _widened(self.ports, lowest_port, highest_port, _PORTS_AT_ONCE)
        return (self.tags, self.ports) != before


def _port_place(protocol: Protocol, version: int) -> slice:
    at = (20 if version == 4 else 40) + (4 if protocol is Protocol.ICMP else 0)
    return slice(at, at + 2)


def _widened(known: range, lowest: int, highest: int, step: int) -> range:
    """The range `known`, extended to `lowest` and `highest`, with bounds at multiples of `step`.

    >>> _widened(NONE, 510, 520, 256), _widened(range(256, 768), 700, 800, 256)
    (range(256, 768), range(256, 1024))
    """
    # Neither tag nor port is ever 0.
    start, stop = max(1, lowest // step * step), (highest // step + 1) * step
    return range(min(start, known.start), max(stop, known.stop)) if known else range(start, stop)


def icmp_replies(flows: Flows, header_bytes: int, sent: range = ALL) -> list[Instruction]:
    """A filter for ICMP errors that quote our probes, and for echo replies to our requests.

    Either carries a tag in `sent`, or a copy of it. `header_bytes` is the length of the IPv6 header
    before the ICMP message, 0 if a raw socket hides it; the filter itself reads an IPv4 header's
    length.
    """
    version = flows.source.version
    program = _Program()
    if version == 4:
        program.require(_BYTE, 9, 1)
        program.add(_X_IS_IP4_LENGTH, 0)
        byte, half, word, at = _BYTE_X, _HALF_X, _WORD_X, 0
        quote = at + 8
        quoted_protocol, quoted_destination = quote + 9, quote + 16
    else:
        if header_bytes:
            program.require(_BYTE, 6, ICMP6)
        byte, half, word, at = _BYTE, _HALF, _WORD, header_bytes
        quote = at + 8
        quoted_protocol, quoted_destination = quote + 6, quote + 24
    program.add(byte, at)
    for kind in ERRORS[version]:
        program.add(_EQUAL, kind, yes="error")
    if Protocol.ICMP in flows.protocols:
        program.add(_EQUAL, ECHO_REPLY[version], no=_DROP)
        program.require(half, at + 4, flows.sport)
        program.require_range(half, at + 6, sent.start, sent.stop - 1)
        program.add(_RETURN, _WHOLE)
    else:
        program.add(_RETURN, 0)
    program.name("error")
    numbers = [protocol.number(version) for protocol in flows.protocols]
    program.require_any(byte, quoted_protocol, numbers, "protocol")
    program.require_destination(quoted_destination, flows, word)
    if version == 4:
        # A NAT may leave only the identification as a copy of the tag, and may zero even that.
        program.add(half, quote + 4)
        program.add(_EQUAL, 0, yes=_KEEP)
        program.keep_range(half, quote + 4, tags.ip_id(sent.start), sent.stop, "tag")
    tag_at = tags.place(version).start
    program.keep_range(half, quote + tag_at, sent.start, sent.stop - 1, "copy")
    # ... or only the payload's copy, which begins behind the eight bytes that end with the tag.
    copy_at = quote + tag_at + 2 + tags.COPY_AT
    program.require_range(half, copy_at, sent.start, sent.stop - 1)
    return program.assembled()


def tcp_replies(flows: Flows, header_bytes: int, sent: range = ALL) -> list[Instruction]:
    """A filter for what acknowledges a tag in `sent` and comes from our destinations."""
    program = _Program()
    if flows.source.version == 4:
        program.require(_BYTE, 9, 6)
        program.require_destination(12, flows)
        program.add(_X_IS_IP4_LENGTH, 0)
        byte, half, word, at = _BYTE_X, _HALF_X, _WORD_X, 0
    else:
        if header_bytes:
            program.require(_BYTE, 6, 6)
        program.require_destination(_NETWORK + 8, flows)
        byte, half, word, at = _BYTE, _HALF, _WORD, header_bytes
    program.add(byte, at + 13)
    program.add(_SET, _ACK, no=_DROP)
    # A reply acknowledges the number that carries the tag, plus 1: that changes its low half only.
    program.add(word, at + 8)
    program.add(_MINUS, 1)
    program.add(_MODULO, tags.sequence(1))
    program.add(_EQUAL, 0, no=_DROP)
    program.require_range(half, at + 10, sent.start + 1, min(sent.stop, ALL.stop - 1))
    return program.assembled()


def udp_replies(flows: Flows, header_bytes: int, sent: range = ALL) -> list[Instruction]:
    """A filter for datagrams from our destinations' probed ports to source ports in `sent`."""
    program = _Program()
    if flows.source.version == 4:
        program.require(_BYTE, 9, 17)
        program.require_destination(12, flows)
        program.add(_X_IS_IP4_LENGTH, 0)
        half, at = _HALF_X, 0
    else:
        if header_bytes:
            program.require(_BYTE, 6, 17)
        program.require_destination(_NETWORK + 8, flows)
        half, at = _HALF, header_bytes
    program.require_range(half, at, *flows.udp_ports)
    program.require_range(half, at + 2, sent.start, sent.stop - 1)
    return program.assembled()


def either(first: list[Instruction], second: list[Instruction]) -> list[Instruction]:
    """A filter that keeps each datagram that at least one of the two keeps."""
    # The first filter ends with its drop; the second takes that place.
    return [*first[:-1], *second]


def attach(sock: socket.socket, instructions: list[Instruction]) -> None:
    """Filter what a socket receives, and discard earlier datagrams. Raises WireError."""
    replace(sock, instructions)
    with suppress(BlockingIOError):
        while True:
            sock.recv(1, socket.MSG_DONTWAIT)


def replace(sock: socket.socket, instructions: list[Instruction]) -> None:
    """Filter what a socket receives from now on. Raises WireError."""
    code = array("B", b"".join(struct.pack("@HBBI", *instruction) for instruction in instructions))
    # The kernel copies the program while the option is set; `code` lives until then.
    program = struct.pack("@HP", len(instructions), code.buffer_info()[0])
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
    except OSError as error:
        raise WireError(f"cannot filter what is received: {error.strerror}") from None
