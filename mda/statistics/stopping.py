"""Stopping points: how many flows through a vertex rule out one more successor.

This file knows nothing of graphs, probes or time. Successors are taken as equally likely and flows
as independent draws. Two indexings circulate for the same numbers (by the hypothesis ruled out, or
by the successors seen); here it is always the successors *seen*: see `stop_at`.
"""

from __future__ import annotations

import math
from functools import cache
from itertools import chain
from operator import add, mul
from typing import TYPE_CHECKING

from mda.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Sequence


class StoppingPoints:
    """The stopping points of one failure probability, computed on demand.

    The n for k seen is the smallest, above the one for k - 1, at which a vertex with k + 1
    successors has been left too early with probability at most `failure_probability`, all
    earlier chances of leaving it included (Veitch et al., INFOCOM 2009). Up to 0.05 a few points
    differ by one from the table of scamper, which omits the earlier chances.

    The chance that a vertex of K successors is left with j of them seen, at the point n of j, is

        C(K, j) (j / K)^n d(j, n),

    where d(j, n) is the chance that a vertex of j successors has shown all of them in n flows and
    was not left before. The last of them is new at one of these flows, m, and all others come
    before, so that d(j, n) is the sum of d(j - 1, m - 1) ((j - 1) / j)^(m - 1) over m up to n. So
    d does not depend on K, and each point takes one more row of it.
    """

    def __init__(self, failure_probability: float, least: int = 1) -> None:
        if not 0 < failure_probability < 1:
            raise ValueError(f"a failure probability lies in (0, 1), not {failure_probability}")
        self.failure_probability = failure_probability
        self._least = least
        self._points = [1]  # a vertex with no answered flow has no successor to be complete
        self._raised = [least]  # the same, but at least `least`
        self._complete = [1.0]  # d(j, n) of the last j, for n from 0 to below its point
        self._left: list[float] = []  # by j: the chance above, for the last K

    def stop_at(self, seen: int) -> int:
        """Answered flows after which `seen` successors are taken to be all.

        >>> [StoppingPoints(0.05).stop_at(k) for k in range(1, 9)]
        [6, 11, 16, 21, 27, 33, 39, 45]
        """
        return self.up_to(seen)[seen]

    def up_to(self, seen: int) -> Sequence[int]:
        """The stopping points by the number of successors seen, for `seen` at least.

        A vertex without any is never complete.
        """
        while len(self._points) <= seen:
            self._points.append(self._next_point())
            self._raised.append(max(self._points[-1], self._least))
        return self._raised

    def _next_point(self) -> int:
        seen = len(self._points)
        successors = seen + 1
        shrinking = seen / successors
        # From K - 1 = `seen` successors to K.
        self._left = [
            chance * successors / (successors - j) * shrinking**point
            for j, (chance, point) in enumerate(zip(self._left, self._points[1:], strict=True), 1)
        ]
        before = (seen - 1) / seen
        # One loop takes half as long as passes over whole rows.
        power, total, complete = 1.0, 0.0, [0.0]
        for chance in self._complete:
            total += chance * power
            power *= before
            complete.append(total)
        failed = math.fsum(self._left)
        n = self._points[-1] + 1
        while (
            failed + (left := successors * shrinking**n * complete[-1]) > self.failure_probability
        ):
            n += 1
        self._left.append(left)
        # From the point before on, nothing is added.
        self._complete = complete + complete[-1:] * (n - len(complete))
        return n


class SharedStoppingPoints(StoppingPoints):
    """Stopping points where each flow goes through the vertex only with the chance `share`.

    Flows are counted at the vertex's hop. The probability is the same, over the draws of both
    routers.
    """

    def __init__(self, failure_probability: float, share: float) -> None:
        super().__init__(failure_probability)
        if not 0 < share <= 1:
            raise ValueError(f"a share lies in (0, 1], not {share}")
        self._share = share

    def _next_point(self) -> int:
        successors = len(self._points) + 1
        draw = _Draw(successors, self._share)
        failed, by_seen, n = _left_early(draw, self._points[1:])
        while (
            n <= self._points[-1]
            or failed + math.fsum(by_seen[:successors]) > self.failure_probability
        ):
            by_seen = draw.then(by_seen)
            n += 1
        return n


class _Draw:
    """One more flow to one of several `successors`, that goes there with the chance `share`."""

    def __init__(self, successors: int, share: float = 1.0) -> None:
        self._new = [share * (successors - seen) / successors for seen in range(successors + 1)]
        self._known = [1 - chance for chance in self._new]
        self.first = [1.0] + [0.0] * successors  # the distribution of successors seen, before any

    def then(self, by_seen: list[float]) -> list[float]:
        """The distribution of successors seen, by index, after one more flow."""
        grown = map(mul, by_seen, self._new)
        return list(map(add, chain((0.0,), grown), map(mul, by_seen, self._known)))


def _left_early(draw: _Draw, points: list[int]) -> tuple[float, list[float], int]:
    """The chance of stopping too early by `points`, the stopping points of 1, 2, ... seen.

    Also the distribution of successors seen if the rule has not stopped, and the number of flows
    sent by then, the last point.
    """
    failed, by_seen, n = 0.0, draw.first, 0
    for seen, point in enumerate(points, start=1):
        while n < point:
            by_seen = draw.then(by_seen)
            n += 1
        failed += math.fsum(by_seen[: seen + 1])
        by_seen = [0.0] * (seen + 1) + by_seen[seen + 1 :]
    return failed, by_seen, n


@cache
def stopping_points(failure_probability: float, least: int = 1) -> StoppingPoints:
    """The stopping points of one failure probability and least number of flows."""
    return StoppingPoints(failure_probability, least)


