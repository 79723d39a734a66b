"""Replies as caracal, diamond-miner and Iris keep them: a row of CSV for each.

The rows of one source, destination and protocol are a trace. Lost probes are in no row. A port that
varies numbers the flows; where both ports do, each destination port makes another trace.
Layout: caracal, "Reply format"; the table `results` of diamond-miner.
"""

from __future__ import annotations

import csv
import re
from array import array
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from mda.model import MplsEntry, ReplyKind
from mda.plan import Algorithm
from paris.errors import FormatError, on_one_line
from paris.formats.readers.base import Found
from paris.formats.readers.measured import Answer, Measured, Sent, record
from paris.packets import numbers
from paris.packets.extensions import Extensions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import NoReturn

    from mda.model import IPAddress
    from mda.record import Record

_MICROS: Final = 1_000_000
_RTT_US: Final = 100  # the unit of round trips
_FIRST_CHECKSUM: Final = 1  # the ICMP checksum of flow 0; ICMP probes have it for a source port
_FIRST_MICROS: Final = 10**12  # later times are not in seconds
_LAST_S: Final = 10**11
_PROTOCOLS: Final = {
    numbers.ICMP4: "icmp", numbers.ICMP6: "icmp", numbers.UDP: "udp", numbers.TCP: "tcp",
}  # fmt: skip
_NEEDED: Final = (
    "capture_timestamp", "probe_protocol", "probe_src_addr", "probe_dst_addr", "probe_src_port",
    "probe_dst_port", "probe_ttl", "reply_src_addr", "reply_protocol", "reply_icmp_type",
    "reply_icmp_code", "rtt",
)  # fmt: skip
_COLUMNS: Final = {"sport": "probe_src_port", "dport": "probe_dst_port"}
_HEAD: Final = re.compile(rb'(?:[a-z_"]+,)*"?probe_dst_addr"?,[a-z_",]+\r?\n')
_LABELS: Final = re.compile(r"\[(\(\d{1,7},\d,\d,\d{1,3}\),?\s*)*\]")
_LABEL: Final = re.compile(r"\((\d+),(\d),(\d),(\d+)\)")
_Pair = tuple[str, str, str]


def recognises(head: bytes) -> bool:
    """Whether a file that begins so holds such rows, under their names."""
    return _HEAD.match(head) is not None


def read(data: bytes, name: str) -> Iterator[Found]:
    """The measurements in a file. Raises FormatError, with the offset, where it is damaged."""
    table = _Table(data, name)
    rows: dict[_Pair, array[int]] = {}  # where they begin
    ports: dict[_Pair, tuple[set[str], set[str]]] = {}
    for row in table.rows():
        pair = row.text("probe_protocol"), row.text("probe_src_addr"), row.target()
        rows.setdefault(pair, array("Q")).append(row.begin)
        own = ports.setdefault(pair, (set(), set()))
        own[0].add(row.text("probe_src_port"))
        own[1].add(row.text("probe_dst_port"))
    for pair, begins in rows.items():
        sports, dports = ports[pair]
        is_by_both = len(sports) > 1 and len(dports) > 1
        for dport in sorted(dports) if is_by_both else [None]:
            own_begins = begins
            if dport is not None:
                is_own = (table.row(begin).text("probe_dst_port") == dport for begin in begins)
                own_begins = array("Q", (at for at, own in zip(begins, is_own, strict=True) if own))
            field = "dport" if len(dports) > 1 and not is_by_both else "sport"
            first = table.row(own_begins[0])
            yield Found(
                "caracal",
                first.address("probe_src_addr"),
                first.destination(),
                min(table.row(begin).sent_at_us() for begin in own_begins) / _MICROS,
                partial(_record, table, own_begins, field),
            )


