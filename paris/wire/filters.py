"""Kernel filters that let in what can answer our probes, and nothing else (classic BPF).

What answers other programs is not ours to read, and a flood of it costs us nothing. Whether an
answer is to one of our probes is still for `pending` to say. Codes are those of linux/bpf_common.h.
"""

from __future__ import annotations

import socket
import struct
from array import array
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from paris.flows import Protocol
from paris.wire.kernel import SO_ATTACH_FILTER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paris.flows import FlowPlan

Instruction = tuple[int, int, int, int]  # code, jumps if true and false, operand

_BYTE, _HALF, _WORD = 0x30, 0x28, 0x20  # load from an offset
_BYTE_X, _HALF_X, _WORD_X = 0x50, 0x48, 0x40  # load from an offset behind the IPv4 header
_AND: Final = 0x54
_X_IS_IP4_LENGTH: Final = 0xB1
_EQUAL, _SET, _ABOVE, _RETURN = 0x15, 0x45, 0x25, 0x06
_NETWORK: Final = 0xFFF00000  # from here on offsets begin at the IP header, also where it is hidden
_WHOLE: Final = 0x40000
_DROP: Final = "drop"
_SYN_OR_RESET, _ACK = 0x06, 0x10
_ERRORS: Final = {4: (3, 11), 6: (1, 2, 3)}
_ECHO_REPLY: Final = {4: 0, 6: 129}


class _Program:
    """Instructions whose jumps go to names; without one they go on."""

    def __init__(self) -> None:
        self._code: list[tuple[int, int, str, str]] = []
        self._places: dict[str, int] = {}

    def add(self, code: int, operand: int, *, yes: str = "", no: str = "") -> None:
        """An instruction; `yes` and `no` are where it jumps."""
        self._code.append((code, operand, yes, no))

    def name(self, name: str) -> None:
        """Call the next instruction `name`."""
        self._places[name] = len(self._code)

    def require(self, load: int, at: int, value: int) -> None:
        """Drop the datagram unless what stands there has this value."""
        self.add(load, at)
        self.add(_EQUAL, value, no=_DROP)

    def require_range(self, load: int, at: int, lowest: int, highest: int) -> None:
        """Drop the datagram unless what stands there is at least `lowest`, at most `highest`."""
        self.add(load, at)
        if lowest:
            self.add(_ABOVE, lowest - 1, no=_DROP)
        self.add(_ABOVE, highest, yes=_DROP)

    def require_any(self, load: int, at: int, values: Sequence[int], then: str) -> None:
        """Drop the datagram unless what stands there is one of these; the next one is `then`."""
        self.add(load, at)
        for value in values[:-1]:
            self.add(_EQUAL, value, yes=then)
        self.add(_EQUAL, values[-1], no=_DROP)
        self.name(then)

    def require_destination(self, at: int, plan: FlowPlan, load: int = _WORD) -> None:
        """Drop the datagram unless a destination of the plan stands there."""
        packed = plan.destination.packed
        bits = 8 * len(packed) if plan.prefix_len is None else plan.prefix_len
        for offset in range(0, len(packed), 4):
            mask = 0xFFFFFFFF & ~(0xFFFFFFFF >> max(0, min(32, bits - 8 * offset)))
            if mask:
                self.add(load, at + offset)
                if mask != 0xFFFFFFFF:
                    self.add(_AND, mask)
                value = int.from_bytes(packed[offset : offset + 4]) & mask
                self.add(_EQUAL, value, no=_DROP)

    def assembled(self) -> list[Instruction]:
        """The instructions; what was not dropped is kept."""
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


def icmp_answers(plan: FlowPlan, header_bytes: int) -> list[Instruction]:
    """Keeps ICMP errors that quote packets to our destinations, and echo replies to ours.

    `header_bytes` is the length of the IP header before the ICMP message: 0 where a raw IPv6
    socket shows none, any other number for IPv6; in IPv4 it is read from the header itself.
    """
    version = plan.source.version
    program = _Program()
    if version == 4:
        program.require(_BYTE, 9, 1)
        program.add(_X_IS_IP4_LENGTH, 0)
        byte, half, word, at = _BYTE_X, _HALF_X, _WORD_X, 0
        quoted_protocol, quoted_destination = at + 8 + 9, at + 8 + 16
    else:
        if header_bytes:
            program.require(_BYTE, 6, 58)
        byte, half, word, at = _BYTE, _HALF, _WORD, header_bytes
        quoted_protocol, quoted_destination = at + 8 + 6, at + 8 + 24
    program.add(byte, at)
    for kind in _ERRORS[version]:
        program.add(_EQUAL, kind, yes="error")
    if Protocol.ICMP in plan.protocols:
        program.add(_EQUAL, _ECHO_REPLY[version], no=_DROP)
        program.require(half, at + 4, plan.sport)
        program.add(_RETURN, _WHOLE)
    else:
        program.add(_RETURN, 0)
    program.name("error")
    numbers = [protocol.number(version) for protocol in plan.protocols]
    program.require_any(byte, quoted_protocol, numbers, "protocol")
    program.require_destination(quoted_destination, plan, word)
    return program.assembled()


def tcp_answers(plan: FlowPlan, header_bytes: int) -> list[Instruction]:
    """Keeps SYN-ACKs and resets of our destinations; `header_bytes` as above."""
    program = _Program()
    if plan.source.version == 4:
        program.require(_BYTE, 9, 6)
        program.require_destination(12, plan)
        program.add(_X_IS_IP4_LENGTH, 0)
        program.add(_BYTE_X, 13)
    else:
        if header_bytes:
            program.require(_BYTE, 6, 6)
        program.require_destination(_NETWORK + 8, plan)
        program.add(_BYTE, header_bytes + 13)
    program.add(_SET, _ACK, no=_DROP)
    program.add(_SET, _SYN_OR_RESET, no=_DROP)
    return program.assembled()


def udp_answers(plan: FlowPlan, header_bytes: int) -> list[Instruction]:
    """Keeps what our destinations say from the ports that probes go to; `header_bytes` as above."""
    program = _Program()
    if plan.source.version == 4:
        program.require(_BYTE, 9, 17)
        program.require_destination(12, plan)
        program.add(_X_IS_IP4_LENGTH, 0)
        program.require_range(_HALF_X, 0, *plan.udp_ports)
    else:
        if header_bytes:
            program.require(_BYTE, 6, 17)
        program.require_destination(_NETWORK + 8, plan)
        program.require_range(_HALF, header_bytes, *plan.udp_ports)
    return program.assembled()


def either(first: list[Instruction], second: list[Instruction]) -> list[Instruction]:
    """Keeps what one of two filters keeps."""
    # The last instruction of the first drops: there the second begins.
    return [*first[:-1], *second]


def attach(one: socket.socket, instructions: list[Instruction]) -> None:
    """Let a socket receive only what a filter keeps; what came before is gone. Raises OSError."""
    code = array("B", b"".join(struct.pack("@HBBI", *one) for one in instructions))
    # The kernel copies the program while the option is set; `code` lives until then.
    one.setsockopt(
        socket.SOL_SOCKET,
        SO_ATTACH_FILTER,
        struct.pack("@HP", len(instructions), code.buffer_info()[0]),
    )
    with suppress(BlockingIOError):
        while True:
            one.recv(1, socket.MSG_DONTWAIT)
