"""Reads the trace records of a warts archive into columns: a row for each reply. Imports numpy.

The first hops of many records are found at once, then their second ones, and so on; then a column
takes its parameter from all of them. Records that are not as usual, such as damaged ones or those
with names, are read one by one, which says what is wrong with them.
"""

from __future__ import annotations

import struct
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from paris.errors import FormatError
from paris.formats.readers import warts_many as many
from paris.formats.readers.cursor import Cursor
from paris.formats.readers.warts_blocks import Addresses
from paris.formats.readers.warts_layouts import (
    HOP,
    HOP_BY_TCP,
    HOP_BY_UDP,
    HOP_HAS_TTL,
    MAGIC,
    TRACE_HEAD,
    TRACE_TYPE,
    extensions,
)
from paris.formats.readers.warts_many import UNKNOWN
from paris.packets import numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import BufferedIOBase

    from numpy.typing import NDArray

    from mda.model import IPAddress
    from paris.formats.readers.warts_blocks import Values
    from paris.formats.readers.warts_many import Blocks, Bools, Wholes
    from paris.packets.extensions import Extensions

_RECORD: Final = struct.Struct("!HHI")
_HEAD_BYTES: Final = _RECORD.size
_BATCH: Final = 1 << 19  # bytes of an archive that are read at once
_MOST: Final = 1 << 26  # bytes of a record; a longer one is taken for damaged
_MOST_HOPS: Final = 512  # of a usual record
_HEAD_FLAGS: Final = 4, 5  # bytes of flags that a head has
_HOP_FLAGS: Final = 3
_ROW: Final = "V16"  # an address
_LEAST_HOP: Final = 5  # bytes
_TYPES: Final = 256  # of ICMP
# Which of them are errors, those of IPv6 and then those of IPv4; and none where it is unknown.
_ERRORS: Final = np.array(
    [own in numbers.ERRORS[version] for version in (6, 4) for own in range(_TYPES)]
)
_MAPPED: Final = bytes(10) + b"\xff\xff"  # what an IPv4 address in IPv6 begins with
# The parameters of a hop that are columns, and the size of each as a code of struct.
_COLUMNS: Final = {
    "probe_ttl": "B", "attempt": "B", "size": "H", "rtt_us": "I", "flags": "B", "icmp": "H",
    "tcp_flags": "B", "quoted_ttl": "B", "quoted_size": "H", "quoted_tos": "B", "ttl": "B",
    "ip_id": "H", "reply_size": "H", "reply_tos": "B", "mtu": "H",
}  # fmt: skip


class Hops(NamedTuple):
    """The replies in some trace records of an archive, in its order: arrays with an entry for each.

    What the archive does not say is -1. Addresses are rows of 16 bytes, those of IPv4 mapped into
    IPv6 (`::ffff:192.0.2.1`). `traces` is the record of a reply: a row of `begins` (the byte of the
    file at which the record begins), `sources`, `destinations` and `started_at_us` (microseconds of
    Unix time). `sent_at_us` is when its probe left. `icmp` is 256 times the type and the code,
    unknown of answers by TCP, which have `tcp_flags`, and by UDP. `quoted_ttl` is that of an error.
    `extensions` has those of ICMP by the place of the reply.
    """

    begins: NDArray[np.int64]
    sources: NDArray[np.uint8]
    destinations: NDArray[np.uint8]
    started_at_us: NDArray[np.int64]
    traces: NDArray[np.int64]
    responders: NDArray[np.uint8]
    sent_at_us: NDArray[np.int64]
    probe_ttl: NDArray[np.int64]
    attempt: NDArray[np.int64]
    size: NDArray[np.int64]
    rtt_us: NDArray[np.int64]
    icmp: NDArray[np.int64]
    tcp_flags: NDArray[np.int64]
    quoted_ttl: NDArray[np.int64]
    quoted_size: NDArray[np.int64]
    quoted_tos: NDArray[np.int64]
    ttl: NDArray[np.int64]
    ip_id: NDArray[np.int64]
    reply_size: NDArray[np.int64]
    reply_tos: NDArray[np.int64]
    mtu: NDArray[np.int64]
    extensions: dict[int, Extensions]

    def responder(self, place: int) -> IPAddress:
        """Who sent the reply at a place."""
        own = IPv6Address(self.responders[place].tobytes())
        return own.ipv4_mapped or own


