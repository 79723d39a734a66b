"""The ways of flows: chosen once for each, and known again by a probe's bytes."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from mda.model import HeaderField, ProbeRequest, Way
from mda.variants import variant
from paris.packets import probes
from paris.packets.multiplex import MultiplexedFlows
from paris.packets.protocols import Protocol
from paris.packets.ways import Ways, several
from tests.support.probes import COMBINATIONS, flows_of

if TYPE_CHECKING:
    from mda.model import IPAddress
    from paris.packets.flow_headers import FlowHeaders
    from paris.packets.flows import Flows

SOURCES = {4: "198.51.100.{}", 6: "2001:db8:5::{}"}


def way(version: int, number: int) -> Way:
    return Way(ip_address(SOURCES[version].format(number)), f"eth{number}", None)


def balanced(flows: Flows, asked: list[FlowHeaders]) -> Flows:
    """The flows, by two ways in turn; `asked` receives the headers of each choice."""

    def choose(headers: FlowHeaders, own_source: IPAddress | None) -> Way:
        assert own_source is None
        asked.append(headers)
        return way(flows.source.version, 1 + len(asked) % 2)

    return flows.replace(ways=Ways({}, choose))


@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_a_probe_has_the_source_of_its_flows_way_and_is_known_by_its_bytes(
    version: int, protocol: Protocol, field: HeaderField
) -> None:
    asked: list[FlowHeaders] = []
    flows = balanced(flows_of(version, protocol, field), asked)
    sent = {flow: probes.build(flows, ProbeRequest(flow, 3), 7 + flow) for flow in range(4)}
    for flow, probe in sent.items():
        own = flows.way(flow)
        assert own is not None
        assert flows.headers(flow).source == own.source
        assert flows.way_of(probe) == own
        assert flows.way_of(probes.build(flows, ProbeRequest(flow, 9), 99)) == own
    assert len(set(map(flows.way, sent))) == 2
    assert len(asked) == len(sent)
    assert flows.own_addresses == {flows.source, *(way(version, n).source for n in (1, 2))}


def test_probes_of_other_flows_have_no_way() -> None:
    flows = balanced(flows_of(4, Protocol.UDP, HeaderField.SPORT), [])
    other = flows_of(4, Protocol.UDP, HeaderField.DPORT)
    assert flows.way_of(probes.build(other, ProbeRequest(1, 3), 7)) is None
    assert other.way_of(probes.build(other, ProbeRequest(1, 3), 7)) is other.way(1) is None


def test_a_variant_from_another_source_keeps_it() -> None:
    other = way(4, 7).source
    own_sources: list[IPAddress | None] = []

    def choose(_: FlowHeaders, own_source: IPAddress | None) -> Way:
        own_sources.append(own_source)
        return way(4, 1)._replace(source=own_source or way(4, 1).source)

    plain = flows_of(4, Protocol.UDP, HeaderField.SPORT)
    flows = plain.replace(prefix_len=24, sources=(other,), ways=Ways({}, choose))
    assert flows.headers(variant(3, HeaderField.SOURCE, 1)).source == other
    assert flows.headers(3).source == way(4, 1).source
    assert own_sources == [other, None]


def test_flows_read_from_a_file_have_the_ways_that_they_took_and_no_others() -> None:
    plain = flows_of(4, Protocol.UDP, HeaderField.SPORT)
    again = plain.replace(ways=Ways({2: way(4, 1)}))
    assert again.headers(2) == plain.headers(2)._replace(source=way(4, 1).source)
    assert again.headers(3) == plain.headers(3)


def test_each_lane_has_its_own_ways() -> None:
    lanes = [balanced(flows_of(4, protocol, HeaderField.SPORT), []) for protocol in
             (Protocol.UDP, Protocol.TCP)]  # fmt: skip
    joined = MultiplexedFlows.join(lanes)
    for lane in lanes:
        probe = probes.build(lane, ProbeRequest(1, 3), 7)
        assert joined.way_of(probe) == lane.way(1) is not None
    assert joined.own_addresses == lanes[0].own_addresses | lanes[1].own_addresses


def test_one_way_for_all_flows_is_no_choice() -> None:
    assert several({3: way(4, 1), 1: way(4, 1)}) == {}
    assert list(several({3: way(4, 1), 1: way(4, 2)})) == [1, 3]
