"""The simulated wire: time jumps to what happens next, and nothing arrives before its moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mda.model import HeaderField, ProbeRequest
from paris.errors import WithheldError
from paris.packets.flows import Flows
from paris.packets.headers import read_ip
from paris.packets.probes import build
from paris.packets.protocols import Protocol
from paris.sim.filters import Action, Rule
from paris.sim.network import Network
from paris.sim.topology_file import load, samples
from paris.wire.sim import SimWire

if TYPE_CHECKING:
    from paris.wire.base import Received, Wire

NET = load(samples()["two-way"])
FLOWS = Flows(
    source=NET.source,
    destination=NET.destination,
    protocol=Protocol.UDP,
    field=HeaderField.SPORT,
    sport=24000,
    dport=33434,
)
GATEWAY, BALANCER = (NET.routers[name].interfaces[0] for name in ("gateway", "balancer"))


def opened() -> Wire:
    return SimWire(Network(NET, 1))


def probe(ttl: int, flow: int = 0) -> bytes:
    return build(FLOWS, ProbeRequest(flow, ttl), ttl)


def responders(batch: list[Received]) -> list[object]:
    return [read[0].source for datagram in batch if (read := read_ip(datagram.datagram))]


def test_without_replies_receive_moves_the_time_to_its_limit() -> None:
    wire = opened()
    assert wire.now_s() == 0.0
    assert wire.receive(30.0) == []
    assert wire.now_s() == 30.0
    assert wire.receive(29.0) == []
    assert wire.now_s() == 30.0  # never back


def test_what_was_sent_before_the_source_refused_is_sent() -> None:
    rules = (Rule(Action.DROP, sport=(range(24001, 24002),)),)
    wire = SimWire(Network(NET.replace(rules=rules), 1))
    wire.receive(1.5)
    with pytest.raises(WithheldError, match="Operation not permitted") as raised:
        wire.send([probe(1), probe(2), probe(1, flow=1), probe(3)])
    assert raised.value.sent_at_s == (1.5, 1.5)
    assert responders(wire.receive(9.0)) == [GATEWAY]
    assert responders(wire.receive(9.0)) == [BALANCER]


def test_sending_takes_no_time_and_returns_a_time_for_each_probe() -> None:
    wire = opened()
    wire.receive(1.5)
    assert wire.send([probe(1), probe(2), b"no probe"]) == [1.5] * 3
    assert wire.send([]) == []
    assert wire.now_s() == 1.5


def test_replies_arrive_in_order_and_the_time_jumps_to_each() -> None:
    wire = opened()
    wire.send([probe(2), probe(1)])
    first, second = wire.receive(10.0), wire.receive(10.0)
    assert responders(first) == [GATEWAY]
    assert first[0].at_s == pytest.approx(0.001)
    assert responders(second) == [BALANCER]
    assert second[0].at_s == wire.now_s() == pytest.approx(0.004)
    assert wire.receive(10.0) == []
    assert wire.now_s() == 10.0


def test_replies_of_one_moment_come_in_one_batch_in_sending_order() -> None:
    wire = opened()
    wire.send([probe(1, flow) for flow in range(100)])
    batch = wire.receive(10.0)
    assert len(batch) == 100
    assert {received.at_s for received in batch} == {wire.now_s()}
    # The quoted source ports: after 20 bytes of IP, 8 of ICMP, 20 of the quoted IP.
    ports = [int.from_bytes(received.datagram[48:50]) for received in batch]
    assert ports == list(range(24000, 24100))


def test_no_reply_arrives_before_its_time() -> None:
    wire = opened()
    wire.send([probe(2)])
    assert wire.receive(0.003) == []
    assert wire.now_s() == 0.003
    assert responders(wire.receive(0.004)) == [BALANCER]


def test_replies_that_have_already_arrived_are_returned_at_once() -> None:
    wire = SimWire(Network(NET, 1))
    wire.send([probe(1)])
    assert responders(wire.receive(0.001)) == [GATEWAY]
    wire.send([probe(1), probe(2)])
    assert responders(wire.receive(0.002)) == [GATEWAY]
    assert responders(wire.receive(0.0)) == []  # the other one is still on its way
    assert responders(wire.receive(1.0)) == [BALANCER]
    assert wire.now_s() == pytest.approx(0.005)


def test_simulated_runs_begin_at_unix_time_zero() -> None:
    wire = opened()
    assert wire.unix_s(2.5) == 2.5
    wire.close()
    wire.close()
