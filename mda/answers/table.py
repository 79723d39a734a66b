"""The vertex that each flow met at each TTL.

The table is a pure function of the set of outcomes: their order does not matter, and a late reply
undoes the loss before it. It does not decide what to ask; `mda.explore` does.
"""

from __future__ import annotations

import math
from collections import Counter
from copy import deepcopy
from typing import TYPE_CHECKING, Final

from mda.answers.ends import Ends
from mda.answers.hop import Hop
from mda.model import NOBODYS, Loss, Outcome, ReplyKind, Vertex

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from mda.answers.contradictions import Doubt
    from mda.answers.ends import Move
    from mda.answers.limits import Limits
    from mda.model import Reply

# Where sibling flows are answered, a silence counts as a vertex only if the probability that plain
# loss explains it is below this.
_STAR_BY_LOSS: Final = 0.01
_MANY_ANSWERS: Final = 12
_ROUNDS: Final = 3  # times that a path meets one interface before it counts as a loop
_SILENT_BY_LOSS: Final = 0.001  # probability that loss alone makes any flow of a hop silent
_LEAST_PPS: Final = 4.0  # to a hop, where something on the way resets some SYNs
_MOST_TRIES: Final = 4  # as a multiple of `attempts`
_NOBODYS: Final = int(NOBODYS)  # comparing numbers first is cheaper

FlowsAt = dict[int, Vertex]


