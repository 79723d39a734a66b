"""Our JSON to another format and back: the table in docs/formats.md says what comes back."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from mda.errors import ParisTraceError
from mda.loading import load
from mda.model import Loss
from mda.statistics.stopping import Bound
from mda.trace import Trace
from paris import replay
from paris.formats import native
from paris.formats.look import Look
from paris.outputs.registry import FORMATS
from tests.support.analyses import analysis
from tests.support.scamper import KINDS, multipath

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = (Path(__file__).parents[3] / "docs" / "formats.md").read_text()
BACK: Final = ("json", "warts", "scamper.jsonl", "caracal.csv")


def of_replies(value: Callable[[Any], object]) -> Callable[[Trace], object]:
    """The values of all replies from beyond the first hop."""
    return lambda trace: Counter(
        value(own) for own in trace.replies if trace.vertex_of(own).ttl > 1
    )


def links(trace: Trace) -> object:
    return {(near.address, far.address, far.ttl) for near, far in trace.dag.edges if near.ttl > 0}


# What is compared, of which trace.
ROWS: Final[dict[str, tuple[str, Callable[[Trace], object]]]] = {
    "links between interfaces": ("two-way", links),
    "silent hops": ("silent-hop", links),
    "lost probes": (
        "lossy",
        lambda trace: sum(isinstance(own, Loss) and own.request.ttl > 1 for own in trace.outcomes),
    ),
    "probes to the first hop": (
        "two-way", lambda trace: sum(own.request.ttl == 1 for own in trace.outcomes),
    ),
    "flows of the probes": ("two-way", of_replies(lambda own: own.request[:2])),
    "times of sending (1 µs)": ("two-way", of_replies(lambda own: round(own.sent_at_s, 6))),
    "round trips (1 µs)": ("two-way", of_replies(lambda own: round(own.rtt_s or 0, 6))),
    "round trips (0.1 ms)": ("two-way", of_replies(lambda own: round(own.rtt_s or 0, 4))),
    "ICMP types and codes": ("two-way", of_replies(lambda own: (own.icmp_type, own.icmp_code))),
    "quoted TTLs": ("two-way", of_replies(lambda own: own.quoted_ttl)),
    "TTLs of replies": ("two-way", of_replies(lambda own: own.reply_ttl)),
    "IP identifications of replies": ("two-way", of_replies(lambda own: own.reply_ip_id)),
    "label stacks": ("mpls", of_replies(lambda own: own.mpls)),
    "what routers say of interfaces": ("named-interfaces", of_replies(lambda own: own.interfaces)),
    "answers by TCP": ("four-way", of_replies(lambda own: own.kind)),
    "confidence": ("two-way", lambda trace: round(trace.plan.bound.failure_probability, 6)),
    "that it is for the whole graph": ("two-way", lambda trace: trace.plan.bound.per_vertex),
    "seed": ("two-way", lambda trace: trace.plan.seed),
}  # fmt: skip


def uneven(trace: Trace) -> Trace:
    """The trace with round trips and a confidence that are not the usual ones."""
    later = (
        own if isinstance(own, Loss) else own._replace(received_at_s=own.received_at_s + 13e-6)
        for own in trace.outcomes
    )
    plan = trace.plan.replace(bound=Bound(0.01))
    return Trace.of(trace.replace(outcomes=tuple(later), plan=plan))


def comes_back(suffix: str, kind: str, value: Callable[[Trace], object]) -> bool:
    """Whether a value is the same after our JSON, the format, and our JSON."""
    trace = native.read(native.write(uneven(multipath(kind))), "x.json")
    try:
        written = load(next(row.trace for row in FORMATS if row.suffix == suffix))(
            trace, Look(suffix)
        )
    except ParisTraceError:
        return False
    back = replay.held(written if isinstance(written, bytes) else written.encode(), f"x.{suffix}")
    assert isinstance(back, Trace)
    return value(native.read(native.write(back), "x.json")) == value(trace)


@pytest.mark.parametrize("row", ROWS)
def test_the_page_says_what_comes_back(row: str) -> None:
    told = " | ".join("yes" if comes_back(suffix, *ROWS[row]) else "no" for suffix in BACK)
    assert f"| {row} | {told} |\n" in PAGE


@pytest.mark.parametrize("suffix", ["warts", "scamper.jsonl"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_analysis_of_the_same_probes_is_the_same(kind: str, suffix: str) -> None:
    trace = multipath(kind)
    written = load(next(row.trace for row in FORMATS if row.suffix == suffix))(trace, Look(suffix))
    back = replay.held(written if isinstance(written, bytes) else written.encode(), f"x.{suffix}")
    assert isinstance(back, Trace)
    found, own = (analysis(json.loads(native.write(each))) for each in (back, trace))
    assert found == own
    assert own["certainty"]


def test_the_page_has_no_other_rows() -> None:
    _, _, table = PAGE.partition(f"| kept by | {' | '.join(f'`.{own}`' for own in BACK)} |\n")
    assert len(table.partition("\n\n")[0].splitlines()) == len(ROWS) + 1
