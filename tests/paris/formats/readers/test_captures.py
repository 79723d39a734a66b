"""Traceroutes in captured packets are those that the program itself wrote beside them.

Each has the packets of the run whose warts or JSON has its name, at the sender's interface.
"""

from __future__ import annotations

import struct
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mda.model import Loss, Reply
from mda.plan import Algorithm
from mda.trace import Trace
from paris import replay
from paris.formats import native
from paris.formats.readers import captures, dublin, warts
from paris.formats.readers.datagrams import Captured, read
from tests.support.commands import run
from tests.support.refusals import refusal_of

if TYPE_CHECKING:
    from mda.record import Record

DATA = Path(__file__).parents[3] / "data"
NAMES = sorted(path.name for path in (DATA / "captures").iterdir())
STEMS = [name.removesuffix(".pcapng") for name in NAMES if name.count(".") == 1]


def record_of(name: str) -> Record:
    (found,) = captures.read((DATA / "captures" / name).read_bytes(), "x")
    return found.record()


def told(stem: str) -> Record:
    """What the program itself says."""
    if stem == "dublin":
        (found,) = dublin.read((DATA / "results/dublin-traceroute.json").read_bytes(), "x")
    else:
        (found,) = warts.read((DATA / f"warts/{stem}.warts").read_bytes(), "x")
    return found.record()


def replies(record: Record) -> Counter[tuple[object, ...]]:
    return Counter(
        (own.request.flow, own.request.ttl, own.kind, own.responder, own.icmp_type, own.icmp_code,
         own.reply_ttl, own.reply_ip_id or None)
        for own in record.outcomes if isinstance(own, Reply) and own.is_timed
    )  # fmt: skip


@pytest.mark.parametrize("stem", STEMS)
def test_the_packets_show_every_reply_that_the_program_says(stem: str) -> None:
    seen, said = record_of(f"{stem}.pcapng"), told(stem)
    shown = replies(said)
    assert shown - replies(seen) == Counter()
    assert shown.total() > 4
    probing, expected = seen.plan.probing, said.plan.probing
    if stem == "tracelb-silent-branch":  # its flows begin beyond the first one in use
        assert probing.flow_field == expected.flow_field
    else:
        assert probing._replace(traffic_class=0) == expected
    assert seen.plan.algorithm is said.plan.algorithm
    assert (seen.plan.source, seen.plan.destination) == (said.plan.source, said.plan.destination)


@pytest.mark.parametrize(
    ("stem", "probes", "lost"),
    [
        ("tracelb-udp-sport", 64, 0), ("tracelb-tcp-sport", 68, 0), ("tracelb-icmp-echo", 20, 0),
        ("trace-udp-paris", 5, 0), ("tracelb-silent-first", 63, 2), ("dublin", 128, 0),
    ],
)  # fmt: skip
def test_every_probe_is_known_by_its_packet(stem: str, probes: int, lost: int) -> None:
    record = record_of(f"{stem}.pcapng")
    assert record.probes_sent == probes
    assert sum(isinstance(own, Loss) for own in record.outcomes) == lost


@pytest.mark.parametrize("name", [name for name in NAMES if ".rawip." in name])
def test_interfaces_of_raw_ip_and_both_formats_show_the_same(name: str) -> None:
    stem = name.partition(".")[0]
    assert replies(record_of(name)) == replies(record_of(f"{stem}.pcapng"))


def test_what_is_read_goes_through_our_json() -> None:
    for stem in ("tracelb-udp-sport-v6", "tracelb-tcp-ack-sport"):
        trace = replay.saved(str(DATA / "captures" / f"{stem}.pcapng"))
        assert isinstance(trace, Trace)
        again = native.write(trace)
        assert native.write(native.read(again, "x")) == again
    file = str(DATA / "captures/tracelb-udp-sport.pcapng")
    shown = run(file, program="paris-render").stdout
    assert "\n 1    192.0.2.2 " in shown
    assert "measured by a program known by its packets alone" in shown


def pcap(packets: list[Captured], link: int = 101, before: bytes = b"") -> bytes:
    """A capture of these datagrams, each behind the same bytes."""
    content = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link)
    for own in packets:
        packet = before + own.datagram
        times = divmod(own.at_us, 1_000_000)
        content += struct.pack("<IIII", *times, len(packet), len(packet)) + packet
    return content


def packets_of(stem: str) -> list[Captured]:
    return list(read((DATA / "captures" / f"{stem}.pcapng").read_bytes(), "x"))


@pytest.mark.parametrize(
    ("link", "before"),
    [
        (0, bytes(4)),
        (1, bytes(12) + bytes.fromhex("8100 0007 0800")),
        (12, b""),
        (113, bytes(14) + bytes.fromhex("0800")),
        (276, bytes.fromhex("0800") + bytes(18)),
    ],
    ids=["loopback", "VLAN", "raw of a system", "cooked", "cooked 2"],
)
def test_other_links_are_read(link: int, before: bytes) -> None:
    packets = packets_of("trace-udp-paris")
    (found,) = captures.read(pcap(packets, link, before), "x")
    assert replies(found.record()) == replies(told("trace-udp-paris"))


def with_other_ports(packets: list[Captured], *, varies_both: bool) -> list[Captured]:
    """The packets of a trace by UDP in which each probe has other ports, as in its quote."""
    changed, probes = [], 0
    for own in packets:
        data, is_probe = bytearray(own.datagram), own.datagram[9] == 17
        at = 20 if is_probe else 48
        probes += is_probe
        data[at + 3] = probes
        if varies_both:
            data[at + 1] = probes
        data[22:24] = data[22:24] if is_probe else b"\0\0"
        if not is_probe:
            message = bytes(data[20:])
            total = sum(struct.unpack(f"!{len(message) // 2}H", message))
            total = (total & 0xFFFF) + (total >> 16)
            data[22:24] = struct.pack("!H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF)
        changed.append(own._replace(datagram=bytes(data)))
    return changed


@pytest.mark.parametrize("varies_both", [False, True])
def test_a_traceroute_whose_probes_have_other_ports_each_is_classic(varies_both: bool) -> None:
    packets = with_other_ports(packets_of("trace-udp-paris"), varies_both=varies_both)
    (found,) = captures.read(pcap(packets), "x")
    record = found.record()
    assert record.plan.algorithm is Algorithm.CLASSIC
    assert (record.plan.probing.dport is None) is varies_both
    assert sorted(own.request[:2] for own in record.outcomes) == [
        (number, number + 1) for number in range(5)
    ]


def test_a_capture_without_a_traceroute_has_no_trace() -> None:
    probes = [own for own in packets_of("trace-udp-paris") if own.datagram[9] == 17]
    assert list(captures.read(pcap(probes), "x")) == []


def test_every_beginning_of_a_capture_is_read_or_refused_with_its_place() -> None:
    for stem in ("trace-icmp-paris", "trace-udp-paris"):
        data = (DATA / "captures" / f"{stem}.pcapng").read_bytes()
        for whole in (data, pcap(packets_of(stem))):
            said = [refusal_of(whole[:size], captures.read) for size in range(4, len(whole), 3)]
            assert [line for line in said if line and not line.startswith("x: byte ")] == []
