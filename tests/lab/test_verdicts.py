"""The verdict on a service, over kernel routers, firewalls and services."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab import netlab
from tests.lab.command import start_at, trace
from tests.lab.situations import (
    BRANCHES,
    PATHS,
    Situation,
    Told,
    arranged,
    listening,
    on_one_branch,
    on_one_path,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.command import Running
    from tests.lab.netlab import Lab

pytestmark = pytest.mark.lab

OPEN_PING_SOCKETS = {"net/ipv4/ping_group_range": "0 2147483647"}
# A router that looks for a host in vain says so at once, and not after three seconds.
ASK_QUICKLY = {f"net/ipv{version}/neigh/lan/retrans_time_ms": 50 for version in (4, 6)}
WIRES = ("raw", "unprivileged")
MOST_CONTROLS = 40
AT_ONCE = 10


def traced(
    lab: Lab, version: int, wire: str, every: Sequence[Situation], *options: str
) -> dict[str, tuple[Told, Any]]:
    """What runs say, and their documents, by situation; some run at the same time."""
    found = {}
    running: list[tuple[str, Running]] = []
    for seed, situation in enumerate(every, start=1):
        running.append((
            situation.about,
            start_at(
                lab.namespace("src"), str(situation.host(version)), "-n", "-j", "-w", "1",
                *situation.options, *options, "--seed", str(seed), "--wire", wire,
                privileged=wire != "unprivileged",
            ),
        ))  # fmt: skip
        while len(running) == AT_ONCE or (running and situation is every[-1]):
            about, run = running.pop(0)
            ran = run.finish()
            document = json.loads(ran.stdout)
            found[about] = Told.of(document, ran.returncode), document
    return found


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("wire", WIRES)
def test_the_verdict_is_right_whatever_becomes_of_the_probes(wire: str, version: int) -> None:
    every = on_one_path(version)
    with netlab.lab(PATHS) as lab, arranged(lab, version, every):
        lab.set("src", OPEN_PING_SOCKETS)
        lab.set("r4", ASK_QUICKLY)
        found = traced(lab, version, wire, every, "--diagnose")
        right = {own.about: own.expected(lab, version, wire) for own in every}
        assert {about: said for about, (said, _) in found.items()} == right
        for about, (_, document) in found.items():
            sent = Counter(own["ttl"] for own in document["outcomes"])
            assert max(sent.values(), default=0) <= 3, about
            assert sum(own["probes"] for own in document["controls"]) <= MOST_CONTROLS, about


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("wire", WIRES)
def test_a_firewall_on_one_of_four_branches_is_named(wire: str, version: int) -> None:
    every = on_one_branch(version)
    with netlab.lab(BRANCHES) as lab, arranged(lab, version, every):
        found = traced(lab, version, wire, every, "--mda", "-c", "99.9")
        right = {own.about: own.expected(lab, version, wire) for own in every}
        assert {about: said for about, (said, _) in found.items()} == right
        assert not any("controls" in document for _, document in found.values())


@pytest.mark.parametrize(("wire", "standings"), [("raw", "ok ok HERE"), ("unprivileged", "ok ? ?")])
def test_without_controls_a_reset_is_only_the_hosts_where_its_ttl_is_seen(
    wire: str, standings: str
) -> None:
    with netlab.lab(netlab.plain(2)) as lab:
        found = trace(lab, 4, "-T", "-p", "22", "--seed", "1", "--wire", wire)
        said = found.document["verdict"]
        assert (said["word"], " ".join(said["parts"].values())) == ("CLOSED", standings)


@pytest.mark.parametrize(
    ("version", "node", "burst"), [(4, "lb", 20), (6, "a2", 3), (4, "joint", 3)]
)
def test_a_firewall_that_resets_syns_above_a_rate_is_no_branch_and_no_change_of_route(
    version: int, node: str, burst: int
) -> None:
    limit = f"tcp dport 443 tcp flags syn limit rate over 40/second burst {burst} packets"
    with netlab.lab(netlab.diamond(2)) as lab, listening(lab, "dst", version, 443):
        lab.rules(node, "type filter hook forward priority 0", f"{limit} reject with tcp reset")
        found = trace(lab, version, "--mda", "-T", "-p", "443", "--seed", "1", "--wire", "raw")
        assert (found.stderr, found.truth) == ("", lab.truth(version))
        assert "rst" in {own.get("kind") for own in found.document["outcomes"]}
        assert not any("limit" in own for own in found.document["graph"]["vertices"])
