"""scamper's JSON is read as the archive from which sc_warts2json made it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mda.model import Reply
from mda.trace import Trace
from paris import replay
from paris.errors import FormatError
from paris.formats import native
from paris.formats.readers import scamper_json, warts
from tests.support.refusals import refusals_of_beginnings

if TYPE_CHECKING:
    from mda.record import Record

FILES = Path(__file__).parents[3] / "data" / "warts"
STEMS = sorted(path.stem for path in FILES.glob("*.json"))


def of_json(stem: str) -> Record:
    file = FILES / f"{stem}.json"
    (found,) = scamper_json.read(file.read_bytes(), str(file))
    return found.record()


def of_warts(stem: str) -> Record:
    file = FILES / f"{stem}.warts"
    (found,) = warts.read(file.read_bytes(), str(file))
    return found.record()


def replies(record: Record) -> Counter[tuple[object, ...]]:
    """The replies, without labels, and identifications of 0 as none: so the old JSON has them.

    Lost attempts, which the JSON leaves out, change the number of later ones.
    """
    return Counter(
        (
            own.request.flow, own.request.ttl, own.kind, own.responder, own.icmp_type,
            own.icmp_code, own.quoted_ttl, own.reply_ttl, own.reply_ip_id or None,
            own.sent_at_s, own.received_at_s, own.is_timed,
        )
        for own in record.outcomes if isinstance(own, Reply)
    )  # fmt: skip


@pytest.mark.parametrize("stem", STEMS)
def test_the_json_of_an_archive_has_the_same_plan_and_replies(stem: str) -> None:
    told, known = of_json(stem), of_warts(stem)
    if known.plan.probing.protocol == "icmp":  # the JSON has no echo identifier
        probing = known.plan.probing._replace(sport=None)
        known = known.replace(plan=known.plan.replace(probing=probing))
    assert (told.plan, told.started_at_unix_s) == (known.plan, known.started_at_unix_s)
    assert (told.wire, told.stopped) == (known.wire, known.stopped)
    assert replies(told) == replies(known)


@pytest.mark.parametrize("stem", STEMS)
def test_what_is_read_goes_through_our_json(stem: str) -> None:
    trace = replay.saved(str(FILES / f"{stem}.json"))
    assert isinstance(trace, Trace)
    again = native.write(trace)
    assert native.write(native.read(again, "x")) == again


def test_the_four_lines_of_a_file_of_mlab_are_one_trace() -> None:
    trace = replay.saved(str(FILES / "mlab-scamper1.jsonl"))
    assert isinstance(trace, Trace)
    assert (len(trace.dag), trace.path_count) == (9, 4)


def test_every_beginning_of_a_file_is_read_or_refused_with_its_place() -> None:
    data = (FILES / "synth-diamond-mpls.json").read_bytes()
    said = refusals_of_beginnings(data, scamper_json.read)
    assert len(said) > len(data) / 2
    assert [line for line in said if not re.match(r"x: byte \d+:1: not JSON: ", line)] == []


def test_a_value_that_cannot_be_is_refused_with_its_place() -> None:
    line = b'{"type":"trace","method":"tcp","dst":"192.0.2.1","tos":256}\n'
    with pytest.raises(FormatError, match=r"x: byte 0: tos: must be smaller than"):
        list(scamper_json.read(line, "x"))