def read(stream: BufferedIOBase, name: str) -> Iterator[Hops]:
    """The replies in the trace records of an archive, those of some records at a time.

    Raises FormatError, with the place, where the archive is damaged.
    """
    begin, data = 0, b""
    while piece := stream.read(_BATCH):
        data += piece
        spans, at = _records(data, begin, name)
        if spans:
            yield _hops(data[:at], begin, spans, name)
        begin, data = begin + at, data[at:]
    if data:
        cursor = Cursor(data, f"{name}, record at byte {begin}")
        cursor.take(_HEAD_BYTES)
        cursor.fail("cut short")


def _records(data: bytes, begin: int, name: str) -> tuple[list[tuple[int, int]], int]:
    """From where to where the bodies of whole trace records are, and the end of the last record."""
    spans: list[tuple[int, int]] = []
    at, end, unpack = 0, len(data), _RECORD.unpack_from
    while at + _HEAD_BYTES <= end:
        magic, kind, size = unpack(data, at)
        if magic != MAGIC or size > _MOST:
            raise FormatError(f"{name}: byte {begin + at}: no record begins here")
        after = at + _HEAD_BYTES + size
        if after > end:
            break
        if kind == TRACE_TYPE:
            spans.append((at + _HEAD_BYTES, after))
        at = after
    return spans, at


class _Part(NamedTuple):
    """The replies of some records: columns of parameters, by the rows of their records."""

    traces: Wholes
    responders: NDArray[np.uint8]
    columns: dict[str, Wholes]
    extensions: dict[int, Extensions]


class _Heads(NamedTuple):
    """What the heads of records say, and where they end."""

    are_usual: Bools
    after: Wholes
    sources: NDArray[np.uint8]
    destinations: NDArray[np.uint8]
    started_at_us: Wholes


def _hops(data: bytes, begin: int, spans: Sequence[tuple[int, int]], name: str) -> Hops:
    """The replies of the trace records in data, which begin at a byte of the archive."""
    padded = data + bytes(many.MARGIN)
    starts, ends = np.array(spans, np.int64).T
    heads = _heads(padded, starts, ends)
    parts = [_usual(padded, heads, ends)]
    for row in np.flatnonzero(~heads.are_usual).tolist():
        at, end = spans[row]
        place = f"{name}, record at byte {begin + at - _HEAD_BYTES}"
        parts.append(_single(Cursor(data[at:end], place), row, heads))
    own = _together(parts)
    columns, flags = own.columns, np.maximum(own.columns["flags"], 0)
    are_v4 = many.are_mapped(own.responders)
    icmp = np.where(flags & (HOP_BY_TCP | HOP_BY_UDP), UNKNOWN, columns["icmp"])
    are_errors = _ERRORS[(icmp >> 8) + _TYPES * are_v4]
    quoted_ttl = columns["quoted_ttl"]
    quoted_ttl = np.where(quoted_ttl == UNKNOWN, 1, quoted_ttl)  # where an error lacks it
    own.columns.update(
        icmp=icmp,
        quoted_ttl=np.where(are_errors, quoted_ttl, UNKNOWN),
        tcp_flags=np.where(flags & HOP_BY_TCP, np.maximum(columns["tcp_flags"], 0), UNKNOWN),
        ttl=np.where(flags & HOP_HAS_TTL, columns["ttl"], UNKNOWN),
        ip_id=np.where(are_v4, columns["ip_id"], UNKNOWN),
    )
    del own.columns["flags"]
    return Hops(
        begins=starts + (begin - _HEAD_BYTES),
        sources=heads.sources,
        destinations=heads.destinations,
        started_at_us=heads.started_at_us,
        traces=own.traces,
        responders=own.responders,
        extensions=own.extensions,
        **own.columns,
    )


