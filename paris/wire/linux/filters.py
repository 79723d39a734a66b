"""Kernel filters that keep only datagrams that may reply to our probes (classic BPF).

They drop replies to other programs, and replies with a tag or port that no probe used, so that
floods of those cost little. `paris.engine.pending` still decides which probe a reply belongs to.
What a filter cannot judge it lets in, to be counted: quotes that end too early, and quotes whose
probe lies behind other headers, if they have our source or our destination. These programs cannot
loop: they look behind two IPv6 extension headers, and let in what has more.
"""

from __future__ import annotations

import socket
import struct
from array import array
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from paris.errors import WireError
from paris.packets import tags
from paris.packets.numbers import (
    AUTHENTICATION,
    ECHO_REPLY,
    ENCAPSULATED,
    ERRORS,
    EXTENSION_HEADERS,
    FRAGMENT,
    ICMP4,
    ICMP6,
    ROUTING,
    TCP,
    UDP,
)
from paris.packets.protocols import Protocol
from paris.wire.linux import bpf
from paris.wire.linux.bpf import Instruction, Program
from paris.wire.linux.sockets import SO_ATTACH_FILTER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paris.packets.flows import Flows

_FIXED_BYTES: Final = {4: 20, 6: 40}  # of an IP header without options
_ACK: Final = 0x10
_CUT: Final = 0xFFF9  # the offset and more-fragments bits (RFC 8200 section 4.5)
NONE, ALL = range(1, 1), range(1, 1 << 16)  # ranges of tags or ports
# The filter's ranges grow in steps of this many, so that a run replaces filters rarely.
_TAGS_AT_ONCE, _PORTS_AT_ONCE = 2048, 256


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
    version, program = flows.source.version, Program()
    if version == 4:
        program.require(bpf.BYTE, 9, ICMP4)
        program.add(bpf.X_IS_IP4_LENGTH, 0)
        at, protocol_at, destination_at = 0, 9, 16
    else:
        if header_bytes:
            program.require(bpf.BYTE, 6, ICMP6)
        program.add(bpf.X_IS_NUMBER, 0)
        at, protocol_at, destination_at = header_bytes, 6, 24
    quote, fixed = at + 8, _FIXED_BYTES[version]
    program.add(bpf.BYTE_X, at)
    for kind in ERRORS[version]:
        program.add(bpf.EQUAL, kind, yes="error")
    if Protocol.ICMP in flows.protocols:
        program.add(bpf.EQUAL, ECHO_REPLY[version], no=bpf.DROP)
        program.require(bpf.HALF_X, at + 4, flows.sport)
        program.require_range(bpf.HALF_X, at + 6, sent.start, sent.stop - 1)
        program.add(bpf.RETURN, bpf.WHOLE)
    else:
        program.add(bpf.RETURN, 0)
    program.name("error")
    program.keep_below(quote + fixed)
    program.add(bpf.BYTE_X, quote + protocol_at)
    for protocol in flows.protocols:
        program.add(bpf.EQUAL, protocol.number(version), yes="protocol")
    _keep_deep(program, flows, quote)
    program.name("protocol")
    program.add(bpf.KEEP_A, bpf.THIS)
    program.require_destination(quote + destination_at, flows)
    tag_at = quote + tags.place(version).start
    if version == 4:
        # A NAT may leave only the identification as a copy of the tag, and may zero even that.
        program.add(bpf.HALF_X, quote + 4)
        program.add(bpf.EQUAL, 0, yes=bpf.KEEP)
        program.keep_range(bpf.HALF_X, quote + 4, tags.ip_id(sent.start), sent.stop, "tag")
        program.skip_ip4_header(quote)
        tag_at -= fixed
    program.keep_below(tag_at + 2)
    program.keep_range(bpf.HALF_X, tag_at, sent.start, sent.stop - 1, "copy")
    # ... or only the payload's copy, which begins behind the eight bytes that end with the tag.
    # TCP has none: a NAT leaves its tag alone.
    copy_at = tag_at + 2 + tags.COPY_AT
    program.add(bpf.LOAD_KEPT, bpf.THIS)
    program.add(bpf.EQUAL, TCP, yes=bpf.DROP)
    program.keep_below(copy_at + 2)
    # A payload without a copy begins with its own bytes, or has them behind the word.
    for payload in flows.payloads:
        if not payload.has_copies:
            begin = 0 if payload.word_at else 2
            program.add(bpf.HALF_X, tag_at + 2 + begin)
            own = int.from_bytes(payload.request[begin : begin + 2])
            program.add(bpf.EQUAL, own, yes=bpf.KEEP)
    program.require_range(bpf.HALF_X, copy_at, sent.start, sent.stop - 1)
    return program.assembled()


