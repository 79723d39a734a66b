"""The probes of a single path one by one: each round trip, and each that was lost."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from mda.model import Loss
from mda.variants import plain_outcomes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mda.model import Reply, Vertex
    from mda.trace import Trace

MOST_TRIES: Final = 3  # that a line shows, each


def lost_on_path(trace: Trace) -> Mapping[Vertex, Sequence[Loss]]:
    """The lost probes of a single path; those of a hop with several vertices are the first's."""
    lost: defaultdict[Vertex, list[Loss]] = defaultdict(list)
    if trace.plan.algorithm.is_multipath:
        return lost
    first = {vertex.ttl: vertex for vertex in reversed(list(trace.dag))}
    answered = trace.answered
    for outcome in plain_outcomes(trace.outcomes):
        vertex = first.get(outcome.request.ttl)
        if isinstance(outcome, Loss) and outcome.request not in answered and vertex is not None:
            lost[vertex].append(outcome)
    return lost


def tries_s(replies: Sequence[Reply], lost: Sequence[Loss]) -> tuple[float | None, ...]:
    """The round trips of probes in the order of sending, in seconds; None where one was lost."""
    tries = [
        (reply.sent_at_s, reply.request.attempt, reply.rtt_s)
        for reply in replies
        if reply.rtt_s is not None
    ]
    tries += [(loss.sent_at_s, loss.request.attempt, -1.0) for loss in lost]
    return tuple(None if rtt_s < 0 else rtt_s for _, _, rtt_s in sorted(tries))


def uncounted(replies: Sequence[Reply], lost: Sequence[Loss]) -> tuple[str, ...]:
    """How many probes were lost, where there are more than a line shows."""
    asked = len(replies) + len(lost)
    return (f"{len(lost)} of {asked} lost",) if lost and replies and asked > MOST_TRIES else ()
