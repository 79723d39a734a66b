"""Every probe of each flow at each hop, in the order of sending: its round trip, or its loss."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from mda.model import Reply
from mda.statistics.delays import delays_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mda.model import Outcome, ProbeRequest
    from mda.statistics.delays import Delays

Key = tuple[int, int]  # flow and TTL


class Try(NamedTuple):
    """A probe that left at `sent_at_s`, and its round trip in seconds; None if it was lost."""

    sent_at_s: float
    attempt: int
    rtt_s: float | None


Tries = dict[Key, list[Try]]


def tries(outcomes: Iterable[Outcome], places: Mapping[ProbeRequest, int]) -> Tries:
    """The probes of each flow at each TTL, in the order of sending; a late reply is not a loss.

    Replies without times are left out.

    `places` has the TTL at which a reply counts that ends a path, where it is not the probe's own.
    """
    known: dict[ProbeRequest, Outcome] = {}
    for outcome in outcomes:
        if isinstance(outcome, Reply) or outcome.request not in known:
            known[outcome.request] = outcome
    found: defaultdict[Key, list[Try]] = defaultdict(list)
    for request, outcome in known.items():
        if isinstance(outcome, Reply) and not outcome.is_timed:
            continue
        rtt_s = outcome.rtt_s if isinstance(outcome, Reply) else None
        key = request.flow, places.get(request, request.ttl)
        found[key].append(Try(outcome.sent_at_s, request.attempt, rtt_s))
    for own in found.values():
        own.sort(key=lambda tried: tried[:2])
    return dict(found)


def delays_at(found: Tries, flows: Iterable[int], ttl: int) -> Delays:
    """The figures of all probes of these flows at a TTL."""
    own = sorted(
        (tried for flow in flows for tried in found.get((flow, ttl), ())),
        key=lambda tried: tried[:2],
    )
    return delays_of(len(own), [tried.rtt_s for tried in own if tried.rtt_s is not None])