def _keep_deep(program: Program, flows: Flows, quote: int) -> None:
    """Keep a quote that may show our probe behind other headers, and drop every other.

    The quoted protocol is loaded. The quote has our source, or goes to our destination in the end
    (a NAT may have rewritten the source); or it is a tunnel's, and so does the probe in it, or that
    is cut off before.
    """
    version, packed = flows.source.version, flows.source.packed
    before = [ENCAPSULATED[version], *(sorted(EXTENSION_HEADERS) if version == 6 else [])]
    program.require_any(before, "deep")
    program.require_version(quote, version)
    source_at, destination_at = (12, 16) if version == 4 else (8, 24)
    for source in (flows.source, *flows.sources):
        otherwise = f"not from {source}"
        program.require_address(
            quote + source_at, source.packed, 8 * len(packed), otherwise=otherwise
        )
        program.add(bpf.RETURN, bpf.WHOLE)
        program.name(otherwise)
    inner = quote
    if version == 4:
        program.skip_ip4_header(quote)
    else:
        inner += 40
        _skip_extensions(program, flows, quote)
        program.name("inside")
    program.keep_below(inner + 1)
    program.require_version(inner, version)
    program.keep_below(inner + destination_at + len(packed))
    program.require_destination(inner + destination_at, flows, otherwise="deeper")
    program.add(bpf.RETURN, bpf.WHOLE)
    program.name("deeper")
    program.add(bpf.BYTE_X, inner + (9 if version == 4 else 6))
    program.require_any(before, "deepest")
    program.add(bpf.RETURN, bpf.WHOLE)


def _skip_extensions(program: Program, flows: Flows, quote: int) -> None:
    """Go on "inside" a tunnel behind up to two extension headers, with X added to their length.

    Keeps a quote that goes to our destination, by its IPv6 header or by a routing header, or that
    has more extension headers. Drops every other.
    """
    at = quote + 40
    program.require_destination(quote + 24, flows, otherwise="elsewhere")
    program.add(bpf.RETURN, bpf.WHOLE)
    program.name("elsewhere")
    program.add(bpf.BYTE_X, quote + 6)
    for header in ("first", "second"):
        program.add(bpf.EQUAL, ENCAPSULATED[6], yes="inside")
        program.require_any(sorted(EXTENSION_HEADERS), header)
        program.add(bpf.KEEP_A, bpf.THIS)
        program.keep_below(at + 8)
        program.add(bpf.BYTE_X, at)
        program.add(bpf.KEEP_A, bpf.FOLLOWING)
        program.add(bpf.LOAD_KEPT, bpf.THIS)
        program.add(bpf.EQUAL, AUTHENTICATION, yes=f"{header} in words")
        program.add(bpf.EQUAL, ROUTING, no=f"{header} in eights")
        # A segment routing header has the last segment first, others have it last.
        program.keep_below(at + 24)
        program.require_destination(at + 8, flows, otherwise=f"{header} in eights")
        program.add(bpf.RETURN, bpf.WHOLE)
        program.name(f"{header} in eights")  # also a fragment's: it has 0 in the length's place
        program.add(bpf.BYTE_X, at + 1)
        program.add(bpf.PLUS, 1)
        program.add(bpf.SHIFT_LEFT, 3)
        program.go(f"behind {header}")
        program.name(f"{header} in words")
        program.add(bpf.BYTE_X, at + 1)
        program.add(bpf.PLUS, 2)
        program.add(bpf.SHIFT_LEFT, 2)
        program.name(f"behind {header}")
        program.add(bpf.PLUS_X, 0)
        program.add(bpf.X_IS_LOADED, 0)
        program.keep_below(at)
        program.add(bpf.LOAD_KEPT, bpf.THIS)
        program.add(bpf.EQUAL, ROUTING, no=f"what follows {header}")
        program.require_destination(at - 16, flows, otherwise=f"what follows {header}")
        program.add(bpf.RETURN, bpf.WHOLE)
        program.name(f"what follows {header}")
        program.add(bpf.LOAD_KEPT, bpf.FOLLOWING)
    program.add(bpf.EQUAL, ENCAPSULATED[6], yes="inside")
    program.require_any(sorted(EXTENSION_HEADERS), "third")
    program.add(bpf.RETURN, bpf.WHOLE)


