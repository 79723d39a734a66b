"""Balancers: even, independent of each other, and blind to what they do not read."""

from __future__ import annotations

import struct
from ipaddress import ip_address

import pytest

from paris.sim.balancers import HeaderFields, draw, header_fields, key
from tests.support.expect import is_likely

FLOWS = 4000


def choices(name: str, shares: list[int], flows: int = FLOWS) -> list[int]:
    """What neighbouring source ports choose, as a tracer numbers its flows."""
    return [draw(key(name), [1, 2, 17, port, 33434, 0], shares) for port in range(flows)]


@pytest.mark.parametrize("width", [2, 3, 16, 48])
def test_neighbouring_ports_are_spread_evenly(width: int) -> None:
    chosen = choices("a", [1] * width)
    for successor in range(width):
        assert is_likely(1 / width, chosen.count(successor), FLOWS)


def test_the_shares_of_successors_follow_their_weights() -> None:
    chosen = choices("a", [3, 1, 4])
    assert [is_likely(w / 8, chosen.count(n), FLOWS) for n, w in enumerate((3, 1, 4))] == [True] * 3


def test_routers_with_different_keys_choose_independently() -> None:
    pairs = list(zip(choices("1 R1", [1, 1]), choices("1 R2", [1, 1]), strict=True))
    for pair in ((0, 0), (0, 1), (1, 0), (1, 1)):
        assert is_likely(1 / 4, pairs.count(pair), FLOWS)


def test_routers_with_one_key_choose_alike() -> None:
    assert choices("7", [1, 1]) == choices("7", [1, 1])


def test_six_neighbouring_flows_take_one_branch_with_probability_1_in_32() -> None:
    seeds = 4000
    alike = sum(len(set(choices(f"{seed} R", [1, 1], 6))) == 1 for seed in range(seeds))
    assert is_likely(1 / 32, alike, seeds)


@pytest.mark.parametrize(
    ("protocol", "behind", "ports", "checksum"),
    [
        (17, "5dc0 829a 0016 0007", (24000, 33434), 0),
        (6, "5dc0 01bb 00000007", (24000, 443), 0),
        (1, "0800 1234 0001 0007", (0, 0), 0x1234),
        (58, "8000 1234 0001 0007", (0, 0), 0x1234),
    ],
)
def test_hashed_fields_are_read_where_the_protocol_has_them(
    protocol: int, behind: str, ports: tuple[int, int], checksum: int
) -> None:
    here, there = ip_address("192.0.2.1"), ip_address("203.0.113.9")
    fields = header_fields(here, there, protocol, 5, 8, bytes.fromhex(behind))
    assert fields == HeaderFields(
        source=int(here),
        destination=int(there),
        protocol=protocol,
        sport=ports[0],
        dport=ports[1],
        icmp_checksum=checksum,
        flow_label=5,
        traffic_class=8,
    )


def test_fewer_than_four_bytes_behind_the_header_raise_an_error() -> None:
    with pytest.raises(struct.error):
        header_fields(ip_address("192.0.2.1"), ip_address("192.0.2.2"), 17, 0, 0, b"abc")
