"""What goes wrong in real networks, over kernel routers: limits, loops, changing routes."""

from __future__ import annotations

import json

import pytest

from tests.lab import netlab
from tests.lab.command import command_line, trace
from tests.lab.netlab import TARGET
from tests.support.terminal import on_terminal

pytestmark = pytest.mark.lab

SURE = ("-c", "99.9", "--seed", "1")


@pytest.mark.parametrize("name", netlab.TOPOLOGIES)
def test_lite_finds_the_same_graph_or_goes_on_as_the_full_mda(name: str) -> None:
    with netlab.lab(netlab.TOPOLOGIES[name]) as lab:
        for version in (4, 6):
            found = trace(lab, version, "--mda-lite", *SURE)
            assert (found.exit_code, found.stderr) == (0, "")
            assert found.truth == lab.truth(version)


@pytest.mark.xdist_group("timing")
@pytest.mark.parametrize("version", [4, 6])
def test_a_router_that_limits_its_answers_is_recognised_and_nothing_is_missing(
    version: int,
) -> None:
    with netlab.lab(netlab.diamond(4), limited={"joint": 100}) as lab:
        found = trace(lab, version, "--mda", *SURE, "--rate", "100")
        assert found.truth == lab.truth(version)
        answering = found.document["graph"]["answering"]
        limited = [one for one in answering if one["limit"] is not None]
        # In IPv6 the router has an address towards each branch, and one limit for all of them.
        assert [one["vertex"].partition("@")[2] for one in limited] == ["4"] * len(limited)
        assert 1 <= len(limited) <= (1, 4)[version == 6]
        # Each of several addresses sees a part of what their router's one limit lets through.
        assert all(2 < one["limit"]["rate_pps"] < (20, 30)[version == 6] for one in limited)


@pytest.mark.parametrize("version", [4, 6])
def test_a_forwarding_loop_is_named_and_given_up(version: int) -> None:
    with netlab.lab(netlab.plain(4)) as lab:
        lab.reroute("r3", "r2", version)
        for algorithm in ("--mda", "--mda-lite", "--numeric"):
            found = trace(lab, version, algorithm)
            revisits = found.document["graph"]["revisits"]
            assert found.exit_code == 1
            assert [one["loop"] for one in revisits] == [True, True]
            # In IPv6 a router has an address towards each side: round two is the first repetition.
            rounds = [[2, 4, 6], [3, 5]] if version == 4 else [[3, 5, 7], [4, 6]]
            assert [one["ttls"] for one in revisits] == rounds


@pytest.mark.xdist_group("timing")
@pytest.mark.parametrize("version", [4, 6])
def test_a_route_that_changes_meanwhile_is_no_balancer(version: int) -> None:
    with netlab.lab(netlab.diamond(2)) as lab:
        lab.reroute("lb", "a1", version)
        options = ("--mda", *SURE, "--rate", "20", "-n", "-o", "-", "--format", "json")
        with on_terminal(lab.at_source(*command_line(str(TARGET[version]), *options))) as command:
            command.wait_for_answers(20)  # of some seventy
            lab.reroute("lb", "a2", version)
            _, out, _ = command.finish()
        graph = json.loads(out)["graph"]
        by_id = {one["id"]: one for one in graph["vertices"]}
        assert [by_id[one]["ttl"] for one in graph["route_changed"]] == [2]
        assert graph["per_packet"] == []
        true = lab.truth(version).edges
        shown = {tuple((by_id[e[end]]["ttl"], by_id[e[end]]["address"]) for end in ("from", "to"))
                 for e in graph["edges"]}  # fmt: skip
        assert shown <= {tuple((ttl, str(where)) for ttl, where in edge) for edge in true}