def _heads(data: bytes, starts: Wholes, ends: Wholes) -> _Heads:
    """The heads of records, those that are usual."""
    fewer, more = (many.blocks(data, starts, ends, size) for size in _HEAD_FLAGS)
    own = many.Blocks(
        fewer.are_usual | more.are_usual,
        *(
            np.where(fewer.are_usual, short, long)
            for short, long in zip(fewer[1:], more[1:], strict=True)
        ),
    )
    parameters = many.Parameters(data, own, TRACE_HEAD, ("source", "destination"))
    sources = many.addresses(data, parameters.addresses_at)
    destinations = many.addresses(data, parameters.addresses_at + sources.sizes)
    needed = parameters.addresses_at + sources.sizes + destinations.sizes + parameters.behind
    are_whole = (needed <= own.after) & (own.after + 2 <= ends)
    are_usual = parameters.are_usual & sources.are_given & destinations.are_given & are_whole
    started_at_us = parameters.column("start", "Q")
    return _Heads(are_usual, own.after, sources.rows, destinations.rows, started_at_us)


def _usual(data: bytes, heads: _Heads, ends: Wholes) -> _Part:
    """The hops of the records that are usual; others are marked in `heads`."""
    counts = np.where(heads.are_usual, many.taken(data, heads.after, "H"), 0)
    is_odd = (counts > _MOST_HOPS) | (heads.after + 2 + counts * _LEAST_HOP > ends)
    heads.are_usual[is_odd] = False
    counts[is_odd] = 0
    traces = np.repeat(np.arange(len(counts)), counts)
    own = _walked(data, heads.after + 2, ends, counts)
    parameters = many.Parameters(data, own, HOP, ("address",))
    given = many.addresses(data, parameters.addresses_at)
    sent_at = parameters.addresses_at + given.sizes
    are_usual = parameters.are_usual & given.are_usual & (sent_at + parameters.behind <= own.after)
    are_usual &= _named(given, heads, traces, counts)
    columns = {name: parameters.column(name, code) for name, code in _COLUMNS.items()}
    columns["sent_at_us"] = np.where(parameters.behind, many.times(data, sent_at), UNKNOWN)
    labels = _extensions(data, own, parameters, are_usual)
    heads.are_usual[traces[~are_usual]] = False
    part = _Part(traces, given.rows, columns, labels)
    are_kept = heads.are_usual[traces]
    return part if are_kept.all() else _kept(part, are_kept)


def _walked(data: bytes, at: Wholes, ends: Wholes, counts: Wholes) -> Blocks:
    """The hops of records, `counts` of each, one record behind the other."""
    order = np.argsort(-counts, kind="stable")
    firsts = (np.cumsum(counts) - counts)[order]
    at, ends, counts = at[order], ends[order], counts[order]
    total = int(counts.sum())
    every = many.Blocks(
        np.zeros(total, np.bool_), np.zeros(total, np.uint64), *np.zeros((2, total), np.int64)
    )
    for number in range(int(counts.max(initial=0))):
        left = int(np.searchsorted(-counts, -number))  # so many have more hops
        own = many.blocks(data, at[:left], ends[:left], _HOP_FLAGS)
        for column, values in zip(every, own, strict=True):
            column[firsts[:left] + number] = values
        at = own.after
    return every


