"""Parallel links: flows of one edge that arrive at several interfaces, by hand and captured."""

from __future__ import annotations

import json
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema

from mda.model import InterfaceInfo, InterfaceRole, ProbeRequest, Reply
from paris.formats import native
from tests.support.traces import DESTINATION, assembled, outcomes, shuffled
from tests.support.views import text_of, words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.model import Outcome
    from mda.trace import Trace

DESCRIBED = Path(__file__).parents[2] / "data" / "described"
SCHEMA = json.loads(Path(native.__file__).with_name("native.schema.json").read_text())
NEAR, FAR, OTHER = "198.51.100.1", "198.51.100.2", "198.51.100.3"
ETH3 = InterfaceInfo(InterfaceRole.INCOMING, 3, name="eth3")
ETH4 = InterfaceInfo(InterfaceRole.INCOMING, 4, name="eth4")
FIRST, SECOND = (InterfaceInfo(InterfaceRole.SUB_IP, number) for number in (31, 32))
Said = tuple[InterfaceInfo, ...]


def found(
    said: Mapping[int, Said], *, near: str = NEAR, far: str = FAR, more: list[Outcome] | None = None
) -> Trace:
    """A trace of flows 0 to 5 by `near` and `far`, which says something to some flows."""
    replies = outcomes({flow: [near, far, DESTINATION] for flow in range(6)})
    described = [
        outcome._replace(interfaces=said.get(outcome.request.flow, ()))
        if isinstance(outcome, Reply) and str(outcome.responder) == far
        else outcome
        for outcome in replies
    ]
    return assembled([*described, *(more or [])])


def links(trace: Trace) -> dict[tuple[str, str], list[tuple[Said, tuple[int, ...]]]]:
    return {
        (str(near.address), str(far.address)): [(link.interfaces, link.flows) for link in members]
        for (near, far), members in trace.parallel_links.items()
    }


def test_flows_that_arrive_at_two_interfaces_took_two_links() -> None:
    said = {0: (ETH3,), 1: (ETH4,), 2: (ETH3,), 4: (ETH4,)}
    trace = found(said)
    assert links(trace) == {(NEAR, FAR): [((ETH3,), (0, 2)), ((ETH4,), (1, 4))]}
    assert links(shuffled(trace, 1)) == links(trace)
    assert "(eth3, ifindex 3; eth4, ifindex 4; 2 parallel links from 1)" in text_of(trace)
    (sentence,) = (edge.sentence for edge in words_of(trace).edges if FAR in edge.far)
    assert sentence.endswith("; by eth3, ifindex 3 (2 flows); eth4, ifindex 4 (2 flows)")
    written = json.loads(native.write(trace))
    jsonschema.validate(written, SCHEMA)
    assert [[link["flows"] for link in edge.get("links", ())] for edge in written["graph"]["edges"]
            ] == [[], [[0, 2], [1, 4]], []]  # fmt: skip


def test_one_interface_is_one_link_whatever_else_is_said_of_it() -> None:
    changed = ETH3._replace(mtu=1400, address=ip_address(OTHER))
    outgoing = InterfaceInfo(InterfaceRole.OUTGOING, 9)
    assert links(found({0: (ETH3,), 1: (changed, outgoing), 2: ()})) == {}


def test_fields_that_are_not_always_given_distinguish_nothing() -> None:
    named = ETH3._replace(ifindex=None)
    assert links(found({0: (ETH3,), 1: (named,), 2: (ETH3, FIRST)})) == {}
    assert links(found({0: (ETH3._replace(name=None),), 1: (named,)})) == {}
    assert links(found({0: (ETH3,), 1: (named,), 2: (ETH4,)})) == {
        (NEAR, FAR): [((ETH3,), (0, 1)), ((ETH4,), (2,))]
    }


def test_components_of_a_bundle_are_links() -> None:
    assert links(found({0: (ETH3, FIRST), 1: (ETH3, SECOND), 2: (ETH3, FIRST)})) == {
        (NEAR, FAR): [((ETH3, FIRST), (0, 2)), ((ETH3, SECOND), (1,))]
    }


def test_packets_of_one_flow_may_take_several_links() -> None:
    again = found({}).replies[1]._replace(request=ProbeRequest(0, 2, 1), interfaces=(ETH4,))
    assert links(found({0: (ETH3,)}, more=[again])) == {
        (NEAR, FAR): [((ETH3,), (0,)), ((ETH4,), (0,))]
    }


def test_what_may_be_several_routers_has_no_parallel_links() -> None:
    said = {0: (ETH3,), 1: (ETH4,)}
    assert links(found(said, near="*")) == {}
    assert links(found(said, near="192.0.0.8")) == {}
    assert links(found(said, far="192.0.0.8")) == {}


def test_behind_a_packet_balancer_nobody_knows_which_way_a_flow_came() -> None:
    more = [
        reply._replace(request=ProbeRequest(flow, 1, 1), responder=ip_address(OTHER))
        for flow, reply in enumerate(found({}).replies[::3])
    ]
    trace = found({0: (ETH3,), 1: (ETH4,)}, more=list(more))
    assert trace.per_packet
    assert links(trace) == {}


def test_branches_that_meet_again_are_no_parallel_links() -> None:
    paths = {flow: [(NEAR, OTHER)[flow % 2], FAR, DESTINATION] for flow in range(6)}
    replies = [
        outcome._replace(interfaces=((ETH3, ETH4)[outcome.request.flow % 2],))
        for outcome in outcomes(paths)
        if isinstance(outcome, Reply) and outcome.request.ttl < 3
    ]
    assert links(assembled(replies)) == {}


def test_two_links_of_linux_are_told_apart() -> None:
    """Linux 7.2.13; the two routers were joined by links to its interfaces `left` and `right`."""
    written = (DESCRIBED / "parallel-links.json").read_text()
    trace = native.read(written, "parallel-links.json")
    assert native.write(trace) == written
    ((edge, members),) = trace.parallel_links.items()
    assert [str(vertex.address) for vertex in edge] == ["2001:db8:1::2", "2001:db8::2"]
    assert [(link.interfaces[0].name, link.interfaces[0].mtu, link.flows) for link in members] == [
        ("left", 1500, (0, 3, 4, 5)), ("right", 1400, (1, 2)),
    ]  # fmt: skip
    assert "(left, ifindex 9; right, ifindex 10; 2 parallel links from 1)" in text_of(trace)
