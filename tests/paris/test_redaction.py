"""Redacted traces say the same of other addresses, and nothing of where they were measured."""

from __future__ import annotations

import json
import re
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

import paris
from mda.comparison import Comparison, compare
from mda.difference import Difference, difference
from mda.model import (
    NOBODYS,
    InterfaceInfo,
    InterfaceRole,
    MplsEntry,
    Reply,
    Unread,
    UnreadReason,
    Vertex,
    Way,
)
from mda.plan import Withheld
from mda.record import Control, Fate, Record, Table
from mda.rounds import Change, Figures, Outage, Rounds, WatchedPath
from mda.trace import Trace
from paris.formats import comparison as comparison_format
from paris.formats import native
from paris.formats.look import Look
from paris.outputs import text
from paris.outputs.registry import FORMATS
from paris.redaction import HOST, redacted

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESS = re.compile(r"(?<![\w.:])(?:\d+\.){3}\d+(?![\w.])|(?<![\w.])(?:[0-9a-f]*:){2,}[0-9a-f]*")
WIDE = Look(format="txt", color=False, ascii=False, width=10**5, plain=False, fold=0, size="screen")
OWN = re.compile(r"(240\.0\.|2001:db8:|fe80:)")


def record_of(trace: Trace) -> Record:
    return Record(**{name: getattr(trace, name) for name in Record.field_names()})


def traced(network: str, *studies: str) -> Trace:
    """A trace of a network, with a host that redaction keeps."""
    record = record_of(paris.trace(network=network, multipath=True, studies=dict.fromkeys(studies)))
    return Trace.of(record.replace(plan=record.plan.replace(host=HOST)))


def of(trace: Trace) -> Trace:
    found = redacted(trace)
    assert isinstance(found, Trace)
    return found


def addresses(words: str) -> Iterator[str]:
    for match in ADDRESS.finditer(words):
        try:
            yield str(ip_address(match[0]))
        except ValueError:
            continue


@pytest.mark.parametrize(
    ("network", "studies"),
    [
        ("two-way", ("paths", "classify", "metrics", "classic")),
        ("meshed", ()),
        ("loop", ()),
        ("way-back", ()),
        ("ipv6-way-back", ("paths",)),
        ("per-destination", ("classify",)),
        ("prohibited-branch", ()),
        ("copied-ttl", ()),
    ],
)
def test_the_text_is_the_same_but_for_the_addresses(network: str, studies: tuple[str, ...]) -> None:
    trace = traced(network, *studies)
    before, after = (" ".join(text.trace(own, WIDE).split()) for own in (trace, of(trace)))
    true, other = list(addresses(before)), list(addresses(after))
    renamed = dict(zip(true, other, strict=True))
    assert len(set(renamed.values())) == len(renamed) > 2
    assert not renamed.keys() & set(renamed.values())
    assert [renamed[own] for own in true] == other
    assert ADDRESS.sub("", after) == ADDRESS.sub("", before)


@pytest.mark.parametrize("network", ["changed", "named-interfaces", "mpls", "several-addresses"])
def test_no_output_has_what_was_measured_there(network: str) -> None:
    trace = traced(network)
    hidden = {str(own.responder) for own in trace.replies} | {str(trace.plan.source)}
    hidden |= {own.name for reply in trace.replies for own in reply.interfaces if own.name}
    hidden |= {str(entry.label) for reply in trace.replies for entry in reply.mpls} - {"3"}
    hidden |= {own for reply in trace.replies for own in addresses(" ".join(reply.shown))}
    assert len(hidden) > 4
    found = of(trace)
    for row in FORMATS:
        if row.suffix in ("dot", "csv", "json", "txt", "svg", "html", "graphml", "mmd", "jsonl"):
            from mda.loading import load
            from paris.outputs.registry import Subject

            content = load(row.writer(Subject.TRACE))(found, WIDE._replace(format=row.suffix))
            written = content if isinstance(content, str) else content.decode()
            words = set(re.findall(r"[\w.:-]+", written))
            assert not words & hidden, (row.suffix, words & hidden)