class _Table:
    """The rows of a file, whose first line names their columns."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data = data
        self.name = name
        columns = self._cells(0)
        self.places = {column: place for place, column in enumerate(columns)}
        if len(self.places) < len(columns):
            raise FormatError(f"{name}: byte 0: two columns have the same name")
        if missing := [column for column in _NEEDED if column not in self.places]:
            raise FormatError(f"{name}: byte 0: no column {missing[0]!r}")

    def rows(self) -> Iterator[_Row]:
        """Every row in turn."""
        at = self._end(0)
        while at < len(self.data):
            end = self._end(at)
            if self.data[at:end].strip():
                yield self.row(at)
            at = end

    def row(self, begin: int) -> _Row:
        """The row that begins there. Raises FormatError if it has too few columns."""
        cells = self._cells(begin)
        if len(cells) != len(self.places):
            raise FormatError(
                f"{self.name}: byte {begin}: {len(cells)} columns, not {len(self.places)}"
            )
        return _Row(cells, self.places, f"{self.name}: byte {begin}", begin)

    def _end(self, begin: int) -> int:
        end = self.data.find(b"\n", begin)
        return len(self.data) if end < 0 else end + 1

    def _cells(self, begin: int) -> list[str]:
        place = f"{self.name}: byte {begin}"
        try:
            text = self.data[begin : self._end(begin)].decode()
            return next(csv.reader([text.strip("\r\n")], strict=True), [])
        except UnicodeDecodeError:
            raise FormatError(f"{place}: not text") from None
        except csv.Error as error:
            raise FormatError(f"{place}: not CSV: {on_one_line(str(error))}") from None


class _Row:
    """A reply. Every method raises FormatError, with the place, for a value that cannot be."""

    def __init__(
        self, cells: Sequence[str], places: Mapping[str, int], place: str, begin: int
    ) -> None:
        self._cells = cells
        self._places = places
        self.place = place
        self.begin = begin

    def text(self, column: str) -> str:
        """A cell; empty where the file has no such column."""
        at = self._places.get(column)
        return "" if at is None else self._cells[at]

    def number(self, column: str, most: int) -> int:
        """A whole number from 0 to `most`."""
        text = self.text(column)
        if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= most):
            self._fail(column)
        return int(text)

    def address(self, column: str) -> IPAddress:
        """An address, of IPv4 where it is mapped into IPv6."""
        try:
            address = ip_address(self.text(column))
        except ValueError:
            self._fail(column)
        return getattr(address, "ipv4_mapped", None) or address

    def target(self) -> str:
        """The column of `destination`, as it is written."""
        # An echo reply quotes nothing, and comes from whom it was asked of (RFC 792).
        own = self.text("probe_dst_addr")
        return self.text("reply_src_addr") if own in ("::", "::ffff:0.0.0.0") else own

    def destination(self) -> IPAddress:
        """Where the probe was sent to."""
        is_own = self.target() == self.text("probe_dst_addr")
        return self.address("probe_dst_addr" if is_own else "reply_src_addr")

    def protocol(self) -> str:
        """The protocol of the probe."""
        number = self.number("probe_protocol", 0xFF)
        return _PROTOCOLS[number] if number in _PROTOCOLS else self._fail("probe_protocol")

    def sent_at_us(self) -> int:
        """When the probe was sent, as exactly as the reply's time is given."""
        return self._captured_at_us() - self.number("rtt", 0xFFFFFFFF) * _RTT_US

    def answer(self) -> Answer:
        """The reply."""
        responder, protocol = self.address("reply_src_addr"), self.number("reply_protocol", 0xFF)
        icmp = None
        if protocol in numbers.ICMP.values():
            icmp = self.number("reply_icmp_type", 0xFF), self.number("reply_icmp_code", 0xFF)
        is_error = icmp is not None and icmp[0] in numbers.ERRORS[responder.version]
        has_size = bool(self.text("quoted_ttl"))
        return Answer(
            responder=responder,
            rtt_us=self.number("rtt", 0xFFFFFFFF) * _RTT_US,
            icmp=icmp,
            kind=ReplyKind.UDP_ANSWER if protocol == numbers.UDP else None,
            quoted_ttl=self.number("quoted_ttl", 0xFF) if is_error and has_size else None,
            ttl=self.number("reply_ttl", 0xFF) if self.text("reply_ttl") else None,
            extensions=Extensions(self._labels()),
        )

    def _labels(self) -> tuple[MplsEntry, ...]:
        text = self.text("reply_mpls_labels")
        if text and not _LABELS.fullmatch(text):
            self._fail("reply_mpls_labels")
        entries = (map(int, own) for own in _LABEL.findall(text))
        return tuple(MplsEntry(label, exp, bottom == 1, ttl) for label, exp, bottom, ttl in entries)

    def _captured_at_us(self) -> int:
        text = self.text("capture_timestamp")
        if text.isdecimal():
            number = self.number("capture_timestamp", _LAST_S * _MICROS)
            return number if number >= _FIRST_MICROS else number * _MICROS
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self._fail("capture_timestamp")
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0, round(moment.timestamp() * _MICROS))

    def _fail(self, column: str) -> NoReturn:
        raise FormatError(f"{self.place}: {column} cannot be {on_one_line(self.text(column))!r}")


def _record(table: _Table, begins: Sequence[int], field: str) -> Record:
    """The record of the rows that begin there, whose flows are numbered by a field."""
    first = table.row(begins[0])
    protocol = first.protocol()
    sent = sorted(
        (
            Sent(
                flow=row.number(_COLUMNS[field], 0xFFFF),
                ttl=row.number("probe_ttl", 0xFF),
                attempt=0,
                sent_at_us=row.sent_at_us(),
                answers=(row.answer(),),
            )
            for row in map(table.row, begins)
        ),
        key=lambda own: own.sent_at_us or 0,
    )
    first_id = _FIRST_CHECKSUM if protocol == "icmp" else min(own.flow for own in sent)
    ports = {own: first.number(column, 0xFFFF) for own, column in _COLUMNS.items()}
    ports[field] = first_id
    return record(
        Measured(
            kind="caracal",
            tool="caracal",
            algorithm=Algorithm.MDA,
            protocol=protocol,
            flow_field="icmp-checksum" if protocol == "icmp" else field,
            source=first.address("probe_src_addr"),
            destination=first.destination(),
            started_at_us=sent[0].sent_at_us,
            sport=None if protocol == "icmp" else ports["sport"],
            dport=None if protocol == "icmp" else ports["dport"],
            first_ttl=max(1, min(own.ttl for own in sent)),
            sent=tuple(own._replace(flow=own.flow - first_id) for own in sent),
            hidden=("changed", "reply_ip_id", "losses"),
        ),
        first.place,
    )
