"""One measurement, finished or cut short: every outcome, and the graph they make."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from mda.answers import graph as graphs
from mda.answers.hop_pairs import choices, pairs
from mda.answers.table import tabulate
from mda.findings.certainty import Certainty, certainty
from mda.findings.diamonds import Diamond, diamonds
from mda.findings.flow_shares import edge_shares, number_of_paths, vertex_shares
from mda.findings.loops import Revisit, revisits
from mda.model import (
    HeaderField,
    IPAddress,
    Outcome,
    ProbeRequest,
    Reply,
    StopReason,
    Unresolved,
    Vertex,
)
from mda.plan import Algorithm, Plan, Study, WireReport
from mda.studies.balancer_evidence import plain_outcomes
from mda.studies.balancers import Balancer, balancers
from mda.studies.classic import Classic, classic
from mda.studies.paths import Passing, Route, chosen, passings, routes
from mda.studies.polarisation import Series, series

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import networkx as nx

    from mda.answers.dag import Dag
    from mda.answers.rate_limits import Answering


@dataclass(frozen=True, kw_only=True)
class Trace:
    """One measurement. Times of outcomes are seconds since `started_at_unix_s`.

    `outcomes` are in the order in which they became known, `unresolved` the probes that were in
    flight at the end; `wire` is what carried them; `unmatched` counts by reason the datagrams that
    answered no probe of ours.
    `dag` (the graph of interfaces), `certainty`, `diamonds`, `per_packet` (the vertices that split
    one flow), `turned` (those behind which the route changed meanwhile), `unordered` (the TTLs
    below both) and `revisits` (loops) follow from the outcomes: see `assemble`. So does
    `answering`: which vertices lose answers, or limit their rate; `balancers`, how each vertex
    splits its flows and, where fields were varied, by what; and `series`, how pairs of those agree.
    `routes` are the paths from end to end and `followed` the hops of one, and `classic` what an
    ordinary traceroute shows, where asked for. `unfit_for_lite` are the TTLs at which hops turned
    out meshed or uneven, so that MDA-Lite went on as the full MDA. `names` are what the name
    service calls the responders, as far as it was asked.
    """

    plan: Plan
    started_at_unix_s: float
    duration_s: float
    probes_sent: int
    outcomes: tuple[Outcome, ...]
    unresolved: tuple[Unresolved, ...]
    wire: WireReport
    unmatched: Mapping[str, int]
    stopped: StopReason
    dag: Dag
    origin: Vertex
    certainty: Certainty
    diamonds: tuple[Diamond, ...]
    per_packet: tuple[Vertex, ...]
    turned: tuple[Vertex, ...]
    unordered: frozenset[int]
    revisits: tuple[Revisit, ...]
    answering: Mapping[Vertex, Answering]
    balancers: tuple[Balancer, ...]
    series: tuple[Series, ...]
    routes: tuple[Route, ...]
    followed: tuple[Passing, ...]
    classic: Classic | None
    unfit_for_lite: tuple[int, ...]
    names: Mapping[IPAddress, str] = field(default_factory=dict)

    @classmethod
    def assemble(
        cls,
        *,
        plan: Plan,
        started_at_unix_s: float,
        duration_s: float,
        probes_sent: int,
        outcomes: Sequence[Outcome],
        unresolved: Sequence[Unresolved] = (),
        names: Mapping[IPAddress, str] | None = None,
        wire: WireReport,
        unmatched: Mapping[str, int],
        stopped: StopReason,
    ) -> Trace:
        """A trace from its raw record, with all that follows from it."""
        table = tabulate(plain_outcomes(outcomes), plan.attempts)
        located = graphs.locate(table, plan.source, plan.first_ttl)
        hops = pairs(table, located, plan.max_ttl)
        is_lite = plan.algorithm is Algorithm.MDA_LITE
        unfit = tuple(one.ttl for one in hops if is_lite and not one.is_fit_for_lite())
        is_lite = is_lite and not unfit
        granted = [edge for one in hops for edge in one.granted()] if is_lite else []
        graph = graphs.build(table, located, granted)
        found = balancers(
            table, located, hops, outcomes,
            HeaderField(plan.probing.flow_field), plan.bound.failure_probability,
        )  # fmt: skip
        paths: tuple[Route, ...] = ()
        followed: tuple[Passing, ...] = ()
        if plan.studies & {Study.PATHS, Study.FOLLOW}:
            plain = plain_outcomes(outcomes)
            paths = routes(table, located, plain)
            route = chosen(paths, plan.follow) if plan.follow is not None else None
            followed = passings(table, route, plain) if route is not None else ()
        flow_field = HeaderField(plan.probing.flow_field)
        is_compared = Study.CLASSIC in plan.studies
        return cls(
            plan=plan,
            started_at_unix_s=started_at_unix_s,
            duration_s=duration_s,
            probes_sent=probes_sent,
            outcomes=tuple(outcomes),
            unresolved=tuple(unresolved),
            wire=wire,
            unmatched=dict(sorted(unmatched.items())),
            stopped=stopped,
            dag=graph,
            origin=located.origin,
            certainty=certainty(table, located, hops, plan.bound, lite=is_lite),
            # Two routes, one after the other, are not two branches.
            diamonds=tuple(one for one in diamonds(graph) if one.divergence not in located.turned),
            per_packet=located.per_packet,
            turned=located.turned,
            unordered=located.unordered,
            revisits=revisits(table, located),
            answering={
                vertex: table.hop(vertex.ttl).answering(vertex)
                for vertex in graph
                if vertex.address is not None and vertex != located.origin
            },
            balancers=found,
            series=series(graph, choices(hops, [one.vertex for one in found if one.split])),
            routes=paths,
            followed=followed,
            classic=(classic(graph, located.origin, outcomes, flow_field) if is_compared else None),
            unfit_for_lite=unfit,
            names=dict(names or {}),
        )

    @cached_property
    def graph(self) -> nx.DiGraph[Vertex]:
        """The graph of interfaces for networkx: vertices and edges have `flows`."""
        return self.dag.as_networkx()

    @cached_property
    def vertex_shares(self) -> dict[Vertex, float]:
        """The share of all flows that meets each vertex."""
        return vertex_shares(self.dag)

    @cached_property
    def edge_shares(self) -> dict[tuple[Vertex, Vertex], float]:
        """For each edge, the share of the flows through its near end that take it."""
        return edge_shares(self.dag)

    @cached_property
    def path_count(self) -> int | None:
        """How many paths lead through the graph; None where links are missing for want of proof."""
        return None if self.unordered else number_of_paths(self.dag, self.origin)

    @property
    def is_complete(self) -> bool:
        """Whether the procedure came to its own end."""
        return self.stopped is StopReason.COMPLETE

    @property
    def reached(self) -> bool:
        """Whether the destination itself answered."""
        return any(vertex.address == self.plan.destination for vertex in self.dag) and any(
            reply.ends_path and reply.responder == self.plan.destination for reply in self.replies
        )

    @property
    def replies(self) -> tuple[Reply, ...]:
        """The outcomes that are replies to plain flows: what variants meet is another matter."""
        return tuple(
            outcome for outcome in plain_outcomes(self.outcomes) if isinstance(outcome, Reply)
        )

    @property
    def answered(self) -> frozenset[ProbeRequest]:
        """The requests, those of variants included, that were answered."""
        return frozenset(one.request for one in self.outcomes if isinstance(one, Reply))

    def replies_at(self, vertex: Vertex) -> tuple[Reply, ...]:
        """What `vertex` answered at its TTL; empty for a star."""
        return tuple(
            reply
            for reply in self.replies
            if reply.request.ttl == vertex.ttl and reply.responder == vertex.address
        )