@cache
def shared_stopping_points(failure_probability: float, share: float) -> SharedStoppingPoints:
    """The stopping points of one failure probability and share."""
    return SharedStoppingPoints(failure_probability, share)


def stop_at(seen: int, failure_probability: float) -> int:
    """Answered flows after which `seen` successors are taken to be all; see StoppingPoints.

    >>> [stop_at(k, 0.01) for k in (1, 2, 3)]
    [8, 15, 21]
    """
    return stopping_points(failure_probability).stop_at(seen)


@cache
def exact_failure(successors: int, failure_probability: float) -> float:
    """Probability that the stopping rule leaves a vertex of `successors` too early.

    >>> exact_failure(2, 0.05)
    0.03125
    """
    if successors == 1:
        return 0.0
    points = [stop_at(seen, failure_probability) for seen in range(1, successors)]
    return _left_early(_Draw(successors), points)[0]


@cache
def miss_probability(seen: int, flows: int, share: float = 1.0) -> float:
    """Probability that `flows` answered flows leave out one of `seen` + 1 equal successors.

    What a vertex with `seen` known successors may still hide; 1.0 with fewer flows than those.
    With a `share` below 1 each of the flows goes through the vertex with that chance.

    >>> miss_probability(1, 6)
    0.03125
    """
    successors = seen + 1
    if flows < successors:
        return 1.0
    draw = _Draw(successors, share)
    by_seen = draw.first
    for _ in range(flows):
        by_seen = draw.then(by_seen)
    return min(1.0, max(0.0, math.fsum(by_seen[:successors])))


def unseen_share(flows: int, failure_probability: float) -> float:
    """The largest share of flows that a successor unseen by `flows` flows can have.

    A larger one would have been seen with probability above 1 - `failure_probability`; no split
    is assumed.

    >>> round(unseen_share(6, 0.05), 2)
    0.39
    """
    return 1.0 if flows == 0 else 1 - float(failure_probability ** (1 / flows))


def flows_for_share(share: float, failure_probability: float) -> int:
    """Flows after which every successor that carries at least `share` of them has been seen.

    There are at most 1 / share such successors, each unseen with probability (1 - share)^n; the
    sum of these is the bound (Boole's inequality). Raises ValueError for a share outside (0, 1).

    >>> flows_for_share(0.1, 0.05)
    51
    """
    if not 0 < share < 1:
        raise ValueError(f"a share lies in (0, 1), not {share}")
    most = math.floor(1 / share)
    return math.ceil(math.log(failure_probability / most) / math.log(1 - share))


class Bound(Frozen, kw_only=False):
    """The failure probability that the user allows, and how much of it each vertex may use.

    With `per_vertex` the probability holds for each vertex alone, as in the first papers. Without
    it, it holds for the whole graph: it is divided among the branching vertices found and one more.
    One more is enough: of B balancers any one is missed with at most a B-th of the probability,
    since the other B - 1 were found; missing two at once is of second order.

    The probability assumes even splits. With `min_share` it also holds for splits of any shape, for
    every successor that carries at least that share of its vertex's flows. Raises ValueError if
    either is out of range.
    """

    failure_probability: float
    per_vertex: bool = False
    min_share: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.failure_probability < 1:
            raise ValueError(f"not a failure probability: {self.failure_probability}")
        if self.min_share is not None and not 0 < self.min_share <= 0.5:
            raise ValueError(f"not a least share of a branch: {self.min_share}")

    def of_graph(self, branching: int) -> float:
        """The failure probability that holds for a whole graph with `branching` branching vertices.

        A bound per vertex holds for each of them, and for one more that may hide a successor.
        """
        if not self.per_vertex:
            return self.failure_probability
        return 1 - float((1 - self.failure_probability) ** (branching + 1))

    def points(self, branching: int, share: float = 1.0) -> StoppingPoints:
        """The stopping points that hold once `branching` vertices are known to branch.

        With `share`, for flows that each go through the vertex with that chance.
        """
        failure_probability = self.failure_probability
        if not self.per_vertex:
            failure_probability = _share(failure_probability, branching + 1)
        if share < 1:
            return shared_stopping_points(failure_probability, share)
        least = 1
        if self.min_share is not None:
            least = flows_for_share(self.min_share, failure_probability)
        return stopping_points(failure_probability, least)


def _share(failure_probability: float, parts: int) -> float:
    """The probability that each of `parts` independent chances may have."""
    return 1 - float((1 - failure_probability) ** (1 / parts)) if parts > 1 else failure_probability


def split_failure(shares: Sequence[float], failure_probability: float) -> float:
    """Probability that the stopping rule misses a successor whose flows split as `shares`.

    Exact, over all subsets of seen successors if the shares differ: at most 16 of them then, or
    ValueError.

    >>> round(split_failure([0.9, 0.1], 0.05), 4)
    0.5314
    """
    if max(shares) - min(shares) < 1e-12:
        return exact_failure(len(shares), failure_probability)
    if len(shares) > 16:
        raise ValueError(f"no exact figure for an uneven split over {len(shares)} successors")
    whole = (1 << len(shares)) - 1
    by_subset = {1 << index: share for index, share in enumerate(shares)}
    failed, n = 0.0, 1
    while by_subset:
        grown: dict[int, float] = {}
        for subset, chance in by_subset.items():
            if subset == whole:
                continue
            if n >= stop_at(subset.bit_count(), failure_probability):
                failed += chance
                continue
            for index, share in enumerate(shares):
                after = subset | 1 << index
                grown[after] = grown.get(after, 0.0) + chance * share
        by_subset, n = grown, n + 1
    return failed
