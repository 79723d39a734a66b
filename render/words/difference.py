"""Two measurements of a host in words: what came, went or changed, as one value."""

from __future__ import annotations

from collections import Counter, defaultdict
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.answers.graph import vertices_by_ttl
from mda.difference import Presence
from mda.escaping import shown
from render.words.dates import date
from render.words.numbering import numbers
from render.words.quantities import count, milliseconds, p_value, percent
from render.words.summary import headline, reached
from render.words.vertices import Kind, key_of, place, vertex_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mda.answers.dag import Edge
    from mda.difference import Difference, Fork, Shift, Splitting
    from mda.model import Vertex
    from mda.trace import Trace
    from render.words.vertices import VertexWords

_NOTHING: Final = "nothing changed that chance does not explain"
_FEW_FLOWS: Final = (
    "a single flow shows too little to tell a change from chance: measure with --mda"
)
_CERTAIN: Final = 0.995  # from here on, a chance explains everything
_MOST_NAMED: Final = 6  # things in one line


class Mark(Enum):
    """What became of a vertex or an edge, as a mark in front of it; `perhaps` may be chance."""

    SAME = ""
    CAME = "+"
    WENT = "-"
    PERHAPS_CAME = "+?"
    PERHAPS_WENT = "-?"
    CHANGED = "~"


class ChangedVertex(NamedTuple):
    """A vertex of either measurement: its words before and after, None where it is not seen.

    Its kind is the later one where both see it.
    """

    key: str
    number: str
    kind: Kind
    address: str
    mark: Mark
    is_source: bool
    before: VertexWords | None
    after: VertexWords | None
    changes: tuple[str, ...]


class ChangedEdge(NamedTuple):
    """An edge between the keys of its vertices; the share of the flows is the later one."""

    near: str
    far: str
    mark: Mark
    share: float
    sentence: str


class DifferenceWords(NamedTuple):
    """The words for a difference, in a fixed order; `hops` are vertices by TTL.

    `sides` say what was measured, before and after. `changes` are certain, `doubts` may be chance.
    """

    title: str
    sides: tuple[str, ...]
    hops: Mapping[int, tuple[ChangedVertex, ...]]
    edges: tuple[ChangedEdge, ...]
    changes: tuple[str, ...]
    doubts: tuple[str, ...]


def difference_words(found: Difference) -> DifferenceWords:
    """The words for a difference, all printable."""
    sides = found.before, found.after
    before, after = (
        {side.names[own]: words for own, words in vertex_words(side.trace).items()}
        for side in sides
    )
    number, marks, changes = numbers(found.dag), _marks(found), _vertex_changes(found)
    latest = before | after
    words = DifferenceWords(
        title=f"what changed: {headline(found.after.trace)[0]}",
        sides=tuple(
            f"{name}: {_measured(side.trace)}"
            for name, side in zip(("before", "after"), sides, strict=True)
        ),
        hops={
            ttl: tuple(
                ChangedVertex(
                    key=key_of(vertex),
                    number=number[vertex],
                    kind=latest[vertex].kind,
                    address=latest[vertex].address,
                    mark=marks[vertex],
                    is_source=vertex == found.before.trace.origin,
                    before=before.get(vertex),
                    after=after.get(vertex),
                    changes=tuple(changes[vertex]),
                )
                for vertex in vertices
            )
            for ttl, vertices in vertices_by_ttl(found.dag).items()
        },
        edges=tuple(_edge(found, edge, marks[edge]) for edge in found.dag.edges),
        changes=tuple(_changes(found)) or (_NOTHING,),
        doubts=tuple(_doubts(found)),
    )
    return shown(words)


def _measured(trace: Trace) -> str:
    """When and how a trace was made, and what it found."""
    host, probing = headline(trace)
    unfinished = "" if trace.is_complete else "unfinished"
    parts = date(trace.started_at_unix_s), host, probing, reached(trace), unfinished
    return ", ".join(filter(None, parts))


def _marks(found: Difference) -> dict[Vertex | Edge, Mark]:
    changed = {fork.vertex for fork in found.changed_splits}
    changed |= {shift.vertex for shift in found.shifts}
    changed |= {splitting.vertex for splitting in found.changed_splittings}
    return {
        own: Mark.CHANGED
        if own in changed and found.seen[own] is Presence.BOTH
        else _presence_mark(found, own)
        for own in found.seen
    }


def _presence_mark(found: Difference, own: Vertex | Edge) -> Mark:
    match found.seen[own], found.is_proven(own):
        case Presence.BEFORE, is_proven:
            return Mark.WENT if is_proven else Mark.PERHAPS_WENT
        case Presence.AFTER, is_proven:
            return Mark.CAME if is_proven else Mark.PERHAPS_CAME
    return Mark.SAME


def _vertex_changes(found: Difference) -> Mapping[Vertex, list[str]]:
    """What changed at each vertex, in a few words."""
    said: defaultdict[Vertex, list[str]] = defaultdict(list)
    moved = found.moved
    for vertex, there in moved.items():
        said[vertex].append(f"now at hop {there.ttl}")
        said[there].append(f"was at hop {vertex.ttl}")
    for vertex in (*found.vertices(Presence.BEFORE), *found.vertices(Presence.AFTER)):
        is_moved = vertex in moved or vertex in moved.values()
        if not is_moved or not found.is_proven(vertex):
            said[vertex].append(_gone(found, vertex))
    for fork in found.changed_splits:
        said[fork.vertex].append(f"shares changed, {p_value(fork.split_probability)}")
    for shift in found.shifts:
        said[shift.vertex].append(f"{_later(shift)}, {p_value(shift.probability)}")
    for splitting in found.changed_splittings:
        said[splitting.vertex].append(_splits(splitting))
    return said


