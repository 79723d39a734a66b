"""The probes that met some vertices of a hop, in the order in which they left."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from mda.answers.hop import Hop
    from mda.model import Vertex


class Trial(NamedTuple):
    """A probe, and whether it was answered.

    Trials sort in the order in which they left: of one moment, low attempts and low flows first.
    """

    sent_at_s: float
    attempt: int
    flow: int
    answered: bool


def sent(hop: Hop, vertices: Collection[Vertex], has_met: Callable[[int], bool]) -> list[Trial]:
    """The probes that met one of `vertices`, and the lost probes of the flows that `has_met`."""
    met = {
        (flow, attempt): sent_at_s
        for flow, (sent_at_s, attempt, met_vertex) in hop.all_answers()
        if met_vertex in vertices
    }
    lost = {(flow, attempt): sent_at_s for sent_at_s, flow, attempt in hop.lost_at if has_met(flow)}
    found = sorted(
        Trial(sent_at_s, attempt, flow, (flow, attempt) in met)
        for (flow, attempt), sent_at_s in (lost | met).items()
    )
    if hop.is_shared:  # whose probe left first at a moment is not known: it had more tokens
        found.sort(key=lambda trial: (trial.sent_at_s, not trial.answered))
    return found


def own(hop: Hop, vertex: Vertex) -> list[Trial]:
    """The probes of flows that met a vertex, at this time or another."""
    return sent(hop, {vertex}, lambda flow: hop.answers.get(flow) == vertex)


def possible(hop: Hop, vertices: Collection[Vertex]) -> list[Trial]:
    """The probes that met one of `vertices`, and all lost ones that may have met one."""
    can_come = hop.who_can_come()
    return sent(
        hop,
        vertices,
        lambda flow: hop.answers[flow] in vertices if flow in hop.answers else can_come(flow),
    )


def likely(hop: Hop, vertex: Vertex, losing: Collection[Vertex]) -> list[Trial]:
    """As `own`, with the lost probes of unheard flows that `vertex` alone seems to lose.

    They come by a vertex behind which no other of those met that are `losing` replies.
    """
    before = hop.before.answers if hop.before is not None else {}
    ways: dict[Vertex, set[Vertex]] = {lossy: set() for lossy in losing}
    for flow, met in hop.answers.items():
        if met in ways and flow in before:
            ways[met].add(before[flow])
    own_ways = ways[vertex].difference(*(ways[other] for other in losing if other != vertex))
    return sent(
        hop,
        {vertex},
        lambda flow: (
            hop.answers[flow] == vertex if flow in hop.answers else before.get(flow) in own_ways
        ),
    )


def timed(found: Iterable[Trial]) -> list[tuple[float, bool]]:
    """When each of these probes was sent, in seconds, and whether it was answered."""
    return [(trial.sent_at_s, trial.answered) for trial in found]
