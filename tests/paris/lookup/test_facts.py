"""What lookups find becomes part of a trace, and can be left out again."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING

import paris
from paris.lookup.facts import with_facts, without_facts
from paris.lookup.registry import LOOKUPS, NAMES, Lookup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.model import IPAddress


def positions(addresses: Sequence[IPAddress]) -> dict[IPAddress, str]:
    """A lookup that finds the place of each address among those asked for."""
    return {address: str(place) for place, address in enumerate(addresses)}


def row(name: str) -> Lookup:
    finder = f"{__name__}:positions"
    return Lookup(name=name, about="", options=(f"--{name}",), help="", finder=finder)


def test_every_interface_but_the_source_is_looked_up_once_in_order() -> None:
    trace = paris.trace(network="two-way", multipath=True)
    found = with_facts(trace, [row("place"), row(NAMES)])
    asked = found.facts["place"]
    assert found.names == asked
    assert list(asked) == sorted(asked, key=int)
    assert set(asked) == {vertex.address for vertex in trace.dag} - {trace.plan.source, None}


def test_a_lookup_replaces_its_own_earlier_results_and_no_others() -> None:
    old = {ip_address("192.0.2.77"): "old"}
    trace = replace(paris.trace(network="plain"), names=old, facts={"place": old, "other": old})
    found = with_facts(trace, [row("place")])
    assert (found.names, found.facts["other"]) == (old, old)
    assert found.facts["place"] != old
    assert without_facts(trace, {"place"}).facts == {"other": old}
    assert without_facts(trace, {NAMES}).names == {}


def test_no_two_lookups_share_a_name_or_an_option() -> None:
    options = [option for lookup in LOOKUPS for option in lookup.options]
    assert len(options) == len(set(options))
    assert len({lookup.name for lookup in LOOKUPS}) == len(LOOKUPS)
