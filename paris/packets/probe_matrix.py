"""Builds many probes at once as rows of a byte matrix, equal to the datagrams of `probes.build`.

Bytes that all probes share are built once; bytes that differ are written as columns. Checksums are
ones'-complement sums, so a column is simply added to them. Imports numpy: for the bulk wire only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, overload

import numpy as np

from mda.model import HeaderField, ProbeRequest
from paris.packets import probes
from paris.packets.checksums import pseudo_header, word_sum
from paris.packets.numbers import ICMP4
from paris.packets.protocols import Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mda.model import IPAddress
    from paris.packets.flows import Flows

    Bytes = NDArray[np.uint8]
    Words = NDArray[np.uint32]

_HEADER_WORDS: Final = {4: 10, 6: 20}


class Matrix(Sequence[bytes]):
    """Datagrams of one length as the rows of `rows` (n x length bytes)."""

    def __init__(self, rows: Bytes) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> Matrix: ...
    def __getitem__(self, index: int | slice) -> bytes | Matrix:
        if isinstance(index, slice):
            return Matrix(self.rows[index])
        return bytes(self.rows[index].tobytes())


class Crafter:
    """Builds probes of `flows`."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows
        self._version = flows.source.version
        self._balancing_at = 4 + flows.payload.word_at // 2  # the word, behind the IP header
        first = probes.build(flows, ProbeRequest(0, 1), 1)
        self._length = len(first)
        self._template = self._blank(first)
        at = 2 * _HEADER_WORDS[self._version]
        self._header_sum = word_sum(self._template[:at].tobytes())
        message = self._template[at:].tobytes()
        if flows.protocol.number(self._version) != ICMP4:
            message += pseudo_header(
                flows.source.packed,
                flows.destination.packed,
                flows.protocol.number(self._version),
                self._length - at,
            )
        self._message_sum = word_sum(message)
        self._by_source: dict[IPAddress, Crafter] = {}

    def build(self, requests: Sequence[ProbeRequest], tags: Sequence[int]) -> Matrix:
        """The datagrams of these requests; see `probes.build`."""
        columns = np.array(requests, dtype=np.uint32).reshape(len(requests), 3)
        return self.craft(columns[:, 0], columns[:, 1], np.array(tags, dtype=np.uint32))

    def craft(self, numbers: Words, ttls: Words, tags: Words) -> Matrix:
        """The same from columns of flow numbers, TTLs and tags, all of the same length."""
        if self._flows.ways is not None:
            return self._craft_by_source(numbers, ttls, tags)
        rows = np.empty((len(numbers), len(self._template)), np.uint8)
        rows[:] = self._template
        words = rows.view(">u2")
        if self._version == 4:
            identification = tags + 1  # see `tags.ip_id`
            rows[:, 8] = ttls
            words[:, 2] = identification
            words[:, 5] = ~_fold(self._header_sum + (ttls << 8) + identification)
        else:
            rows[:, 7] = ttls
            if self._flows.field is HeaderField.FLOW_LABEL:
                labels = self._flows.flow_label + numbers
                words[:, 0] |= labels >> 16
                words[:, 1] = labels
        self._write_message(words[:, _HEADER_WORDS[self._version] :], numbers, tags)
        return Matrix(rows[:, : self._length])

    def _craft_by_source(self, numbers: Words, ttls: Words, tags: Words) -> Matrix:
        """The same where flows have sources that belong to their ways.

        Raises WithheldError if any of them has no way.
        """
        for number in dict.fromkeys(numbers.tolist()):
            if refused := self._flows.refusal(number):
                raise refused
        rows = np.empty((len(numbers), self._length), np.uint8)
        sources = [self._flows.headers(number).source for number in numbers.tolist()]
        for source in dict.fromkeys(sources):
            if source not in self._by_source:
                self._by_source[source] = Crafter(self._flows.replace(source=source, ways=None))
            places = np.flatnonzero([own == source for own in sources])
            crafter = self._by_source[source]
            rows[places] = crafter.craft(numbers[places], ttls[places], tags[places]).rows
        return Matrix(rows)

    def _write_message(self, words: NDArray[np.uint16], numbers: Words, tags: Words) -> None:
        flows = self._flows
        if flows.protocol is Protocol.ICMP:
            wanted = values(flows, HeaderField.ICMP_CHECKSUM, numbers)
            words[:, 1] = wanted
            words[:, 3] = tags
            words[:, 4] = _balancing(self._message_sum + tags, wanted)
            words[:, -2], words[:, -1] = tags, ~tags  # see `tags.copies`
            return
        sports = values(flows, HeaderField.SPORT, numbers)
        dports = values(flows, HeaderField.DPORT, numbers)
        words[:, 0] = sports
        words[:, 1] = dports
        total = self._message_sum + sports + dports
        if flows.protocol is Protocol.UDP:
            words[:, 3] = tags
            words[:, self._balancing_at] = _balancing(total, tags)
            if flows.payload.has_copies:
                words[:, -2], words[:, -1] = tags, ~tags
        else:
            words[:, 2] = words[:, 3] = tags  # see `tags.sequence`
            words[:, 8] = ~_fold(total + 2 * tags)

    def _blank(self, probe: bytes) -> Bytes:
        """The probe with 0 in all columns that differ between probes, and behind an odd last byte.

        Columns are words, so there is an even number of bytes; `_length` of them are sent.
        """
        blank = np.frombuffer(probe + bytes(len(probe) % 2), np.uint8).copy()
        words = blank.view(">u2")
        at = _HEADER_WORDS[self._version]
        if self._version == 4:
            blank[8] = 0
            words[[2, 5]] = 0
        else:
            blank[7] = 0
            if self._flows.field is HeaderField.FLOW_LABEL:
                words[0] &= 0xFFF0
                words[1] = 0
        copies = [-2, -1] if self._flows.payload.has_copies else []
        columns = {
            Protocol.UDP: [0, 1, 3, self._balancing_at, *copies],
            Protocol.ICMP: [1, 3, 4, -2, -1],
            Protocol.TCP: [0, 1, 2, 3, 8],
        }
        words[at:][columns[self._flows.protocol]] = 0
        return blank


def builder(flows: Flows) -> Callable[[Sequence[ProbeRequest], Sequence[int]], Sequence[bytes]]:
    """A function that builds many probes of `flows` at once: see Crafter.build."""
    return Crafter(flows).build


def values(flows: Flows, field: HeaderField, numbers: Any) -> Any:
    """The values of a header field in the flows with these numbers, as a column."""
    first = flows.first.value(field)
    return first + numbers if flows.field is field else np.full_like(numbers, first)


def _fold(sums: Any) -> Any:
    """Ones'-complement sums of 16-bit words, with carries added back."""
    sums = (sums & 0xFFFF) + (sums >> 16)
    return (sums & 0xFFFF) + (sums >> 16)


def _balancing(others: Any, wanted: Any) -> Any:
    """See `checksums.balancing_word`."""
    return _fold((~wanted & 0xFFFF) + (~_fold(others) & 0xFFFF))
