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


def test_every_known_fault_names_a_class_and_a_rule() -> None:
    for name, rule in KNOWN_FAULTS:
        assert name in CLASSES
        assert rule in {*RULES, *CHANCES}
