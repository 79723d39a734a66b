"""What to probe to learn which fields each balancer hashes: a procedure that follows the MDA.

Theory of operation. `balancers` judges what is known, and this file asks for what is missing. It
takes at most five rounds for all balancers together:

    1. each balancer gets, for each field, a few variants of a flow that is known to go through it,
       and repeats of that flow. Hops where no flow splits get variants in all fields at once, to
       find balancers that do not hash the flow field;
    2. fields that have made no difference yet get as many variants as a verdict needs;
    3. more are sent where replies were lost or variants did not go through the balancer.

Every variant is probed at the balancer's own TTL as well as one further (node control). The flows
of the MDA decide on the flow field itself, and variants are compared with them.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from mda.answers.graph import locate
from mda.answers.hop_pairs import pairs
from mda.answers.table import tabulate
from mda.explore.rounds import Rounds
from mda.explore.wave import Wave
from mda.model import HeaderField
from mda.statistics.stopping import stop_at
from mda.studies.balancer_evidence import Evidence, VariantAnswers, evidence
from mda.studies.balancers import STEADY_ERROR
from mda.variants import SCARCE, is_plain, plain_outcomes, scarce_variant, variant, variant_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mda.answers.graph import Located
    from mda.answers.hop_pairs import HopPair
    from mda.answers.table import FlowTable
    from mda.model import ProbeRequest, Vertex
    from mda.procedure import History
    from mda.studies.task import Task

MOST_ROUNDS: Final = 5
_FIRST: Final = 3  # variants of each field in the first round: they show most hashed fields
_MOST_AT_ONCE: Final = 48  # variants of one field of one balancer in a round
_SERIES_FLOWS: Final = 24  # through both of two balancers, to see whether they hash alike
_FLOWS_PER_BRANCH: Final = 8  # ... and at least so many per branch of the wider balancer
_MOST_SERIES_FLOWS: Final = 128
_NOT_JUDGED: Final = (HeaderField.ALL, HeaderField.LENGTH)


def judged_fields(task: Task) -> tuple[HeaderField, ...]:
    """The fields that get a verdict."""
    return tuple(
        field
        for field in HeaderField
        if field is task.flow_field or (field not in _NOT_JUDGED and task.values.get(field, 0))
    )


class Classifier(Rounds):
    """See Procedure, and the module's theory of operation."""

    def __init__(self, task: Task, history: History) -> None:
        super().__init__(history, task.attempts)
        self._task = task
        self._rounds = 0

    def next_round(self) -> Sequence[ProbeRequest]:
        """See Rounds; nothing after the last."""
        if self._rounds == MOST_ROUNDS:
            return []
        self._rounds += 1
        task = self._task
        table = tabulate(plain_outcomes(self.outcomes), task.attempts)
        located = locate(table, task.source, task.first_ttl)
        hops = pairs(table, located, task.max_ttl)
        answers = VariantAnswers(self.outcomes)
        wave = Wave(self.sent)
        for hop_pair in hops:
            if hop_pair.ttl - 1 in located.unordered:
                continue
            for known in evidence(table, located, hop_pair, answers, task.flow_field):
                if len(known.successors) > 1 and not known.is_per_packet:
                    inquiry = _Inquiry(
                        task=task, wave=wave, known=known, hops=hop_pair,
                        answers=answers, table=table, located=located,
                    )  # fmt: skip
                    inquiry.ask(is_first=self._rounds == 1)
        if self._rounds == 1:
            self._look_everywhere(table, hops, wave)
            self._ask_series(table, hops, located, wave)
        return sorted(
            wave.requests, key=lambda request: (request.attempt, request.ttl, request.flow)
        )

    def _look_everywhere(self, table: FlowTable, hops: Sequence[HopPair], wave: Wave) -> None:
        """Ask variants in all fields at vertices where plain flows show only one successor."""
        task = self._task
        count = min(stop_at(1, task.failure_probability), task.values.get(HeaderField.ALL, 0))
        for hop_pair in hops:
            plain = [samples.successors for samples in hop_pair.near.values()]
            is_last = table.ended.get(0) == hop_pair.ttl
            if is_last or not any(len(successors) == 1 for successors in plain):
                continue
            for number in range(1, count + 1):
                flow = variant(0, HeaderField.ALL, number)
                for ttl in (hop_pair.ttl - 1, hop_pair.ttl):
                    if ttl >= task.first_ttl:
                        wave.ask_first(flow, ttl)

    def _ask_series(
        self, table: FlowTable, hops: Sequence[HopPair], located: Located, wave: Wave
    ) -> None:
        """Ask the same flows at all hops that branch, if there are several in series."""
        widths: dict[int, int] = {}
        for hop_pair in hops:
            if hop_pair.ttl - 1 not in located.unordered:
                branching = [s.seen for s in hop_pair.near.values() if s.seen > 1]
                if branching:
                    widths[hop_pair.ttl] = max(branching)
        if len(widths) < 2:
            return
        per_width = _FLOWS_PER_BRANCH * max(widths.values())
        count = max(_SERIES_FLOWS, min(per_width, _MOST_SERIES_FLOWS))
        for ttl in widths:
            for flow in range(min(count, self._task.flows)):
                if table.ended.get(flow, ttl) >= ttl:
                    wave.ask_first(flow, ttl)
                    if len(set(located.hops[ttl - 1].values())) > 1:
                        wave.ask_first(flow, ttl - 1)


