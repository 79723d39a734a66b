"""How often a field that is hashed is called ignored, against the exact probability.

Of five fields each is judged at 0.05 / 5: seven answers at a balancer of two. One that is
hashed makes no difference in any of them with a probability of 2^-7. That three fields do is
1 - (1 - 2^-7)^3. Where the MDA's own flows look uneven by chance more is asked for, so it may be a
little less. Of all choices of seeds one in a thousand would raise a false alarm.
"""

from __future__ import annotations

from mda.model import HeaderField
from mda.studies.balancers import Kind, Verdict
from tests.support.expect import interval
from tests.support.hashing import CASES, VALUES, balancer_of, balancers_of, classify, one_balancer

FIELDS = (
    HeaderField.DPORT,
    HeaderField.PROTOCOL,
    HeaderField.DESTINATION,
    HeaderField.TRAFFIC_CLASS,
    HeaderField.ALL,
)
RUNS = 600


def test_hashed_fields_are_called_ignored_at_the_exact_rate() -> None:
    exact = 1 - (1 - 2**-7) ** 3
    wrong = found = 0
    for seed in range(RUNS):
        network = one_balancer(f"statistics {seed}", CASES["flow"][0], [1, 1])
        trace, _, _ = classify(network, values={field: VALUES[field] for field in FIELDS})
        if not balancers_of(trace):
            continue  # one of 32 is missed by the MDA, and has no verdict
        found += 1
        balancer = balancer_of(trace)
        assert balancer.kind is not Kind.PER_PACKET
        wrong += any(
            balancer.verdict(field) is Verdict.IGNORED
            for field in (HeaderField.DPORT, HeaderField.PROTOCOL, HeaderField.DESTINATION)
        )
    low, high = interval(wrong, found, 0.999)
    assert low <= exact
    assert high >= 0.8 * exact
    assert low <= 0.05