class FlowTable:
    """All outcomes of one measurement, by TTL and flow.

    `attempts` is how many probes a flow is sent at a TTL before its silence counts as an answer.
    """

    def __init__(self, attempts: int) -> None:
        self.attempts = attempts
        self._all: FlowTable | None = None  # with the outcomes of other procedures, if any
        self._unheard: dict[tuple[int, int], list[Loss]] = {}  # of others, by flow and TTL
        self.hops = _Hops()
        self._limits: dict[int, Limits] = {}  # by TTL
        self.ends = Ends(self.hops)
        self.ended = self.ends.at  # flow -> the TTL at which its path ends or loops
        self.end_ttls = self.ends.ttls  # where some flow's path ends
        self.answered_to = self.ends.furthest  # flow -> its highest TTL with an answer
        self._tries: dict[int, int] = {}  # by TTL, until the next outcome
        self.looped: set[int] = set()  # the flows whose path loops

    def doubts(self) -> list[Doubt]:
        """The quoted TTLs that lost probes put in doubt, where enough are lost for a silence."""
        return [
            doubt
            for doubt in self.ends.contradictions.doubts()
            if len(self.hops[doubt.near].lost_at) >= self.attempts
        ]

    def hop(self, ttl: int) -> Hop:
        """The outcomes at `ttl`, empty at first."""
        return self.hops[ttl]

    def hop_of_all(self, ttl: int) -> Hop:
        """The outcomes at `ttl`, with those of others: see `add_other`."""
        return (self._all or self).hop(ttl)

    def limits(self, ttl: int) -> Limits:
        """The rate limits of the vertices at `ttl`."""
        limits = self._limits.get(ttl)
        if limits is None:
            from mda.answers.limits import Limits  # not before the first probe

            limits = self._limits[ttl] = Limits(self.hops[ttl], self.hop_of_all(ttl))
        return limits

    def rate_pps(self, ttl: int) -> float | None:
        """See `Limits.rate_pps`; behind what resets some SYNs never less than `_LEAST_PPS`."""
        if not self.hop_of_all(ttl).losses:
            return None
        rate_pps = self.limits(ttl).rate_pps()
        # What resets SYNs does so to all hops behind it, which take turns: each looks slower.
        return max(rate_pps or 0.0, _LEAST_PPS) if self.hops[ttl].resets else rate_pps

    def is_cut_off(self, flow: int, ttl: int) -> bool:
        """Whether a flow seems to end nearer than `ttl`, so that its probes take no reply there.

        It was lost often enough at some hop behind, and of all flows that met the vertex from which
        it had its furthest answer, none was answered at `ttl`.
        """
        if flow in self.hops[ttl].answers:
            return False
        behind = [hop for at, hop in self.hops.items() if at > ttl]
        if any(flow in hop.answers for hop in behind) or not any(
            self.losses_that_count(hop.ttl).get(flow, 0) >= self.attempts for hop in behind
        ):
            return False
        for nearer in range(ttl - 1, 0, -1):
            answers = self.hops[nearer].answers
            if flow in answers:
                last = answers[flow]
                return all(answers.get(other) != last for other in self.hops[ttl].answers)
        return False

    def losses_that_count(self, ttl: int) -> Mapping[int, int]:
        """See `Limits.losses_that_count`."""
        losses = self.hops[ttl].losses
        return self.limits(ttl).losses_that_count() if losses else losses

    def is_crowded(self, ttl: int) -> bool:
        """Whether no more links to `ttl` are searched for, as too many vertices are at an end."""
        hop = self.hops[ttl]
        return hop.is_crowded or (hop.before is not None and hop.before.is_crowded)

    def add(self, outcome: Outcome) -> None:
        """Record one outcome."""
        hop = self.hops[outcome.request.ttl]
        if self._tries:
            self._tries.clear()
        if self._all is not None:
            self._all.add(outcome)
        if isinstance(outcome, Loss):
            hop.add_loss(outcome)
            self._move(self.ends.add_loss(outcome))
            return
        number = int(outcome.responder)
        if outcome.kind is not ReplyKind.TIME_EXCEEDED:
            self._move(self.ends.add_final(outcome, number))
            return
        hop.meet(outcome, hop.vertex(outcome, number))
        if moves := self.ends.add_expired(outcome, number):
            self._move(moves)
        if self.ends.most_places >= _ROUNDS:
            self._find_loop(outcome, number)

    def add_other(self, outcome: Outcome) -> None:
        """Record an outcome of another procedure, of a flow that is none of this one.

        It shows how many of its replies a router had left. So losses count where a router replied
        to their flow, and final replies do not: hosts limit those by protocol.
        """
        flow, ttl, _ = outcome.request
        if isinstance(outcome, Loss):
            if flow not in self.hop_of_all(ttl).answers:
                self._unheard.setdefault((flow, ttl), []).append(outcome)
                return
        elif outcome.ends_path:
            return
        if self._all is None:
            self._all, self._limits = deepcopy(self), {}
        self._tries.clear()
        self._all.hop(ttl).is_shared = True
        for known in (outcome, *self._unheard.pop((flow, ttl), ())):
            self._all.add(known)

    def _move(self, moves: Iterable[Move]) -> None:
        """Record final replies at the hops where they now count."""
        for reply, gone_from, to in moves:
            number = int(reply.responder)
            if gone_from is not None:
                hop = self.hops[gone_from]
                hop.remove_answer(reply, hop.vertex(reply, number))
            if to is not None:
                hop = self.hops[to]
                hop.add_answer(reply, hop.vertex(reply, number))
            else:
                hop = self.hops[reply.request.ttl]
                hop.add_loss(Loss(reply.request, reply.sent_at_s, reply.received_at_s))
                hop.resets.add((reply.request.flow, reply.request.attempt))

    def _find_loop(self, reply: Reply, number: int) -> None:
        """Find out whether the path of a flow loops, after a reply from the address `number`.

        It does so if the flow meets the machine a third time. A machine is an address and the TTL
        with which its replies arrive: several machines may share an address. Neighbouring TTLs
        count once: routers that forward an expired probe cause them, and so do rewritten addresses.
        """
        places = self.ends.places_of(number, reply.reply_ttl)
        if len(places) < _ROUNDS or (number == _NOBODYS and reply.responder == NOBODYS):
            return
        flow, machine = reply.request.flow, (reply.responder, reply.reply_ttl)
        met_at = [
            ttl
            for ttl in sorted(places)
            if any(
                (other.responder, other.reply_ttl) == machine
                for other in self.hops[ttl].expired_of(flow)
            )
        ]
        rounds = [ttl for ttl in met_at if ttl - 1 not in met_at]
        if len(rounds) >= _ROUNDS:
            self.looped.add(flow)
            self.ends.add_loop(flow, rounds[_ROUNDS - 1])

    def tries(self, ttl: int) -> int:
        """How many probes of a flow must be lost at `ttl` before its silence is believed.

        `attempts`, and more where loss could explain it that any of the hop's flows is silent:
        often enough to make that unlikely. Where replies are rate-limited, losses say little. One
        is enough where twice `attempts` probes, of any flows, got no reply at all, over a second or
        more, and nothing else is known to be lost.
        """
        known = self._tries.get(ttl)
        if known is None:
            known = self._tries[ttl] = self._count_tries(ttl)
        return known

    def _count_tries(self, ttl: int) -> int:
        hop = self.hops[ttl]
        if not self.hop_of_all(ttl).answers:
            is_lossy = any(hop.lost_of.total() for hop in self.hops.values())
            is_sure = len(hop.lost_at) >= 2 * self.attempts and not is_lossy and hop.outlasts_limit
            return 1 if is_sure else self.attempts
        if self.limits(ttl).is_suspected():
            return _MOST_TRIES * self.attempts
        if not hop.losses:
            return self.attempts
        flows = len(hop.answers.keys() | hop.losses.keys())
        needed = math.ceil(math.log(_SILENT_BY_LOSS / flows) / math.log(self._loss_rate(ttl)))
        return max(self.attempts, min(needed, _MOST_TRIES * self.attempts))

    def _loss_rate(self, ttl: int) -> float:
        """The share of probes to `ttl` that are lost, on the way on which the most are lost.

        A way is a vertex that flows met at this hop or before it, or the whole network. Only probes
        of flows that are answered at another time count. Half a loss and half an answer are added,
        so that the share is never 0 or 1.
        """
        hop, counted = self.hops[ttl], self.losses_that_count(ttl)
        lost = {flow: losses for flow, losses in counted.items() if flow in hop.answers}
        highest = _rate(
            sum(self.limits(known).losses_of_answered() for known in self.hops),
            sum(len(hop.answers) for hop in self.hops.values()),
        )
        if not lost:
            return highest
        for nearer in range(1, ttl + 1):
            met = self.hops[nearer].answers
            flows = Counter(met.get(flow) for flow in hop.answers)
            losses: Counter[Vertex | None] = Counter()
            for flow, count in lost.items():
                losses[met.get(flow)] += count
            highest = max(highest, *(_rate(n, flows[vertex]) for vertex, n in losses.items()))
        return highest

    def is_beyond_end(self, flow: int, ttl: int) -> bool:
        """Whether the path of `flow` is known to end before `ttl`."""
        return ttl > self.ended.get(flow, ttl)

    def is_silent(self, flow: int, ttl: int) -> bool:
        """Whether `flow` never got a reply at `ttl`, to as many probes as `tries` allows."""
        losses = self.losses_that_count(ttl).get(flow, 0)
        return flow not in self.hops[ttl].answers and losses >= self.tries(ttl)

    def silent_since_s(self, ttl: int, here: FlowsAt) -> float | None:
        """When the first lost probe of the latest star among `here` was sent; None without one."""
        hop = self.hops[ttl]
        if not hop.losses:
            return None  # a star takes lost probes
        return max(map(hop.silent_since_s, _flows_by_star(here).values()), default=None)

    def is_silent_end(self, ttl: int, here: FlowsAt) -> bool:
        """Whether no flow of some star among `here`, at `ttl`, was answered behind it."""
        return any(
            all(self.answered_to.get(flow, 0) <= ttl for flow in flows)
            for flows in _flows_by_star(here).values()
        )

    def last_answer(self) -> int:
        """The highest TTL with a reply; 0 if there is no reply."""
        return max((ttl for ttl, hop in self.hops.items() if hop.answers), default=0)

    def predecessors(self, ttl: int, before: FlowsAt) -> FlowsAt:
        """The vertex that each flow answered at `ttl` went through one TTL before, if known.

        Where `before` has only one vertex and no path ends there, unprobed flows are assumed to
        pass it too; the assumption is dropped as soon as a second vertex appears. Where some paths
        end before `ttl`, flows whose path may have ended earlier are excluded.
        """
        only = only_vertex(before)
        if only is None or self.ends_at(only, before):
            return before
        hop, hop_before = self.hops[ttl], self.hops[ttl - 1]
        goes_to = ttl + any(end < ttl for end in self.end_ttls)
        never_asked = {
            flow: only
            for flow in (*hop.answers, *hop.losses)
            if flow not in hop_before.answers
            and flow not in hop_before.losses
            and self.ended.get(flow, goes_to) >= goes_to
        }
        return before | never_asked if never_asked else before

    def ends_at(self, vertex: Vertex, flows: FlowsAt) -> bool:
        """Whether the path of any of the flows, which met `vertex`, ends there."""
        return vertex.ttl in self.end_ttls and any(
            self.ended.get(flow) == vertex.ttl for flow in flows
        )

    def is_far_end(self, ttl: int) -> bool:
        """Whether no flow was asked one TTL before, and other paths end before that.

        Then the paths that end at `ttl` may end nearer as well: the probe went too far.
        """
        if ttl not in self.end_ttls or min(self.end_ttls) == ttl:
            return False
        before = self.hops[ttl - 1]
        return not before.answers and not before.losses

    def located_next(self, ttl: int, predecessors: FlowsAt) -> FlowsAt:
        """The vertex of each flow at `ttl`, stars included, given their vertices one TTL before.

        Flows whose path ends before `ttl` are left out, and so are those that end here but may have
        ended before: nothing is known of them one TTL before, where they were probed. Silent flows
        with the same predecessor share one star if loss does not explain their silence; a silent
        flow is left out if its predecessor is not known, or if its path ends at `ttl`.
        """
        hop = self.hops[ttl]
        located = dict(hop.answers)
        if ttl in self.end_ttls:
            for flow in self.hops[ttl - 1].losses:
                if flow not in predecessors and self.ended.get(flow) == ttl:
                    located.pop(flow, None)
        if any(end < ttl for end in self.end_ttls):
            located = {
                flow: vertex for flow, vertex in located.items() if self.ended.get(flow, ttl) >= ttl
            }
        silent = self._silent_by_predecessor(ttl, predecessors)
        if not silent:
            return located
        answered = Counter(predecessors.get(flow) for flow in located)
        by_loss = min(
            1.0, len(hop.losses.keys() | located) * self._loss_rate(ttl) ** self.tries(ttl)
        )
        stars = 0
        for predecessor in sorted(silent, key=lambda vertex: vertex.sort_key):
            flows = silent[predecessor]
            if not _is_star(len(flows), answered[predecessor], by_loss):
                continue
            located |= dict.fromkeys(flows, Vertex(ttl, None, stars))
            stars += 1
        return located

    def _silent_by_predecessor(self, ttl: int, predecessors: FlowsAt) -> dict[Vertex, list[int]]:
        """The flows whose silence at `ttl` is believed and whose path goes on beyond it."""
        hop = self.hops[ttl]
        silent: dict[Vertex, list[int]] = {}
        if not hop.losses:
            return silent
        tries = self.tries(ttl)
        for flow, losses in self.losses_that_count(ttl).items():
            if losses < tries or flow in hop.answers or self.ended.get(flow, ttl + 1) <= ttl:
                continue
            predecessor = predecessors.get(flow)
            if predecessor is not None:
                silent.setdefault(predecessor, []).append(flow)
        return silent


