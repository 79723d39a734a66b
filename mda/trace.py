"""One measurement and what follows from it: the graph, its certainty and the studies' findings."""

from __future__ import annotations

from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, TypeVar, cast

from mda.findings.certainty import Certainty, Obstacle, certainty, obstacles
from mda.findings.changes.base import Change, Seen
from mda.findings.copied_ttls import CopiedTtl, copied_ttls
from mda.findings.diamonds import Diamond, diamonds
from mda.findings.flow_shares import edge_draws, edge_shares, number_of_paths, vertex_shares
from mda.findings.known import Known
from mda.findings.loops import Revisit, revisits
from mda.findings.parallel_links import ParallelLink, parallel_links
from mda.findings.refusals import Refused, refusals
from mda.findings.tunnels import may_be_farther, may_reply_from_behind
from mda.model import ProbeRequest, Reply, StopReason, Vertex, Vertices
from mda.record import Record
from mda.studies.registry import STUDIES
from mda.variants import plain_outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import networkx as nx

    from mda.answers.dag import Dag
    from mda.answers.rate_limits import Answering
    from mda.findings.behaviour import Behaviour
    from mda.studies.base import Study

_Found = TypeVar("_Found")


class Trace(Record):
    """A record and its findings; see `of`.

    `dag` is the graph of interfaces, and `origin` the vertex of the source. `per_packet` are the
    vertices that split one flow, and `turned` those behind which the route changed during the
    trace. `unordered` are the TTLs behind both at which a flow's vertex says nothing about its next
    one. `revisits` are addresses that one path meets several times. `refusals` say who refuses the
    probes, `copied_ttls` which hosts seem to copy their TTL. `answering` says which vertices lose
    replies or limit their rate. `places` has the TTL at which each reply counts that ends a path:
    see `vertex_of`. `arrivals` are the vertices at which the destination itself replied, other than
    that probes expired there. It `may_be_farther`: see `mda.findings.tunnels`. `unfit_for_lite` are
    the TTLs at which hops turned out meshed or uneven, so that MDA-Lite switched to the full MDA.
    `studies` holds the findings of each study by its name; see `found`.
    """

    dag: Dag
    origin: Vertex
    certainty: Certainty
    diamonds: tuple[Diamond, ...]
    per_packet: tuple[Vertex, ...]
    turned: tuple[Vertex, ...]
    unordered: frozenset[int]
    revisits: tuple[Revisit, ...]
    refusals: tuple[Refused, ...]
    copied_ttls: tuple[CopiedTtl, ...]
    answering: Mapping[Vertex, Answering]
    places: Mapping[ProbeRequest, int]
    arrivals: tuple[Vertex, ...]
    may_be_farther: bool
    unfit_for_lite: tuple[int, ...]
    studies: Mapping[str, object]

    @classmethod
    def of(cls, record: Record) -> Trace:
        """The trace of a record; given another trace, it uses only that trace's record."""
        known = Known.of(record)
        located, graph, places = known.located, known.graph, known.table.ends.places
        found = revisits(known.table, located, known.plain)
        arrivals, copied = _arrivals(known), copied_ttls(known)
        copying = {own.vertex for own in copied}
        ends = [end for end in arrivals if end not in copying]
        is_farther = may_be_farther(known, ends) or may_reply_from_behind(known, ends)
        answering = {
            vertex: own
            for ttl, here in located.hops.items()
            for vertex, own in known.table.limits(ttl).answering(here).items()
        }
        is_closed = any(withheld.closed_ways for withheld in record.wire.withheld)
        return cls(
            **{name: getattr(record, name) for name in Record.field_names()},
            dag=graph,
            origin=located.origin,
            certainty=certainty(
                known.table,
                located,
                known.hops,
                record.plan.bound,
                known.destinations,
                obstacles=obstacles(found, known.plain)
                | ({Obstacle.TUNNEL} if is_farther else set())
                | ({Obstacle.COPIED_TTL} if any(own.is_nearer for own in copied) else set())
                | ({Obstacle.CLOSED_WAY} if is_closed else set()),
                lite=known.is_lite,
            ),
            # Two routes, one after the other, are not two branches.
            diamonds=tuple(
                diamond for diamond in diamonds(graph) if diamond.divergence not in located.turned
            ),
            per_packet=located.per_packet,
            turned=located.turned,
            unordered=located.unordered,
            revisits=found,
            refusals=refusals(record.plan, known.plain),
            copied_ttls=copied,
            answering={
                vertex: answering[vertex]
                for vertex in graph
                if vertex.address is not None and vertex != located.origin
            },
            places=places,
            arrivals=arrivals,
            may_be_farther=is_farther,
            unfit_for_lite=known.unfit_for_lite,
            studies={
                study.name: study.findings(known)
                for study in STUDIES
                if study.finds and (study.always or study.name in record.plan.studies)
            },
        )

    def __repr__(self) -> str:
        edges, diamonds = self.dag.number_of_edges(), len(self.diamonds)
        return (
            f"{type(self).__name__}({self.plan.target}: {len(self.dag)} vertices, {edges} edges, "
            f"{diamonds} diamond{'' if diamonds == 1 else 's'}, {self.probes_sent} probes)"
        )

    def found(self, study: Study[_Found]) -> _Found | None:
        """The findings of a study; None if it was not requested, or found nothing."""
        return cast("_Found | None", self.studies.get(study.name))

    def once(self, finding: Callable[[Trace], _Found]) -> _Found:
        """What a function finds of this trace: called once, for findings of the layers above."""
        if finding not in self._found_once:
            self._found_once[finding] = finding(self)
        return cast("_Found", self._found_once[finding])

    @cached_property
    def _found_once(self) -> dict[Callable[[Trace], object], object]:
        return {}

    @cached_property
    def graph(self) -> nx.DiGraph[Vertex]:
        """The graph of interfaces for networkx; vertices and edges have the attribute `flows`."""
        return self.dag.as_networkx()

    @cached_property
    def vertex_shares(self) -> dict[Vertex, float]:
        """For each vertex, the share of all flows that meets it."""
        return vertex_shares(self.dag, self._first_asked)

    @cached_property
    def edge_shares(self) -> dict[tuple[Vertex, Vertex], float]:
        """For each edge, the share of the flows through its near end that take it."""
        return edge_shares(self.dag, self._first_asked)

    @cached_property
    def edge_draws(self) -> dict[tuple[Vertex, Vertex], int]:
        """For each edge, the number of flows through its near end that are seen to take it."""
        return edge_draws(self.dag, self._first_asked)

    @cached_property
    def _first_asked(self) -> dict[int, int]:
        """The TTL of the first probe of each flow."""
        first: dict[int, tuple[float, int]] = {}
        for outcome in self.outcomes:
            flow, ttl, _ = outcome.request
            first[flow] = min(first.get(flow, (inf, 0)), (outcome.sent_at_s, ttl))
        return {flow: ttl for flow, (_, ttl) in first.items()}

    @cached_property
    def parallel_links(self) -> dict[tuple[Vertex, Vertex], tuple[ParallelLink, ...]]:
        """The links of each edge that is seen to have several."""
        replies = ((self.vertex_of(reply), reply) for reply in self.replies if reply.interfaces)
        return parallel_links(self.dag, replies, self.unordered)

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """What changes a packet on the way, and where that begins."""
        from mda.findings.changes.registry import changes  # not before the first probe

        return changes(
            Seen(
                dag=self.dag,
                origin=self.origin,
                replies=self._replies_by_vertex,
                arrivals=self.arrivals,
                revisits=self.revisits,
                copied_ttls=self.copied_ttls,
                source=str(self.plan.source),
                traffic_class=self.plan.probing.traffic_class,
                shows_changes="changed" not in self.wire.hidden
                and any(reply.changed for reply in self.replies),
            )
        )

    @cached_property
    def path_count(self) -> int | None:
        """The number of paths through the graph; None where edges are unproven and so missing."""
        return None if self.unordered else number_of_paths(self.dag, self.origin)

    @cached_property
    def behaviour(self) -> Behaviour:
        """How each vertex and link behaves."""
        from mda.findings.behaviour import Behaviour  # not before the last probe
        from mda.findings.tries import tries

        return Behaviour(
            dag=self.dag,
            origin=self.origin,
            tries=tries(plain_outcomes(self.outcomes), self.places),
            answering=self.answering,
            replies_at=self.replies_at,
            unordered=self.unordered,
        )

    @property
    def is_complete(self) -> bool:
        """Whether the procedure came to its own end."""
        return self.stopped is StopReason.COMPLETE

    @property
    def reached(self) -> bool:
        """Whether the destination itself answered."""
        return bool(self.arrivals) or self.skipped_arrival is not None

    @property
    def skipped_arrival(self) -> int | None:
        """The hop of the destination, by its quotes, if that is before the first TTL traced."""
        hops = (
            self.vertex_of(reply).ttl
            for reply in self.replies
            if reply.ends_path and reply.is_from(self.plan.destination)
        )
        return min((hop for hop in hops if hop < self.plan.first_ttl), default=None)

    @property
    def may_be_nearer(self) -> bool:
        """Whether the hops that are drawn before the destination may not be there.

        The last one was not asked, and no quote shows the distance; or the destination copies TTLs.
        """
        if any(own.is_nearer and own.vertex in self.arrivals for own in self.copied_ttls):
            return True
        asked = {outcome.request.ttl for outcome in self.outcomes}
        ends = {vertex for vertex in self.arrivals if vertex.ttl - 1 not in {0, *asked}}
        return bool(ends) and all(
            reply.quoted_ttl is None for reply in self.replies if self.vertex_of(reply) in ends
        )

    @property
    def may_hide_last_hop(self) -> bool:
        """Whether a router that forwards expired packets to the destination would not show.

        It shows only in the TTLs that the destination quotes, and only ICMP errors quote any.
        """
        ends = set(self.arrivals)
        return bool(ends) and all(
            reply.quoted_ttl is None for reply in self.replies if self.vertex_of(reply) in ends
        )

    @cached_property
    def replies(self) -> tuple[Reply, ...]:
        """The replies to plain flows; the graph does not contain those to variants."""
        return tuple(
            outcome for outcome in plain_outcomes(self.outcomes) if isinstance(outcome, Reply)
        )

    @property
    def answered(self) -> frozenset[ProbeRequest]:
        """The requests that got a reply, including those of variants."""
        return frozenset(outcome.request for outcome in self.outcomes if isinstance(outcome, Reply))

    def replies_at(self, vertex: Vertex) -> tuple[Reply, ...]:
        """The replies of `vertex` at its TTL; empty for a star."""
        return self._replies_by_vertex.get(vertex, ())

    @cached_property
    def _replies_by_vertex(self) -> dict[Vertex, tuple[Reply, ...]]:
        replies: dict[Vertex, list[Reply]] = {}
        for reply in self.replies:
            replies.setdefault(self.vertex_of(reply), []).append(reply)
        return {vertex: tuple(own) for vertex, own in replies.items()}

    def vertex_of(self, reply: Reply) -> Vertex:
        """The vertex that a reply came from; a reply that ends a path may come from nearer."""
        return self._vertices.of(reply)

    @cached_property
    def _vertices(self) -> Vertices:
        return Vertices(self.places)


def _arrivals(known: Known) -> tuple[Vertex, ...]:
    """The vertices of the graph at which the destination is, by its replies that end a path."""
    ends = known.table.ends
    found = {
        Vertex.of(ends.places[outcome.request], outcome)
        for outcome in known.own_replies
        if outcome.ends_path and not ends.is_early(outcome)
    }
    return tuple(vertex for vertex in known.graph if vertex in found)
