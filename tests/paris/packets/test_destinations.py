"""Whose probe a received datagram names, before it is parsed."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from paris.packets import headers, numbers
from paris.packets.destinations import named_destination, named_tag
from paris.packets.headers import IPHeader
from paris.sim.internet import internet

SOURCE, ROUTER, HOST = map(ip_address, ("192.0.2.1", "198.51.100.7", "203.0.113.9"))


def echo_request(tag: int) -> bytes:
    ip = IPHeader(
        source=SOURCE, destination=HOST, protocol=numbers.ICMP4, ttl=1, ip_id=tag + 1, flow_label=0
    )
    return headers.icmp_echo(ip, 7, tag, bytes(16), 0)


def error_about(probe: bytes) -> bytes:
    back = IPHeader(
        source=ROUTER, destination=SOURCE, protocol=numbers.ICMP4, ttl=60, ip_id=1, flow_label=0
    )
    return headers.icmp_error(back, numbers.TIME_EXCEEDED[4], 0, probe[:28], (), ())


def test_an_error_names_the_probe_that_it_quotes() -> None:
    reply = error_about(echo_request(0xBEEF))
    assert named_destination(reply) == HOST.packed
    assert named_tag(reply) == 0xBEEF


def test_other_replies_name_who_sends_them() -> None:
    probe = echo_request(0xBEEF)
    replies = internet("1", 1).answers(probe, 0.0)
    assert replies
    back = IPHeader(
        source=HOST, destination=SOURCE, protocol=numbers.ICMP4, ttl=60, ip_id=1, flow_label=0
    )
    reply = headers.echo_reply(back, probe[20:])
    assert named_destination(reply) == HOST.packed
    assert named_tag(reply) == 0


@pytest.mark.parametrize("length", range(56))
def test_no_length_is_an_error(length: int) -> None:
    cut = error_about(echo_request(1))[:length]
    assert named_destination(cut) in (b"", HOST.packed, ROUTER.packed)
    assert 0 <= named_tag(cut) <= 0xFFFF
