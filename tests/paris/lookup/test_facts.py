"""What lookups find becomes part of a trace, and can be left out again."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

import paris
from paris.lookup.facts import Facts, without_facts
from paris.lookup.registry import LOOKUPS, NAMES, Asked, Lookup

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mda.model import IPAddress
    from mda.trace import Trace


def positions(
    addresses: Sequence[IPAddress], values: Sequence[str], say: Callable[[str], None]
) -> dict[IPAddress, str]:
    """A lookup that finds the place of each address among those asked for, after its values."""
    say(f"asked for {len(addresses)}")
    return {address: "".join((*values, str(place))) for place, address in enumerate(addresses)}


def row(name: str, *values: str) -> Asked:
    finder = f"{__name__}:positions"
    return Asked(
        Lookup(name=name, about="", options=(f"--{name}",), help="", finder=finder), values
    )


def interfaces(trace: Trace) -> set[IPAddress | None]:
    return {vertex.address for vertex in trace.dag} - {trace.plan.source, None}


def test_every_interface_but_the_source_is_looked_up_once_in_order() -> None:
    trace = paris.trace(network="two-way", multipath=True)
    said: list[str] = []
    (found,) = Facts([row("place"), row(NAMES, "x")], said.append).added_to([trace])
    asked = found.facts["place"]
    assert found.names == {address: f"x{text}" for address, text in asked.items()}
    assert list(asked) == sorted(asked, key=int)
    assert set(asked) == interfaces(trace)
    assert said == [f"asked for {len(asked)}"] * 2


def test_traces_share_a_lookup_and_each_keeps_what_is_of_its_own_interfaces() -> None:
    traces = [paris.trace(network="two-way", multipath=True), paris.trace(network="plain")]
    said: list[str] = []
    found = Facts([row("place")], said.append).added_to(traces)
    every = [interfaces(trace) for trace in traces]
    assert [set(trace.facts["place"]) for trace in found] == every
    assert every[0] != every[1]
    assert said == [f"asked for {len(every[0] | every[1])}"]


def test_a_lookup_replaces_its_own_earlier_results_and_no_others() -> None:
    old = {ip_address("192.0.2.77"): "old"}
    said: list[str] = []
    trace = paris.trace(network="plain").replace(names=old, facts={"place": old, "other": old})
    (found,) = Facts([row("place")], said.append).added_to([trace])
    assert (found.names, found.facts["other"]) == (old, old)
    assert found.facts["place"] != old
    assert without_facts(trace, {"place"}).facts == {"other": old}
    assert without_facts(trace, {NAMES}).names == {}


def test_no_two_lookups_share_a_name_or_an_option() -> None:
    options = [option for lookup in LOOKUPS for option in lookup.options]
    options += [lookup.values.option for lookup in LOOKUPS if lookup.values is not None]
    assert len(options) == len(set(options))
    assert len({lookup.name for lookup in LOOKUPS}) == len(LOOKUPS)
