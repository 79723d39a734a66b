"""The rounds of a watch in our JSON: they read back equal, and what cannot be is refused."""

from __future__ import annotations

import json
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from mda.model import Vertex
from mda.rounds import Change, Outage
from paris import run
from paris.errors import FormatError
from paris.formats import native
from paris.settings import Settings
from render.terminal.watch import watch_lines
from render.words.watch import watch_words

if TYPE_CHECKING:
    from mda.trace import Trace

SCHEMA = json.loads(Path(native.__file__).with_name("native.schema.json").read_text())
BEFORE, AFTER = (Vertex(3, ip_address(f"198.51.100.{last}")) for last in (2, 3))


@pytest.fixture(scope="module")
def watched() -> Trace:
    settings = Settings.of(network="two-way", multipath=True, every_s=1.0, rounds=6)
    trace = run.assemble(run.measure(settings))
    assert trace.rounds is not None
    rounds = trace.rounds._replace(
        changes=(Change(1, 3, BEFORE, AFTER, 19.0, 20.0, 28.0, 9, 9, 1e-9),), change_count=300,
        outages=(Outage("no way\x1b[2J", 3.0, 4.0, 7), Outage("none", 5.0, None, 1)),
        outage_count=2,
    )  # fmt: skip
    return trace.replace(rounds=rounds)


def test_rounds_read_back_equal_and_make_the_same_table(watched: Trace) -> None:
    written = native.write(watched)
    jsonschema.validate(json.loads(written), SCHEMA)
    again = native.read(written, "again.json")
    assert again.rounds == watched.rounds
    assert native.write(again) == written
    assert again.rounds is not None
    figures = [own for shown in again.rounds.vertices.values() for own in shown.delays]
    assert figures == [own if own is None else round(own, 9) for own in figures]  # nanoseconds
    table = "\n".join(watch_lines(watch_words(again.rounds, "host", 0.0), 80))
    assert "host: 6 rounds, 2 paths, times in ms" in table
    assert "299 earlier changes not shown" in table
    assert "no way\\x1b[2J, from 3.0 to 4.0 s after the start: 7 probes did not leave" in table
    assert "none, since 5.0 s after the start: 1 probe did not leave" in table


@pytest.mark.parametrize(
    "change",
    [{"count": -1}, {"paths": [{"path": 1}]}, {"hops": [{"ttl": 300}]}, {"outages": None}],
    ids=lambda change: next(iter(change)),
)
def test_rounds_that_cannot_be_are_refused(watched: Trace, change: dict[str, Any]) -> None:
    document = json.loads(native.write(watched))
    document["rounds"].update(change)
    with pytest.raises(FormatError, match="rounds"):
        native.read(json.dumps(document), "broken.json")
