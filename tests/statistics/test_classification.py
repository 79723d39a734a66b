"""How often a field that is hashed is called ignored, against the exact probability.

Of five fields each is judged at 0.05 / 5: seven answers at a balancer of two. One that is
hashed makes no difference in any of them with a probability of 2^-7. That three fields do is
1 - (1 - 2^-7)^3. Where the MDA's own flows look uneven by chance more is asked for, so it may be a
little less. A rate twice as high, or a quarter of it, is noticed with a chance of 90 %; of all
choices of seeds one in a thousand would raise a false alarm.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from mda.model import HeaderField
from mda.studies.balancers import Kind, Verdict
from tests.support.hashing import CASES, VALUES, balancer_of, balancers_of, classify, one_balancer
from tests.support.sequential import Rival, all_rejected

if TYPE_CHECKING:
    from collections.abc import Iterator

FIELDS = (
    HeaderField.DPORT,
    HeaderField.PROTOCOL,
    HeaderField.DESTINATION,
    HeaderField.TRAFFIC_CLASS,
    HeaderField.ALL,
)


def test_hashed_fields_are_called_ignored_at_the_exact_rate() -> None:
    exact = 1 - (1 - 2**-7) ** 3
    others = (2 * exact, exact / 4)
    rivals = [Rival(exact, other, false_alarm=0.0005, miss=0.1) for other in others]
    assert max(others) < 0.05
    assert all_rejected(rivals, wrong_runs())


def wrong_runs() -> Iterator[bool]:
    """Whether a hashed field is called ignored, in each run that finds the balancer."""
    for seed in count():
        network = one_balancer(f"statistics {seed}", CASES["flow"][0], [1, 1])
        trace, _, _ = classify(network, values={field: VALUES[field] for field in FIELDS})
        if not balancers_of(trace):
            continue  # one of 32 is missed by the MDA, and has no verdict
        balancer = balancer_of(trace)
        assert balancer.kind is not Kind.PER_PACKET
        yield any(
            balancer.verdict(field) is Verdict.IGNORED
            for field in (HeaderField.DPORT, HeaderField.PROTOCOL, HeaderField.DESTINATION)
        )
