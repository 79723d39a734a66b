"""Rows of caracal, diamond-miner and Iris are read as they say.

`caracal-replies.csv` is made from the tracelb of a network in namespaces, in caracal's columns.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mda.model import MplsEntry, Reply, ReplyKind
from mda.plan import Algorithm
from mda.trace import Trace
from paris import replay
from paris.errors import FormatError
from paris.formats import native
from paris.formats.readers import caracal
from tests.support.commands import run
from tests.support.refusals import refusals_of_beginnings

if TYPE_CHECKING:
    from mda.record import Record

FILE = Path(__file__).parents[3] / "data" / "results" / "caracal-replies.csv"
HEAD, *ROWS = FILE.read_text().splitlines()
COLUMNS = HEAD.split(",")


def row(**changed: object) -> str:
    """The first row of the file with other values."""
    values = dict(zip(COLUMNS, next(csv.reader(ROWS[:1])), strict=True))
    values |= {name: str(value) for name, value in changed.items()}
    return ",".join(f'"{values[name]}"' for name in COLUMNS)


def records(*rows: str) -> list[Record]:
    data = "\n".join((HEAD, *rows, "")).encode()
    return [found.record() for found in caracal.read(data, "x")]


def reply_of(**changed: object) -> Reply:
    (record,) = records(row(**changed))
    (reply,) = record.outcomes
    assert isinstance(reply, Reply)
    return reply


def test_every_row_of_the_file_is_a_reply() -> None:
    (record,) = records(*ROWS)
    sport = record.plan.probing.sport
    assert sport is not None
    known = Counter(
        (sport + own.request.flow, own.request.ttl, str(own.responder), own.reply_ttl,
         own.icmp_type, own.quoted_ttl)
        for own in record.outcomes if isinstance(own, Reply)
    )  # fmt: skip
    told = Counter(
        (int(own["probe_src_port"]), int(own["probe_ttl"]),
         own["reply_src_addr"].removeprefix("::ffff:"), int(own["reply_ttl"]),
         int(own["reply_icmp_type"]), int(own["quoted_ttl"]))
        for own in csv.DictReader([HEAD, *ROWS])
    )  # fmt: skip
    assert known == told
    assert record.plan.algorithm is Algorithm.MDA


def test_what_is_read_goes_through_our_json_and_says_what_is_missing() -> None:
    trace = replay.saved(str(FILE))
    assert isinstance(trace, Trace)
    again = native.write(trace)
    assert native.write(native.read(again, "x")) == again
    shown = " ".join(run(str(FILE), program="paris-render").stdout.split())
    assert "udp 50447 -> 33434, flows by source port" in shown
    assert "judged at 95 % confidence for each vertex" in shown
    assert "no rewritten headers or IP identifications or lost probes or confidence" in shown


def test_each_destination_and_protocol_is_a_trace() -> None:
    other = row(probe_dst_addr="::ffff:203.0.113.9")
    assert len(records(row(), other, row(probe_protocol=1))) == 3


@pytest.mark.parametrize(
    ("rows", "fields"),
    [
        ((row(), row(probe_src_port=7)), [("sport", 7, 33434)]),
        ((row(), row(probe_dst_port=7)), [("dport", 50447, 7)]),
        (
            (row(), row(probe_src_port=7), row(probe_dst_port=9)),
            [("sport", 7, 33434), ("sport", 50447, 9)],
        ),
    ],
    ids=["source ports", "destination ports", "both"],
)
def test_the_port_that_varies_numbers_the_flows(
    rows: tuple[str, ...], fields: list[tuple[str, int, int]]
) -> None:
    probings = [record.plan.probing for record in records(*rows)]
    assert [(own.flow_field, own.sport, own.dport) for own in probings] == fields


def test_times_are_seconds_microseconds_or_dates() -> None:
    for text in ("1795405267", "1795405267000000", "2026-11-23 03:41:07"):
        (record,) = records(row(capture_timestamp=text, rtt=20000))
        assert record.started_at_unix_s == 1795405265
        (reply,) = record.outcomes
        assert isinstance(reply, Reply)
        assert reply.rtt_s == 2.0


def test_labels_and_ipv6_are_read() -> None:
    assert reply_of(reply_mpls_labels="[(16001,3,0,1), (17,0,1,254)]").mpls == (
        MplsEntry(16001, 3, bottom=False, ttl=1), MplsEntry(17, 0, bottom=True, ttl=254),
    )  # fmt: skip
    addresses = {name: f"2001:db8::{at}" for at, name in enumerate(
        ("probe_src_addr", "probe_dst_addr", "reply_src_addr"), start=1)}  # fmt: skip
    reply = reply_of(**addresses, probe_protocol=58, reply_protocol=58, reply_icmp_type=3)
    assert (reply.kind, str(reply.responder)) == (ReplyKind.TIME_EXCEEDED, "2001:db8::3")


def test_an_echo_reply_without_a_destination_is_of_whom_it_comes_from() -> None:
    echo = row(
        probe_protocol=1, probe_dst_addr="::", reply_src_addr="::ffff:203.0.113.2",
        reply_icmp_type=0, quoted_ttl=0,
    )  # fmt: skip
    (record,) = records(row(probe_protocol=1), echo)
    assert [own.kind for own in record.outcomes if isinstance(own, Reply)] == [
        ReplyKind.TIME_EXCEEDED, ReplyKind.ECHO_REPLY,
    ]  # fmt: skip
    assert str(record.plan.destination) == "203.0.113.2"


@pytest.mark.parametrize("column", caracal._NEEDED)
def test_a_value_that_cannot_be_is_refused_with_its_place(column: str) -> None:
    with pytest.raises(FormatError, match=rf"^x: byte {len(HEAD) + 1}: {column} cannot be 'y'$"):
        records(row(**{column: "y"}))


def test_a_file_without_a_column_is_refused() -> None:
    short = HEAD.replace(",rtt", "")
    assert caracal.recognises(short.encode() + b"\n")
    with pytest.raises(FormatError, match=r"^x: byte 0: no column 'rtt'$"):
        list(caracal.read(short.encode(), "x"))


def test_every_beginning_of_a_file_is_read_or_refused_with_its_place() -> None:
    data = "\n".join((HEAD, *ROWS[:4])).encode()
    said = refusals_of_beginnings(data, caracal.read)
    assert len(said) > len(data) * 0.5
    assert [line for line in said if not line.startswith("x: byte ")] == []
