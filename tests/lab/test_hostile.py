"""What a hostile network sends changes nothing that a tracer can know, and ends no trace badly.

`python -m benchmarks.hostile` tries each responder alone.
"""

from __future__ import annotations

import pytest

from tests.lab.hostile import RESPONDERS, WIRES, Guile, faults

pytestmark = pytest.mark.lab

# Beside the true replies, all at once; the floods would be most of the work.
CROWD = [own for own in RESPONDERS
         if own.guile is Guile.CLUMSY and not own.replaces and "flood" not in own.name]  # fmt: skip
ALONE = ("never-ending new interfaces", "flood of flows never sent", "the destination at every hop",
         "extensions: random bytes", "too big for 0", "replies late by 0.3 s")  # fmt: skip


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("version", [4, 6])
def test_the_true_graph_is_found_in_a_crowd_of_clumsy_responders(version: int, wire: str) -> None:
    assert len(CROWD) > 60
    assert faults(CROWD, version, wire) == []


@pytest.mark.parametrize("name", ALONE)
def test_a_hostile_responder_ends_no_trace_badly(name: str) -> None:
    number, responder = next(
        (number, own) for number, own in enumerate(RESPONDERS) if own.name == name
    )
    assert faults([responder], (4, 6)[number % 2], WIRES[number % 3]) == []
