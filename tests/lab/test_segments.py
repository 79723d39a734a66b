"""SRv6 by the kernel (RFC 8754, RFC 8986), inserted and encapsulated, and quotes like its own."""

from __future__ import annotations

import re
import subprocess
from contextlib import closing

import pytest

from mda.model import ProbeRequest
from paris.packets import headers, probes, replies
from paris.packets.changes import changed_fields
from paris.packets.protocols import Protocol
from paris.packets.replies import ParsedReply
from tests.lab import netlab
from tests.lab.command import run_at, trace
from tests.lab.forging import Forger, collect, opened, plan
from tests.lab.namespaces import inside_namespace
from tests.lab.netlab import TARGET, Lab
from tests.support.quotes import extended, quotes

pytestmark = pytest.mark.lab

SEGMENT = "2001:db8:ffff::5e"  # it goes the ways of the targets
OPEN_PING_SOCKETS = {"net/ipv4/ping_group_range": "0 2147483647"}
WIRES = ("raw", "bulk", "unprivileged")
SURE = ("--mda", "-c", "99.9", "--seed", "1")


def steer(lab: Lab, mode: str, *, entry: str, end: str) -> None:
    """Have `entry` send what goes to the target by a segment at the router `end`."""
    for index, link in enumerate(lab.links):
        for node, device in zip(link, (f"v{index}n", f"v{index}f"), strict=True):
            lab.set(node, {f"net/ipv6/conf/{name}/seg6_enabled": 1 for name in ("all", device)})
    out = next(index for index, (near, _) in enumerate(lab.links) if near == entry)
    behind = next(index for index, (near, _) in enumerate(lab.links) if near == end)
    (via, *_) = lab.far_ends(lab.links[out][1], 6)
    local = f"address add {SEGMENT}/128 dev lo nodad"
    if mode == "encap":
        local = (
            f"-6 route add {SEGMENT}/128 encap seg6local action End.DT6 table main dev v{behind}n"
        )
    way = f"encap seg6 mode {mode} segs {SEGMENT} via {via} dev v{out}n"
    for node, command in ((end, local), (entry, f"-6 route replace {TARGET[6]}/128 {way}")):
        subprocess.run(["ip", "-n", lab.namespace(node), *command.split()], check=True)


@pytest.mark.parametrize("wire", WIRES)
def test_behind_inserted_segments_every_hop_and_path_is_found(wire: str) -> None:
    with netlab.lab(netlab.diamond(2)) as lab:
        lab.set("src", OPEN_PING_SOCKETS)
        steer(lab, "inline", entry="r1", end="joint")
        true = lab.truth(6)
        for options in (SURE, ("-I",), ("-T", "-w", "0.3")):
            found = trace(lab, 6, *options, "--wire", wire, privileged=wire != "unprivileged")
            assert (found.stderr, found.document["run"]["unmatched"]) == ("", {})
            if options == SURE:
                assert found.truth == true
            elif wire == "unprivileged" and "-T" in options:
                # The kernel looks for a connection to the segment, and finds none.
                silent = {(ttl, None) for ttl in (1, 2, 3)}
                assert found.truth.vertices - true.vertices == silent
            else:
                assert found.truth.vertices <= true.vertices
                assert len(found.truth.vertices) == 6


def test_of_a_tunnel_from_here_the_hops_are_found_and_what_it_hides_is_said() -> None:
    with netlab.lab(netlab.plain(4)) as lab:
        steer(lab, "encap", entry="src", end="r3")
        # The tunnel's end drops its own TTL: behind it the probe has too much left to expire.
        near = {(ttl, address) for ttl, address in lab.truth(6).vertices if ttl < 3}
        for wire in WIRES:
            options = *SURE, "-w", "0.5", "--wire", wire
            found = trace(lab, 6, *options, privileged=wire != "unprivileged")
            assert (found.stderr, found.document["run"]["unmatched"]) == ("", {})
            hops = {(0, lab.source(6)), (1, None), (2, None)} if wire == "unprivileged" else near
            assert found.truth.vertices == {*hops, (3, TARGET[6])}, wire
            shown = [o["ttl"] for o in found.document["outcomes"] if o.get("in_tunnel")]
            assert set(shown) == (set() if wire == "unprivileged" else {1, 2})
        text = run_at(lab.namespace("src"), str(TARGET[6]), "-n", *SURE).stdout
        assert text.count("(in a tunnel)") == 2
        assert "because a tunnel on the way may hide hops" in " ".join(text.split())