@dataclass(frozen=True, slots=True)
class _Inquiry:
    """What to ask about one balancer in one round."""

    task: Task
    wave: Wave
    known: Evidence
    hops: HopPair
    answers: VariantAnswers
    table: FlowTable
    located: Located

    @property
    def _near_ttl(self) -> int:
        return self.hops.ttl - 1

    def ask(self, *, is_first: bool) -> None:
        """Ask all that is missing; in the first round only what most fields need."""
        bases = self._bases()
        if not bases:
            return
        task, known = self.task, self.known
        self._ask_repeats(bases)
        fields = judged_fields(task)
        level = task.failure_probability / len(fields)
        thinnest = known.chance(self._successor(bases[0]))
        for field in fields:
            chance = known.chance_if_hashed(field)
            if known.differs(field) or chance <= level:
                continue
            needed = math.ceil(math.log(level / chance) / math.log(thinnest))
            if field is task.flow_field:
                self._ask_plain(needed)
            else:
                self._ask_variants(field, bases, min(needed, _FIRST) if is_first else needed)
        through = sum(map(len, known.plain.values()))
        least = task.parameters.get("flows", 0)
        if len(known.plain) > 1 and through < least:
            self._ask_plain(least - through)

    def _bases(self) -> list[int]:
        """Flows through the balancer with a known successor, to the rarest successor first."""
        plain = self.known.plain
        ordered = sorted(
            (successor for successor in plain if successor.address is not None),
            key=lambda successor: (len(plain[successor]), successor.sort_key),
        )
        return [flow for successor in ordered for flow in sorted(plain[successor])]

    def _successor(self, flow: int) -> Vertex:
        return next(after for after, flows in self.known.plain.items() if flow in flows)

    def _ask_repeats(self, bases: Sequence[int]) -> None:
        """Repeat the first flow, often enough to exclude a per-packet balancer."""
        known = self.known
        likeliest = max(map(known.chance, known.successors))
        needed = math.ceil(math.log(STEADY_ERROR) / math.log(likeliest))
        for _ in range(needed - known.repeats):
            self.wave.ask(bases[0], self.hops.ttl)

    def _ask_variants(self, field: HeaderField, bases: Sequence[int], needed: int) -> None:
        """Ask variants for `needed` more comparisons: lost variants again, then new ones."""
        own = set(bases)
        asked = [
            flow
            for flow in self.wave.asked(self.hops.ttl)
            if (varied := variant_of(flow)) and varied.field is field and varied.base in own
        ]
        met = Counter[bool]()
        for flow in asked:
            before = self.answers.vertices(self._near_ttl, flow)
            passes = self._near_ttl < self.task.first_ttl or self.known.vertex in before
            if before or passes:
                met[passes] += 1
            if passes or not before:
                needed -= self._ask_lost(flow, is_near=not (before or passes))
        rate = (met[True] + 1) / (met.total() + 1)
        known = set(asked)
        fresh = (flow for flow in self._variants(field, bases) if flow not in known)
        for flow in islice(fresh, min(math.ceil(max(needed, 0) / rate), _MOST_AT_ONCE)):
            varied = variant_of(flow)
            for sent in (flow, varied.compared_with) if varied and varied.companion else (flow,):
                if self._near_ttl >= self.task.first_ttl:
                    self.wave.ask_first(sent, self._near_ttl)
                self.wave.ask_first(sent, self.hops.ttl)

    def _ask_lost(self, flow: int, *, is_near: bool) -> bool:
        """Ask a variant again where it got no reply; return whether it was asked."""
        ttls = [self.hops.ttl] if not self.answers.vertices(self.hops.ttl, flow) else []
        ttls += [self._near_ttl] if is_near else []
        again = [ttl for ttl in ttls if self.wave.count(flow, ttl) < self.task.attempts]
        for ttl in again:
            self.wave.ask(flow, ttl)
        return bool(again)

    def _variants(self, field: HeaderField, bases: Sequence[int]) -> Iterator[int]:
        values = range(1, self.task.values[field] + 1)
        if field in SCARCE and not self.known.differs(self.task.flow_field):
            # This balancer ignores the flow field, so only companions are independent draws.
            for companion in range(self.task.values.get(HeaderField.ALL, 0) + 1):
                for value in values:
                    yield scarce_variant(bases[0], field, value, companion)
            return
        for base in bases:
            # Where a path ends, another destination is another host, and shows nothing.
            if field is HeaderField.DESTINATION and self.table.ended.get(base) == self.hops.ttl:
                continue
            for value in values:
                yield variant(base, field, value)

    def _ask_plain(self, needed: int) -> None:
        """Ask `needed` more flows through the balancer: known flows, then new ones."""
        ttl, near = self.hops.ttl, self.hops.near
        samples = near[self.known.vertex]
        known = [flow for flow in sorted(samples.flows) if not self.wave.is_asked(flow, ttl)]
        for flow in known[:needed]:
            self.wave.ask(flow, ttl)
        needed -= len(known)
        is_alone = len(set(self.located.hops[self._near_ttl].values())) == 1
        share = len(samples.flows) / max(sum(len(own.flows) for own in near.values()), 1)
        used = set(self.wave.asked(ttl)) | set(self.wave.asked(self._near_ttl))
        fresh = (flow for flow in range(self.task.flows) if is_plain(flow) and flow not in used)
        for flow in islice(fresh, max(0, math.ceil(needed / share))):
            self.wave.ask_first(flow, ttl)
            if not is_alone:
                self.wave.ask_first(flow, self._near_ttl)
