"""Every statement about random networks is true, but for the known faults; see `judging`."""

from __future__ import annotations

import pytest

from tests.truth.chances import CHANCES
from tests.truth.classes import CLASSES
from tests.truth.judging import judge
from tests.truth.known_faults import KNOWN_FAULTS
from tests.truth.rules import RULES

SEEDS = range(3)  # the long run traces hundreds: python -m benchmarks.truth


@pytest.mark.parametrize("name", CLASSES)
def test_all_statements_about_the_networks_of_a_class_are_true(name: str) -> None:
    wrong = [fault for fault in judge(name, SEEDS).faults if not fault.is_known]
    assert not wrong, "\n\n".join(fault.report() for fault in wrong)


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        # A hop's first flows were all lost, most by chance: it was called silent after one try.
        ("silence and loss", 130),
        # The losses of a silent router were taken for a limit of the three beside it.
        ("silence and loss", 133),
        # A router was not asked again that was last heard with the first probe that was lost.
        ("a limited router", 245),
        ("two routers, one reply per second", 94),
        # So few replies were lost that chance explains them as well as a limit.
        ("loss everywhere", 533),
        # The rates of a limit were taken for surer than they are.
        ("a limited router", 385),
        # Flows whose probes a router could not answer were taken for silent, and others asked.
        ("a limited router", 81),
        # A router that saves up no replies was taken for slower than the pauses between its probes.
        ("a limited router", 496),
        # Losses were not said to be perhaps those of a limit that explains them better than loss.
        ("several troubles", 336),
        # A limit of one reply was not suspected while dozens of flows were asked.
        ("a limited router", 99),
        # The destination was asked by five times the flows that its lone predecessor needed.
        ("limited destination", 540),
        # Behind a router that balances per packet, a branch that drops all had a link.
        ("several troubles", 180),
        # Replies to one protocol made others take a router for silent, and its limit for lower.
        ("limited routers, --compare", 7),
        # A silent branch was asked at the pace of a limit that its losses had suggested.
        ("silence and loss", 238),
        # New flows were asked for a vertex although flows that were lost there would bring it some.
        ("limited routers, --compare", 82),
        # A router that saves up no replies was taken for one that does, and flows for silent.
        ("limited routers, --compare", 336),
        # Flows of a branch that drops all were asked again at the pace of a limit of the others.
        ("several troubles", 462),
        # Where half of all was lost, a flow was asked twelve times, each a time-out after the last.
        ("several troubles", 89),
        # Probes asked at once took the replies of a limited destination, and looked like loss.
        ("limited destination", 235),
    ],
)
def test_networks_that_were_once_told_wrongly_are_told_right(name: str, seed: int) -> None:
    assert judge(name, [seed]).faults == []


def test_every_known_fault_names_a_class_and_a_rule() -> None:
    for name, rule in KNOWN_FAULTS:
        assert name in CLASSES
        assert rule in {*RULES, *CHANCES}
