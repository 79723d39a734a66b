"""What probes of several lengths show: which length gets to which hop, and who refuses it.

A hop is reached by a way: the vertices of a path up to it. An answer proves that its length gets to
the hop, and to all before it. An error that says "too big" proves that its length gets neither to
the hop nor to any behind it. Silence speaks of one hop only, since some routers do not answer long
packets; and it is a loss, until a test shows that it is not. The test sends as many of the shortest
probes, in turn with the long ones and in the same flow.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from math import comb
from typing import TYPE_CHECKING, Final

from mda.model import HeaderField, ProbeRequest, Reply
from mda.studies.flow_paths import measured_ttl
from mda.variants import SHORTEST, variant, variant_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mda.model import IPAddress, Outcome, Vertex
    from mda.studies.flow_paths import Vertices

# The least MTU of a link (RFC 791, RFC 8200 section 5): an error that states less is not believed.
LEAST_MTU: Final = {4: 68, 6: 1280}
_MOST_PATHS: Final = 256  # that are searched
# Of long and of short probes in a test. If 10 of the short ones are answered and no long one,
# chance alone does that once in 8000 times: so the test stands a third of losses.
TESTED: Final = 16
_LIKELY: Final = 1280  # bytes: what paths usually can take, if nobody says what they cannot


def searched(paths: Mapping[Vertices, list[int]]) -> dict[Vertices, list[int]]:
    """The paths to search: if there are too many, those with a link that none before has."""
    links: set[tuple[Vertex, Vertex]] = set()
    needed: list[Vertices] = []
    others: list[Vertices] = []
    for path in paths:
        own = set(pairwise(path))
        (others if own <= links else needed).append(path)
        links |= own
    taken = {*needed[:_MOST_PATHS], *others[: max(_MOST_PATHS - len(needed), 0)]}
    return {path: flows for path, flows in paths.items() if path in taken}


@dataclass(eq=False, slots=True)
class Hop:
    """A vertex that answers, as it is reached by one `way`, which ends with it.

    `flow` takes that way. `before` is the hop before it that answers; None for the first one. With
    `is_end`, no hop of a path through it answers behind it.

    `answered` has the lengths that were answered, `refused` the lengths that someone said to be too
    big, each with who said so and which MTU it stated. `tries` has the requests of each length,
    each with whether it was answered.
    """

    way: Vertices
    flow: int
    before: Hop | None
    is_end: bool = False
    behind: list[Hop] = field(default_factory=list)
    answered: set[int] = field(default_factory=set)
    refused: dict[int, tuple[IPAddress, int]] = field(default_factory=dict)
    tries: defaultdict[int, dict[ProbeRequest, bool]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    @property
    def ttl(self) -> int:
        """The TTL of its vertex."""
        return self.way[-1].ttl

    def sent(self, length: int) -> int:
        """How many probes of a length have an outcome."""
        return len(self.tries.get(length, ()))


@dataclass(frozen=True, slots=True)
class Fit:
    """What fits on the way to a hop: `passes` bytes do. `fails` bytes do not, None if all do.

    `is_said` means that someone said so, as opposed to silence.
    """

    passes: int
    fails: int | None
    is_said: bool

    @property
    def is_exact(self) -> bool:
        """Whether no length is between the two."""
        return self.fails is None or self.fails == self.passes + 1


class Lengths:
    """What is known of each hop of `paths`, which have their flows; `longest` may leave the source.

    Silence is believed for a while after `attempts` tries.
    """

    def __init__(
        self, paths: Mapping[Vertices, Sequence[int]], longest: int, attempts: int
    ) -> None:
        self.longest = longest
        self.hops: list[Hop] = []  # of each way, those before a hop come before it
        self._attempts = attempts
        self._by_way: dict[Vertices, Hop] = {}
        self._of_flow: dict[tuple[int, int], Hop] = {}
        for path, flows in paths.items():
            self._add_path(path, min(flows))

    def _add_path(self, path: Vertices, flow: int) -> None:
        before: Hop | None = None
        for count, vertex in enumerate(path, start=1):
            if vertex.address is None or vertex.ttl > measured_ttl(path):
                continue
            hop = self._by_way.get(path[:count])
            if hop is None:
                hop = self._by_way[path[:count]] = Hop(path[:count], flow, before)
                self.hops.append(hop)
                if before is not None:
                    before.behind.append(hop)
            self._of_flow[flow, vertex.ttl] = hop
            before = hop
        if before is not None:
            before.is_end = True

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Take in outcomes; those of other probes do not matter. A reply may follow a loss."""
        for outcome in outcomes:
            request = outcome.request
            varied = variant_of(request.flow)
            if varied is None or varied.field is not HeaderField.LENGTH:
                continue
            hop = self._of_flow.get((varied.base, request.ttl))
            if hop is None:
                continue
            is_reply = isinstance(outcome, Reply)
            tries = hop.tries[varied.number]
            tries[request] = is_reply or tries.get(request, False)
            if isinstance(outcome, Reply):
                if outcome.mtu is None:
                    hop.answered.add(varied.number)
                else:
                    hop.refused[varied.number] = outcome.responder, outcome.mtu

    def fits(self) -> dict[Hop, Fit]:
        """What fits on the way to each hop."""
        passes: dict[Hop, int] = {}
        for hop in reversed(self.hops):
            own = max(hop.answered, default=SHORTEST)
            passes[hop] = max([own, *(passes[behind] for behind in hop.behind)])
        refused: dict[Hop, frozenset[int]] = {}
        found = {}
        for hop in self.hops:
            inherited = frozenset() if hop.before is None else refused[hop.before]
            refused[hop] = inherited | hop.refused.keys()
            most = passes[hop]
            said = min((length for length in refused[hop] if length > most), default=None)
            silent = min(
                (length for length in hop.tries if length > most and self._is_silent(hop, length)),
                default=None,
            )
            fails = min((own for own in (said, silent) if own is not None), default=None)
            found[hop] = Fit(most, fails, is_said=fails is not None and fails == said)
        return found

    def _is_silent(self, hop: Hop, length: int) -> bool:
        """Whether so many probes of a length went unanswered that it seems not to fit."""
        tries = hop.tries[length]
        return len(tries) >= self._attempts and not any(tries.values())

    def question(self, hop: Hop, fit: Fit, known: frozenset[int]) -> int | None:
        """The length to ask next at a hop; None if what fits is exact, or the longest does.

        `known` are the lengths that fit at other hops.
        """
        if fit.passes >= self.longest or (fit.fails is not None and fit.is_exact):
            return None
        top = self.longest + 1 if fit.fails is None else fit.fails
        stated = {mtu for _, mtu in self.refusals(hop).values() if self.is_sane(hop, mtu)}
        if within := [mtu for mtu in stated if fit.passes < mtu < top]:
            return max(within)
        if fit.passes in stated | known:
            return fit.passes + 1
        if fit.fails is None:
            return self.longest
        if fit.passes < _LIKELY < fit.fails - 1:
            return _LIKELY
        return (fit.passes + fit.fails) // 2

    def is_sane(self, hop: Hop, mtu: int) -> bool:
        """Whether an MTU that an error states can be one, and is less than was sent."""
        return LEAST_MTU[_version(hop)] <= mtu < self.longest

    def refusals(self, hop: Hop) -> dict[int, tuple[IPAddress, int]]:
        """The lengths that were refused on the way to a hop, who said so, and the MTU stated."""
        found: dict[int, tuple[IPAddress, int]] = {}
        at: Hop | None = hop
        while at is not None:
            found |= at.refused
            at = at.before
        return found

    def suspects(self, fits: Mapping[Hop, Fit]) -> list[Hop]:
        """The hops to test: the first on their way that seem silent because of the length."""
        return [
            hop
            for hop, fit in fits.items()
            if fit.fails is not None
            and fit.is_exact
            and not fit.is_said
            and fit.passes < (self.longest if hop.before is None else fits[hop.before].passes)
        ]

    def probability(self, hop: Hop, length: int) -> float | None:
        """The chance that losses alone leave all long probes of a test unanswered, and no more.

        It is Fisher's exact test, one-sided, of the long and the short probes. The tries before,
        which led to the test, do not count. None if the test was not made to the end.
        """
        long = [own for request, own in hop.tries[length].items() if self._is_tested(request)]
        short = list(hop.tries[SHORTEST].values())
        if len(long) < TESTED or len(short) < TESTED:
            return None
        answers = sum(short) + sum(long)
        most = min(answers, len(short))
        ways = sum(
            comb(len(short), count) * comb(len(long), answers - count)
            for count in range(sum(short), most + 1)
        )
        return ways / comb(len(short) + len(long), answers)

    def _is_tested(self, request: ProbeRequest) -> bool:
        return request.attempt >= self._attempts


def _version(hop: Hop) -> int:
    address = hop.way[-1].address
    return 4 if address is None else address.version


def long_flow(flow: int, length: int) -> int:
    """The number of a flow whose probes have that length, in bytes."""
    return variant(flow, HeaderField.LENGTH, length)
