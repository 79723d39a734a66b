"""Writes what the rounds of a watch showed as a JSON value, and reads it."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from mda.model import Vertex
from mda.rounds import Change, Figures, Outage, Rounds, WatchedPath
from mda.statistics.delays import Delays

Json = dict[str, Any]


def member(rounds: Rounds | None) -> Json:
    """The member "rounds" of a trace that was watched."""
    if rounds is None:
        return {}
    return {
        "rounds": {
            "count": rounds.number,
            "paths": [path(own) | figures(rounds.ends[own.number]) for own in rounds.paths],
            **places(rounds),
            "changes": list(map(change, rounds.changes)),
            "change_count": rounds.change_count,
            "outages": [own._asdict() for own in rounds.outages],
            "outage_count": rounds.outage_count,
        }
    }


def places(rounds: Rounds) -> Json:
    """The figures of hops and links."""
    return {
        "hops": [vertex(own) | figures(shown) for own, shown in rounds.vertices.items()],
        "links": [
            {"near": vertex(near), "far": vertex(far)} | figures(shown)
            for (near, far), shown in rounds.links.items()
        ],
    }


def path(own: WatchedPath) -> Json:
    """A path that is watched."""
    return {
        "path": own.number,
        "flows": own.flows,
        "hops": list(map(vertex, own.vertices)),
    }


def change(own: Change) -> Json:
    """A change, with its vertices."""
    return own._asdict() | {"before": vertex(own.before), "after": vertex(own.after)}


def vertex(own: Vertex) -> Json:
    """A vertex that may be outside the graph."""
    address = None if own.address is None else str(own.address)
    interface = {"interface": own.interface} if own.interface else {}
    return {"ttl": own.ttl, "address": address, **interface}


def figures(own: Figures) -> Json:
    """The figures of many probes."""
    return own.delays._asdict() | {"last_s": own.last_s}


def read(document: Json) -> Rounds | None:
    """The rounds in a document that its schema allows, if there are any."""
    found = document.get("rounds")
    if found is None:
        return None
    return Rounds(
        number=int(found["count"]),
        paths=tuple(
            WatchedPath(
                int(own["path"]),
                tuple(map(int, own["flows"])),
                tuple(map(_read_vertex, own["hops"])),
            )
            for own in found["paths"]
        ),
        vertices={_read_vertex(own): _read_figures(own) for own in found["hops"]},
        links={
            (_read_vertex(own["near"]), _read_vertex(own["far"])): _read_figures(own)
            for own in found["links"]
        },
        ends={int(own["path"]): _read_figures(own) for own in found["paths"]},
        changes=tuple(map(_read_change, found["changes"])),
        change_count=int(found["change_count"]),
        outages=tuple(
            Outage(own["reason"], own["began_s"], own["ended_s"], int(own["probes"]))
            for own in found["outages"]
        ),
        outage_count=int(found["outage_count"]),
    )


def _read_vertex(own: Json) -> Vertex:
    address = None if own["address"] is None else ip_address(own["address"])
    return Vertex(int(own["ttl"]), address, interface=own.get("interface", ""))


def _read_figures(own: Json) -> Figures:
    counts = {"sent": int(own["sent"]), "lost": int(own["lost"])}
    delays = {name: own[name] for name in Delays._fields}
    return Figures(Delays(**{**delays, **counts}), own["last_s"])


def _read_change(own: Json) -> Change:
    counts = {name: int(own[name]) for name in ("path", "ttl", "moved", "trials")}
    ends = {name: _read_vertex(own[name]) for name in ("before", "after")}
    return Change(**{name: own[name] for name in Change._fields} | counts | ends)
