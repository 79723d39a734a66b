"""Many answers at once: which probe each row of a byte matrix answers, and who sent it.

Reads the plain layouts, which are all that most routers send: no IP options, no extension headers.
The other rows are read one by one by `replies.parse`. Imports numpy: for the bulk wire only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mda.model import HeaderField, ReplyKind
from paris.packets import replies
from paris.packets.numbers import ECHO_REPLY, ERRORS, ICMP4, ICMP6, TCP, TIME_EXCEEDED
from paris.packets.protocols import Protocol

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from paris.packets.flows import Flows

    Bytes = NDArray[np.uint8]

_MOST_TAGS: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Answers:
    """Rows that answer a probe: row number, probe number, responder (packed), and if it ends there.

    All arrays have one entry an answer; `responders` one row.
    """

    rows: NDArray[np.intp]
    probes: NDArray[np.int64]
    responders: Bytes
    ends_path: NDArray[np.bool_]


class Matcher:
    """Knows the probes of `flows` that are in flight, by their 16-bit tags."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows
        self._version = flows.source.version
        self._number = flows.protocol.number(self._version)
        self._destination = np.frombuffer(flows.destination.packed, np.uint8)
        self._source = np.frombuffer(flows.source.packed, np.uint8)
        self._probe_of = np.full(_MOST_TAGS, -1, np.int64)
        self._flow_of = np.zeros(_MOST_TAGS, np.int64)
        self.unmatched = 0

    def add(self, tags: Any, numbers: Any, probes: Any) -> None:
        """Count probes as in flight: their tags, flow numbers, and numbers of the caller's own."""
        self._probe_of[tags] = probes
        self._flow_of[tags] = numbers

    def match(self, datagrams: Bytes, lengths: NDArray[np.uint32]) -> Answers:
        """The rows that answer a probe in flight, each once; the rest is counted as unmatched."""
        at = 20 if self._version == 4 else 40
        kinds = datagrams[:, at]
        if self._version == 4:
            is_plain = datagrams[:, 0] == 0x45
            is_icmp = is_plain & (datagrams[:, 9] == ICMP4)
            is_tcp = is_plain & (datagrams[:, 9] == TCP)
            quote, responders = at + 8, datagrams[:, 12:16]
            is_quote = (datagrams[:, quote] == 0x45) & (datagrams[:, quote + 9] == self._number)
            ends = datagrams[:, quote + 12 : quote + 20]
            behind = quote + 20
        else:
            is_icmp, is_tcp = datagrams[:, 6] == ICMP6, datagrams[:, 6] == TCP
            quote, responders = at + 8, datagrams[:, 8:24]
            is_quote = datagrams[:, quote + 6] == self._number
            ends = datagrams[:, quote + 8 : quote + 40]
            behind = quote + 40
        is_kind = np.logical_or.reduce([kinds == kind for kind in ERRORS[self._version]])
        is_error = is_icmp & is_quote & is_kind
        is_error &= (lengths >= behind + 8) & self._is_ours(ends)
        tags, is_flow = self._read_quotes(datagrams, behind)
        is_answer = is_error & is_flow & (tags > 0)
        if self._flows.protocol is not Protocol.UDP:
            given_back, is_back = self._read_answers(datagrams, at, is_icmp, is_tcp, kinds)
            is_back &= (responders == self._destination).all(axis=1) & (lengths >= at + 8)
            tags = np.where(is_back, given_back, tags)
            is_answer |= is_back
        probes = np.where(is_answer, self._probe_of[tags], -1)
        ends_path = ~is_error | (kinds != TIME_EXCEEDED[self._version])
        for row in np.flatnonzero(~is_error & ~is_answer).tolist():
            self._read_slowly(
                datagrams[row, : lengths[row]].tobytes(), row, tags, probes, ends_path
            )
        rows = np.flatnonzero(probes >= 0)
        # Of several answers to one probe the first one counts.
        _, first = np.unique(tags[rows], return_index=True)
        rows = rows[np.sort(first)]
        self._probe_of[tags[rows]] = -1
        self.unmatched += len(datagrams) - len(rows)
        return Answers(rows, probes[rows], responders[rows].copy(), ends_path[rows])

    def _is_ours(self, ends: Bytes) -> NDArray[np.bool_]:
        """Whether quoted addresses, source and destination, are those of our probes."""
        ours = np.concatenate([self._source, self._destination])
        return np.asarray((ends == ours).all(axis=1))

    def _read_quotes(self, rows: Bytes, at: int) -> tuple[Any, NDArray[np.bool_]]:
        """The tag that is quoted, and whether the flow quoted beside it is that probe's."""
        flows, first = self._flows, self._flows.headers(0)
        if flows.protocol is Protocol.TCP:
            tags = _word(rows, at + 6)
            is_low = _word(rows, at + 4) == 0
        else:
            tags, is_low = _word(rows, at + 6), np.ones(len(rows), np.bool_)
        numbers = self._flow_of[tags]
        if flows.protocol is Protocol.ICMP:
            wanted = (first.icmp_checksum or 0) + numbers * (
                flows.field is HeaderField.ICMP_CHECKSUM
            )
            is_flow = (_word(rows, at + 2) == wanted) & (_word(rows, at + 4) == flows.sport)
        else:
            sports = (first.sport or 0) + numbers * (flows.field is HeaderField.SPORT)
            dports = (first.dport or 0) + numbers * (flows.field is HeaderField.DPORT)
            is_flow = (_word(rows, at) == sports) & (_word(rows, at + 2) == dports)
        return tags, is_flow & is_low

    def _read_answers(
        self, rows: Bytes, at: int, is_icmp: Any, is_tcp: Any, kinds: Any
    ) -> tuple[Any, NDArray[np.bool_]]:
        """The tag that an answer of the destination's gives back, and whether it is such a one."""
        if self._flows.protocol is Protocol.ICMP:
            is_back = is_icmp & (kinds == ECHO_REPLY[self._version])
            return _word(rows, at + 6), is_back & (_word(rows, at + 4) == self._flows.sport)
        acknowledged = (_word(rows, at + 8) << 16 | _word(rows, at + 10)) - 1
        flags = rows[:, at + 13]
        is_back = is_tcp & (flags & 0x10 > 0) & (flags & 0x06 > 0)
        is_back &= (acknowledged > 0) & (acknowledged < _MOST_TAGS)
        first, tags = self._flows.headers(0), acknowledged % _MOST_TAGS
        numbers = self._flow_of[tags]
        sports = (first.sport or 0) + numbers * (self._flows.field is HeaderField.SPORT)
        dports = (first.dport or 0) + numbers * (self._flows.field is HeaderField.DPORT)
        return tags, is_back & (_word(rows, at) == dports) & (_word(rows, at + 2) == sports)

    def _read_slowly(
        self, datagram: bytes, row: int, tags: Any, probes: Any, ends_path: Any
    ) -> None:
        """Read one row that is not laid out plainly."""
        parsed = replies.parse(datagram)
        if isinstance(parsed, replies.Unparsed):
            return
        quoted, tag = parsed.quoted, parsed.quoted.carrier_tag
        if not 0 < tag < _MOST_TAGS or self._probe_of[tag] < 0:
            return
        headers = self._flows.headers(int(self._flow_of[tag]))
        if (quoted.source, quoted.destination, quoted.sport, quoted.dport) == (
            self._flows.source.packed,
            self._flows.destination.packed,
            headers.sport,
            headers.dport,
        ):
            tags[row], probes[row] = tag, self._probe_of[tag]
            ends_path[row] = parsed.kind is not ReplyKind.TIME_EXCEEDED


def _word(rows: Bytes, at: int) -> NDArray[np.int64]:
    """The 16-bit words in network order that begin at column `at`."""
    return rows[:, at].astype(np.int64) << 8 | rows[:, at + 1]
