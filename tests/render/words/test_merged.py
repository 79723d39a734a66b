from __future__ import annotations

from ipaddress import ip_address

from mda.merging import By, merge
from mda.model import InterfaceInfo, InterfaceRole, Reply
from mda.trace import Trace
from render.words.merged import merged_words
from tests.support.traces import DESTINATION, assembled, hops, outcomes

GATEWAY = "192.0.2.254"


def test_a_graph_is_summed_up_in_numbers() -> None:
    paths = hops(GATEWAY, ["198.51.100.11", "198.51.100.12"], "*", DESTINATION, flows=16)
    silent = assembled(outcomes(hops(GATEWAY, "*", flows=16)))
    words = merged_words(merge([assembled(outcomes(paths)), silent]))
    assert words.title == "2 traces from 1 source to 1 destination"
    assert words.conclusions[:3] == (
        "1 of 2 traces reached the destination",
        f"{sum(map(len, words.steps.values()))} vertices, {len(words.edges)} edges, "
        "1 different diamond",
        "1 vertex is in several traces, sources and destinations aside",
    )
    assert words.conclusions[3].startswith("silent hops between the same answers are drawn as one")


def test_networks_are_counted_with_their_interfaces() -> None:
    plain = assembled(outcomes(hops(GATEWAY, "198.51.100.1", "198.51.100.2", DESTINATION, flows=1)))
    text = "AS64500 ONE 198.51.100.0/24"
    facts = {"asn": {ip_address(f"198.51.100.{end}"): text for end in (1, 2)}}
    words = merged_words(merge([Trace.of(plain.replace(facts=facts))], By.AS))
    assert words.conclusions[-1] == (
        "1 network stands for 2 interfaces; 3 stand for themselves: ends, and those whose network "
        "is not known"
    )
    (network,) = (own for step in words.steps.values() for own in step if own.name == "AS64500")
    assert network.sentences[-1] == "2 interfaces: 198.51.100.1, 198.51.100.2"


def test_routers_are_counted_with_their_interfaces() -> None:
    plain = assembled(outcomes(hops(GATEWAY, "198.51.100.1", "198.51.100.2", DESTINATION, flows=1)))
    told = InterfaceInfo(InterfaceRole.INCOMING, address=ip_address("198.51.100.2"))
    first = tuple(
        own._replace(interfaces=(told,))
        if isinstance(own, Reply) and str(own.responder) == "198.51.100.1"
        else own
        for own in plain.outcomes
    )
    words = merged_words(merge([Trace.of(plain.replace(outcomes=first))], By.ROUTER))
    assert words.conclusions[-1] == (
        "1 router stands for 2 interfaces, as they say themselves; of the others no two are known "
        "to be one router"
    )
