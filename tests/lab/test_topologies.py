"""Kernel routers with ECMP: every vertex and edge is found, and none that is not there."""

from __future__ import annotations

import pytest

from tests.lab import netlab
from tests.lab.command import trace, traces

pytestmark = pytest.mark.lab

# At this bound per graph the whole file raises a false alarm in about one run of thirty, were the
# seeds drawn anew; they are fixed, and so are the kernel's hash seeds.
SURE = ("--mda", "-c", "99.9")
CLOSED_PORT = 6


@pytest.mark.parametrize("name", netlab.TOPOLOGIES)
def test_the_graph_of_a_lab_is_complete_and_true(name: str) -> None:
    with netlab.lab(netlab.TOPOLOGIES[name]) as lab:
        for version in (4, 6):
            for protocol, exit_code in (("-U", 0), ("-T", CLOSED_PORT)):
                found = trace(lab, version, *SURE, protocol, "--seed", "1")
                assert (found.exit_code, found.stderr) == (exit_code, "")
                assert found.truth == lab.truth(version), (version, protocol)


@pytest.mark.parametrize("field", ["dport", "flow-label"])
def test_destination_port_and_flow_label_can_number_flows(field: str) -> None:
    with netlab.lab(netlab.diamond(4), hash_flow_label=True) as lab:
        for version in (4, 6) if field == "dport" else (6,):
            found = trace(lab, version, *SURE, "--flow-field", field, "--seed", "1")
            assert found.truth == lab.truth(version)


@pytest.mark.parametrize("wire", ["raw", "bulk", "unprivileged"])
def test_every_wire_sees_all_paths_where_the_hash_of_a_socket_counts_for_the_ports(
    wire: str,
) -> None:
    # Policy 1 of a router on this machine prefers a hash that connected sockets give to packets.
    with netlab.lab(netlab.diamond(4)) as lab:
        policies = ("net/ipv4/fib_multipath_hash_policy", "net/ipv6/fib_multipath_hash_policy")
        lab.set("lb", dict.fromkeys(policies, 1))
        for version in (4, 6):
            found = trace(lab, version, *SURE, "--wire", wire, "--seed", "1")
            assert found.truth == lab.truth(version)


def test_icmp_shows_one_path_because_linux_hashes_no_field_of_it() -> None:
    # Linux hashes no field of ICMP, so every echo request takes the same branch.
    with netlab.lab(netlab.diamond(4)) as lab:
        for version in (4, 6):
            found = trace(lab, version, *SURE, "-I", "--seed", "1")
            assert found.exit_code == 0
            assert found.truth.edges < lab.truth(version).edges
            assert len(found.truth.vertices) == 6
            assert len(found.truth.edges) == 5


@pytest.mark.parametrize("silent", ["lb", "a2", "joint"])
def test_a_silent_router_is_a_star_at_its_hop(silent: str) -> None:
    with netlab.lab(netlab.diamond(4), silent=[silent]) as lab:
        for version, found in traces(lab, (4, 6), *SURE, "--seed", "1").items():
            assert found.truth == lab.truth(version)


def test_without_mda_the_trace_is_one_true_path() -> None:
    with netlab.lab(netlab.diamond(4)) as lab:
        for version in (4, 6):
            for protocol in ("-U", "-T", "-I"):
                found = trace(lab, version, protocol)
                truth = lab.truth(version)
                assert found.truth.edges <= truth.edges
                assert [len(found.truth.vertices), len(found.truth.edges)] == [6, 5]


def test_an_open_port_is_reported_as_open() -> None:
    serve = (
        "import socket; s = socket.create_server(('::', 443), family=socket.AF_INET6, "
        "dualstack_ipv6=True); print('ready', flush=True); s.accept()"
    )
    with netlab.lab(netlab.plain(2)) as lab, lab.background("dst", "python3", "-c", serve):
        for version in (4, 6):
            found = trace(lab, version, "-T", "-p", "443")
            assert found.exit_code == 0
            assert "syn-ack" in {record.get("kind") for record in found.document["outcomes"]}


@pytest.mark.parametrize("wire", ["raw", "bulk", "unprivileged"])
def test_a_port_is_reported_as_open_or_closed_despite_losses(wire: str) -> None:
    serve = (
        "import socket; s = socket.create_server(('::', 443), family=socket.AF_INET6, "
        "dualstack_ipv6=True, backlog=4096); print('ready', flush=True)\n"
        "while True: s.accept()"
    )
    drop = "tcp flags & (syn|ack) == (syn|ack) numgen random mod 10 < 3 drop"
    with netlab.lab(netlab.plain(2)) as lab, lab.background("dst", "python3", "-c", serve):
        lab.rules("r2", "type filter hook forward priority 0", drop)
        for turn in range(10):  # the rule drops no reset
            for port, exit_code in (("443", 0), ("80", CLOSED_PORT))[: 1 if turn else 2]:
                options = ("-T", "-p", port, "--wire", wire)
                both = traces(lab, (4, 6), *options, privileged=wire != "unprivileged")
                for found in both.values():
                    assert (found.exit_code, found.stderr) == (exit_code, "")
                    closed = [refused["how"] for refused in found.document["run"]["refusals"]]
                    assert closed == ["closed"] * (exit_code == CLOSED_PORT)
