"""The lines of --jsonl: what is watched, each round, and the figures of all of them at the end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from mda.model import Reply
from mda.statistics.delays import whole_ns
from paris.formats import rounds_json

if TYPE_CHECKING:
    from mda.model import Outcome
    from mda.studies.watch import Watch

FORMAT: Final = "paris-trace-rounds/1"


def begin_line(watch: Watch, target: str) -> str:
    """What is watched: the first line."""
    return _line({
        "type": "begin",
        "format": FORMAT,
        "target": target,
        "started_at_unix_s": watch.started_at_unix_s,
        "paths": list(map(rounds_json.path, watch.paths)),
    })  # fmt: skip


def round_line(watch: Watch, since: int) -> str:
    """The last round, with the changes after the first `since` ones.

    Times are seconds after `started_at_unix_s`. A hop without `rtt_s` lost its probe, and one that
    is missing got none. If this system withheld probes, their number and its reason are there.
    """
    new = watch.change_count - since
    return _line({
        "type": "round",
        "round": watch.count,
        "at_s": watch.latest_s,
        "paths": [
            {
                "path": path.number,
                "hops": [
                    _hop(watch.latest[path.number, vertex.ttl])
                    for vertex in path.vertices
                    if (path.number, vertex.ttl) in watch.latest
                ],
            }
            for path in watch.paths
        ],
        "changes": list(map(rounds_json.change, list(watch.changes)[-new:])) if new else [],
        **(
            {"withheld": {"probes": watch.withheld, "reason": watch.outages[-1].reason}}
            if watch.withheld
            else {}
        ),
    })  # fmt: skip


def end_line(watch: Watch) -> str:
    """The figures of all rounds: the last line, unless the program was killed."""
    rounds = watch.rounds
    return _line({
        "type": "end",
        "rounds": rounds.number,
        "changes": rounds.change_count,
        "outages": rounds.outage_count,
        **rounds_json.places(rounds),
        "paths": [
            {"path": number} | rounds_json.figures(own) for number, own in rounds.ends.items()
        ],
    })  # fmt: skip


def _hop(outcome: Outcome) -> dict[str, Any]:
    hop: dict[str, Any] = {"ttl": outcome.request.ttl, "flow": outcome.request.flow}
    if isinstance(outcome, Reply):
        rtt_s = outcome.received_at_s - outcome.sent_at_s
        hop |= {"address": str(outcome.responder), "rtt_s": whole_ns(rtt_s)}
    return hop


def _line(document: dict[str, Any]) -> str:
    """The document on one line, in printable ASCII."""
    return json.dumps(document, separators=(",", ":")).replace("\x7f", "\\u007f") + "\n"
