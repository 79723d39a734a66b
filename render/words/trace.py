"""The words for a trace, as one value that the terminal and the pictures draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from mda.answers.graph import flows_of_edge, vertices_by_ttl
from mda.escaping import shown
from mda.studies.registry import CLASSIC, MTU, PATHS, STATS
from render.words.extensions import interface_words
from render.words.figures import figures_in_words
from render.words.networks import networks
from render.words.quantities import count, percent
from render.words.summary import diamond_size, findings, headline
from render.words.vertices import VertexWords, key_of, vertex_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.findings.diamonds import Diamond
    from mda.model import Vertex
    from mda.studies.mtu import Narrowing
    from mda.trace import Trace
    from render.words.paths import PathWords, Recipes
    from render.words.service import VerdictWords
    from render.words.studies import Paragraph
    from render.words.watch import WatchWords

_MOST_FLOWS: Final = 12  # that are listed for an edge


class HopWords(NamedTuple):
    """The vertices of a hop, in a fixed order; the first hop holds the source alone.

    `network` names the networks that they are in, where that was looked up.
    """

    ttl: int
    is_source: bool
    vertices: tuple[VertexWords, ...]
    network: str


class EdgeWords(NamedTuple):
    """The words for an edge; `near` and `far` are the keys of its vertices.

    `share` is the share of all flows that take it. `mark` stands beside it. `is_uncertain` means
    that an end is silent or that no flow was seen to take it.
    """

    near: str
    far: str
    share: float
    mark: str
    sentence: str
    is_uncertain: bool


class FalseLink(NamedTuple):
    """A link that a classic traceroute infers and no flow takes, between the keys of vertices."""

    near: str
    far: str
    sentence: str


class DiamondWords(NamedTuple):
    """A diamond's size, and the keys of the vertices between its two ends."""

    size: str
    vertices: tuple[str, ...]


class TraceWords(NamedTuple):
    """All words for a trace, in a fixed order.

    `title` names the destination and `probing` the probes, the flows and the bound. `findings` and
    the lines of `studies` are of any length. `verdict` is that on the service, if there is one, and
    `watch` is what the rounds of a watch showed. `paths` are there if they were asked for.
    """

    title: str
    probing: str
    is_single_path: bool
    hops: tuple[HopWords, ...]
    edges: tuple[EdgeWords, ...]
    false_links: tuple[FalseLink, ...]
    diamonds: tuple[DiamondWords, ...]
    findings: tuple[str, ...]
    studies: tuple[Paragraph, ...]
    verdict: VerdictWords | None
    watch: WatchWords | None
    paths: tuple[PathWords, ...]


def trace_words(trace: Trace, recipes: Recipes) -> TraceWords:
    """The words for a trace, all printable; `recipes` says how to take the path of a flow."""
    words = vertex_words(trace)
    title, probing = headline(trace)
    said = TraceWords(
        title=title,
        probing=probing,
        is_single_path=not trace.plan.algorithm.is_multipath,
        hops=tuple(
            HopWords(
                ttl,
                ttl == trace.origin.ttl,
                tuple(words[vertex] for vertex in vertices),
                networks(vertices, trace.facts),
            )
            for ttl, vertices in vertices_by_ttl(trace.dag).items()
        ),
        edges=_edges(trace, words),
        false_links=_false_links(trace),
        diamonds=tuple(map(_diamond, trace.diamonds)),
        findings=tuple(findings(trace)),
        studies=_studies(trace, recipes),
        verdict=_verdict(trace, recipes),
        watch=_watch(trace),
        paths=_paths(trace),
    )
    return shown(said)


def _studies(trace: Trace, recipes: Recipes) -> tuple[Paragraph, ...]:
    if not trace.plan.studies:
        return ()
    from render.words.studies import studies  # most traces have none

    return tuple(studies(trace, recipes))


def _paths(trace: Trace) -> tuple[PathWords, ...]:
    if PATHS.name not in trace.plan.studies:
        return ()
    from render.words.paths import path_words  # as above

    return path_words(trace)