class _Hops(dict[int, Hop]):
    """The outcomes by TTL; each hop knows the one before."""

    def __missing__(self, ttl: int) -> Hop:
        hop = self[ttl] = Hop(ttl, self[ttl - 1] if ttl > 1 else None)
        return hop


def tabulate(
    outcomes: Iterable[Outcome], attempts: int, others: Collection[Outcome] = ()
) -> FlowTable:
    """The table of `outcomes`, with `others` of other procedures: see `FlowTable.add_other`."""
    table = FlowTable(attempts)
    for outcome in outcomes:
        table.add(outcome)
    for other in others:
        table.add_other(other)
    return table


def _rate(lost: int, answered: int) -> float:
    return (lost + 0.5) / (lost + answered + 1)


def _flows_by_star(here: FlowsAt) -> dict[Vertex, set[int]]:
    flows_by_star: dict[Vertex, set[int]] = {}
    for flow, vertex in here.items():
        if vertex.address is None:
            flows_by_star.setdefault(vertex, set()).add(flow)
    return flows_by_star


def _is_star(silent: int, answered: int, by_loss: float) -> bool:
    """Whether `silent` flows from one vertex met a successor, given how many others were answered.

    `by_loss` is the chance that loss alone keeps some flow of the hop silent.
    """
    if not answered:
        return True
    # A branch that is really there would have taken more than one flow of so many.
    is_lone = silent == 1 and answered >= _MANY_ANSWERS
    return not is_lone and by_loss**silent < _STAR_BY_LOSS


def only_vertex(hop: FlowsAt) -> Vertex | None:
    """The vertex that every located flow met, if there is just one."""
    vertices = iter(hop.values())
    first = next(vertices, None)
    for vertex in vertices:
        if vertex is not first and vertex != first:
            return None
    return first
