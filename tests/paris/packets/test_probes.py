"""Probes: what routers hash is constant within a flow, tags come back, checksums are right."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from random import Random
from typing import TYPE_CHECKING

import pytest

from mda.model import HeaderField, ProbeRequest
from mda.variants import variant
from paris.packets import probes, tags
from paris.packets.checksums import pseudo_header, word_sum
from paris.packets.headers import read_ip
from paris.packets.payloads import PAYLOADS, named
from paris.packets.probe_matrix import Crafter
from paris.packets.protocols import Protocol
from tests.support.probes import COMBINATIONS, flows_of, hashed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from paris.packets.payloads import Payload


def write_capture(file: Path, datagrams: Sequence[bytes]) -> None:
    """A file of datagrams for tshark."""
    records = (struct.pack("<IIII", 0, 0, len(own), len(own)) + own for own in datagrams)
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)  # link type: raw IP
    file.write_bytes(head + b"".join(records))


def tshark(capture: Path, *fields: str, options: tuple[str, ...] = ()) -> list[list[str]]:
    """The first value of each field, of each datagram in the file."""
    assert shutil.which("tshark"), "tshark is needed"
    run = subprocess.run(
        ["tshark", "-r", str(capture), "-T", "fields", "-E", "separator=|", "-E", "occurrence=f",
         *(part for layer in ("ip", "udp", "tcp")
           for part in ("-o", f"{layer}.check_checksum:TRUE")),
         *options, *(part for field in fields for part in ("-e", field))],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [row.split("|") for row in run.stdout.splitlines()]


@pytest.mark.parametrize("protocol", [Protocol.UDP, Protocol.ICMP])
@pytest.mark.parametrize("version", [4, 6])
def test_long_probes_of_a_flow_have_its_hashed_bytes_and_right_checksums(
    version: int, protocol: Protocol
) -> None:
    field = HeaderField.ICMP_CHECKSUM if protocol is Protocol.ICMP else HeaderField.SPORT
    flows = flows_of(version, protocol, field)
    builder = probes.Builder(flows)
    for flow, length in ((0, 128), (7, 1280), (7, 1281), (7, 1500), (700, 65535)):
        long = ProbeRequest(variant(flow, HeaderField.LENGTH, length), 9)
        for tag in (tags.FIRST_TAG, 0xBEEF, tags.HIGHEST_TAG):
            probe = probes.build(flows, long, tag)
            assert (len(probe), probe) == (length, builder.build(long, tag))
            assert hashed(probe) == hashed(probes.build(flows, ProbeRequest(flow, 9), tag))
            header, message = read_ip(probe) or pytest.fail("not IP")
            if protocol is Protocol.UDP or version == 6:
                ends = header.source.packed, header.destination.packed
                message = pseudo_header(*ends, header.protocol, len(message)) + message
            assert word_sum(message) == 0xFFFF
            assert tags.of_payload(probe[20 if version == 4 else 40 :][8:]) == tag


@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_the_hashed_bytes_of_a_probe_depend_on_its_flow_but_not_on_ttl_and_tag(
    version: int, protocol: Protocol, field: HeaderField
) -> None:
    flows = flows_of(version, protocol, field)
    highest = tags.HIGHEST_TAG
    seen = {}
    for flow in (0, 1, 2, 700, flows.capacity - 1):
        probes_of_flow = {
            probes.build(flows, ProbeRequest(flow, ttl), tag)
            for ttl in (1, 9, 255)
            for tag in (1, 2, 0xFF00, highest)
        }
        assert len(probes_of_flow) == 12  # TTL and tag tell each from the others
        (seen[flow],) = {hashed(datagram) for datagram in probes_of_flow}
    assert len(set(seen.values())) == len(seen)


@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_the_tag_lies_in_the_eight_bytes_after_the_ip_header(
    version: int, protocol: Protocol, field: HeaderField
) -> None:
    datagram = probes.build(flows_of(version, protocol, field), ProbeRequest(3, 7), 0xBEEF)
    read = read_ip(datagram)
    assert read is not None
    header, payload = read
    assert header.ttl == 7
    assert payload[6:8] == b"\xbe\xef"
    if protocol is Protocol.TCP:
        assert payload[4:6] == b"\xbe\xef"
    if version == 4:
        assert header.ip_id == tags.ip_id(0xBEEF)


@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_every_checksum_of_a_probe_is_right(
    version: int, protocol: Protocol, field: HeaderField
) -> None:
    random = Random(7)
    flows = flows_of(version, protocol, field)
    for _ in range(200):
        request = ProbeRequest(random.randrange(flows.capacity), random.randint(1, 255))
        tag = random.randint(1, tags.HIGHEST_TAG)
        datagram = probes.build(flows, request, tag)
        size = 20 if version == 4 else 40
        payload = datagram[size:]
        if version == 4:
            assert word_sum(datagram[:size]) == 0xFFFF
        summed = payload
        if (version, protocol) != (4, Protocol.ICMP):
            number = protocol.number(version)
            summed = (
                pseudo_header(flows.source.packed, flows.destination.packed, number, len(payload))
                + payload
            )
        assert word_sum(summed) == 0xFFFF


@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_single_and_many_probes_are_built_alike(
    version: int, protocol: Protocol, field: HeaderField
) -> None:
    random = Random(13)
    flows = flows_of(version, protocol, field)
    requests = [
        ProbeRequest(random.randrange(flows.capacity), random.randint(1, 255)) for _ in range(300)
    ]
    # Each flow again, from what the builder has kept of it.
    requests += [request._replace(ttl=256 - request.ttl, attempt=1) for request in requests]
    numbers = [random.randint(1, tags.HIGHEST_TAG) for _ in requests]
    pairs = list(zip(requests, numbers, strict=True))
    alone = [probes.build(flows, request, tag) for request, tag in pairs]
    builder = probes.Builder(flows)
    assert alone == [builder.build(request, tag) for request, tag in pairs]
    assert alone == list(Crafter(flows).build(requests, numbers))
    assert [tags.read(single) for single in alone] == numbers


@pytest.mark.parametrize("payload", [*PAYLOADS, named("hex:c0ffee")], ids=lambda row: row.name)
@pytest.mark.parametrize("version", [4, 6])
def test_probes_of_every_payload_have_its_bytes_their_tags_and_right_checksums(
    version: int, payload: Payload
) -> None:
    random = Random(5)
    flows = flows_of(version, Protocol.UDP, HeaderField.SPORT).replace(payload=payload)
    requests = [ProbeRequest(random.randrange(3), random.randint(1, 255)) for _ in range(60)]
    numbers = random.sample(range(1, tags.HIGHEST_TAG), len(requests))
    pairs = list(zip(requests, numbers, strict=True))
    alone = [probes.build(flows, request, tag) for request, tag in pairs]
    builder = probes.Builder(flows)
    assert alone == [builder.build(request, tag) for request, tag in pairs]
    assert alone == list(Crafter(flows).build(requests, numbers))
    assert [tags.read(single) for single in alone] == numbers
    assert len({hashed(single) for single in alone}) == 3
    at = 20 if version == 4 else 40
    word = slice(at + 8 + payload.word_at, at + 10 + payload.word_at)
    for single in alone:
        segment = single[at:]
        ends = flows.source.packed, flows.destination.packed
        assert word_sum(pseudo_header(*ends, 17, len(segment)) + segment) == 0xFFFF
        said = bytearray(single)
        said[word] = bytes(2)
        assert bytes(said[at + 8 :]).startswith(payload.request.removesuffix(bytes(4)))
        assert len(segment) == 8 + len(payload.request)


@pytest.mark.lab
@pytest.mark.parametrize("payload", PAYLOADS[1:], ids=lambda row: row.name)
def test_tshark_takes_a_payload_for_a_request_without_error(
    payload: Payload, tmp_path: Path
) -> None:
    info = {
        "dns": "Standard query 0x.... A localhost", "ntp": "NTP Version 4, client",
        "snmp": "get-request 1.3.6.1.2.1.1.3.0", "stun": "Binding Request",
        "quic": "Initial, DCID=70617269732d7472, SCID=61....63652d7472, PKN: [0-9]+",
    }  # fmt: skip
    capture = tmp_path / "probes.pcap"
    built = []
    for version in (4, 6):
        flows = flows_of(version, Protocol.UDP, HeaderField.SPORT)
        flows = flows.replace(payload=payload, dport=payload.ports[0])
        built += [probes.build(flows, ProbeRequest(0, 5), tag) for tag in (1, 0xBEEF, 0xFFFE)]
    write_capture(capture, built)
    rows = tshark(
        capture, "_ws.col.Protocol", "_ws.col.Info", "udp.checksum.status", "_ws.malformed",
        "_ws.expert.message",
    )  # fmt: skip
    assert len(rows) == len(built)
    for protocol, about, *rest in rows:
        assert protocol.lower() == payload.name
        assert re.search(info[payload.name], about), about
        # No endpoint could decrypt what is behind the version that nobody speaks.
        is_secret = payload.name == "quic" and rest.pop().startswith("Decryption failed")
        assert rest == (["1", ""] if is_secret else ["1", "", ""])


@pytest.mark.lab
@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_tshark_finds_no_error_in_25_000_probes(
    version: int, protocol: Protocol, field: HeaderField, tmp_path: Path
) -> None:
    random, count = Random(11), 25_000
    flows = flows_of(version, protocol, field)
    requests = [
        ProbeRequest(random.randrange(flows.capacity), random.randint(1, 255)) for _ in range(count)
    ]
    numbers = [random.randint(1, tags.HIGHEST_TAG) for _ in requests]
    capture = tmp_path / "probes.pcap"
    write_capture(capture, Crafter(flows).build(requests, numbers))
    name = "icmpv6" if (version, protocol) == (6, Protocol.ICMP) else protocol.value
    tag_field = {
        Protocol.UDP: "udp.checksum", Protocol.TCP: "tcp.seq_raw", Protocol.ICMP: "icmp.seq",
    }[protocol]  # fmt: skip
    if name == "icmpv6":
        tag_field = "icmpv6.echo.sequence_number"
    ttl_field = "ip.ttl" if version == 4 else "ipv6.hlim"
    # Chance makes some ports those of protocols that our payloads are not.
    rows = tshark(
        capture, "ip.checksum.status", f"{name}.checksum.status", "_ws.malformed", tag_field,
        ttl_field, options=("-d", "udp.port==1-65535,data"),
    )  # fmt: skip
    assert len(rows) == count
    good, of_ip = "1", "1" if version == 4 else ""
    assert {tuple(row[:3]) for row in rows} == {(of_ip, good, "")}
    placed = [tags.sequence(tag) for tag in numbers] if protocol is Protocol.TCP else numbers
    assert [int(row[3], 0) for row in rows] == placed
    assert [int(row[4]) for row in rows] == [request.ttl for request in requests]
