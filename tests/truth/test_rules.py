"""The harness knows the truth of simple networks, and each rule notices a wrong claim."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.truth.claims import run
from tests.truth.networks import SOURCE, Building
from tests.truth.oracle import Seen, truth
from tests.truth.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.truth.claims import Claims, Json
    from tests.truth.networks import Net

GATEWAY, LEFT, RIGHT, JOINT = (f"198.51.100.{number}" for number in (2, 3, 4, 5))


def diamond(left: dict[str, Any] | None = None, joint: dict[str, Any] | None = None) -> Net:
    """A gateway, two branches, a joint and the destination, with keys for two of them."""
    build = Building()
    gateway = build.router(SOURCE)
    branches = build.router(gateway, **(left or {})), build.router(gateway)
    build.link(build.router(*branches, **(joint or {})), "destination")
    return build.net()


def seen(net: Net) -> set[tuple[int, str | None]]:
    return {(ttl, address) for ttl, address in truth(net).vertices}


PLAIN = diamond()
END = PLAIN.destination
ALL = {(0, PLAIN.source), (1, GATEWAY), (2, LEFT), (2, RIGHT), (3, JOINT), (4, END)}


def test_the_truth_of_a_plain_diamond_has_every_edge() -> None:
    true = truth(PLAIN)
    assert seen(PLAIN) == ALL
    assert len(true.edges) == 6
    assert true.ends == {4}
    assert {loss for losses in true.losses.values() for loss in losses} == {0}


def test_the_truth_has_a_star_for_a_silent_branch_and_behind_a_dropping_one() -> None:
    assert seen(diamond({"silent": True})) == ALL - {(2, LEFT)} | {(2, None)}
    dropping = truth(diamond({"drops": True}))
    assert (Seen(2, LEFT), Seen(3, None)) in dropping.edges
    assert (Seen(2, LEFT), Seen(3, JOINT)) not in dropping.edges
    assert (Seen(3, None), Seen(4, END)) not in dropping.edges


def test_the_truth_leaves_out_hosts_behind_refusals_and_hidden_routers() -> None:
    for key in ("prohibits", "refuses"):
        assert seen(diamond(joint={key: 13})) == ALL - {(4, END)}
    passing = truth(diamond(joint={"passes_expired": True}))
    assert (3, END) in passing.vertices
    assert (3, JOINT) not in passing.vertices
    assert (passing.ends, passing.early_ends) == ({4}, {3})
    masking = truth(diamond(joint={"masks": True}))
    assert masking.ends == {4}


def test_the_true_loss_of_a_vertex_includes_the_loss_on_its_path() -> None:
    true = truth(diamond({"loses": 0.5}, {"loss": 0.2}))
    assert true.losses[Seen(2, LEFT)] == {0}
    assert sorted(true.losses[Seen(3, JOINT)]) == pytest.approx([0.2, 0.6])
    assert true.losses[Seen(4, END)] == {0, 0.5}


@pytest.fixture
def claims(tmp_path: Path) -> Claims:
    return run(PLAIN, tmp_path, 1)


def test_no_rule_objects_to_true_claims(claims: Claims) -> None:
    true = truth(PLAIN)
    assert not [wrong for rule in RULES.values() for wrong in rule.wrong(true, claims)]


def _add_vertex(graph: Json, address: str | None, ttl: int) -> None:
    graph["vertices"].append({"id": f"{address}@{ttl}", "ttl": ttl, "address": address})


def _blame(document: Json, **claim: Any) -> None:
    document["graph"]["answering"][0].update(claim)


WRONG: dict[str, Callable[[Json], Any]] = {
    "vertex": lambda document: _add_vertex(document["graph"], LEFT, 3),
    "star": lambda document: _add_vertex(document["graph"], None, 2),
    "edge": lambda document: document["graph"]["edges"].append(
        {"from": f"{GATEWAY}@1", "to": f"{JOINT}@3", "flows": []}
    ),
    "proof": lambda document: document["graph"]["edges"][-1].update(flows=[999]),
    "reached": lambda document: document["run"].update(reached=False),
    "loss": lambda document: _blame(document, asked=10, lost=1),
    "limit": lambda document: _blame(
        document, limit={"rate_pps": 5.0, "lowest_pps": 4.0, "highest_pps": 6.25, "burst": 3}
    ),
    "per packet": lambda document: document["graph"]["per_packet"].append(f"{GATEWAY}@1"),
    "way back": lambda document: document["balancers"][0].update(differ_by=["initial-ttl"]),
    "route change": lambda document: document["graph"]["route_changed"].append(f"{GATEWAY}@1"),
    "cause": lambda document: document["graph"]["revisits"].append(
        {"address": LEFT, "ttls": [2, 3], "flows": [1], "loop": True}
    ),
    "rewritten": lambda document: document["outcomes"][0].update(changed=["sport"]),
    "change": lambda document: document.update(
        changes=[
            {
                "kind": "dscp",
                "after": [f"{LEFT}@2"],
                "vertices": [f"{JOINT}@3"],
                "flows": [1],
                "sent": "0",
                "shown": "8",
            }
        ]
    ),
    "time": lambda document: document["run"].update(duration_s=31.0),
    "paths": lambda document: document["graph"].update(paths=3),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_rule_notices_a_wrong_claim(claims: Claims, name: str) -> None:
    document = copy.deepcopy(claims.document)
    WRONG[name](document)
    assert list(RULES[name].wrong(truth(PLAIN), replace(claims, document=document)))


def test_the_rule_for_ends_reads_the_text(claims: Claims) -> None:
    text = claims.text.replace("reached in 4 hops", "reached in 4 to 5 hops")
    assert list(RULES["end"].wrong(truth(PLAIN), replace(claims, text=text)))


def test_the_rule_for_limits_notices_a_limit_that_is_reported_as_loss(claims: Claims) -> None:
    limited = truth(diamond({"rate_pps": 1, "burst": 6}))
    document = copy.deepcopy(claims.document)
    for told in document["graph"]["answering"]:
        if told["vertex"] == f"{LEFT}@2":
            told.update(asked=30, lost=12)
    assert list(RULES["limit as loss"].wrong(limited, replace(claims, document=document)))


def changed(**deed: Any) -> Net:
    """Gateway, a router that does something, and two more on the way to the destination."""
    build = Building()
    router = build.router(build.router(SOURCE), **deed)
    build.link(build.router(build.router(router)), "destination")
    return build.net("--mda", "-t", "186")


@pytest.mark.parametrize(
    "deed",
    [
        {"rewrites_source": "198.18.0.1"}, {"sets_dscp": 8}, {"sets_ecn": 3}, {"mpls": [16, 17]},
        {"mpls": [16], "label_ttl": 252},
        {"quotes_ttl": 2}, {"quotes_ttl": 250}, {"longer_back": 3}, {"sets_ttl": 255},
    ],
)  # fmt: skip
def test_the_rule_for_changes_wants_each_where_it_begins(
    deed: dict[str, Any], tmp_path: Path
) -> None:
    net = changed(**deed)
    true, claims = truth(net), run(net, tmp_path, 1)
    rule = RULES["change"]
    assert not list(rule.wrong(true, claims))
    untold = {**claims.document, "changes": []}
    assert list(rule.wrong(true, replace(claims, document=untold)))
    sooner = copy.deepcopy(claims.document)
    names = [vertex["id"] for vertex in sooner["graph"]["vertices"]]
    for change in sooner["changes"]:
        change["vertices"] = [names[names.index(name) - 1] for name in change["vertices"]]
    assert list(rule.wrong(true, replace(claims, document=sooner)))


@pytest.mark.parametrize("is_hole", [False, True])
def test_the_rule_for_mtus_wants_the_link_and_who_says_so(is_hole: bool, tmp_path: Path) -> None:
    net = replace(
        changed(mtu=1400, **({"black_hole": True} if is_hole else {})), options=("--mtu",)
    )
    true, claims = truth(net), run(net, tmp_path, 1)
    rule = RULES["path MTU"]
    assert not list(rule.wrong(true, claims))
    for wrong in ({"mtu": 1300}, {"said_by": [GATEWAY]}, {"to": f"{END}@5"},
                  {"black_hole_probability": None if is_hole else 0.001}):  # fmt: skip
        document = copy.deepcopy(claims.document)
        document["mtu"]["links"][0].update(wrong)
        assert list(rule.wrong(true, replace(claims, document=document))), wrong
    document = copy.deepcopy(claims.document)
    document["mtu"]["links"] = []
    assert list(rule.wrong(true, replace(claims, document=document)))
    document["mtu"]["vertices"][0]["mtus"] = [1300]
    assert len(list(rule.wrong(true, replace(claims, document=document)))) == 2


REPLYING = ("198.51.100.8", "198.51.100.9")


def replying(by: str) -> Net:
    """A gateway, a router that balances its replies, and the destination."""
    build = Building()
    near = build.router(SOURCE)
    build.link(build.router(near, interfaces=list(REPLYING), way_back=by), "destination")
    return build.net("--classify")


def test_the_truth_has_every_address_from_which_a_router_replies() -> None:
    net = replying("packet")
    inner = {(2, address) for address in REPLYING}
    assert seen(net) == {(0, net.source), (1, GATEWAY), *inner, (3, net.destination)}
    assert truth(net).before_fickle == {Seen(1, GATEWAY)}
    assert not truth(replying("flow")).before_fickle


@pytest.mark.parametrize("by", ["flow", "packet"])
def test_the_rule_for_the_way_back_wants_the_addresses_of_one_router_in_one_group(
    by: str, tmp_path: Path
) -> None:
    net = replying(by)
    true, claims = truth(net), run(net, tmp_path, 1)
    assert not [wrong for rule in RULES.values() for wrong in rule.wrong(true, claims)]
    document = copy.deepcopy(claims.document)
    document["balancers"][0]["may_be_one_router"] = []
    wrong = list(RULES["way back"].wrong(true, replace(claims, document=document)))
    assert wrong == [f"{' and '.join(f'{address}@2' for address in REPLYING)} are one router"]


def test_the_rule_for_the_way_back_wants_branches_with_other_successors_apart(
    tmp_path: Path,
) -> None:
    build = Building()
    near = build.router(SOURCE)
    branches = [build.router(build.router(near)) for _ in range(2)]
    build.link(build.router(*branches), "destination")
    net = build.net("--mda", "-c", "99.9")
    claims = run(net, tmp_path, 1)
    document = copy.deepcopy(claims.document)
    (balancer,) = document["balancers"]
    assert balancer["may_be_one_router"] == []
    balancer["may_be_one_router"] = [balancer["successors"]]
    assert list(RULES["way back"].wrong(truth(net), replace(claims, document=document)))
