"""What goes wrong in real networks, over kernel routers: limits, loops, changing routes."""

from __future__ import annotations

import pytest

from tests.lab import netlab
from tests.lab.command import trace

pytestmark = pytest.mark.lab

SURE = ("-c", "99.9", "--seed", "1")


@pytest.mark.parametrize("name", netlab.TOPOLOGIES)
def test_mda_lite_finds_the_true_graph_or_switches_to_the_full_mda(name: str) -> None:
    with netlab.lab(netlab.TOPOLOGIES[name]) as lab:
        for version in (4, 6):
            found = trace(lab, version, "--mda-lite", *SURE)
            assert (found.exit_code, found.stderr) == (0, "")
            assert found.truth == lab.truth(version)


@pytest.mark.xdist_group("timing")
@pytest.mark.parametrize("version", [4, 6])
def test_a_rate_limited_router_is_recognised_and_the_graph_is_complete(
    version: int,
) -> None:
    with netlab.lab(netlab.diamond(4), limited={"joint": 100}) as lab:
        found = trace(lab, version, "--mda", *SURE, "--rate", "100")
        assert found.truth == lab.truth(version)
        answering = found.document["graph"]["answering"]
        # A trace that slows down in time has too few losses to name the limit for certain.
        limited = [
            entry for entry in answering
            if entry["limit"] is not None or entry.get("may_be_limited")
        ]  # fmt: skip
        # In IPv6 the router has an address towards each branch, and one limit for all of them.
        assert [entry["vertex"].partition("@")[2] for entry in limited] == ["4"] * len(limited)
        assert 1 <= len(limited) <= (1, 4)[version == 6]
        # Each of several addresses sees a part of what their router's one limit lets through.
        named = [entry["limit"]["rate_pps"] for entry in limited if entry["limit"] is not None]
        assert all(2 < rate_pps < (20, 30)[version == 6] for rate_pps in named)


@pytest.mark.parametrize("algorithm", ["--mda", "--mda-lite"])
def test_a_destination_with_the_limit_of_linux_hosts_costs_few_more_probes(algorithm: str) -> None:
    """Six replies at once, then one per second, to each host that asks."""
    with netlab.lab(netlab.diamond(4)) as lab:
        free = trace(lab, 4, algorithm, "--seed", "1")
    with netlab.lab(netlab.diamond(4), limited={"dst": 1000}) as lab:
        found = trace(lab, 4, algorithm, "--seed", "1")
    assert free.truth == found.truth == lab.truth(4)
    sent = [run.document["run"]["probes_sent"] for run in (free, found)]
    assert sent[1] <= 1.3 * sent[0]


@pytest.mark.parametrize("version", [4, 6])
def test_a_host_on_the_same_link_answers_all_at_once_although_it_is_limited(version: int) -> None:
    with netlab.lab(["src dst"], limited={"dst": 1000}) as lab:
        found = trace(lab, version, "--mda")
    assert found.truth == lab.truth(version)
    outcomes = found.document["outcomes"]
    assert [outcome["kind"] for outcome in outcomes] == ["unreachable"] * 6


@pytest.mark.parametrize("version", [4, 6])
def test_a_forwarding_loop_is_reported_and_ends_the_path(version: int) -> None:
    with netlab.lab(netlab.plain(4)) as lab:
        lab.reroute("r3", "r2", version)
        for algorithm in ("--mda", "--mda-lite", "--numeric"):
            found = trace(lab, version, algorithm)
            revisits = found.document["graph"]["revisits"]
            assert found.exit_code == 1
            assert [revisit["loop"] for revisit in revisits] == [True, True]
            # In IPv6 a router has an address towards each side: round two is the first repetition.
            rounds = [[2, 4, 6], [3, 5]] if version == 4 else [[3, 5, 7], [4, 6]]
            assert [revisit["ttls"] for revisit in revisits] == rounds


@pytest.mark.parametrize("version", [4, 6])
def test_a_route_that_changes_during_the_trace_is_not_taken_for_a_balancer(version: int) -> None:
    # The router counts, so that no machine is too slow: of a hundred packets 30 go the old way.
    changes = "numgen inc mod 1000000 map { 0-29 : 1, 30-999999 : 2 }"
    hashing = {"lb": netlab.Hashing(rules={4: changes, 6: changes})}
    with netlab.lab(netlab.diamond(2), hashing=hashing) as lab:
        graph = trace(lab, version, "--mda", *SURE).document["graph"]
        by_id = {vertex["id"]: vertex for vertex in graph["vertices"]}
        assert [by_id[changed]["ttl"] for changed in graph["route_changed"]] == [2]
        assert graph["per_packet"] == []
        true = lab.truth(version).edges
        shown = {tuple((by_id[e[end]]["ttl"], by_id[e[end]]["address"]) for end in ("from", "to"))
                 for e in graph["edges"]}  # fmt: skip
        assert shown <= {tuple((ttl, str(where)) for ttl, where in edge) for edge in true}
