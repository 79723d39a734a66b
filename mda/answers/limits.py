"""Which vertices of one hop limit the rate of their replies, and which losses that explains."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.answers import trials
from mda.answers.rate_limits import (
    USUAL_ASKED_PPS,
    USUAL_PPS,
    Answering,
    LimitRange,
    RateLimit,
    begins_limited,
    for_want_of_tokens,
    is_worth_naming,
    limit_range,
    looks_limited,
    may_be_limited,
    rate_limit,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from mda.answers.hop import Hop
    from mda.model import ProbeRequest, Vertex

_SEVERAL: Final = 3  # losses of a flow after which it may be silent
_BLIND_PPS: Final = 2.0  # half a second of losses shows that a rate is as low as the usual one
_REPLIES_PER_MORE: Final = 4  # replies in a row for which one more probe may be in flight
_OF_FOUND: Final = 0.85  # fraction of a limit that is asked for: it may be somewhat lower
_LEAST_WINDOW: Final = 4  # probes in flight where a limit is possible
_UNTESTED: Final = 4  # replies, since the last loss, for which new flows wait for a suspected limit
_LOOK_AGAIN: Final = 1.25  # growth in outcomes after which limits are searched for again
_MANY: Final = 256  # outcomes: of fewer, each may change what is known or suspected of limits
_LITTLE: Final = 1.05  # growth in so many outcomes that changes little of that
_AFTER_BURST: Final = 7  # orders: one loss after the six replies that Linux sends at once
_OFTEN: Final = 5  # replies after the first loss that show that a vertex has no part in a limit


class _Found(NamedTuple):
    """The limit of each limited vertex; `together` are those that share a single one, if any."""

    limits: Mapping[Vertex, RateLimit]
    together: AbstractSet[Vertex]


class _Suspected(NamedTuple):
    """The vertices that may have the usual limit, and how many such limits that are."""

    vertices: AbstractSet[Vertex]
    limits: int


class Limits:
    """The limits of the vertices of `own`, a hop of one procedure.

    `hop` has its outcomes, and those of other procedures: a limit counts the replies to all.
    """

    def __init__(self, own: Hop, hop: Hop) -> None:
        self._own = own
        self._hop = hop
        self._looked_at = 0  # number of outcomes when limits were last looked for
        self._found = _Found({}, frozenset())
        self._counted_at = 0  # number of outcomes when `_counted` was found
        self._counted: Counter[int] = Counter()
        self._suspected_at = 0  # number of outcomes when `_suspected` was found
        self._suspected = _Suspected(frozenset(), 0)

    def known(self) -> Mapping[Vertex, RateLimit]:
        """The vertices that answer at a limited rate."""
        hop = self._hop
        if hop.lost_at:
            now = self._outcomes()
            if hop.before is not None:
                now += len(hop.before.lost_at)  # these show whose losses are not of this hop
            # The search takes time, and a few more outcomes change little where there are many. But
            # a limit that is not there slows down the probes that would show it. Answers that turn
            # out to be another hop's take the vertex with them.
            is_stale = any(vertex not in hop.last_met_s for vertex in self._found.limits)
            if is_stale or (
                _has_grown(self._looked_at, now)
                if self._found.limits
                else now > self._looked_at * _LOOK_AGAIN
            ):
                self._looked_at = now
                self._found = self._find()
        return self._found.limits

    def window(self) -> int | None:
        """How many probes may be in flight where there may be a limit.

        Every few replies since the last loss allow for one more, so a higher rate is tried by few
        probes. Where a limit is no more than possible, as many may be as replies have come since.
        None elsewhere.
        """
        replies = self._replies_since_loss() if self._hop.lost_at else 0
        if self.known() or self._find_suspected().limits:
            return 1 + replies // _REPLIES_PER_MORE
        return max(replies, _LEAST_WINDOW) if self._is_possible() else None

    def _is_possible(self) -> bool:
        """Whether a lone vertex sent some replies at once and then none for several probes."""
        return self._is_alone and begins_limited(
            trials.timed(trials.possible(self._hop, self._hop.vertices.values()))
        )

    def is_suspected(self) -> bool:
        """Whether no limit is known, but a usual one may explain every loss."""
        return not self.known() and self._find_suspected().limits > 0

    def rate_pps(self) -> float | None:
        """How many replies per second to ask for of all vertices with a known or suspected limit.

        None where no limit is suspected.
        """
        if not self.known():
            return USUAL_ASKED_PPS * self._find_suspected().limits or None
        found_pps = _OF_FOUND * self._found_pps()
        return min(found_pps, USUAL_ASKED_PPS) if self._is_usual() else found_pps

    @property
    def _is_alone(self) -> bool:
        """Whether one vertex is known, which only this procedure asks."""
        return len(self._hop.vertices) == 1 and not self._hop.is_shared

    def _is_usual(self) -> bool:
        """Whether a lone vertex replies as Linux does, and a probe beyond that limit was lost."""
        hop = self._hop
        # Of many outcomes the rate that was found says more.
        if self._outcomes() > _MANY or not self._is_alone or not self._is_tested():
            return False
        found = trials.timed(trials.possible(hop, hop.vertices.values()))
        return looks_limited(found, after_usual_burst=True)

    def _is_tested(self) -> bool:
        """Whether a probe was lost that left after the first reply since the first loss."""
        first_s, last_s = self._first_loss_s(), self._last_loss_s()
        return any(first_s < at_s < last_s for _, (at_s, _, _) in self._hop.all_answers())

    def _found_pps(self) -> float:
        """The replies per second of all vertices with a known limit."""
        limits = self.known()
        if self._found.together:
            rate_pps = next(iter(limits.values())).rate_pps
        else:
            rate_pps = sum(limit.rate_pps for limit in limits.values())
        # Losses alone say little about a rate: until a probe that was sent later is answered, it
        # takes few probes to find out.
        has_refilled = max(map(self._hop.last_met_s.__getitem__, limits)) > self._first_loss_s()
        if not has_refilled:
            return min(rate_pps, _BLIND_PPS)
        # Where no flow was both lost and heard, something silent may be there instead.
        is_sure = any(self._hop.lost_of[vertex] for vertex in limits)
        return rate_pps if is_sure else max(rate_pps, USUAL_PPS)

    def cost(self, request: ProbeRequest) -> float:
        """The share of the replies of `rate_pps` that a request is expected to take.

        A flow meets what it met before; a lost flow met one of the limited vertices that flows met
        that came the same way; a new flow spreads as those did. Where a limit is only suspected,
        new flows take nothing, once a few replies have come since the last loss. A flow that was
        reset on the way takes one of what does that.
        """
        limits, hop, flow = self.known(), self._hop, request.flow
        if self._own.resets and flow in hop.losses and flow not in hop.answers:
            return 1.0
        if not limits and not request.attempt and not self._do_new_flows_wait():
            return 0.0
        if flow in hop.answers:
            return self._taken_from(hop.answers[flow])
        before = hop.before.answers if hop.before is not None else {}
        way = before.get(flow)
        met = [
            vertex
            for other, vertex in hop.answers.items()
            if way is None or before.get(other) == way
        ]
        taken = [share for share in map(self._taken_from, met) if share]
        if not taken:
            return 0.0
        mean = sum(taken) / len(taken)
        if flow in hop.losses:
            return mean
        lost = sum(before.get(other) == way for other in hop.losses.keys() - hop.answers.keys())
        return mean * (len(taken) + lost) / (len(met) + lost)

    def _do_new_flows_wait(self) -> bool:
        """Whether a limit is suspected, and few replies have come since the last loss.

        Once more have come, new flows leave without waiting, and so test the suspicion again. The
        first test of a lone vertex takes one reply: there the window lets only one flow leave.
        """
        if not self._find_suspected().limits:
            return False
        is_first_test = self._is_alone and not self._is_tested()
        return self._replies_since_loss() < (1 if is_first_test else _UNTESTED)

    def _replies_since_loss(self) -> int:
        """How many probes were answered that were sent after the last one that was lost."""
        last_s = self._last_loss_s()
        return sum(at_s > last_s for _, (at_s, _, _) in self._hop.all_answers())

    def _taken_from(self, vertex: Vertex) -> float:
        """The share of the replies of `rate_pps` that a probe takes which meets `vertex`.

        A slow router's reply stands for more of them than that of a fast router.
        """
        limits = self.known()
        if not limits:
            return float(vertex in self._find_suspected().vertices)
        if vertex not in limits:
            return 0.0
        mean_pps = sum(limit.rate_pps for limit in limits.values()) / len(limits)
        return mean_pps / limits[vertex].rate_pps

    def losses_that_count(self) -> Mapping[int, int]:
        """The losses of each flow that no known limit explains.

        A probe that is lost while a limited router has no reply left says nothing of its flow.
        """
        limits = self.known()
        if not limits:
            return self._own.losses
        now = self._outcomes()
        if now != self._counted_at:
            self._counted_at = now
            explained: set[trials.Trial] = set()
            for vertex, limit in limits.items():
                explained |= self._explained(self._found.together or {vertex}, limit)
            lost = {(trial.flow, trial.attempt) for trial in explained}
            self._counted = Counter(
                flow for _, flow, attempt in self._own.lost_at if (flow, attempt) not in lost
            )
        return self._counted

    def losses_of_answered(self) -> int:
        """How many of the losses that count are of flows that were answered at another time."""
        if not self.known():
            return self._own.lost_of.total()
        counted = self.losses_that_count()
        return sum(lost for flow, lost in counted.items() if flow in self._own.answers)

    def answering(self, here: Mapping[int, Vertex]) -> dict[Vertex, Answering]:
        """The losses and the rate limit of each vertex; `here` has the vertex of each flow.

        A lost probe counts where its flow is known to meet this vertex, or where nothing else is
        met at this TTL and its flow can have come here: those of a silent neighbour, or of a branch
        that drops packets, are not its losses, nor are probes that were reset on the way.
        """
        hop = self._own
        answered: defaultdict[Vertex, set[tuple[int, int]]] = defaultdict(set)
        for flow, (_, attempt, met) in hop.all_answers():
            answered[met].add((flow, attempt))
        lost: defaultdict[Vertex, set[tuple[int, int]]] = defaultdict(set)
        can_come, met_here = hop.who_can_come(), set(here.values())
        for _, flow, attempt in hop.lost_at:
            if (flow, attempt) in hop.resets:
                continue
            if flow in here:
                lost[here[flow]].add((flow, attempt))
            elif len(met_here) < 2 and can_come(flow):
                for vertex in met_here or answered:
                    lost[vertex].add((flow, attempt))
        return {
            vertex: self._answering(
                vertex, len(answered[vertex]), len(lost[vertex] - answered[vertex])
            )
            for vertex in {**answered, **lost}
        }

    def _answering(self, vertex: Vertex, answered: int, lost: int) -> Answering:
        """The same of one vertex, which answered some probes and lost others.

        A limit that resets probes on the way to it is not its own, so that is not named.
        """
        limit = self.known().get(vertex)
        may_be = lost > 0 and (
            limit is not None
            or vertex in self._find_suspected().vertices
            or may_be_limited(trials.timed(trials.own(self._hop, vertex)))
        )
        is_own = limit is not None and not self._own.resets
        named = self._named(vertex, limit) if limit is not None and is_own else None
        return Answering(answered + lost, lost, named, may_be_limited=may_be)

    def _named(self, vertex: Vertex, limit: RateLimit) -> LimitRange | None:
        """The range of a limit that was found, if it is sure enough to be named."""
        hop, together = self._hop, self._found.together
        if not together:
            own = trials.timed(trials.own(hop, vertex))
            return limit_range(own, limit) if is_worth_naming(own, limit) else None
        if not together <= self.known().keys():
            return None  # some of them have lost nothing, and may have no part in it
        # A silent neighbour's losses would prove a limit of all.
        sure = trials.timed(trials.sent(hop, together, hop.answers.__contains__))
        named = limit_range(trials.timed(trials.possible(hop, together)), limit)
        if named is None or not is_worth_naming(sure, limit):
            return None
        # They may be one router with one limit, or several with a part of that rate each.
        return named._replace(lowest_pps=named.lowest_pps / len(self.known()))

    def _explained(self, vertices: Collection[Vertex], limit: RateLimit) -> set[trials.Trial]:
        """The lost probes that may have met some of `vertices`, at a time when none could reply."""
        answers = self._hop.answers
        sent = trials.sent(
            self._hop, vertices, lambda flow: flow not in answers or answers[flow] in vertices
        )
        lacking = for_want_of_tokens(trials.timed(sent), limit)
        return {trial for trial, lacked in zip(sent, lacking, strict=True) if lacked}

    def _find(self) -> _Found:
        hop = self._hop
        vertices = list(hop.vertices.values())
        losing = [vertex for vertex in vertices if hop.lost_of[vertex]]
        if len(vertices) == 1:
            (vertex,) = vertices
            unheard = (lost for flow, lost in hop.losses.items() if flow not in hop.answers)
            if not losing and any(lost >= _SEVERAL for lost in unheard):
                # A limit takes replies to all flows alike, but a silent branch those to its own.
                return _Found({}, frozenset())
            limit = self._limit(trials.possible(hop, {vertex}))
            return _Found({} if limit is None else {vertex: limit}, frozenset())
        alone = {
            vertex: self._limit(trials.own(hop, vertex))
            or self._limit(trials.likely(hop, vertex, losing))
            for vertex in losing
        }
        found = {vertex: limit for vertex, limit in alone.items() if limit is not None}
        if len(losing) > max(len(found), 1):
            # A router that answers from several interfaces has one limit for all of them.
            together = {*losing, *self._rarely_met_since_loss()}
            shared = self._limit(trials.possible(hop, together))
            if shared is not None:
                return _Found(dict.fromkeys(losing, shared), together)
        return _Found(found, frozenset())

    def _limit(self, found: Collection[trials.Trial]) -> RateLimit | None:
        """The limit that explains which of these probes were answered.

        A flow that was lost several times, and never answered, may have met a silent router: what
        it lost after the last reply shows nothing.
        """
        hop = self._hop
        maybe_silent = {
            flow
            for flow, losses in hop.losses.items()
            if losses >= _SEVERAL and flow not in hop.answers
        }
        last_s = max((trial.sent_at_s for trial in found if trial.answered), default=0.0)
        surely = [trial for trial in found if trial.flow not in maybe_silent]
        likely = [
            trial for trial in found if trial.flow not in maybe_silent or trial.sent_at_s <= last_s
        ]
        return rate_limit(trials.timed(likely), trials.timed(surely))

    def _rarely_met_since_loss(self) -> Iterable[Vertex]:
        """The vertices that have not replied so often since the first loss to be without limit."""
        first_loss_s = self._first_loss_s()
        met = Counter(
            vertex
            for _, (sent_at_s, _, vertex) in self._hop.all_answers()
            if sent_at_s > first_loss_s
        )
        return (vertex for vertex in self._hop.vertices.values() if met[vertex] < _OFTEN)

    def _find_suspected(self) -> _Suspected:
        """The vertices that may have the usual limit, each its own or all together."""
        now = self._outcomes()
        if self._hop.lost_at and _has_grown(self._suspected_at, now):
            self._suspected_at = now
            self._suspected = self._suspect()
        return self._suspected

    def _suspect(self) -> _Suspected:
        """Of several vertices, one is suspected once a flow that met it before has been lost.

        Or earlier, if all losses follow just as many replies of it as Linux sends at once.
        """
        hop = self._hop
        vertices = frozenset(hop.vertices.values())
        found = trials.timed(trials.sent(hop, vertices, self._may_be_limited))
        if looks_limited(found) or (
            self._is_alone
            and looks_limited(found, after_usual_burst=True, unlikely_order=_AFTER_BURST)
        ):
            return _Suspected(vertices, 1)
        losing = {
            hop.answers[flow]
            for sent_at_s, flow, _ in hop.lost_at
            if flow in hop.answers and sent_at_s > min(hop.history(flow))[0]
        }
        suspected = frozenset(
            vertex
            for vertex in vertices
            if looks_limited(
                trials.timed(trials.possible(hop, {vertex})), after_usual_burst=vertex not in losing
            )
        )
        return _Suspected(suspected, len(suspected))

    def _may_be_limited(self, flow: int) -> bool:
        """Whether a limit may have taken replies to `flow`: not where it seems silent nearer."""
        hop, before = self._hop, self._hop.before
        if flow in hop.answers or before is None:
            return True
        if flow in before.answers:
            return hop.who_can_come()(flow)
        return before.losses.get(flow, 0) < _SEVERAL

    def _first_loss_s(self) -> float:
        return min(sent_at_s for sent_at_s, _, _ in self._hop.lost_at)

    def _last_loss_s(self) -> float:
        return max(sent_at_s for sent_at_s, _, _ in self._hop.lost_at)

    def _outcomes(self) -> int:
        return len(self._hop.lost_at) + self._hop.replies


def _has_grown(before: int, now: int) -> bool:
    """Whether there are so many more outcomes than before that limits have to be found anew."""
    return now != before if now < _MANY else now > before * _LITTLE
