"""A topology from routers and steps."""

from __future__ import annotations

from ipaddress import ip_address

from paris.sim.topology import DESTINATION, SOURCE, Router, Topology

NEAR, FAR, END = (ip_address(f"192.0.2.{number}") for number in (1, 2, 9))


def test_a_topology_is_made_of_routers_and_steps() -> None:
    routers = [
        Router(name="A", interfaces=(NEAR, FAR)),
        Router(name="B", interfaces=(ip_address("192.0.2.3"),)),
        Router(name=DESTINATION, interfaces=(END,)),
    ]
    steps = [(SOURCE, "A"), (SOURCE, "B"), ("B", "A"), ("A", DESTINATION)]
    topology = Topology.of("joined", ip_address("192.0.2.100"), routers, steps)
    assert topology.destination == END
    assert topology.successors == {SOURCE: ("A", "B"), "B": ("A",), "A": (DESTINATION,)}
    assert topology.predecessors["A"] == (SOURCE, "B")
    assert topology.interface("A", SOURCE) == NEAR
    assert topology.interface("A", "B") == FAR
    assert topology.interface("A", DESTINATION) == NEAR  # in a loop: the first one