def _named(given: many.Addresses, heads: _Heads, traces: Wholes, counts: Wholes) -> Bools:
    """Put addresses in the rows of those that are only named; returns which are known.

    The source has number 0 and the destination 1; hops give the further ones.
    """
    before: Wholes = np.cumsum(given.are_given) - given.are_given
    firsts = (np.cumsum(counts) - counts)[traces]
    of_all = before[firsts] + given.numbers - 2
    are_ends = ~given.are_given & (given.numbers < 2)
    are_hops = ~given.are_given & ~are_ends & (of_all < before)
    rows = given.rows.view(_ROW)[:, 0]
    rows[are_hops] = rows[np.flatnonzero(given.are_given)[of_all[are_hops]]]
    for number, ends in enumerate((heads.sources, heads.destinations)):
        are_own = are_ends & (given.numbers == number)
        rows[are_own] = ends.view(_ROW)[:, 0][traces[are_own]]
    known: Bools = given.are_given | are_ends | are_hops
    return known


def _extensions(
    data: bytes, own: Blocks, parameters: many.Parameters, are_usual: Bools
) -> dict[int, Extensions]:
    """The extensions by rows; a row in which these are damaged is not usual."""
    known: dict[bytes, Extensions] = {}
    found = {}
    for row in np.flatnonzero(parameters.have_extensions & are_usual).tolist():
        at = int(parameters.extensions_at[row])
        packed = data[at : int(parameters.addresses_at[row])]
        try:
            if packed not in known:
                known[packed] = extensions(Cursor(packed, ""), Addresses())
        except FormatError:
            are_usual[row] = False
        else:
            found[row] = known[packed]
    return found


def _kept(part: _Part, are_kept: Bools) -> _Part:
    """Some of the replies."""
    rows = np.cumsum(are_kept) - 1
    return _Part(
        part.traces[are_kept],
        part.responders[are_kept],
        {name: values[are_kept] for name, values in part.columns.items()},
        {int(rows[row]): own for row, own in part.extensions.items() if are_kept[row]},
    )


def _single(cursor: Cursor, row: int, heads: _Heads) -> _Part:
    """The replies of a record, whose head goes to its row in `heads`. Raises FormatError."""
    addresses = Addresses()
    head = TRACE_HEAD.read(cursor, addresses)
    if head.get("destination") is None:
        cursor.fail("the destination's address is missing")
    for rows, name in ((heads.sources, "source"), (heads.destinations, "destination")):
        rows[row] = _row(head.get(name))
    heads.started_at_us[row] = head.get("start", UNKNOWN)
    hops: list[Values] = []
    for _ in range(cursor.u16()):
        hops.append(HOP.read(cursor, addresses))
        if hops[-1].get("address") is None:
            cursor.fail("a reply has no address")
    for hop in hops:
        if "icmp" in hop:
            hop["icmp"] = hop["icmp"][0] << 8 | hop["icmp"][1]
    columns = {
        column: np.array([hop.get(name, UNKNOWN) for hop in hops], np.int64)
        for column, name in (*((own, own) for own in _COLUMNS), ("sent_at_us", "sent"))
    }
    responders = np.zeros((len(hops), 16), np.uint8)
    for place, hop in enumerate(hops):
        responders[place] = _row(hop["address"])
    labels = {place: hop["extensions"] for place, hop in enumerate(hops) if "extensions" in hop}
    return _Part(np.full(len(hops), row), responders, columns, labels)


def _row(own: IPAddress | None) -> NDArray[np.uint8]:
    """The row of an address; all 0 of an unknown one."""
    packed = b"" if own is None else own.packed
    return np.frombuffer((_MAPPED + packed if len(packed) == 4 else packed or bytes(16)), np.uint8)


def _together(parts: Sequence[_Part]) -> _Part:
    """All replies in the order of their records."""
    if len(parts) == 1:
        return parts[0]
    traces = np.concatenate([part.traces for part in parts])
    order = np.argsort(traces, kind="stable")
    places = np.argsort(order, kind="stable")
    before = np.cumsum([0, *(len(part.traces) for part in parts)])
    return _Part(
        traces[order],
        np.concatenate([part.responders for part in parts])[order],
        {
            name: np.concatenate([part.columns[name] for part in parts])[order]
            for name in parts[0].columns
        },
        {
            int(places[first + row]): own
            for first, part in zip(before, parts, strict=False)
            for row, own in part.extensions.items()
        },
    )
