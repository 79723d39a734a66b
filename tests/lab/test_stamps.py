"""Round-trip times against what tshark sees on the interface, probe by probe."""

from __future__ import annotations

import statistics
import subprocess
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from mda.model import HeaderField, ProbeRequest
from mda.plan import Stamp
from paris.packets import probes, replies
from paris.packets.flows import Flows
from paris.packets.protocols import Protocol
from paris.wire.base import WireOptions
from paris.wire.raw import RawWire
from paris.wire.unprivileged import opening as unprivileged
from tests.lab import netlab
from tests.lab.captures import packets_in
from tests.lab.namespaces import inside_namespace
from tests.lab.netlab import TARGET
from tests.support.waiting import LONGEST_S, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from paris.wire.base import Received, Wire

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("timing")]

MOST_S = 5e-6


def round_trips(capture: Path) -> dict[tuple[int, int], list[float]]:
    """Seconds from each UDP probe to the ICMP error that quotes it, by source port and TTL.

    A capture that is still being written may end within a packet.
    """
    fields = ("frame.time_epoch", "ip.ttl", "ipv6.hlim", "data.data", "udp.srcport", "icmp.type",
              "icmpv6.type")  # fmt: skip
    ran = subprocess.run(
        ["tshark", "-r", str(capture), "-Y", "udp", "-T", "fields", "-E", "separator=|",
         *(part for field in fields for part in ("-e", field))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    sent: dict[tuple[str, str], tuple[float, int]] = {}
    found: dict[tuple[int, int], list[float]] = {}
    for line in ran.stdout.splitlines():
        at, ttl4, ttl6, payload, port, icmp4, icmp6 = line.split("|")
        # Of two probes of a flow the payloads differ, and a quote has the payload as well.
        if not icmp4 and not icmp6:
            sent[port, payload] = float(at), int(ttl4 or ttl6)
        elif (port, payload) in sent:
            sent_at, ttl = sent[port, payload]
            found.setdefault((int(port), ttl), []).append(float(at) - sent_at)
    return found


def exchanged(wire: Wire, flows: Flows, pace: str) -> dict[tuple[int, int], list[float]]:
    """What the wire says of the same, of probes of 64 flows to 4 TTLs."""
    probe_of = {tag: ProbeRequest(tag % 64, tag % 4 + 1) for tag in range(1, 257)}
    datagrams = [probes.build(flows, request, tag) for tag, request in probe_of.items()]
    sent_at_s: list[float] = []
    arrived: list[Received] = []
    for begin in range(0, 256, 1 if pace == "paced" else 256):
        sent_at_s += wire.send(datagrams[begin : begin + (1 if pace == "paced" else 256)])
        arrived += wire.receive(wire.now_s() + 0.002)
        time.sleep(0.002 if pace == "paced" else 0)
    while len(arrived) < 256 and (more := wire.receive(wire.now_s() + LONGEST_S)):
        arrived += more
    assert wire.corrections() == []
    found: dict[tuple[int, int], list[float]] = {}
    for received in arrived:
        reply = replies.parse(received.datagram, wire.hidden)
        assert isinstance(reply, replies.ParsedReply)
        tag = reply.quoted.carrier_tag
        round_trip_s = received.at_s - sent_at_s[tag - 1]
        found.setdefault((20000 + probe_of[tag].flow, probe_of[tag].ttl), []).append(round_trip_s)
    return found


@pytest.mark.parametrize("pace", ["paced", "burst"])
@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("kind", ["raw", "unprivileged"])
def test_round_trip_times_agree_with_tshark_to_some_microseconds(
    kind: str, version: int, pace: str, tmp_path: Path
) -> None:
    capture = tmp_path / "seen.pcapng"
    seen: dict[tuple[int, int], list[float]] = {}

    def has_all() -> bool:
        if packets_in(capture) >= 2 * 256:
            seen.update(round_trips(capture))
        return sum(map(len, seen.values())) == 256

    with netlab.lab(netlab.plain(4)) as lab:
        flows = Flows(
            source=lab.source(version), destination=TARGET[version], protocol=Protocol.UDP,
            field=HeaderField.SPORT, sport=20000, dport=33434,
        )  # fmt: skip
        with inside_namespace(lab.namespace("src")):
            wire: Wire = (
                RawWire.open(flows, None)
                if kind == "raw"
                else unprivileged.open_wire(flows, WireOptions())
            )
            dumping = lab.background(
                "src", "dumpcap", "-q", "-i", "v0n", "-w", str(capture), ready="File:"
            )
            with closing(wire), dumping:
                told = exchanged(wire, flows, pace)
                report = wire.report()
                wait_until(has_all)
    assert (report.sent, report.received, report.sent_otherwise) == (Stamp.KERNEL, Stamp.KERNEL, 0)
    errors = [
        ours - theirs
        for probe, round_trips_s in seen.items()
        for ours, theirs in zip(told[probe], round_trips_s, strict=True)
    ]
    assert len(errors) == 256
    # A tenth of them: on a busy machine much can happen between two stamps of one packet. Without
    # stamps all of them differ by more than this.
    assert statistics.quantiles(map(abs, errors), n=10)[0] < MOST_S
