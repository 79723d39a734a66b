"""The path MTU of each path and hop: links that take no longer packets, and who said so, if anyone.

A link that drops packets without a word is a black hole (RFC 2923 section 2.1). It is stated only
if a test shows that it is not losses; see `mda.studies.lengths`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mda.model import HeaderField, Vertex
from mda.studies.flow_paths import FlowPaths, measured_ttl
from mda.studies.lengths import Lengths, searched
from mda.variants import SHORTEST, variant_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mda.findings.known import Known
    from mda.model import IPAddress
    from mda.studies.flow_paths import Vertices
    from mda.studies.lengths import Hop

# The chance that a trace states any black hole because of losses.
LEVEL: Final = 0.001


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A link that takes at most `mtu` bytes, where those before it on the path take `before` bytes.

    It is behind `near` and before `far`. Hops between them, if any, are silent, or answered too
    little to know what gets to them. `said_by` are those who said so, and `stated` what they said
    would fit, where that is not `mtu`. Both are empty for a black hole, and `probability` is then
    the chance of so many losses if it were none, times the number of tests (Bonferroni). If it
    `is_partial`, longer packets of other flows get through.
    """

    near: Vertex
    far: Vertex
    mtu: int
    before: int
    said_by: tuple[IPAddress, ...]
    stated: tuple[int, ...]
    probability: float | None
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class PathMtu:
    """The longest packet, in bytes, that gets to the last hop of a path that answers.

    None if that is not known. The path's vertices and the flows known to take it come with it.
    """

    vertices: Vertices
    flows: tuple[int, ...]
    mtu: int | None


@dataclass(frozen=True, slots=True)
class HopMtu:
    """The longest packets, in bytes, that get to a vertex by each way, ascending."""

    vertex: Vertex
    mtus: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Mtus:
    """What fits on the paths that were searched, of so many that are `known`.

    `longest` is the longest packet that left this machine, in bytes.
    """

    longest: int
    narrowings: tuple[Narrowing, ...]
    paths: tuple[PathMtu, ...]
    hops: tuple[HopMtu, ...]
    known: int

    def of(self, vertex: Vertex) -> tuple[int, ...]:
        """The longest packets that get to a vertex by each way; empty if that is not known."""
        return next((own.mtus for own in self.hops if own.vertex == vertex), ())

    def narrowed(self, near: Vertex, far: Vertex) -> Narrowing | None:
        """The narrowing of an edge, if it has one."""
        found = (own for own in self.narrowings if (own.near, own.far) == (near, far))
        return next(found, None)


def find(known: Known) -> Mtus | None:
    """What the probes of several lengths show; None if none was sent."""
    outcomes = known.record.outcomes
    varied = [variant_of(outcome.request.flow) for outcome in outcomes]
    sent = [own.number for own in varied if own and own.field is HeaderField.LENGTH]
    if not sent:
        return None
    every = FlowPaths(known.table, known.located).paths()
    paths = searched(every)
    lengths = Lengths(paths, max(sent), known.record.plan.attempts)
    lengths.add(outcomes)
    return _Judge(lengths, known.located.origin).judged(paths, len(every))


