"""Writes losses, round trips and where trouble begins as JSON values; our readers ignore them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paris.formats.studies_json import time_json, vertex_id

if TYPE_CHECKING:
    from mda.findings.behaviour import Behaviour
    from mda.statistics.delays import Delays

Json = dict[str, Any]


def member(delays: Delays | None) -> Json:
    """The member "delays" of a vertex or an edge that has figures."""
    return {} if delays is None else {"delays": figures(delays)}


def figures(delays: Delays) -> Json:
    """The figures of a series of probes."""
    return delays.in_whole_ns()._asdict()


def troubles(behaviour: Behaviour) -> Json:
    """What the tests prove, by its name in the document; empty where they prove nothing."""
    found: Json = {
        "answers_lost": [
            {**own._asdict(), "vertex": vertex_id(own.vertex)} for own in behaviour.answers_lost
        ],
        "lost_on_way": [
            {"from": vertex_id(own.near), "to": vertex_id(own.far), "share": own.share,
             "probability": own.probability}
            for own in behaviour.lost_on_way
        ],
        "slow_answers": [
            {**own._asdict(), "vertex": vertex_id(own.vertex), "slower_s": time_json(own.slower_s)}
            for own in behaviour.slow_answers
        ],
        "queues": [
            {"from": vertex_id(own.near), "to": vertex_id(own.far),
             "median_s": time_json(own.median_s), "probability": own.probability}
            for own in behaviour.queues
        ],
    }  # fmt: skip
    return {name: statements for name, statements in found.items() if statements}
