"""The simulated internet: a function of its number, with shared routers and diamonds."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from paris.errors import TopologyError
from paris.sim.internet import internet
from tests.support.surveys import true_edges


def test_it_follows_from_its_number() -> None:
    address = ip_address("10.1.2.3")
    first, again, other = internet("1", 1), internet("1", 2), internet("2", 1)
    assert true_edges(first, address) == true_edges(again, address)
    edges = [{*true_edges(net, ip_address(f"10.1.2.{n}"))} for net in (first, other)
             for n in range(20)]  # fmt: skip
    assert edges[:20] != edges[20:]


def test_destinations_share_the_routers_near_the_source() -> None:
    net = internet("1", 1)
    every = [true_edges(net, ip_address(f"10.{n}.2.3")) for n in range(8)]
    assert len(set.intersection(*every)) == 3


def test_three_of_ten_have_a_diamond() -> None:
    net = internet("1", 1)
    topologies = [
        net.network(ip_address(f"10.1.{n // 250}.{n % 250 + 1}")).topology for n in range(400)
    ]
    wide = sum(any(len(own) > 1 for own in topology.successors.values()) for topology in topologies)
    assert 84 < wide < 156  # but once in 10,000 (binomial)


def test_a_number_is_asked_for() -> None:
    with pytest.raises(TopologyError, match="whole one"):
        internet("x", 1)
