"""Packets: what is written can be read, checksums are right, and no bytes whatever raise."""

from __future__ import annotations

import shutil
import struct
import subprocess
from ipaddress import ip_address
from random import Random
from typing import TYPE_CHECKING

import pytest

from mda.model import HeaderField, InterfaceInfo, InterfaceRole, MplsEntry, ProbeRequest
from paris.packets import headers, probes
from paris.packets.checksums import word_sum
from paris.packets.headers import IPHeader, read_ip
from paris.packets.protocols import Protocol
from tests.support.probes import flows_of
from tests.support.samples import REPLIES

if TYPE_CHECKING:
    from pathlib import Path

STACK = (MplsEntry(24016, 5, False, 1), MplsEntry(299776, 0, True, 255))
INTERFACE = InterfaceInfo(InterfaceRole.INCOMING, 9, ip_address("198.51.100.6"), "eth3", 1400)
NEXT_HOP = InterfaceInfo(InterfaceRole.NEXT_HOP, address=ip_address("2001:db8::6"))
HEADER = {
    4: IPHeader(
        source=ip_address("198.51.100.7"), destination=ip_address("192.0.2.1"),
        protocol=1, ttl=250, ip_id=0x1234,
    ),
    6: IPHeader(
        source=ip_address("2001:db8:7::7"), destination=ip_address("2001:db8::1"),
        protocol=58, ttl=250,
    ),
}  # fmt: skip


def random_header(random: Random, version: int) -> IPHeader:
    source, destination = (
        ip_address(random.randbytes(4 if version == 4 else 16)) for _ in range(2)
    )
    return IPHeader(
        source=source, destination=destination,
        protocol=random.randint(1, 255), ttl=random.randint(0, 255),
        traffic_class=random.randint(0, 255),
        ip_id=random.randint(0, 0xFFFF) if version == 4 else 0,
        flow_label=random.randint(0, 0xFFFFF) if version == 6 else 0,
    )  # fmt: skip


@pytest.mark.parametrize("version", [4, 6])
def test_a_written_datagram_reads_back_and_a_new_ttl_changes_nothing_else(version: int) -> None:
    random = Random(3)
    for _ in range(500):
        header, payload = random_header(random, version), random.randbytes(random.randrange(90))
        datagram = headers.ip_datagram(header, payload)
        assert read_ip(datagram) == (header, payload)
        assert read_ip(datagram + b"padding of a link") == (header, payload)
        assert headers.with_ttl(datagram, 3) == headers.ip_datagram(header._replace(ttl=3), payload)
        if version == 4:
            assert word_sum(datagram[:20]) == 0xFFFF


def test_an_ipv4_datagram_is_laid_out_as_rfc_791_draws_it() -> None:
    assert headers.ip_datagram(HEADER[4], b"\xab\xcd\xef") == bytes.fromhex(
        "45 00 0017"  # version and header words, class, length 23
        "1234 4000"  # identification, don't fragment
        "fa 01 8275"  # TTL, protocol, checksum
        "c6336407 c0000201 abcdef"
    )


@pytest.mark.parametrize("name", REPLIES)
def test_read_ip_returns_none_or_a_header_for_any_bytes(name: str) -> None:
    random = Random(5)
    whole = REPLIES[name]
    size = 20 if whole[0] >> 4 == 4 else 40
    assert all(read_ip(whole[:length]) is None for length in range(size))
    assert all(read_ip(whole[:length]) is not None for length in range(size, len(whole) + 1))
    for _ in range(3000):
        mutant = bytearray(whole)
        for _ in range(random.randint(1, 4)):
            mutant[random.randrange(size)] = random.randrange(256)
        read = read_ip(bytes(mutant))
        assert read is None or read[1] in bytes(mutant[20:])