def _verdict(trace: Trace, recipes: Recipes) -> VerdictWords | None:
    if not trace.plan.probing.is_to_service:
        return None
    from render.words.service import verdict_words  # most traces go to no service

    return verdict_words(trace, recipes)


def _watch(trace: Trace) -> WatchWords | None:
    if trace.rounds is None:
        return None
    from render.words.watch import watch_words  # few traces are watched

    return watch_words(trace.rounds, trace.plan.host, trace.started_at_unix_s)


def _edges(trace: Trace, words: Mapping[Vertex, VertexWords]) -> tuple[EdgeWords, ...]:
    edges = []
    for (near, far), share in trace.edge_shares.items():
        flows = flows_of_edge(trace.dag, near, far)
        listed = " ".join(map(str, flows[:_MOST_FLOWS]))
        more = len(flows) - _MOST_FLOWS
        edges.append(
            EdgeWords(
                near=key_of(near),
                far=key_of(far),
                share=words[near].share * share,
                mark=_mark(trace, near, far),
                sentence=f"{percent(share)} of the flows of {words[near].address} go to"
                f" {words[far].address}; seen: {listed or 'none, assumed'}"
                + (f" and {more} more" if more > 0 else "")
                + _links(trace, near, far)
                + _narrowed(trace, near, far)
                + _behaviour(trace, near, far),
                is_uncertain=near.address is None or far.address is None or not flows,
            )
        )
    return tuple(edges)


def _links(trace: Trace, near: Vertex, far: Vertex) -> str:
    """The links of an edge that has several, with the number of flows that took each."""
    links = [
        f"{', '.join(interface_words(own, None) for own in link.interfaces)}"
        f" ({count(len(link.flows), 'flow', 'flows')})"
        for link in trace.parallel_links.get((near, far), ())
    ]
    return f"; by {'; '.join(links)}" if links else ""


def _mark(trace: Trace, near: Vertex, far: Vertex) -> str:
    """What stands beside an edge that takes less than those before it."""
    narrowing = _narrowing(trace, near, far)
    return "" if narrowing is None else f"MTU {narrowing.mtu}"


def _narrowing(trace: Trace, near: Vertex, far: Vertex) -> Narrowing | None:
    found = trace.found(MTU)
    return None if found is None else found.narrowed(near, far)


def _narrowed(trace: Trace, near: Vertex, far: Vertex) -> str:
    """How long packets may be on an edge that takes less than those before it."""
    narrowing = _narrowing(trace, near, far)
    if narrowing is None:
        return ""
    black_hole = ", a black hole" if narrowing.probability is not None else ""
    return f"; at most {narrowing.mtu} bytes{black_hole}"


def _behaviour(trace: Trace, near: Vertex, far: Vertex) -> str:
    """The losses and times of an edge, where they were requested, and those of a watch."""
    delays = trace.behaviour.edges.get((near, far)) if STATS.name in trace.plan.studies else None
    said = "" if delays is None else f"; {figures_in_words(delays)}"
    if trace.rounds is not None and (near, far) in trace.rounds.links:
        said += f"; watched: {figures_in_words(trace.rounds.links[near, far].delays)}"
    return said


def _false_links(trace: Trace) -> tuple[FalseLink, ...]:
    """The links that a classic traceroute would have drawn wrongly."""
    classic = trace.found(CLASSIC)
    if classic is None:
        return ()
    return tuple(
        FalseLink(
            near=key_of(link.near),
            far=key_of(link.far),
            sentence=f"a classic traceroute infers a link from {link.near.address} to"
            f" {link.far.address}: no flow takes it",
        )
        for link in classic.false_links
    )


def _diamond(diamond: Diamond) -> DiamondWords:
    vertices = tuple(key_of(vertex) for hop in diamond.hops for vertex in hop)
    return DiamondWords(diamond_size(diamond), vertices)
