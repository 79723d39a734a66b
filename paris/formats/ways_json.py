"""Writes and reads the ways out of this machine as JSON values.

A file has them only where flows had several.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from mda.model import Way

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]


def way(way: Way) -> Json:
    """One way."""
    gateway = None if way.gateway is None else str(way.gateway)
    return {"source": str(way.source), "interface": way.interface, "gateway": gateway}


def read_way(values: Json) -> Way:
    """The way that `way` wrote."""
    gateway = values["gateway"]
    return Way(
        source=ip_address(values["source"]),
        interface=values["interface"],
        gateway=None if gateway is None else ip_address(gateway),
    )


def ways(taken: Mapping[int, Way]) -> Json:
    """The member "ways": each way with the flows that took it."""
    flows: dict[Way, list[int]] = {}
    for flow, own in taken.items():
        flows.setdefault(own, []).append(flow)
    members = [{**way(own), "flows": numbers} for own, numbers in flows.items()]
    return {"ways": members} if members else {}


def read_ways(document: Json) -> dict[int, Way]:
    """The way of each flow, in the order of flows."""
    taken = {
        int(flow): read_way(member)
        for member in document.get("ways", ())
        for flow in member["flows"]
    }
    return dict(sorted(taken.items()))
