"""An assembler of programs for the kernel's packet filter (classic BPF).

A program's jumps go to names. Operation codes follow linux/bpf_common.h.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paris.packets.flows import Flows

Instruction = tuple[int, int, int, int]  # code, jumps if true and false, operand

BYTE, HALF, WORD = 0x30, 0x28, 0x20  # load from an offset
BYTE_X, HALF_X, WORD_X = 0x50, 0x48, 0x40  # load from an offset behind X
LENGTH: Final = 0x80  # load how long the datagram is
AND, MINUS, MODULO, SHIFT_LEFT = 0x54, 0x14, 0x94, 0x64
PLUS, PLUS_X, MINUS_X = 0x04, 0x0C, 0x1C
KEEP_A, LOAD_KEPT = 0x02, 0x60  # into a cell of the program's memory, and from there
THIS, FOLLOWING = 0, 1  # such cells
X_IS_IP4_LENGTH, X_IS_LOADED, X_IS_NUMBER = 0xB1, 0x07, 0x01
EQUAL, SET, ABOVE, AT_LEAST_X, RETURN = 0x15, 0x45, 0x25, 0x3D, 0x06
JUMP: Final = 0x05
FURTHEST: Final = 0xFF  # instructions that a condition can jump over
NETWORK: Final = 0xFFF00000  # added to an offset, counts from the IP header even if it is hidden
WHOLE: Final = 0x40000
DROP, KEEP = "drop", "keep"


class Program:
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
        self.add(EQUAL, value, no=DROP)

    def require_range(self, load: int, at: int, lowest: int, highest: int) -> None:
        """Drop the datagram unless the field at `at` is from `lowest` to `highest`."""
        self.add(load, at)
        if lowest:
            self.add(ABOVE, lowest - 1, no=DROP)
        self.add(ABOVE, highest, yes=DROP)

    def keep_range(self, load: int, at: int, lowest: int, highest: int, otherwise: str) -> None:
        """Keep the datagram if the field at `at` is from `lowest` to `highest`.

        A datagram without this field is dropped; `otherwise` names what follows.
        """
        self.add(load, at)
        if lowest:
            self.add(ABOVE, lowest - 1, no=otherwise)
        self.add(ABOVE, highest, no=KEEP)
        self.name(otherwise)

    def keep_below(self, length: int) -> None:
        """Keep the datagram if it is shorter, counted from X: so short that none can judge it."""
        self.add(LENGTH, 0)
        self.add(AT_LEAST_X, 0, no=KEEP)
        self.add(MINUS_X, 0)
        self.add(ABOVE, length - 1, no=KEEP)

    def require_version(self, at: int, version: int) -> None:
        """Drop the datagram unless an IP header of this version seems to begin at `at` behind X."""
        self.add(BYTE_X, at)
        self.add(AND, 0xF0)
        self.add(EQUAL, version << 4, no=DROP)

    def skip_ip4_header(self, at: int) -> None:
        """Add the length of the IPv4 header at `at` behind X to X, options included."""
        self.add(BYTE_X, at)
        self.add(AND, 0xF)
        self.add(SHIFT_LEFT, 2)
        self.add(PLUS_X, 0)
        self.add(X_IS_LOADED, 0)

    def go(self, name: str) -> None:
        """Jump to a name: no value is above this one."""
        self.add(ABOVE, 0xFFFFFFFF, no=name)

    def require_any(self, values: Sequence[int], then: str) -> None:
        """Drop the datagram unless what is loaded is in `values`; `then` names what follows."""
        for value in values[:-1]:
            self.add(EQUAL, value, yes=then)
        self.add(EQUAL, values[-1], no=DROP)
        self.name(then)

    def require_destination(
        self, at: int, flows: Flows, load: int = WORD_X, otherwise: str = DROP
    ) -> None:
        """Go to `otherwise` unless the address at `at` is a destination of `flows`."""
        packed = flows.destination.packed
        bits = 8 * len(packed) if flows.prefix_len is None else flows.prefix_len
        self.require_address(at, packed, bits, load, otherwise)

    def require_address(
        self, at: int, packed: bytes, bits: int, load: int = WORD_X, otherwise: str = DROP
    ) -> None:
        """Go to `otherwise` unless the address at `at` has the first `bits` of `packed`."""
        for offset in range(0, len(packed), 4):
            mask = 0xFFFFFFFF & ~(0xFFFFFFFF >> max(0, min(32, bits - 8 * offset)))
            if mask:
                self.add(load, at + offset)
                if mask != 0xFFFFFFFF:
                    self.add(AND, mask)
                value = int.from_bytes(packed[offset : offset + 4]) & mask
                self.add(EQUAL, value, no=otherwise)

    def assembled(self) -> list[Instruction]:
        """The finished instructions; the filter keeps each datagram that it does not drop."""
        self.name(KEEP)
        self.add(RETURN, WHOLE)
        self.name(DROP)
        self.add(RETURN, 0)
        far: set[int] = set()  # these jump by way of two instructions that follow them
        while True:
            sizes = [3 if index in far else 1 for index in range(len(self._code))]
            starts = [0, *accumulate(sizes)]
            over = [
                [starts[self._places[name]] - starts[index] - 1 if name else 0 for name in names]
                for index, (_, _, *names) in enumerate(self._code)
            ]
            too_far = {index for index, both in enumerate(over) if max(both) > FURTHEST} - far
            if not too_far:
                break
            far |= too_far
        assembled: list[Instruction] = []
        for index, (code, operand, yes, no) in enumerate(self._code):
            on_yes, on_no = over[index]
            if index in far:
                first = on_yes - 1 if yes else 1
                second = on_no - 2 if no else 0
                assembled += [(code, 0, 1, operand), (JUMP, 0, 0, first), (JUMP, 0, 0, second)]
            else:
                assembled.append((code, on_yes, on_no, operand))
        return assembled