def everything() -> Record:
    """A record with a secret in each field that can hold one."""
    record = record_of(paris.trace(network="two-way", multipath=True))
    here, there = ip_address("10.99.0.7"), ip_address("10.99.0.1")
    reply = next(own for own in record.outcomes if isinstance(own, Reply))
    info = InterfaceInfo(InterfaceRole.INCOMING, 98765, there, "secret0", 1500)
    told = reply._replace(
        responder=NOBODYS,
        interfaces=(info,),
        mpls=(MplsEntry(987654, 0, True, 1), MplsEntry(3, 0, True, 1)),
        unread=(Unread(UnreadReason.UNKNOWN, b"secret", 250, 1),),
        changed=("payload", "source"),
        shown=(b"secret".hex(), str(here)),
        reply_ip_id=54321,
    )
    vertex = Vertex(reply.request.ttl, NOBODYS, interface=told.distinction)
    stranger = Vertex(2, there, interface="secret9")
    figures = next(iter(_figures()))
    return record.replace(
        plan=record.plan.replace(
            host="secret.example",
            zone="secret1",
            network="/home/secret/net.yaml",
            studies={"follow": str(there)},
            probing=record.plan.probing._replace(
                mark=77, interface="secret2", asked_source=here, sources=(here,),
                payload="hex:736563726574",
            ),
        ),
        outcomes=(told, *(own for own in record.outcomes if own is not reply)),
        names={there: "secret.example"},
        facts={"asn": {there: "AS64500 SECRET"}},
        tables={"asn": (Table("/home/secret/asn.mmdb", 0.0, True),)},
        ways={0: Way(here, "secret3", there), 1: Way(here, "secret4", None)},
        controls=(Control("tcp/443", 3, Fate.OPEN, 2, there, 60, (here,)),),
        addresses=(there, ip_address("fe80::99")),
        wire=record.wire._replace(withheld=(Withheld(f"no route to {there}, 12:30", 1, 1),)),
        rounds=Rounds(
            1, (WatchedPath(1, (0,), (vertex, stranger)),), {vertex: figures},
            {(vertex, stranger): figures}, {1: figures},
            (Change(1, 2, vertex, stranger, 0.0, 1.0, 2.0, 8, 8, 0.001),), 1,
            (Outage(f"no route to {there}", 0.0, None, 1),), 1,
        ),
    )  # fmt: skip


def _figures() -> Iterator[Figures]:
    from mda.studies.watch import Watch
    from paris import run
    from paris.settings import Settings

    settings = Settings.of(network="plain", every_s=1.0, rounds=1)
    rounds = run.measure(settings, run.Hooks(watch=Watch())).rounds
    assert rounds is not None
    yield from rounds.vertices.values()


def test_whatever_says_where_it_was_measured_is_gone() -> None:
    written = native.write(of(Trace.of(everything())))
    for secret in (
        "secret",
        b"secret".hex(),
        "SECRET",
        "10.99.",
        "98765",
        "987654",
        "54321",
        "77,",
    ):
        assert secret not in written, secret
    document = json.loads(written)
    assert document["plan"]["host"] == HOST
    assert document["plan"]["network"] == "a file"
    reply = next(own for own in document["outcomes"] if own.get("responder") == str(NOBODYS))
    assert [own["label"] for own in reply["mpls"]] == [16, 3]
    assert re.fullmatch(r"if\d", reply["interfaces"][0]["name"])
    assert document["run"]["wire"]["withheld"][0]["reason"].endswith(", 12:30")
    assert all(OWN.match(own) for own in addresses(written) if own != str(NOBODYS))
    # What was one stays one, and a reader accepts it.
    assert document["plan"]["follow"] == document["controls"][0]["address"]
    again = native.read(written, "x")
    assert native.write(again) == written
    assert again.rounds is not None
    assert again.rounds.paths[0].vertices[0] in again.dag


def test_traces_of_one_comparison_or_difference_share_their_names() -> None:
    first, second = traced("two-way"), traced("two-way", "paths")
    other = redacted(difference(first, second))
    assert isinstance(other, Difference)
    shown = [[str(own.address) for own in side.trace.dag] for side in (other.before, other.after)]
    assert shown[0] == shown[1]
    views = redacted(compare([("udp", first), ("icmp", second)]))
    assert isinstance(views, Comparison)
    assert views.views[0].trace.plan == views.views[1].trace.plan.replace(studies={})
    assert "198.51.100." not in comparison_format.write(views)