def _gone(found: Difference, own: Vertex | Edge) -> str:
    if found.is_proven(own):
        what = "went" if found.seen[own] is Presence.BEFORE else "came"
    else:
        what = f"not seen {'after' if found.seen[own] is Presence.BEFORE else 'before'}"
    return what + _chance(found, own)


def _chance(found: Difference, own: Vertex | Edge) -> str:
    """What to say of the chance, where it is one."""
    chance = found.chances[own]
    return f", {p_value(chance)}" if chance < _CERTAIN else ""


def _later(shift: Shift) -> str:
    way = "later" if shift.slower_s > 0 else "sooner"
    return f"{milliseconds(abs(shift.slower_s))} ms {way}"


def _splits(splitting: Splitting) -> str:
    when = "now" if splitting.is_per_packet_after else "no longer"
    return f"splits per packet {when}, {p_value(splitting.probability)}"


def _edge(found: Difference, edge: Edge, mark: Mark) -> ChangedEdge:
    before, after = (side.shares.get(edge) for side in (found.before, found.after))
    sentence = f"{_share(before)} of the flows before, {_share(after)} after"
    if mark is not Mark.SAME:
        sentence += f"; {_gone(found, edge)}"
    share = after if after is not None else before or 0.0
    return ChangedEdge(key_of(edge[0]), key_of(edge[1]), mark, share, sentence)


def _share(share: float | None) -> str:
    return "none" if share is None else percent(round(share, 2))


def _changes(found: Difference) -> list[str]:
    """What changed for certain: a line each, of any length."""
    moved = found.moved
    gone = {*moved, *moved.values()}
    lines = []
    for name, presence in (("came", Presence.AFTER), ("went", Presence.BEFORE)):
        staying = [own for own in found.vertices(presence) if own not in gone]
        if places := _places(found, staying, are_proven=True):
            lines.append(f"{name}: {_named(places)}")
    by_distance: defaultdict[int, list[str]] = defaultdict(list)
    for vertex, there in moved.items():
        if found.is_proven(vertex) or found.is_proven(there):
            by_distance[there.ttl - vertex.ttl].append(str(vertex.address or "*"))
    for distance, addresses in sorted(by_distance.items()):
        hops = count(abs(distance), "hop", "hops")
        way = "farther away" if distance > 0 else "nearer"
        lines.append(f"{hops} {way}: {_named(addresses)}")
    for name, presence in (("came", Presence.AFTER), ("went", Presence.BEFORE)):
        if links := _places(found, found.edges(presence), are_proven=True):
            lines.append(f"links that {name}: {_named(links)}")
    lines += [_fork(found, fork) for fork in found.changed_splits]
    lines += [f"{place(own.vertex)}: {_splits(own)}" for own in found.changed_splittings]
    lines += [_shift(found, own) for own in found.shifts if own.begins]
    if ends := found.changed_ends:
        before, after = reached(found.before.trace), reached(found.after.trace)
        chance = p_value(min(own.probability for own in ends))
        lines.append(f"before: {before}; after: {after}; {chance}")
    if lines and any(map(found.is_proven, found.seen)):
        least = {side.trace.plan.bound.min_share for side in (found.before, found.after)}
        if None in least:
            lines.append("(assuming even splits)")
    return lines


def _fork(found: Difference, fork: Fork) -> str:
    parts = (
        f"{far.address or '*'} {percent(round(fork.share(far, 0), 2))} before, "
        f"{percent(round(fork.share(far, 1), 2))} after"
        for far in fork.flows
    )
    return (
        f"shares behind {place(fork.vertex)} changed, {p_value(fork.split_probability)}: "
        f"{_named(list(parts))}"
    )


def _shift(found: Difference, shift: Shift) -> str:
    others = f", and {len(shift.behind)} behind it" if shift.behind else ""
    return f"{place(shift.vertex)} replies {_later(shift)}{others}, {p_value(shift.probability)}"


def _doubts(found: Difference) -> list[str]:
    """What only one measurement shows, and the other may have missed: a line each."""
    lines = [_FEW_FLOWS] if found.is_of_few_flows else []
    for when, presence in (("before", Presence.AFTER), ("after", Presence.BEFORE)):
        alone: list[Vertex | Edge] = [*found.vertices(presence), *found.edges(presence)]
        places = _places(found, alone, are_proven=False)
        if places:
            lines.append(f"not seen {when}, perhaps by chance: {_named(places)}")
    return lines


def _places(found: Difference, alone: Iterable[Vertex | Edge], *, are_proven: bool) -> list[str]:
    """Those of what one measurement alone shows that chance explains, or those it does not.

    Stars of a hop have one name: those of one chance are counted.
    """
    names = Counter(
        f"{' to '.join(map(place, own)) if isinstance(own, tuple) else place(own)}"
        f"{_chance(found, own)}"
        for own in alone
        if found.is_proven(own) is are_proven
    )
    return [name if number == 1 else f"{number} of {name}" for name, number in names.items()]


def _named(things: list[str]) -> str:
    """The first of these, and how many there are beside."""
    more = len(things) - _MOST_NAMED
    return "; ".join(things[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
