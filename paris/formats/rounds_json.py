"""The lines of --jsonl: what is watched, each round, and the figures of all of them at the end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from mda.model import Reply

if TYPE_CHECKING:
    from mda.model import Outcome, Vertex
    from mda.statistics.sketches import Sketch
    from mda.studies.watch import Change, Watch

FORMAT: Final = "paris-trace-rounds/1"
_FIGURES: Final = (
    "sent", "lost", "min_s", "median_s", "p95_s", "max_s", "mean_s", "stdev_s", "jitter_s",
)  # fmt: skip


def begin_line(watch: Watch, target: str) -> str:
    """What is watched: the first line."""
    return _line({
        "type": "begin",
        "format": FORMAT,
        "target": target,
        "started_at_unix_s": watch.started_at_unix_s,
        "paths": [
            {"path": path.number, "flows": path.flows, "hops": list(map(_vertex, path.vertices))}
            for path in watch.paths
        ],
    })  # fmt: skip


def round_line(watch: Watch, since: int) -> str:
    """The last round, with the changes after the first `since` ones.

    Times are seconds after `started_at_unix_s`. A hop without `rtt_s` lost its probe.
    """
    new = watch.change_count - since
    return _line({
        "type": "round",
        "round": watch.rounds,
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
        "changes": [_change(own) for own in list(watch.changes)[-new:]] if new else [],
    })  # fmt: skip


def end_line(watch: Watch) -> str:
    """The figures of all rounds: the last line, unless the program was killed."""
    return _line({
        "type": "end",
        "rounds": watch.rounds,
        "changes": watch.change_count,
        "hops": [{**_vertex(own), **_figures(sketch)} for own, sketch in watch.vertices.items()],
        "links": [
            {"near": _vertex(near), "far": _vertex(far), **_figures(sketch)}
            for (near, far), sketch in watch.links.items()
        ],
        "paths": [{"path": number, **_figures(own)} for number, own in watch.ends.items()],
    })  # fmt: skip


def _hop(outcome: Outcome) -> dict[str, Any]:
    hop: dict[str, Any] = {"ttl": outcome.request.ttl, "flow": outcome.request.flow}
    if isinstance(outcome, Reply):
        hop |= {"address": str(outcome.responder), "rtt_s": round(outcome.rtt_s, 9)}
    return hop


def _change(change: Change) -> dict[str, Any]:
    return {
        **change._asdict(),
        "before": _vertex(change.before),
        "after": _vertex(change.after),
    }


def _vertex(vertex: Vertex) -> dict[str, Any]:
    return {"ttl": vertex.ttl, "address": None if vertex.address is None else str(vertex.address)}


def _figures(sketch: Sketch) -> dict[str, Any]:
    return {name: getattr(sketch, name) for name in _FIGURES}


def _line(document: dict[str, Any]) -> str:
    """The document on one line, in printable ASCII."""
    return json.dumps(document, separators=(",", ":")).replace("\x7f", "\\u007f") + "\n"
