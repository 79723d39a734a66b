"""The raw wire alone, without engine or algorithm, over kernel routers."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mda.model import HeaderField, ProbeRequest, ReplyKind
from mda.plan import Stamp
from paris.errors import SettingsError, WireError
from paris.packets import headers, probes, replies
from paris.packets.flows import Flows
from paris.packets.protocols import Protocol
from paris.packets.replies import ParsedReply
from paris.wire.raw import RawWire
from tests.lab import netlab
from tests.lab.forging import Forger, collect
from tests.lab.namespaces import inside_namespace
from tests.lab.netlab import TARGET, Lab
from tests.support.waiting import LONGEST_S

if TYPE_CHECKING:
    from collections.abc import Iterator


pytestmark = pytest.mark.lab

CHECKOUT = Path(__file__).parents[2]
LAST = {Protocol.UDP: ReplyKind.UNREACHABLE, Protocol.ICMP: ReplyKind.ECHO_REPLY,
        Protocol.TCP: ReplyKind.RST}  # fmt: skip
# The tag's field: a UDP or ICMP field holds 16 bits of it, a TCP sequence number all 32.
TAG = 4711
HOPS = 3  # two routers and the target


def inside(lab: Lab, node: str = "src") -> AbstractContextManager[None]:
    """What this thread opens inside belongs to a node, and stays there afterwards."""
    return inside_namespace(lab.namespace(node))


@contextmanager
def opened(
    lab: Lab, version: int, protocol: Protocol = Protocol.UDP, interface: str | None = None
) -> Iterator[RawWire]:
    # The wire checks now and then that its source is an address of the namespace that it is in.
    with inside(lab), closing(RawWire.open(plan(lab, version, protocol), interface)) as wire:
        yield wire


def plan(lab: Lab, version: int, protocol: Protocol = Protocol.UDP) -> Flows:
    return Flows(
        source=lab.source(version),
        destination=TARGET[version],
        protocol=protocol,
        field=HeaderField.ICMP_CHECKSUM if protocol is Protocol.ICMP else HeaderField.SPORT,
        sport=20000,
        dport=33434,
        traffic_class=0x28,
    )


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("version", [4, 6])
def test_every_hop_replies_and_quotes_its_probe(version: int, protocol: Protocol) -> None:
    with netlab.lab(netlab.plain(HOPS - 1)) as lab, opened(lab, version, protocol) as wire:
        flows = plan(lab, version, protocol)
        batch = [probes.build(flows, ProbeRequest(0, ttl), TAG + ttl) for ttl in range(1, HOPS + 1)]
        sent = wire.send(batch)
        received = collect(wire, HOPS)
    assert len(sent) == len(received) == HOPS
    expected = {ttl: address for ttl, address in lab.truth(version).vertices if ttl}
    for answer in received:
        header = headers.read_ip(answer.datagram)
        reply = replies.parse(answer.datagram)
        assert header is not None
        assert isinstance(reply, ParsedReply)
        ttl = reply.quoted.carrier_tag - TAG
        assert reply.responder == header[0].source == expected[ttl]
        assert header[0].destination == lab.source(version)
        # Linux sends answers with 64; those of a hop further have passed one router more.
        assert reply.reply_ttl == header[0].ttl == 64 - (ttl - 1)
        assert reply.kind is (ReplyKind.TIME_EXCEEDED if ttl < HOPS else LAST[protocol])
        if reply.kind is ReplyKind.TIME_EXCEEDED:
            assert reply.quoted_ttl == 1
            assert reply.quoted.traffic_class == 0x28
        assert 0 < answer.at_s - sent[ttl - 1] < 5  # a busy machine stalls, but not so long
    assert [answer.at_s for answer in received] == sorted(answer.at_s for answer in received)


@pytest.mark.xdist_group("timing")
@pytest.mark.parametrize("version", [4, 6])
def test_a_reply_has_the_time_of_its_arrival_and_not_of_its_reading(version: int) -> None:
    flows_count = 5
    with netlab.lab(netlab.plain(1)) as lab, opened(lab, version) as wire:
        flows, sent = plan(lab, version), []
        for flow in range(flows_count):
            # The kernel begins to stamp a moment after the first socket asks it to.
            time.sleep(0.02)
            sent += wire.send([probes.build(flows, ProbeRequest(flow, 1), TAG + flow)])
        time.sleep(0.5)
        received = collect(wire, flows_count)
    rtts_s = [answer.at_s - at_s for answer, at_s in zip(received, sent, strict=True)]
    assert 0 < min(rtts_s) < 0.2


@pytest.mark.parametrize("version", [4, 6])
def test_tcp_packets_of_other_programs_are_filtered_out(version: int) -> None:
    host = "127.0.0.1" if version == 4 else "::1"
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with netlab.lab(netlab.plain(1)) as lab, opened(lab, version, Protocol.TCP) as wire:
        with (
            inside(lab),
            socket.create_server((host, 0), family=family) as server,
            socket.create_connection(server.getsockname()[:2]) as client,
            server.accept()[0] as served,
        ):
            for _ in range(20):
                client.sendall(b"x" * 100)
                assert served.recv(100)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((host, 1))
        wire.send([probes.build(plan(lab, version, Protocol.TCP), ProbeRequest(0, 9), TAG)])
        # Other people's would have come in before.
        received = collect(wire, 1)
    (parsed,) = [replies.parse(answer.datagram) for answer in received]
    assert isinstance(parsed, ParsedReply)
    assert (parsed.kind, parsed.quoted.carrier_tag) == (ReplyKind.RST, TAG)


@pytest.mark.parametrize("version", [4, 6])
def test_tcp_replies_are_read_from_any_address_if_they_acknowledge_a_tag(version: int) -> None:
    with (
        netlab.lab(netlab.plain(1)) as lab,
        opened(lab, version, Protocol.TCP) as wire,
        closing(Forger(lab, version)) as forger,
    ):
        probe = probes.build(plan(lab, version, Protocol.TCP), ProbeRequest(0, 9), TAG)
        with inside(lab):
            wire.send([probe])
            assert len(collect(wire, 1)) == 1
        syn = probe[20 if version == 4 else 40 :]
        another = syn[:4] + bytes(3) + b"\1" + syn[8:]
        for number in (another, syn):
            forger.send(headers.tcp_reply(forger.router, number, open_port=True))
        (received,) = collect(wire, 1)
    parsed = replies.parse(received.datagram)
    assert isinstance(parsed, ParsedReply)
    assert (parsed.responder, parsed.quoted.carrier_tag) == (forger.router.source, TAG)


@pytest.mark.xdist_group("timing")
def test_a_wait_below_a_millisecond_ends_on_time() -> None:
    with netlab.lab(netlab.plain(1)) as lab, opened(lab, 4) as wire:
        took_s = []
        for _ in range(50):
            began_s = wire.now_s()
            assert wire.receive(began_s + 0.0005) == []
            took_s.append(wire.now_s() - began_s)
        before_s = time.clock_gettime(time.CLOCK_REALTIME)
        told_s = wire.unix_s(wire.now_s())
        after_s = time.clock_gettime(time.CLOCK_REALTIME)
    assert 0.0005 <= min(took_s) < 0.001  # the shortest: the machine may be busy
    assert before_s - 0.01 < told_s < after_s + 0.01


@pytest.mark.xdist_group("timing")
def test_a_slow_interface_slows_sending_and_loses_nothing() -> None:
    probe_count = 300
    with netlab.lab(netlab.plain(1)) as lab:
        shape(lab, "2mbit")
        with opened(lab, 4) as wire:
            flows = plan(lab, 4)
            sent = wire.send(
                [probes.build(flows, ProbeRequest(n, 1), 1 + n) for n in range(probe_count)]
            )
            received = collect(wire, probe_count)
            # The last ones were waiting in the interface's queue when they had been handed over.
            late = wire.corrections()
            report = wire.report()
    assert len(late) < 20
    for number, at_s in late:
        sent[number] = at_s
    assert sent == sorted(sent)
    assert report.waits > 0
    assert (report.sent, report.sent_otherwise, report.dropped) == (Stamp.KERNEL, 0, 0)
    assert sent[-1] - sent[0] > 0.01
    assert len(received) == probe_count


def test_an_interface_that_stays_full_is_an_error() -> None:
    with netlab.lab(netlab.plain(1)) as lab:
        shape(lab, "1kbit")
        with opened(lab, 4) as wire:
            flows = plan(lab, 4)
            batch = [probes.build(flows, ProbeRequest(n, 1), 1 + n) for n in range(100)]
            with pytest.raises(WireError, match=r"cannot send to 203\.0\.113\.9: .*stays full"):
                wire.send(batch)


def shape(lab: Lab, rate: str) -> None:
    """Let the source's interface send no faster, and keep no more than ten probes waiting."""
    run = lab.run(
        "tc", "qdisc", "add", "dev", "v0n", "root", "tbf",
        "rate", rate, "burst", "1600", "limit", "600",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr


@pytest.mark.xdist_group("timing")
@pytest.mark.parametrize("version", [4, 6])
def test_replies_for_which_there_is_no_room_are_counted(version: int) -> None:
    probe_count, at_once = 60_000, 1000
    with netlab.lab(netlab.plain(1)) as lab, opened(lab, version) as wire:
        probe = probes.build(plan(lab, version), ProbeRequest(0, 1), TAG)
        # Where this takes long the wire looks whether the source is still our address.
        with inside(lab):
            for _ in range(probe_count // at_once):
                wire.send([probe] * at_once)
        assert wire.report().dropped > 0
        received = 0
        while received + wire.report().dropped < probe_count:
            more = wire.receive(wire.now_s() + LONGEST_S)
            assert more
            received += len(more)
        report = wire.report()
    # While the queue is full the kernel counts what neighbours say as well: it has no filter yet.
    assert probe_count <= received + report.dropped < probe_count + 100
    assert report.reverse_path == 0


@pytest.mark.parametrize("version", [4, 6])
def test_a_missing_route_is_an_error(version: int) -> None:
    with netlab.lab(netlab.plain(1)) as lab, opened(lab, version) as wire:
        for route in (netlab.TARGETS[version], "default"):
            lab.run("ip", f"-{version}", "route", "del", route)
        datagram = probes.build(plan(lab, version), ProbeRequest(0, 1), 1)
        with pytest.raises(
            WireError, match=f"^cannot send to {TARGET[version]}: Network is unreachable$"
        ):
            wire.send([datagram])


@pytest.mark.parametrize("version", [4, 6])
def test_a_local_firewall_that_drops_probes_is_an_error(version: int) -> None:
    rules = (
        "add table inet f; add chain inet f out { type filter hook output priority 0; }; "
        "add rule inet f out udp dport 33434 drop"
    )
    with netlab.lab(netlab.plain(1)) as lab, opened(lab, version) as wire:
        assert lab.run("nft", rules).returncode == 0
        datagram = probes.build(plan(lab, version), ProbeRequest(0, 1), 1)
        with pytest.raises(WireError, match="Operation not permitted"):
            wire.send([datagram])


def test_a_datagram_too_large_for_the_interface_is_an_error() -> None:
    with netlab.lab(netlab.plain(1)) as lab, opened(lab, 4) as wire:
        header = headers.IPHeader(source=lab.source(4), destination=TARGET[4], protocol=17, ttl=1)
        with pytest.raises(WireError, match="Message too long"):
            wire.send([headers.udp(header, 1, 2, bytes(3000), 0)])


@pytest.mark.parametrize("version", [4, 6])
def test_replies_may_arrive_on_any_interface(version: int) -> None:
    with netlab.lab(netlab.plain(1)) as lab, opened(lab, version, interface="v0n") as wire:
        wire.send([probes.build(plan(lab, version), ProbeRequest(0, 1), TAG)])
        assert len(collect(wire, 1)) == 1


def test_an_unknown_interface_is_refused() -> None:
    with (
        netlab.lab(netlab.plain(1)) as lab,
        pytest.raises(SettingsError, match="-i nosuch0: No such device"),
        opened(lab, 4, interface="nosuch0"),
    ):
        pass


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_closing_twice_is_harmless_and_leaves_nothing_open() -> None:
    with netlab.lab(netlab.plain(1)) as lab, inside(lab):
        before = open_files()
        with closing(RawWire.open(plan(lab, 6, Protocol.TCP), None)) as wire:
            wire.close()
            assert open_files() == before


OPEN = (
    "from ipaddress import ip_address\n"
    "from paris.errors import PrivilegeError\n"
    "from mda.model import HeaderField\n"
    "from paris.packets.flows import Flows\n"
    "from paris.packets.protocols import Protocol\n"
    "from paris.wire.raw import RawWire\n"
    "flows = Flows(source=ip_address('127.0.0.1'), destination=ip_address('127.0.0.1'),\n"
    "    protocol=Protocol.TCP, field=HeaderField.SPORT, sport=20000, dport=80)\n"
    "try: RawWire.open(flows, None)\n"
    "except PrivilegeError as error: print(error)\n"
    "else: print('opened')"
)


@pytest.mark.parametrize(
    ("capabilities", "said"),
    [
        (("--bounding-set=-all",), "cannot open a raw socket: it needs CAP_NET_RAW"),
        (("--inh-caps=+net_raw", "--ambient-caps=+net_raw"), "opened"),
    ],
)
def test_the_raw_wire_needs_only_cap_net_raw(capabilities: tuple[str, ...], said: str) -> None:
    run = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *capabilities,
         sys.executable, "-c", OPEN],
        env={"PYTHONPATH": str(CHECKOUT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout.startswith(said)
    assert run.stdout.count("\n") == 1
