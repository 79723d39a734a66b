"""What the replies of a measurement show before anything is judged; all findings use it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from mda.answers import graph as graphs
from mda.answers.hop_pairs import HopPair, pairs
from mda.answers.table import tabulate
from mda.frozen import Frozen
from mda.model import HeaderField, Reply
from mda.plan import Algorithm
from mda.variants import plain_outcomes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.answers.dag import Dag
    from mda.answers.graph import Located
    from mda.answers.table import FlowTable
    from mda.model import IPAddress, Outcome
    from mda.record import Record


class Known(Frozen):
    """What the replies of a measurement show; all findings use it.

    `plain` are the outcomes of plain flows, from which `table`, `located`, `hops` and `graph`
    follow. With `is_lite`, the stopping rule of MDA-Lite holds. `unfit_for_lite` are the TTLs whose
    hops turned out meshed or uneven, so that it does not hold.
    """

    record: Record
    plain: Sequence[Outcome]
    table: FlowTable
    located: Located
    hops: Sequence[HopPair]
    graph: Dag
    is_lite: bool
    unfit_for_lite: tuple[int, ...]

    @classmethod
    def of(cls, record: Record) -> Known:
        """Compute all of it from a record."""
        plan = record.plan
        plain = plain_outcomes(record.outcomes)
        table = tabulate(plain, plan.attempts, record.others)
        located = graphs.locate(table, plan.source, plan.first_ttl)
        hops = pairs(table, located, plan.max_ttl)
        asks_lite = plan.algorithm is Algorithm.MDA_LITE
        unfit = tuple(hop.ttl for hop in hops if asks_lite and not hop.is_fit_for_lite())
        is_lite = asks_lite and not unfit
        assumed = [edge for hop in hops for edge in hop.assumed()] if is_lite else []
        return cls(
            record=record,
            plain=plain,
            table=table,
            located=located,
            hops=hops,
            graph=graphs.build(table, located, assumed),
            is_lite=is_lite,
            unfit_for_lite=unfit,
        )

    @property
    def follows_flows(self) -> bool:
        """Whether flows are followed from hop to hop; a classic traceroute follows none."""
        return self.record.plan.algorithm is not Algorithm.CLASSIC

    @property
    def flow_field(self) -> HeaderField:
        """The field in which plain flows differ."""
        return HeaderField(self.record.plan.probing.flow_field)

    @cached_property
    def own_replies(self) -> list[Reply]:
        """The replies of the destination to plain flows."""
        destination = self.record.plan.destination
        return [
            outcome
            for outcome in self.plain
            if isinstance(outcome, Reply) and outcome.is_from(destination)
        ]

    @property
    def destinations(self) -> frozenset[IPAddress]:
        """The addresses of the destination: the probed one, and those that it answered from."""
        return frozenset({self.record.plan.destination, *(r.responder for r in self.own_replies)})