def test_ip_options_are_skipped_even_if_their_length_is_zero() -> None:
    bare = headers.ip_datagram(HEADER[4], b"payload!")
    for option in ("01010101", "94040000", "07000000"):  # none, router alert, one of length 0
        datagram = bytes.fromhex("4600 0020") + bare[4:20] + bytes.fromhex(option) + bare[20:]
        assert read_ip(datagram) == (HEADER[4], b"payload!")
    assert read_ip(b"\x4f" + bare[1:]) is None  # options beyond the end


def test_a_reply_to_the_highest_sequence_number_acknowledges_0() -> None:
    syn = struct.pack("!HHIIHHHH", 20_000, 80, 0xFFFF_FFFF, 0, 0x5002, 65535, 0, 0)
    for open_port, flags in ((True, 0x12), (False, 0x14)):
        read = read_ip(headers.tcp_reply(HEADER[4], syn, open_port=open_port))
        assert read is not None
        sport, dport, _, acknowledged = struct.unpack_from("!HHII", read[1])
        assert (sport, dport, acknowledged, read[1][13]) == (80, 20_000, 0, flags)


@pytest.mark.lab
def test_tshark_finds_no_error_in_any_kind_of_simulated_reply(tmp_path: Path) -> None:
    assert shutil.which("tshark"), "tshark is needed"
    answers = []
    for version, error, echo in ((4, 11, Protocol.ICMP), (6, 3, Protocol.ICMP)):
        flows = flows_of(version, Protocol.UDP, HeaderField.SPORT)
        probe = probes.build(flows, ProbeRequest(0, 1), 7)
        size = 20 if version == 4 else 40
        field = HeaderField.ICMP_CHECKSUM
        request = probes.build(flows_of(version, echo, field), ProbeRequest(0, 9), 7)
        syn = probes.build(
            flows_of(version, Protocol.TCP, HeaderField.SPORT), ProbeRequest(0, 9), 7
        )
        header = HEADER[version]
        answers += [
            headers.icmp_error(header, error, 0, probe),
            headers.icmp_error(header, error, 0, probe, STACK),
            headers.icmp_error(header, error, 0, probe + bytes(300), STACK),
            headers.icmp_error(header, error, 0, probe, (), (INTERFACE, NEXT_HOP)),
            headers.echo_reply(header, request[size:]),
            headers.tcp_reply(header, syn[size:], open_port=True),
            headers.tcp_reply(header, syn[size:], open_port=False),
        ]
    capture = tmp_path / "answers.pcap"
    records = (struct.pack("<IIII", 0, 0, len(answer), len(answer)) + answer for answer in answers)
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)  # link type: raw IP
    capture.write_bytes(head + b"".join(records))
    fields = [f"{name}.checksum.status" for name in ("icmp", "icmpv6", "tcp")]
    fields += ["icmp.ext.checksum.status", "icmp.mpls.label"]
    fields += [f"icmp.int_info.{name}" for name in ("role", "index", "ipv4", "ipv6", "name", "mtu")]
    fields.append("_ws.malformed")
    run = subprocess.run(
        ["tshark", "-r", str(capture), "-o", "ip.check_checksum:TRUE", "-o",
         "tcp.check_checksum:TRUE", "-T", "fields", "-E", "separator=|", "-E", "occurrence=a",
         *(part for field in fields for part in ("-e", field))],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    labels = "24016,299776||||||"
    icmp, icmp6, tcp = "1||||||||||", "|1|||||||||", "||1||||||||"
    with_labels = [f"1|||1|{labels}", f"|1||1|{labels}"]
    interfaces = "||0,3|9|198.51.100.6|2001:db8::6|eth3|1400"
    described = [f"1|||1{interfaces}", f"|1||1{interfaces}"]
    rows = [row.rsplit("|", 1) for row in run.stdout.splitlines()]
    assert all(malformed == "" for _, malformed in rows)
    assert [row for row, _ in rows] == [
        icmp, with_labels[0], with_labels[0], described[0], icmp, tcp, tcp,
        icmp6, with_labels[1], with_labels[1], described[1], icmp6, tcp, tcp,
    ]  # fmt: skip
