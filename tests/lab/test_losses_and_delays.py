"""Routers and links that lose or delay packets: `--stats` names the trouble and its place."""

from __future__ import annotations

import pytest

from tests.lab.command import traces
from tests.lab.troubles import TROUBLES, faults, troubled

pytestmark = pytest.mark.lab


@pytest.mark.parametrize("name", ["a queue", "a router slow to answer"])
def test_what_delays_packets_is_named_with_its_place_and_nothing_else_is(name: str) -> None:
    (trouble,) = (own for own in TROUBLES if own.name == name)
    with troubled(trouble) as lab:
        found = traces(lab, (4, 6), "--mda", "--stats", "--rounds", str(trouble.rounds))
        for version, own in found.items():
            assert faults(trouble, lab, version, own.document) == []