def test_behind_a_tunnel_on_the_way_the_destination_is_where_probes_arrive_or_farther() -> None:
    """Its quotes place it at hop 2, where no probe arrives."""
    with netlab.lab(netlab.plain(3)) as lab:
        steer(lab, "encap", entry="r1", end="r3")
        for options, said in (
            (("--wire", "raw", "--mda"), "at least 3 hops: 4 vertices"),
            (("--wire", "bulk"), "at least 3 hops"),
            (("--wire", "unprivileged"), "3 hops"),
            # No hop gets more than three probes of a trace to a service, too few to be sure.
            (("--wire", "raw", "-U", "-p", "53"), "at least 2 hops"),
        ):
            ran = run_at(
                lab.namespace("src"), str(TARGET[6]), "-n", "-w", "0.3", *options,
                privileged="unprivileged" not in options,
            )  # fmt: skip
            assert ran.stderr == ""
            assert f"reached in {said}" in ran.stdout
            probes = re.search(r"^(\d+) probes", ran.stdout, re.MULTILINE)
            assert probes is not None
            assert int(probes[1]) < 120


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("wire", ["raw", "bulk"])
def test_every_quote_arrives_whatever_is_before_the_probe_and_wherever_it_is_cut(
    wire: str, version: int
) -> None:
    with netlab.lab(netlab.plain(1)) as lab:
        flows = plan(lab, version, Protocol.UDP)
        probe, kind = probes.build(flows, ProbeRequest(3, 7), 77), 3 if version == 6 else 11
        with (
            closing(opened(lab, wire, flows)) as opened_wire,
            closing(Forger(lab, version)) as forger,
            inside_namespace(lab.namespace("src")),
        ):
            opened_wire.send([probes.build(flows, ProbeRequest(0, 1), 77)])
            collect(opened_wire, 1)
            for quote in quotes(probe):
                lengths = [quote.message_at + 8, quote.message_at + 7, quote.message_at - 3, 0]
                for length in lengths:
                    forger.refuse(kind, 0, quote.data[:length])
                read = [replies.parse(got.datagram) for got in collect(opened_wire, len(lengths))]
                assert isinstance(read[0], ParsedReply), quote.name
                assert changed_fields(read[0], 77, flows.headers(3), flows) == (), quote.name
                assert not any(isinstance(other, ParsedReply) for other in read[1:]), quote.name


@pytest.mark.parametrize("wire", ["raw", "bulk"])
def test_errors_behind_extension_headers_of_their_own_are_read(wire: str) -> None:
    with netlab.lab(netlab.plain(1)) as lab:
        flows = plan(lab, 6, Protocol.UDP)
        probe = probes.build(flows, ProbeRequest(0, 1), 77)
        with (
            closing(opened(lab, wire, flows)) as opened_wire,
            closing(Forger(lab, 6)) as forger,
            inside_namespace(lab.namespace("src")),
        ):
            opened_wire.send([probe])
            collect(opened_wire, 1)
            error = headers.icmp_error(forger.router, 3, 0, probe)
            for names in (("options",), ("hop-by-hop", "options")):
                forger.send(extended(error, names))
                (arrived,) = collect(opened_wire, 1)
                read = replies.parse(arrived.datagram)
                assert isinstance(read, ParsedReply)
                assert (read.responder, read.quoted.carrier_tag) == (forger.router.source, 77)
