"""How a balancer splits its flows: shares, whether they are even, and likely integer weights."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.statistics.inference import even_probability, share_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mda.model import Vertex

_HEAVIEST: Final = 10  # the largest integer weight considered
_LIKELY: Final = 0.8  # chance from which weights are reported


class Share(NamedTuple):
    """The share of a successor that `flows` flows met, with its 95 % interval `low` to `high`."""

    successor: Vertex
    flows: int
    share: float
    low: float
    high: float


class Split(NamedTuple):
    """The shares of a balancer's successors, in their order.

    `even_probability` is the chance of counts as uneven as these from an even split. `weights` are
    the likely integer weights of the successors, None where several are likely. Their chance is
    `weights_probability`, among weights up to ten of which simple ones are likelier beforehand.
    """

    shares: tuple[Share, ...]
    even_probability: float
    weights: tuple[int, ...] | None
    weights_probability: float

    @property
    def flows(self) -> int:
        """The number of flows counted."""
        return sum(share.flows for share in self.shares)


def split(flows: Mapping[Vertex, int]) -> Split:
    """The split, given the number of flows to each successor."""
    successors = sorted(flows, key=lambda vertex: vertex.sort_key)
    counts = [flows[successor] for successor in successors]
    draws = sum(counts)
    weights, chance = likely_weights(counts)
    return Split(
        tuple(
            Share(successor, count, count / draws, *share_interval(count, draws))
            for successor, count in zip(successors, counts, strict=True)
        ),
        even_probability(counts),
        weights if chance >= _LIKELY else None,
        chance,
    )


def likely_weights(counts: Sequence[int]) -> tuple[tuple[int, ...], float]:
    """The likeliest integer weights behind `counts`, and their chance among such weights.

    The prior chance of weights falls with the square of how much their sum exceeds that of an even
    split.

    >>> likely_weights([300, 100])[0], likely_weights([5, 6])[0], likely_weights([900, 100])[0]
    ((3, 1), (1, 1), (9, 1))
    """
    candidates = _candidates(counts)
    scores = {weights: _log_posterior(counts, weights) for weights in candidates}
    best = max(sorted(scores), key=lambda weights: scores[weights])
    return best, 1 / sum(math.exp(score - scores[best]) for score in scores.values())


def _candidates(counts: Sequence[int]) -> set[tuple[int, ...]]:
    """Weights from one to ten near the counts, even ones, and those with one twice the others.

    Weights that all exceed one, such as 3:2, are only included if they are simple.
    """
    width, most = len(counts), max(counts)
    found = [
        [1] * width,
        *([1 + (place == heavy) for place in range(width)] for heavy in range(width)),
    ]
    for heaviest in range(2, _HEAVIEST + 1):
        exact = [heaviest * count / most for count in counts]
        found += [
            [max(1, int(weight + offset)) for weight in exact] for offset in (0.0, 0.5, 0.999)
        ]
        if width == 2:
            found += [[heaviest, 1], [1, heaviest]]
    reduced = {_reduced(weights) for weights in found}
    return {weights for weights in reduced if min(weights) == 1 or sum(weights) <= width + 3}


def _reduced(weights: Sequence[int]) -> tuple[int, ...]:
    common = math.gcd(*weights)
    return tuple(weight // common for weight in weights)


def _log_posterior(counts: Sequence[int], weights: Sequence[int]) -> float:
    total = sum(weights)
    likelihood = sum(
        count * math.log(weight / total) for count, weight in zip(counts, weights, strict=True)
    )
    return likelihood - 2 * math.log(1 + total - len(weights))
