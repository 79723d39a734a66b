"""The services of one host in words: for each, what its state is and who said so."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mda.model import rtts_s
from mda.service.verdict import Word, verdict
from render.words.distances import number_of_hops
from render.words.quantities import median_ms
from render.words.service import flows_that_fail
from render.words.vertices import ending_in, place

if TYPE_CHECKING:
    from mda.comparison import Comparison
    from mda.model import IPAddress, Vertex
    from mda.service.verdict import Verdict
    from mda.trace import Trace


class ServiceWords(NamedTuple):
    """A service: its name (`tcp/443`), the verdict's word, its state, its distance and round trip.

    Where the destination did not answer, `hops` and `rtt` (the median in milliseconds) are empty.
    """

    name: str
    verdict: str
    state: str
    hops: str
    rtt: str


def is_of_services(comparison: Comparison) -> bool:
    """Whether every view is of a service, so that each has a state."""
    return all("/" in view.name for view in comparison.views)


def service_words(comparison: Comparison) -> tuple[ServiceWords, ...]:
    """The words for each service, in the order of the comparison."""
    return tuple(_of_trace(view.name, view.trace) for view in comparison.views)


def _of_trace(name: str, trace: Trace) -> ServiceWords:
    ends = {vertex.ttl for vertex in trace.arrivals}
    own = [reply for vertex in trace.arrivals for reply in trace.replies_at(vertex)]
    found = verdict(trace)
    is_partly = found is not None and found.word is Word.PARTLY
    return ServiceWords(
        name=name,
        verdict="" if found is None else found.word.value,
        state=_partly(trace, found) if is_partly and found is not None else state(trace),
        hops=number_of_hops(trace, ends) if ends else "",
        rtt=median_ms(rtts_s(own)),
    )


def _partly(trace: Trace, found: Verdict) -> str:
    what = "does not get through" if found.stopped else "closed"
    return f"{what} for {flows_that_fail(trace, found)}"


def state(trace: Trace) -> str:
    """What came of the probes to a service, in the words for its vertices."""
    places: dict[tuple[str, IPAddress], list[Vertex]] = {}
    for reply in trace.replies:
        if reply.ends_path:
            said = ending_in(trace, reply) or "reached", reply.responder
            places.setdefault(said, []).append(trace.vertex_of(reply))
    own = sorted({words for words, by in places if by == trace.plan.destination})
    # A router may refuse at its own TTL and at all later ones.
    from_others = sorted(
        f"{words}, from {place(min(vertices, key=lambda vertex: vertex.ttl))}"
        for (words, by), vertices in places.items()
        if by != trace.plan.destination
    )
    if places:
        return "; ".join([*own, *from_others])
    last = max((vertex for vertex in trace.dag if vertex != trace.origin and vertex.address),
               key=lambda vertex: vertex.ttl, default=None)  # fmt: skip
    return "no reply" if last is None else f"no reply after {place(last)}"