class _Judge:
    """Says what is proven of each hop."""

    def __init__(self, lengths: Lengths, origin: Vertex) -> None:
        self._lengths = lengths
        self._origin = origin
        self._fits = lengths.fits()
        self._probabilities = self._tested()

    def judged(self, paths: dict[Vertices, list[int]], known: int) -> Mtus:
        """All findings of the paths that were searched, of so many that are known."""
        mtus: dict[Hop, int] = {}
        for hop in self._lengths.hops:  # those before a hop come before it
            if (mtu := self._mtu(hop, mtus)) is not None:
                mtus[hop] = mtu
        by_vertex: dict[Vertex, set[int]] = {}
        for hop, mtu in mtus.items():
            by_vertex.setdefault(hop.way[-1], set()).add(mtu)
        by_way = {hop.way: mtu for hop, mtu in mtus.items()}
        return Mtus(
            longest=self._lengths.longest,
            narrowings=tuple(self._narrowings(mtus)),
            paths=tuple(
                PathMtu(path, tuple(flows), by_way.get(_answering(path)))
                for path, flows in paths.items()
            ),
            hops=tuple(HopMtu(vertex, tuple(sorted(own))) for vertex, own in by_vertex.items()),
            known=known,
        )

    def _tested(self) -> dict[Hop, float]:
        """The probability of each suspect that was tested, times the number of tested hops."""
        tests = sum(bool(hop.sent(SHORTEST)) for hop in self._lengths.hops)
        found = {}
        for hop in self._lengths.suspects(self._fits):
            probability = self._lengths.probability(hop, self._fits[hop].passes + 1)
            if probability is not None:
                found[hop] = probability
        return {hop: min(1.0, own * tests) for hop, own in found.items()}

    def _mtu(self, hop: Hop, mtus: dict[Hop, int]) -> int | None:
        """What fits on the way to a hop, if that is proven; given that for the hops before it."""
        fit = self._fits[hop]
        if fit.passes >= self._lengths.longest:
            return fit.passes
        if fit.fails is None or not fit.is_exact:
            return None
        is_proven = fit.is_said or self._probabilities.get(hop, 1.0) <= LEVEL
        if is_proven or (hop.before in mtus and mtus[hop.before] == fit.passes):
            return fit.passes
        return None

    def _narrowings(self, mtus: dict[Hop, int]) -> Iterator[Narrowing]:
        """Each link that takes less than those before it, once."""
        found: dict[tuple[Vertex, Vertex, int], Narrowing] = {}
        for hop, mtu in mtus.items():
            known_before = _known_before(hop, mtus)
            before = self._lengths.longest if known_before is None else mtus[known_before]
            if mtu >= before:
                continue
            narrowing = self._narrowing(hop, mtus, before)
            key = narrowing.near, narrowing.far, mtu
            known = found.get(key)
            found[key] = narrowing if known is None else _joined(known, narrowing)
        for own in sorted(
            found.values(), key=lambda own: (own.near.sort_key, own.far.sort_key, own.mtu)
        ):
            ways = (mtus[hop] for hop in mtus if self._link(hop, mtus) == (own.near, own.far))
            yield replace(own, is_partial=max(ways) > own.mtu)

    def _link(self, hop: Hop, mtus: dict[Hop, int]) -> tuple[Vertex, Vertex]:
        """The link before a hop: the last vertex before it of which it is known what fits, and its.

        That is the source if there is none.
        """
        before = _known_before(hop, mtus)
        return self._origin if before is None else before.way[-1], hop.way[-1]

    def _narrowing(self, hop: Hop, mtus: dict[Hop, int], before: int) -> Narrowing:
        # Whoever limits its answers may say it only of a probe to a hop behind.
        alike = [hop, *(own for own in _behind(hop) if mtus.get(own) == mtus[hop])]
        said = {
            words
            for own in alike
            for length, words in self._lengths.refusals(own).items()
            if mtus[hop] < length <= before
        }
        stated = {mtu for _, mtu in said} - {mtus[hop]}
        near, far = self._link(hop, mtus)
        return Narrowing(
            near=near,
            far=far,
            mtu=mtus[hop],
            before=before,
            said_by=tuple(sorted({who for who, _ in said}, key=int)),
            stated=tuple(sorted(stated)),
            probability=None if said else self._probabilities[hop],
        )


def _known_before(hop: Hop, mtus: dict[Hop, int]) -> Hop | None:
    """The last hop before a hop of which it is known what fits."""
    before = hop.before
    while before is not None and before not in mtus:
        before = before.before
    return before


def _behind(hop: Hop) -> Iterator[Hop]:
    """The hops that are reached by way of a hop."""
    for own in hop.behind:
        yield own
        yield from _behind(own)


def _joined(narrowing: Narrowing, other: Narrowing) -> Narrowing:
    """The same link as it is seen by two ways."""
    found = [own.probability for own in (narrowing, other) if own.probability is not None]
    said_by = {*narrowing.said_by, *other.said_by}
    return replace(
        narrowing,
        before=max(narrowing.before, other.before),
        said_by=tuple(sorted(said_by, key=int)),
        stated=tuple(sorted({*narrowing.stated, *other.stated})),
        probability=min(found) if found and not said_by else None,
    )


def _answering(path: Vertices) -> Vertices:
    """A path up to its last vertex that answers."""
    return tuple(vertex for vertex in path if vertex.ttl <= measured_ttl(path))
