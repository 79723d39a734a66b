"""What a survey wrote, and what is true of the simulated internet that it traced."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING

from mda.model import Reply
from paris.formats import native
from paris.sim.topology import SOURCE

if TYPE_CHECKING:
    from pathlib import Path

    from mda.model import IPAddress
    from mda.trace import Trace
    from paris.sim.internet import Internet


def traces(folder: Path) -> dict[str, Trace]:
    """The traces in a survey's folder; none may be there twice."""
    found: dict[str, Trace] = {}
    for file in sorted(folder.glob("traces-*.jsonl")):
        for line in file.read_text().splitlines():
            trace = native.read(line, str(file))
            assert str(trace.plan.destination) not in found
            found[str(trace.plan.destination)] = trace
    return found


def busiest(folder: Path, window_s: float) -> dict[str, int]:
    """How many probes each address answered at most that left within so many seconds."""
    times_s: defaultdict[str, list[float]] = defaultdict(list)
    for trace in traces(folder).values():
        for outcome in trace.outcomes:
            if isinstance(outcome, Reply):
                times_s[str(outcome.responder)].append(outcome.sent_at_s)
    return {address: _most_within(sorted(own), window_s) for address, own in times_s.items()}


def _most_within(times_s: list[float], window_s: float) -> int:
    return max(
        end - bisect_left(times_s, times_s[end - 1] - window_s)
        for end in range(1, len(times_s) + 1)
    )


def edges(trace: Trace) -> set[tuple[str, str]]:
    """The links between addresses."""
    return {
        (str(near.address), str(far.address))
        for near, far in trace.dag.edges
        if near.address is not None and far.address is not None
    }


def true_edges(
    net: Internet, destination: IPAddress, *, only_heard: bool = False
) -> set[tuple[str, str]]:
    """The links on the way to a destination, or those between routers that reply."""
    topology = net.network(destination).topology
    return {
        (str(topology.routers[near].interfaces[0]), str(topology.routers[far].interfaces[0]))
        for near, successors in topology.successors.items()
        for far in successors
        if near != SOURCE
        and not (only_heard and (topology.routers[near].silent or topology.routers[far].silent))
    } | {
        (str(net.source), str(topology.routers[far].interfaces[0]))
        for far in topology.successors[SOURCE]
    }  # fmt: skip
