"""Routers and links that lose or delay packets: `--stats` names the trouble and its place."""

from __future__ import annotations

import pytest

from tests.lab.command import traces
from tests.lab.troubles import TROUBLES, faults, troubled

pytestmark = pytest.mark.lab


def test_a_queue_is_told_from_a_router_that_is_slow_to_answer() -> None:
    (trouble,) = (own for own in TROUBLES if own.name == "a queue behind a router slow to answer")
    with troubled(trouble) as lab:
        found = traces(lab, (4, 6), "--mda", "--stats", "--rounds", str(trouble.rounds))
        for version, own in found.items():
            assert faults(trouble, lab, version, own.document) == []
