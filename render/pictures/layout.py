"""Where everything of a diagram stands: boxes in their hops, lines from hop to hop.

`along` is the way that packets take, `across` is from side to side, both in points.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from render.pictures.fitting import fitting
from render.pictures.headings import headings
from render.pictures.lettering import bold
from render.pictures.ordering import ordered
from render.pictures.spacing import Place, held, spaced

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from render.pictures.boxes import Content
    from render.pictures.diagram import Diagram, Group, Line
    from render.pictures.sizes import Size

_FAN, _MOST_FAN = 0.16, 110.0  # what a hop's distance grows by, per point that its lines spread
_FILLED: Final = 0.8  # of a side of a box, by lines
_BESIDE_MARK: Final = 22.0


class Tint(NamedTuple):
    """The place of a diamond: from and to along, from and to across."""

    group: Group
    along: tuple[float, float]
    across: tuple[float, float]


class Layout(NamedTuple):
    """Where things stand. `spans` has where each hop begins and ends.

    `middles` is the middle across, by key, of boxes and of the bends where lines pass hops; a line
    has a chain of such keys, and its port at both ends of each piece of the chain.
    """

    contents: Mapping[str, Content]
    hops: Mapping[str, int]
    spans: Sequence[tuple[float, float]]
    middles: Mapping[str, float]
    chains: Sequence[tuple[Line, tuple[str, ...]]]
    ports: Mapping[tuple[int, str], tuple[float, float]]
    tints: Sequence[Tint]
    across: tuple[float, float]

    @property
    def gaps(self) -> list[int]:
        """The hops from which no line leads on, though there is another hop."""
        left = {self.hops[key] for _, chain in self.chains for key in chain[:-1]}
        return [hop for hop in range(len(self.spans) - 1) if hop not in left]

    def extent(self, key: str) -> tuple[float, float]:
        """Where a box begins and ends across, with the sheets of its stack."""
        content = self.contents[key]
        half = content.across / 2
        return self.middles[key] - half, self.middles[key] + half + content.behind

    def edges(self, key: str) -> tuple[float, float]:
        """Where lines enter and leave what stands in a hop."""
        begin, end = self.spans[self.hops[key]]
        if key not in self.contents:
            return begin, end
        half = self.contents[key].along / 2
        return (begin + end) / 2 - half, (begin + end) / 2 + half


def layout(drawn: Diagram, size: Size) -> Layout:
    """Lay out a diagram."""
    hops = {box.key: hop for hop, column in enumerate(drawn.columns) for box in column.boxes}
    chains, thick = _chains(drawn.lines, hops)
    depths = _depths(drawn.groups)
    breadth = size.breadth - 2 * size.pad * max(depths.values(), default=0)
    passing = _passing(hops, thick, size)
    contents = {
        key: content
        for hop, column in enumerate(drawn.columns)
        for key, content in fitting(column, size, breadth - passing[hop]).items()
    }
    keys = [[box.key for box in column.boxes] for column in drawn.columns]
    for key in thick:
        keys[hops[key]].append(key)
    far_of, near_of = _neighbours(chains)
    links = [(near, far) for near, fars in far_of.items() for far in fars]
    order = ordered(keys, links)
    room = {key: own.across + own.behind for key, own in contents.items()} | thick
    crowded = {box.key for column in drawn.columns for box in column.boxes if box.is_compact}
    inside = defaultdict[str, set[str]](set)
    for group in drawn.groups:
        for key in group.every:
            inside[key].add(group.key)
    places = [
        _places(hop, room, inside, size, size.gap / (2 if crowded & {*hop} else 1)) for hop in order
    ]
    middles = spaced(places, near_of, far_of)
    if size.breadth:
        middles = held(places, middles, breadth)
    spans = _spans(drawn, contents, chains, middles, size)
    found = Layout(contents, hops, spans, middles, chains, {}, (), (0, 0))
    found = found._replace(ports=_ports(found), tints=_tints(found, drawn.groups, depths, size))
    extents = [found.extent(key) for key in contents] + [tint.across for tint in found.tints]
    extents += [(middles[key] - own / 2, middles[key] + own / 2) for key, own in thick.items()]
    return found._replace(across=(
        min((begin for begin, _ in extents), default=0), max((end for _, end in extents), default=0)
    ))  # fmt: skip


def _passing(hops: Mapping[str, int], thick: Mapping[str, float], size: Size) -> Counter[int]:
    """The breadth that lines take which pass each hop, in whole points."""
    taken = Counter[int]()
    for key, own in thick.items():
        taken[hops[key]] += math.ceil(own + size.gap)
    return taken


def _chains(
    lines: Sequence[Line], hops: dict[str, int]
) -> tuple[list[tuple[Line, tuple[str, ...]]], dict[str, float]]:
    """Each line with the keys that it passes, and the room of each bend; adds bends to `hops`."""
    chains = []
    thick: dict[str, float] = {}
    for number, line in enumerate(lines):
        bends = []
        for hop in range(hops[line.near] + 1, hops[line.far]) if not line.is_false else ():
            bends.append(f"bend {number} {hop}")
            hops[bends[-1]], thick[bends[-1]] = hop, line.width
        chains.append((line, (line.near, *bends, line.far)))
    return chains, thick


def _neighbours(
    chains: Iterable[tuple[Line, tuple[str, ...]]],
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """What is behind and before each key; false lines move nothing."""
    far_of: defaultdict[str, list[str]] = defaultdict(list)
    near_of: defaultdict[str, list[str]] = defaultdict(list)
    for line, chain in chains:
        for near, far in pairwise(chain):
            if not line.is_false:
                far_of[near].append(far)
                near_of[far].append(near)
    return far_of, near_of


def _places(
    hop: Sequence[str],
    room: Mapping[str, float],
    inside: Mapping[str, set[str]],
    size: Size,
    gap: float,
) -> list[Place]:
    """The places of a hop, with room for the borders and the labels of diamonds between them."""
    places: list[Place] = []
    for key in hop:
        left = inside[places[-1].key] if places else set[str]()
        opened, closed = len(inside[key] - left), len(left - inside[key])
        extra = opened * _above(size) + closed * size.pad if places else 0.0
        places.append(Place(key, room[key], gap + extra))
    return places


def _above(size: Size) -> float:
    """From the border of a diamond to its first box; its label lies between, or in a heading."""
    return size.pad if size.runs_down else size.pad + size.faint * 1.2


def _spans(
    drawn: Diagram,
    contents: Mapping[str, Content],
    chains: Sequence[tuple[Line, tuple[str, ...]]],
    middles: Mapping[str, float],
    size: Size,
) -> list[tuple[float, float]]:
    hop_of = {box.key: hop for hop, column in enumerate(drawn.columns) for box in column.boxes}
    ways = [size.way] * len(drawn.columns)
    marked = Counter[int]()
    for line, chain in chains:
        hop = hop_of[line.near]
        spread = max(abs(middles[near] - middles[far])
                     for near, far in pairwise(chain))  # fmt: skip
        least = size.way + min(_MOST_FAN, spread * _FAN)
        if line.mark:
            mark = bold(line.mark, size.faint)
            marked[hop] += 1
            beside = marked[hop] * mark.height if size.runs_down else mark.width
            least = max(least, beside + _BESIDE_MARK)
        ways[hop] = max(ways[hop], least)
    spans = []
    begin = 0.0
    for column, way, lines in zip(drawn.columns, ways, headings(drawn, size), strict=True):
        heading = sum(own.height for own in lines) if size.runs_down else lines[0].width
        length = max(heading, *(contents[box.key].along for box in column.boxes), 0.0)
        spans.append((begin, begin + length))
        begin += length + way
    return spans


def _ports(found: Layout) -> dict[tuple[int, str], tuple[float, float]]:
    """Where each line enters and leaves each key of its chain: lines lie side by side."""
    enters: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
    leaves: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
    for number, (_, chain) in enumerate(found.chains):
        for near, far in pairwise(chain):
            leaves[near].append((found.middles[far], number))
            enters[far].append((found.middles[near], number))
    ports: dict[tuple[int, str], tuple[float, float]] = {}
    for key in found.hops:
        at_begin, at_end = _side(found, key, enters[key]), _side(found, key, leaves[key])
        for number in {*at_begin, *at_end}:
            middle = found.middles[key]
            ports[number, key] = at_begin.get(number, middle), at_end.get(number, middle)
    return ports


def _side(found: Layout, key: str, lines: list[tuple[float, int]]) -> dict[int, float]:
    """Where lines meet a side of a box, ordered by where they come from or go."""
    if key not in found.contents:
        return {number: found.middles[key] for _, number in lines}
    widths = {number: found.chains[number][0].width for _, number in lines}
    total = sum(widths.values())
    scale = min(1.0, found.contents[key].across * _FILLED / total) if total else 1.0
    done = found.middles[key] - total * scale / 2
    ports = {}
    for _, number in sorted(lines):
        ports[number] = done + widths[number] * scale / 2
        done += widths[number] * scale
    return ports


def _tints(
    found: Layout, groups: Sequence[Group], depths: Mapping[str, int], size: Size
) -> tuple[Tint, ...]:
    """The places of diamonds, the outer ones first; none where other boxes stand as well."""
    made: list[Tint] = []
    for group in sorted(groups, key=lambda own: (-len(own.every), own.key)):
        tint = _tint(found, group, depths[group.key], size)
        if _is_free(tint, found) and all(_is_apart(tint, outer) for outer in made):
            made.append(tint)
    return tuple(made)


def _depths(groups: Sequence[Group]) -> dict[str, int]:
    """How many diamonds lie in each other, by key, from each one on inwards."""
    depths: dict[str, int] = {}
    done: list[tuple[set[str], int]] = []
    for group in sorted(groups, key=lambda own: len(own.every)):
        own = set(group.every)
        depths[group.key] = 1 + max((depth for inner, depth in done if inner < own), default=0)
        done.append((own, depths[group.key]))
    return depths


def _tint(found: Layout, group: Group, depth: int, size: Size) -> Tint:
    extents = [found.extent(key) for key in group.every]
    hops = [found.hops[key] for key in group.every]
    return Tint(
        group,
        (found.spans[min(hops)][0] - depth * size.pad, found.spans[max(hops)][1]
         + depth * size.pad),
        (min(begin for begin, _ in extents) - depth * _above(size),
         max(end for _, end in extents) + depth * size.pad),
    )  # fmt: skip


def _is_free(tint: Tint, found: Layout) -> bool:
    for key in found.contents.keys() - set(tint.group.every):
        begin, end = found.extent(key)
        near, far = found.spans[found.hops[key]]
        is_beside = end <= tint.across[0] or begin >= tint.across[1]
        if not is_beside and near < tint.along[1] and far > tint.along[0]:
            return False
    return True


def _is_apart(tint: Tint, outer: Tint) -> bool:
    """Whether a tint lies in an outer one, or beside it."""
    if set(tint.group.every) < set(outer.group.every):
        return True
    return (
        tint.along[0] >= outer.along[1]
        or tint.along[1] <= outer.along[0]
        or tint.across[0] >= outer.across[1]
        or tint.across[1] <= outer.across[0]
    )
