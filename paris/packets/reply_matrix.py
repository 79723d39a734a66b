"""Matches many replies at once: finds the probe and the responder of each row of a byte matrix.

It reads plain layouts, which most routers send: no IP options, no extension headers, and quotes of
what was sent. Other rows go through `replies.parse` singly. Imports numpy: for the bulk wire only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from mda.model import HeaderField, ReplyKind
from paris.packets import replies
from paris.packets.changes import fitting
from paris.packets.checksums import pseudo_header, word_sum
from paris.packets.numbers import ECHO_REPLY, ERRORS, ICMP, TIME_EXCEEDED, UDP
from paris.packets.probe_matrix import values
from paris.packets.protocols import Protocol
from paris.packets.tags import COPY_AT, PAYLOAD_BYTES, TEXT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from paris.packets.flow_headers import FlowHeaders
    from paris.packets.flows import Flows

    Bytes = NDArray[np.uint8]

_MOST_TAGS: Final = 1 << 16
_PLAIN_IP4: Final = 0x45  # version 4, header without options
_LOOPBACK, _MULTICAST = 127, 0xE  # the first byte, the first four bits of IPv4 addresses
_ACK, _SYN_OR_RST = 0x10, 0x06  # flags of TCP (RFC 9293 section 3.1)


class _Layout(NamedTuple):
    """The columns of a plain IP header; its destination follows its source."""

    header_bytes: int
    protocol: int
    source: slice


_LAYOUTS: Final = {
    4: _Layout(header_bytes=20, protocol=9, source=slice(12, 16)),
    6: _Layout(header_bytes=40, protocol=6, source=slice(8, 24)),
}


class Replies(NamedTuple):
    """The rows that reply to a probe: row number, probe number, responder (packed), end of path.

    The arrays have an entry per reply, `responders` a row. `ends_path` is false for time exceeded.
    """

    rows: NDArray[np.intp]
    probes: NDArray[np.int64]
    responders: Bytes
    ends_path: NDArray[np.bool_]


class Matcher:
    """Matches replies to the probes of `flows` in flight, by their 16-bit tags."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows
        self._version = flows.source.version
        self._layout = _LAYOUTS[self._version]
        self._number = flows.protocol.number(self._version)
        self._destination = np.frombuffer(flows.destination.packed, np.uint8)
        self._text = np.frombuffer(TEXT, np.uint8)
        self._source = np.frombuffer(flows.source.packed, np.uint8)
        self._probe_of = np.full(_MOST_TAGS, -1, np.int64)
        self._flow_of = np.zeros(_MOST_TAGS, np.int64)
        # By tag, where flows have sources of their ways.
        self._source_of = np.zeros((_MOST_TAGS, len(self._source)), np.uint8)
        self.unmatched = 0

    def add(self, tags: Any, numbers: Any, probes: Any) -> None:
        """Count probes as in flight, given their tags, flow numbers and the caller's numbers."""
        self._probe_of[tags] = probes
        self._flow_of[tags] = numbers
        if self._flows.ways is not None:
            sources = [self._flows.headers(number).source.packed for number in numbers.tolist()]
            self._source_of[tags] = np.frombuffer(b"".join(sources), np.uint8).reshape(
                -1, len(self._source)
            )

    def match(self, datagrams: Bytes, lengths: NDArray[np.uint32]) -> Replies:
        """The rows that reply to a probe in flight, one per probe; counts the rest as unmatched."""
        at = self._layout.header_bytes
        is_error = self._is_error(datagrams, lengths)
        tags, is_flow = self._read_quotes(datagrams, lengths, at + 8 + at)
        is_reply = is_error & is_flow & (tags > 0)
        if self._flows.protocol is not Protocol.UDP:
            returned, is_direct = self._read_direct(datagrams, lengths)
            tags = np.where(is_direct, returned, tags)
            is_reply |= is_direct
        can_reply = self._can_reply(datagrams[:, self._layout.source])
        is_reply &= can_reply
        probes = np.where(is_reply, self._probe_of[tags], -1)
        ends_path = ~is_error | (datagrams[:, at] != TIME_EXCEEDED[self._version])
        for row in np.flatnonzero(~is_reply & can_reply).tolist():
            self._read_slowly(
                datagrams[row, : lengths[row]].tobytes(), row, tags, probes, ends_path
            )
        rows = np.flatnonzero(probes >= 0)
        # If several replies match a probe, the first counts.
        _, first = np.unique(tags[rows], return_index=True)
        rows = rows[np.sort(first)]
        self._probe_of[tags[rows]] = -1
        self.unmatched += len(datagrams) - len(rows)
        responders = datagrams[rows, self._layout.source]
        return Replies(rows, probes[rows], responders, ends_path[rows])

    def _carries(self, rows: Bytes, at: int, protocol: int) -> NDArray[np.bool_]:
        """Whether a plain IP header with this protocol begins at column `at`."""
        carries = rows[:, at + self._layout.protocol] == protocol
        if self._version == 4:
            carries &= rows[:, at] == _PLAIN_IP4
        return np.asarray(carries)

    def _is_error(self, rows: Bytes, lengths: NDArray[np.uint32]) -> NDArray[np.bool_]:
        """Whether rows are ICMP errors that quote a probe from our source to our destination."""
        at = self._layout.header_bytes
        quote = at + 8
        ours, begin = self._destination, quote + self._layout.source.stop
        if self._flows.ways is None:
            ours, begin = np.concatenate([self._source, ours]), quote + self._layout.source.start
        is_error = self._carries(rows, 0, ICMP[self._version])
        is_error &= np.logical_or.reduce([rows[:, at] == kind for kind in ERRORS[self._version]])
        is_error &= self._carries(rows, quote, self._number)
        is_error &= (rows[:, begin : begin + len(ours)] == ours).all(axis=1)
        is_error &= lengths >= quote + at + 8
        return np.asarray(is_error & self._is_intact(rows, lengths, is_error))

    def _can_reply(self, responders: Bytes) -> NDArray[np.bool_]:
        """Whether replies can come from these addresses; as `responders.can_reply`."""
        first = responders[:, 0]
        if self._version == 4:
            is_host = (first != 0) & (first != _LOOPBACK) & (first >> 4 != _MULTICAST)
            is_host &= ~(responders == 0xFF).all(axis=1)
        else:  # ten zero bytes begin the unspecified, loopback and IPv4-mapped addresses
            is_host = (first != 0xFF) & responders[:, :10].any(axis=1)
        for own in self._flows.own_addresses:
            is_host &= ~(responders == np.frombuffer(own.packed, np.uint8)).all(axis=1)
        return np.asarray(is_host | (responders == self._destination).all(axis=1))

    def _is_intact(self, rows: Bytes, lengths: NDArray[np.uint32], is_icmp: Any) -> Any:
        """Whether ICMP messages have a correct checksum, or are truncated so that nobody can tell.

        Rows that are not `is_icmp` may have any result.
        """
        at = self._layout.header_bytes
        total = _word(rows, 2) if self._version == 4 else _word(rows, 4) + at
        is_whole = is_icmp & (total <= lengths) & (total <= rows.shape[1])
        end = int(total[is_whole].max(initial=at))
        is_inside = np.arange(at, end) < total[:, None]
        sums = _word_sums(np.where(is_inside, rows[:, at:end], 0))
        if self._version == 6:
            sums += _word_sums(rows[:, self._layout.source.start : at]) + total - at + ICMP[6]
        return ~is_whole | (sums % 0xFFFF == 0)

    def _read_quotes(
        self, rows: Bytes, lengths: NDArray[np.uint32], at: int
    ) -> tuple[Any, NDArray[np.bool_]]:
        """The quoted tag, and whether the quoted flow is that of the probe with this tag."""
        flows = self._flows
        tags, is_flow = _word(rows, at + 6), np.ones(len(rows), np.bool_)
        if flows.protocol is not Protocol.TCP:
            tags = self._repeated(rows, lengths, at + 8, tags)
        numbers = self._flow_of[tags]
        if flows.ways is not None:
            header = at - self._layout.header_bytes
            source = slice(header + self._layout.source.start, header + self._layout.source.stop)
            is_flow &= (rows[:, source] == self._source_of[tags]).all(axis=1)
        if flows.protocol is Protocol.ICMP:
            is_flow &= _word(rows, at + 2) == values(flows, HeaderField.ICMP_CHECKSUM, numbers)
            is_flow &= _word(rows, at + 4) == flows.sport
            return tags, is_flow
        if flows.protocol is Protocol.TCP:
            is_flow &= _word(rows, at + 4) == tags  # see `tags.sequence`
        is_flow &= _word(rows, at) == values(flows, HeaderField.SPORT, numbers)
        is_flow &= _word(rows, at + 2) == values(flows, HeaderField.DPORT, numbers)
        if flows.protocol is Protocol.UDP and not flows.payload.has_copies:
            is_flow &= self._is_consistent(rows, lengths, at)
        return tags, is_flow

    def _is_consistent(self, rows: Bytes, lengths: NDArray[np.uint32], at: int) -> Any:
        """Whether quotes that show the word which balances the checksum show that checksum too.

        Otherwise a NAT has left another there: see `quotes.QuotedProbe`.
        """
        payload, header = self._flows.payload, at - self._layout.header_bytes
        word_at = at + 8 + payload.word_at
        if word_at + 2 > rows.shape[1]:
            return True
        length = 8 + len(payload.request)
        rest = pseudo_header(bytes(len(self._source)), self._destination.tobytes(), UDP, length)
        constant = word_sum(rest) + length + word_sum(payload.request)
        source = rows[:, header + self._layout.source.start :][:, : len(self._source)]
        sums = _word_sums(source) + sum(_word(rows, own) for own in (at, at + 2, at + 6, word_at))
        return (lengths < word_at + 2) | ((constant + sums) % 0xFFFF == 0)

    def _repeated(
        self, rows: Bytes, lengths: NDArray[np.uint32], at: int, tags: Any
    ) -> NDArray[np.int64]:
        """The tags, or the copy in the payload at column `at` where it is all there."""
        copy_at = at + COPY_AT
        copies = _word(rows, copy_at)
        has_copy = copies ^ _word(rows, copy_at + 2) == 0xFFFF
        has_copy &= (rows[:, at + 2 : copy_at] == self._text).all(axis=1)
        has_copy &= lengths >= at + PAYLOAD_BYTES
        return np.where(has_copy, copies, tags)

    def _read_direct(
        self, rows: Bytes, lengths: NDArray[np.uint32]
    ) -> tuple[Any, NDArray[np.bool_]]:
        """The tag that a datagram returns, and whether it is a reply of the destination itself."""
        flows, at = self._flows, self._layout.header_bytes
        is_direct = self._carries(rows, 0, self._number) & (lengths >= at + 8)
        is_direct &= (rows[:, self._layout.source] == self._destination).all(axis=1)
        if flows.protocol is Protocol.ICMP:
            is_direct &= rows[:, at] == ECHO_REPLY[self._version]
            is_direct &= self._is_intact(rows, lengths, is_direct)
            return _word(rows, at + 6), is_direct & (_word(rows, at + 4) == flows.sport)
        tags = _word(rows, at + 8)
        flags = rows[:, at + 13]
        is_direct &= (flags & _ACK > 0) & (flags & _SYN_OR_RST > 0)
        # It acknowledges the sequence number plus one; see `tags.sequence`.
        is_direct &= (tags > 0) & (_word(rows, at + 10) == tags + 1)
        numbers = self._flow_of[tags]
        is_direct &= _word(rows, at) == values(flows, HeaderField.DPORT, numbers)
        is_direct &= _word(rows, at + 2) == values(flows, HeaderField.SPORT, numbers)
        return tags, is_direct

    def _read_slowly(
        self, datagram: bytes, row: int, tags: Any, probes: Any, ends_path: Any
    ) -> None:
        """Read a row whose layout is not plain; writes to the row's entries of the arrays."""
        parsed = replies.parse(datagram, payloads=self._flows.payloads)
        if isinstance(parsed, replies.Unparsed) or parsed.is_challenge:
            return
        found = fitting(parsed, self._flows, self._headers_of)
        if not found or (len(found) > 1 and len(found[0][0]) == len(found[1][0])):
            return
        tag = found[0][1]
        tags[row], probes[row] = tag, self._probe_of[tag]
        ends_path[row] = parsed.kind is not ReplyKind.TIME_EXCEEDED

    def _headers_of(self, tag: int) -> FlowHeaders | None:
        """The headers of the probe in flight with this tag; None if there is none."""
        if tag >= _MOST_TAGS or self._probe_of[tag] < 0:
            return None
        return self._flows.headers(int(self._flow_of[tag]))


def _word_sums(rows: Bytes) -> NDArray[np.int64]:
    """The sum of each row's 16-bit words in network order; an odd last byte is padded with zero."""
    wide = rows.astype(np.int64)
    return np.asarray(256 * wide[:, ::2].sum(axis=1) + wide[:, 1::2].sum(axis=1))


def _word(rows: Bytes, at: int) -> NDArray[np.int64]:
    """The 16-bit words in network order that begin at column `at`."""
    return rows[:, at].astype(np.int64) << 8 | rows[:, at + 1]
