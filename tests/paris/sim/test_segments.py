"""A datagram with a segment routing header, as a reader of RFC 8754 takes it apart."""

from __future__ import annotations

from ipaddress import ip_address

from mda.model import HeaderField, ProbeRequest
from paris.packets.datagrams import read_ip
from paris.packets.probes import build
from paris.packets.protocols import Protocol
from paris.sim.segments import with_segments
from tests.support.probes import flows_of

FIRST, SECOND = ip_address("2001:db8:5::1"), ip_address("2001:db8:5::2")


def test_the_header_is_that_of_the_rfc() -> None:
    probe = build(flows_of(6, Protocol.UDP, HeaderField.SPORT), ProbeRequest(3, 7), 77)
    sent = with_segments(probe, [FIRST, SECOND])
    assert sent[4:6] == (len(probe) - 40 + 56).to_bytes(2)
    assert (sent[:4], sent[7:24]) == (probe[:4], probe[7:24])  # hop limit and source stay
    assert (sent[6], sent[24:40]) == (43, FIRST.packed)
    # Next header, length in 8 bytes less one, type, segments left, last entry, flags, tag.
    assert sent[40:48] == bytes([17, 6, 4, 2, 2, 0, 0, 0])
    assert sent[48:96] == probe[24:40] + SECOND.packed + FIRST.packed


def test_the_destination_and_the_message_are_still_those_of_the_probe() -> None:
    probe = build(flows_of(6, Protocol.TCP, HeaderField.SPORT), ProbeRequest(3, 7), 77)
    assert read_ip(with_segments(probe, [FIRST, SECOND])) == read_ip(probe)
