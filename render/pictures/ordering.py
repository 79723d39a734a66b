"""The order of boxes within their hops, so that few lines cross.

The method of Sugiyama, Tagawa and Toda (1981) with barycentres: each hop is sorted by the mean
place of the neighbours, forth and back; the order with the fewest crossings counts. Boxes that the
lines do not tell apart keep the order in which they came, so equal traces look alike.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_SWEEPS: Final = 6
_MOST_COUNTED: Final = 20_000  # lines, beyond which crossings are not counted: they are everywhere

Columns = list[list[str]]


def ordered(columns: Sequence[Sequence[str]], lines: Iterable[tuple[str, str]]) -> Columns:
    """The keys of the boxes of each hop, from one side to the other; `lines` join keys."""
    links = sorted(set(lines))
    far_of: defaultdict[str, list[str]] = defaultdict(list)
    near_of: defaultdict[str, list[str]] = defaultdict(list)
    for near, far in links:
        far_of[near].append(far)
        near_of[far].append(near)
    order = [list(column) for column in columns]
    best, fewest = [list(column) for column in order], crossings(order, far_of)
    for sweep in range(_SWEEPS if len(links) <= _MOST_COUNTED else 1):
        if not fewest:
            break
        is_forth = sweep % 2 == 0
        hops = order if is_forth else order[::-1]
        for before, hop in pairwise(hops):
            places = {key: place for place, key in enumerate(before)}
            _sort(hop, places, near_of if is_forth else far_of)
        count = crossings(order, far_of)
        if count < fewest:
            best, fewest = [list(column) for column in order], count
    return best


def _sort(hop: list[str], places: Mapping[str, int], beside: Mapping[str, Sequence[str]]) -> None:
    """Sort a hop by the mean place of the neighbours; what has none stays where it is."""
    wanted = {}
    for own, key in enumerate(hop):
        found = [places[near] for near in beside.get(key, ()) if near in places]
        wanted[key] = sum(found) / len(found) if found else own
    hop.sort(key=wanted.__getitem__)


def crossings(order: Sequence[Sequence[str]], far_of: Mapping[str, Sequence[str]]) -> int:
    """How many pairs of lines cross, if they were straight.

    >>> crossings([["a", "b"], ["c", "d"]], {"a": ["d"], "b": ["c"]})
    1
    """
    total = 0
    for hop, behind in pairwise(order):
        places = {key: place for place, key in enumerate(behind)}
        passed: list[int] = []
        for near in hop:
            ends = sorted(places[far] for far in far_of.get(near, ()) if far in places)
            total += sum(len(passed) - bisect_right(passed, end) for end in ends)
            for end in ends:
                insort(passed, end)
    return total
