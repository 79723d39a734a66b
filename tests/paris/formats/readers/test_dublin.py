"""The JSON of dublin-traceroute is read as the text says that it wrote beside it.

Both are of a run of dublin-traceroute 0.4.2 through a network in namespaces.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mda.model import Loss, Reply
from mda.plan import Algorithm
from mda.trace import Trace
from paris import replay
from paris.errors import FormatError
from paris.formats import native
from paris.formats.readers import dublin
from tests.support.refusals import refusals_of_beginnings

if TYPE_CHECKING:
    from mda.record import Record

FILES = Path(__file__).parents[3] / "data" / "results"
FILE = FILES / "dublin-traceroute.json"


def document() -> dict[str, Any]:
    """The file with one flow."""
    flows = json.loads(FILE.read_text())["flows"]
    return {"flows": {"33434": flows["33434"]}}


def record_of(data: bytes) -> Record:
    (found,) = dublin.read(data, "x")
    return found.record()


def told() -> dict[tuple[int, int], tuple[Any, ...] | None]:
    """Address, name, identification, round trip in µs and ICMP of each reply, by flow and TTL."""
    flow, hops = 0, dict[tuple[int, int], tuple[Any, ...] | None]()
    for line in (FILES / "dublin-traceroute.txt").read_text().splitlines():
        if begins := re.fullmatch(r"== Flow ID (\d+) ==", line):
            flow = int(begins[1])
        elif re.fullmatch(r"\d+ +\*", line):
            hops[flow, int(line.split()[0])] = None
        elif own := re.match(
            r"(\d+) +(\S+) \((\S+)\), IP ID: (\d+) RTT (\d+)\.(\d+) ms +"
            r"ICMP \(type=(\d+), code=(\d+)\)",
            line,
        ):
            rtt_us = int(own[5]) * 1000 + int(own[6])  # the text does not pad this either
            hops[flow, int(own[1])] = (
                own[2], None if own[3] == own[2] else own[3], int(own[4]),
                rtt_us if rtt_us < 1 << 31 else None, (int(own[7]), int(own[8])),
            )  # fmt: skip
    return hops


def test_every_hop_of_the_file_is_what_the_text_says() -> None:
    record = record_of(FILE.read_bytes())
    base = record.plan.probing.dport
    assert base is not None
    known = {
        (base + own.request.flow, own.request.ttl): None if isinstance(own, Loss) else (
            str(own.responder), record.names.get(own.responder), own.reply_ip_id,
            None if own.rtt_s is None else round(own.rtt_s * 1e6),
            (own.icmp_type, own.icmp_code),
        )
        for own in record.outcomes
    }  # fmt: skip
    expected = told()
    assert len(expected) == 80
    assert known == expected
    assert record.plan.algorithm is Algorithm.MDA


def test_what_is_read_goes_through_our_json() -> None:
    trace = replay.saved(str(FILE))
    assert isinstance(trace, Trace)
    assert (len(trace.dag), trace.path_count) == (9, 4)
    again = native.write(trace)
    assert native.write(native.read(again, "x")) == again


@pytest.mark.parametrize(
    ("time", "at_us"),
    [("1795405363.500", 1795405363000500), (1795405363.5, 1795405363500000)],
    ids=["text without padding", "number"],
)
def test_times_are_read_as_either_version_writes_them(time: object, at_us: int) -> None:
    value = document()
    for hop in value["flows"]["33434"]:
        hop["sent"]["timestamp"] = time
    record = record_of(json.dumps(value).encode())
    assert record.started_at_unix_s == pytest.approx(at_us / 1e6, abs=1e-7)


def test_type_and_code_that_are_not_swapped_stay() -> None:
    value = document()
    for hop in value["flows"]["33434"][1:4]:
        hop["received"]["icmp"] |= {"type": 11, "code": 0}
    replies = [own for own in record_of(json.dumps(value).encode()).outcomes
               if isinstance(own, Reply)]  # fmt: skip
    assert [(own.icmp_type, own.icmp_code) for own in replies] == [(11, 0)] * 3 + [(3, 3)]


def test_labels_are_read() -> None:
    value = document()
    label = {"label": 16001, "experimental": 3, "bottom_of_stack": 1, "ttl": 2}
    value["flows"]["33434"][1]["received"]["icmp"]["mpls_labels"] = [label]
    first = next(own for own in record_of(json.dumps(value).encode()).outcomes
                 if isinstance(own, Reply))  # fmt: skip
    assert [tuple(own) for own in first.mpls] == [(16001, 3, True, 2)]


@pytest.mark.parametrize(
    ("ports", "address", "reason"),
    [
        ({"sport": 1, "dport": 2}, "203.0.113.2", "both ports vary"),
        ({}, "203.0.113.3", "not all between 192.0.2.1 and 203.0.113.2"),
    ],
    ids=["both ports", "two destinations"],
)
def test_flows_that_cannot_be_numbered_are_refused(
    ports: dict[str, int], address: str, reason: str
) -> None:
    value = document()
    last = value["flows"]["33434"][-1]["sent"]
    last["udp"] |= ports
    last["ip"]["dst"] = address
    with pytest.raises(FormatError, match=reason):
        record_of(json.dumps(value).encode())


def test_every_beginning_of_a_file_is_refused_with_its_place() -> None:
    data = json.dumps(document()).encode()
    said = refusals_of_beginnings(data, dublin.read)
    assert len(said) == len(data) - 1
    assert [line for line in said if not line.startswith("x: byte ")] == []
