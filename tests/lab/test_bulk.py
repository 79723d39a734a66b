"""The bulk wire over kernel routers: the same graphs, sweeps, pacing, and what finds no room."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import closing
from ipaddress import ip_address
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mda.model import HeaderField, ProbeRequest
from mda.plan import Stamp
from paris.errors import ExitCode, SettingsError, WireError
from paris.packets import headers, probes
from paris.packets.flows import Flows
from paris.packets.protocols import Protocol
from paris.settings import Settings
from paris.survey.sweep import sweep
from paris.wire.bulk.wire import BulkWire
from paris.wire.linux import sockets
from tests.lab import netlab
from tests.lab.command import CHECKOUT, run_at, trace
from tests.lab.namespaces import inside_namespace
from tests.lab.netlab import TARGET, Lab
from tests.support.waiting import LONGEST_S, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from paris.packets.probe_matrix import Bytes
    from paris.wire.bulk.sendmmsg import Target

pytestmark = pytest.mark.lab

SURE = ("--mda", "-c", "99.9", "--seed", "1", "--wire", "bulk")


def plan(lab: Lab, version: int, protocol: Protocol = Protocol.UDP) -> Flows:
    return Flows(
        source=lab.source(version), destination=TARGET[version], protocol=protocol,
        field=HeaderField.ICMP_CHECKSUM if protocol is Protocol.ICMP else HeaderField.SPORT,
        sport=20000, dport=33434,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("plain", ("--link",)),
        ("sixteen-wide", ()),
        ("meshed", ("--link",)),
        ("unequal-length", ()),
    ],
)
def test_the_graph_by_the_bulk_wire_is_complete_and_true(
    name: str, options: tuple[str, ...]
) -> None:
    with netlab.lab(netlab.TOPOLOGIES[name]) as lab:
        for version in (4, 6):
            for protocol, exit_code in (("-U", 0), ("-T", ExitCode.PORT_CLOSED)):
                found = trace(lab, version, *SURE, protocol, *options)
                assert (found.exit_code, found.stderr) == (exit_code, "")
                assert found.truth == lab.truth(version), (version, protocol)
                wire = found.document["run"]["wire"]
                assert (wire["wire"], wire["sent"], wire["received"]) == ("bulk", "batch", "kernel")
                assert found.document["run"]["unmatched"] == {}


@pytest.mark.parametrize("by_link", [False, True])
@pytest.mark.parametrize("protocol", ["udp", "icmp", "tcp"])
@pytest.mark.parametrize("version", [4, 6])
def test_a_sweep_finds_every_interface(version: int, protocol: str, *, by_link: bool) -> None:
    with netlab.lab(netlab.diamond(4)) as lab, inside_namespace(lab.namespace("src")):
        settings = Settings.of(host=str(TARGET[version]), rate_pps=20_000, protocol=protocol)
        swept = sweep(settings, flows=300, ttls=range(1, 6), by_link=by_link)
    assert swept.is_answered.all()
    assert swept.unmatched == 0
    assert (swept.rtts_s >= 0).all()
    assert (swept.ends_path == (swept.ttls == 5)).all()
    true = lab.truth(version).vertices
    for ttl in range(1, 6):
        found = swept.interfaces(ttl)
        expected = {address for at, address in true if at == ttl}
        if protocol == "icmp":  # which Linux does not balance
            assert set(found) < expected or len(expected) == 1
        else:
            assert set(found) == expected
        assert sum(found.values()) == 300
    assert (swept.wire.sent, swept.wire.dropped) == (Stamp.BATCH, 0)


@pytest.mark.xdist_group("timing")
def test_a_sweep_may_have_more_probes_than_there_are_tags() -> None:
    with netlab.lab(netlab.plain(2)) as lab, inside_namespace(lab.namespace("src")):
        settings = Settings.of(host=str(TARGET[4]), rate_pps=1e6, wait_s=0.3)
        swept = sweep(settings, flows=30_000, ttls=range(1, 4))
    assert len(swept.flows) == 90_000
    assert swept.is_answered.mean() > 0.999
    assert set(swept.interfaces(2)) == {a for ttl, a in lab.truth(4).vertices if ttl == 2}


def test_a_sweep_refuses_flows_and_ttls_out_of_range() -> None:
    with netlab.lab(netlab.plain(1)) as lab, inside_namespace(lab.namespace("src")):
        with pytest.raises(SettingsError, match="flows must be from 1 to"):
            sweep(Settings.of(host=str(TARGET[4])), flows=100_000, ttls=[1])
        for ttls in ([], [0, 1], [255, 256]):
            with pytest.raises(SettingsError, match="ttls must be some from 1 to 255"):
                sweep(Settings.of(host=str(TARGET[4])), flows=1, ttls=ttls)
        with pytest.raises(SettingsError, match="-i nosuch0"):
            sweep(Settings.of(host=str(TARGET[4]), interface="nosuch0"), flows=1, ttls=[1])


def test_replies_for_which_the_ring_has_no_room_are_counted() -> None:
    count, room = 70_000, 1 << 16
    with netlab.lab(netlab.plain(1)) as lab, inside_namespace(lab.namespace("src")):
        flows = plan(lab, 4)
        probe = np.frombuffer(probes.build(flows, ProbeRequest(0, 1), 7), np.uint8)
        with closing(BulkWire.open(flows, None)) as wire:
            rows = np.tile(probe, (1000, 1))
            for _ in range(count // 1000):
                wire.send_rows(rows)
            # Nobody reads: the ring takes what it holds, and counts the rest.
            wait_until(lambda: wire.report().dropped >= count - room)
            received = 0
            while (frames := wire.receive_frames(0.0)) is not None:
                received += len(frames)
                frames.release()
            report = wire.report()
    assert received == room
    assert report.dropped == count - room


def test_replies_to_other_programs_are_filtered_in_the_kernel() -> None:
    with netlab.lab(netlab.plain(1)) as lab, inside_namespace(lab.namespace("src")):
        flows = plan(lab, 4)
        with closing(BulkWire.open(flows, None)) as wire:
            for protocol in ("-I", "-U"):
                assert lab.run("traceroute", "-n", protocol, "198.51.100.1").returncode == 0
            assert wire.receive(wire.now_s() + 0.1) == []
            wire.send([probes.build(flows, ProbeRequest(0, 1), 7)])
            assert len(wire.receive(wire.now_s() + LONGEST_S)) == 1


@pytest.mark.xdist_group("timing")
def test_a_slow_interface_slows_sending_and_loses_nothing() -> None:
    with netlab.lab(netlab.plain(1)) as lab, inside_namespace(lab.namespace("src")):
        shaped = ("rate", "600kbit", "burst", "1600", "limit", "600")
        lab.run("tc", "qdisc", "add", "dev", "v0n", "root", "tbf", *shaped)
        flows = plan(lab, 4)
        for by_link in (False, True):
            with closing(BulkWire.open(flows, None, by_link=by_link)) as wire:
                sent = wire.send(
                    [probes.build(flows, ProbeRequest(n, 1), 1 + n) for n in range(200)]
                )
                received = 0
                while received < 200 and (more := wire.receive(wire.now_s() + LONGEST_S)):
                    received += len(more)
                assert (len(sent), received) == (200, 200)
                assert sent == sorted(sent)
                assert wire.report().waits > 0


def test_an_interface_that_is_down_is_an_error() -> None:
    with netlab.lab(netlab.plain(1)) as lab, inside_namespace(lab.namespace("src")):
        flows = plan(lab, 4)
        with closing(BulkWire.open(flows, None)) as wire:
            lab.run("ip", "link", "set", "v0n", "down")
            with pytest.raises(WireError, match=r"^cannot send to 203\.0\.113\.9: Network is"):
                wire.send([probes.build(flows, ProbeRequest(0, 1), 1)])
        with pytest.raises(WireError, match="no route to"):
            BulkWire.open(flows, None, by_link=True)


def test_an_error_caused_by_another_datagram_does_not_fail_a_send(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with netlab.lab(netlab.plain(1)) as lab, inside_namespace(lab.namespace("src")):
        flows = plan(lab, 4)
        with closing(BulkWire.open(flows, None)) as wire:
            sending, failures = wire._sender.send, iter([errno.ECONNREFUSED, errno.EACCES])

            def send(rows: Bytes, target: Target) -> int:
                number = next(failures, None)
                if number is not None:
                    raise OSError(number, os.strerror(number))
                return sending(rows, target)

            monkeypatch.setattr(wire._sender, "send", send)
            monkeypatch.setattr(sockets, "forget_errors", lambda _: True)
            wire.send([probes.build(flows, ProbeRequest(0, 1), 7)])
            assert len(wire.receive(wire.now_s() + 2)) == 1


def test_a_datagram_too_large_for_the_interface_is_an_error() -> None:
    with netlab.lab(netlab.plain(1)) as lab, inside_namespace(lab.namespace("src")):
        flows = plan(lab, 4)
        header = headers.IPHeader(source=lab.source(4), destination=TARGET[4], protocol=17, ttl=1)
        with (
            closing(BulkWire.open(flows, None)) as wire,
            pytest.raises(WireError, match="too long"),
        ):
            wire.send([headers.udp(header, 1, 2, bytes(3000), 0)])


def test_without_privilege_the_bulk_wire_is_refused_in_one_line() -> None:
    with netlab.lab(netlab.plain(1)) as lab:
        ran = run_at(lab.namespace("src"), str(TARGET[4]), "--wire", "bulk", privileged=False)
    assert ran.returncode == ExitCode.NO_PRIVILEGE
    assert "needs CAP_NET_RAW" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_without_numpy_only_the_bulk_wire_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy/__init__.py").write_text("raise ModuleNotFoundError(name='numpy')")
    with netlab.lab(netlab.plain(1)) as lab:
        for wire, said in (("bulk", "--wire bulk needs numpy: install that"), ("raw", "")):
            ran = lab.run(
                "env", f"PYTHONPATH={tmp_path}:{CHECKOUT}", sys.executable, "-m", "paris",
                str(TARGET[4]), "-n", "--wire", wire,
            )  # fmt: skip
            assert ran.stderr.startswith(f"paris-trace: {said}" if said else "")
            assert ran.returncode == (ExitCode.USAGE if said else 0)


def test_a_sweep_of_the_own_machine_finds_it_at_hop_1() -> None:
    settings = Settings.of(host="127.0.0.1", rate_pps=1000, wait_s=0.5)
    with netlab.lab(netlab.plain(1)) as lab, inside_namespace(lab.namespace("src")):
        swept = sweep(settings, flows=10, ttls=[1])
    assert swept.interfaces(1) == {ip_address("127.0.0.1"): 10}
