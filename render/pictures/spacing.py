"""Where boxes stand across their hops: beside their neighbours, and never on each other."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SWEEPS: Final = 4


class Place(NamedTuple):
    """What takes `room` points across its hop, and `before` as many between it and the last."""

    key: str
    room: float
    before: float


def spaced(
    hops: Sequence[Sequence[Place]],
    near_of: Mapping[str, Sequence[str]],
    far_of: Mapping[str, Sequence[str]],
) -> dict[str, float]:
    """The middle of each place across its hop, by key; hops keep the order of their places."""
    middles: dict[str, float] = {}
    for hop in hops:
        _settle(hop, dict.fromkeys((place.key for place in hop), 0.0), middles)
    for sweep in range(_SWEEPS):
        is_forth = sweep % 2 == 0
        beside = near_of if is_forth else far_of
        for hop in hops if is_forth else reversed(hops):
            wanted = {place.key: _mean(place.key, beside, middles) for place in hop}
            _settle(hop, wanted, middles)
    return middles


def held(
    hops: Sequence[Sequence[Place]], middles: Mapping[str, float], breadth: float
) -> dict[str, float]:
    """The middles, moved as little as puts all places within `breadth` points where they fit."""
    ends = [
        (middles[hop[0].key] - hop[0].room / 2, middles[hop[-1].key] + hop[-1].room / 2)
        for hop in hops
        if hop
    ]
    begin, end = (
        min((own for own, _ in ends), default=0.0),
        max((own for _, own in ends), default=0.0),
    )
    low, high = (begin + end - breadth) / 2, (begin + end + breadth) / 2
    moved: dict[str, float] = {}
    for hop in filter(None, hops):
        offsets = _offsets(hop)
        least, most = low + hop[0].room / 2, high - hop[-1].room / 2 - offsets[-1]
        for place, offset in zip(hop, offsets, strict=True):
            wanted = middles[place.key] - offset
            moved[place.key] = max(least, min(most, wanted)) + offset
    return moved


def _offsets(hop: Sequence[Place]) -> list[float]:
    """The least distance of each place from the first."""
    offsets = [0.0]
    for last, place in pairwise(hop):
        offsets.append(offsets[-1] + (last.room + place.room) / 2 + place.before)
    return offsets


def _mean(key: str, beside: Mapping[str, Sequence[str]], middles: Mapping[str, float]) -> float:
    found = [middles[near] for near in beside.get(key, ())]
    return sum(found) / len(found) if found else middles[key]


def _settle(hop: Sequence[Place], wanted: Mapping[str, float], middles: dict[str, float]) -> None:
    """Put the places of a hop as near to where they are wanted as their room lets them.

    With the least distances taken off, what is left is isotonic regression: neighbours that are
    in the wrong order are pooled at their mean (Barlow et al., 1972).
    """
    offsets = _offsets(hop)
    pools: list[tuple[float, int]] = []  # sum and count of those that are pooled
    for place, offset in zip(hop, offsets, strict=False):
        total, count = wanted[place.key] - offset, 1
        while pools and pools[-1][0] / pools[-1][1] >= total / count:
            total, count = total + pools[-1][0], count + pools[-1][1]
            pools.pop()
        pools.append((total, count))
    means = [total / count for total, count in pools for _ in range(count)]
    middles.update(
        (place.key, mean + offset) for place, mean, offset in zip(hop, means, offsets, strict=False)
    )