def tcp_replies(flows: Flows, header_bytes: int, sent: range = ALL) -> list[Instruction]:
    """A filter for what acknowledges a tag in `sent`, from whatever address."""
    program = Program()
    if flows.source.version == 4:
        program.require(bpf.BYTE, 9, TCP)
        program.add(bpf.X_IS_IP4_LENGTH, 0)
        at = 0
    else:
        if header_bytes:
            program.require(bpf.BYTE, 6, TCP)
        program.add(bpf.X_IS_NUMBER, 0)
        at = header_bytes
    program.add(bpf.BYTE_X, at + 13)
    program.add(bpf.SET, _ACK, no=bpf.DROP)
    # A reply acknowledges the number that carries the tag, plus 1: that changes its low half only.
    program.add(bpf.WORD_X, at + 8)
    program.add(bpf.MINUS, 1)
    program.add(bpf.MODULO, tags.sequence(1))
    program.add(bpf.EQUAL, 0, no=bpf.DROP)
    program.require_range(bpf.HALF_X, at + 10, sent.start + 1, min(sent.stop, ALL.stop - 1))
    return program.assembled()


def udp_replies(flows: Flows, header_bytes: int, sent: range = ALL) -> list[Instruction]:
    """A filter for datagrams from our destinations' probed ports to source ports in `sent`.

    From the same port of another address it keeps what may show a tag (see `payloads.Sign`).
    """
    program = Program()
    if flows.source.version == 4:
        program.require(bpf.BYTE, 9, UDP)
        program.add(bpf.X_IS_IP4_LENGTH, 0)
        at, source_at = 0, 12
    else:
        if header_bytes:
            program.require(bpf.BYTE, 6, UDP)
        program.add(bpf.X_IS_NUMBER, 0)
        at, source_at = header_bytes, bpf.NETWORK + 8
    program.require_range(bpf.HALF_X, at, *flows.udp_ports)
    program.require_range(bpf.HALF_X, at + 2, sent.start, sent.stop - 1)
    program.require_destination(source_at, flows, bpf.WORD, otherwise="elsewhere")
    program.add(bpf.RETURN, bpf.WHOLE)
    program.name("elsewhere")
    # Loading from behind the end drops the datagram, so what lies first is asked first.
    for sign in sorted(sign for payload in flows.payloads for sign in payload.signs):
        program.add(bpf.WORD_X, at + 8 + sign.at)
        program.add(bpf.AND, sign.mask)
        program.add(bpf.EQUAL, sign.value, yes=bpf.KEEP)
    program.add(bpf.RETURN, 0)
    return program.assembled()


def extended_replies(flows: Flows) -> list[Instruction]:
    """A filter for datagrams to us with extension headers behind the IPv6 header.

    Of fragments it keeps only what is not cut: no reply is as long as to need it.
    """
    program = Program()
    program.add(bpf.BYTE, 6)
    program.require_any(sorted(EXTENSION_HEADERS), "extended")
    program.require_address(24, flows.source.packed, 128, bpf.WORD)
    program.add(bpf.BYTE, 6)
    program.add(bpf.EQUAL, FRAGMENT, no=bpf.KEEP)
    program.add(bpf.HALF, 42)
    program.add(bpf.SET, _CUT, yes=bpf.DROP)
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
