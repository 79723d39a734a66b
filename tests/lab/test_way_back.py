"""A kernel router with several ways back: it replies from the interface by which a reply leaves.

It hashes the packet that it quotes, so each flow gets one of its addresses. In IPv6 Linux replies
from the interface that the probe came in by, and shows one.
"""

from __future__ import annotations

import pytest

from tests.lab import netlab
from tests.lab.command import trace
from tests.lab.netlab import Hashing

pytestmark = pytest.mark.lab

SURE = ("--classify", "-c", "99.9", "--seed", "3")
FIRST = Hashing(rules={4: "1", 6: "1"})  # all packets take the first way


@pytest.mark.parametrize(("policy", "kind"), [(0, "per destination"), (1, "per flow")])
def test_a_router_that_balances_only_its_replies_may_be_the_branches_of_the_one_before(
    policy: int, kind: str
) -> None:
    paths = [f"src r1 {near} twofold joint dst" for near in ("p", "q")]
    hashing = {"r1": FIRST, "twofold": Hashing(policy=policy)}
    with netlab.lab(paths, hashing=hashing) as lab:
        lab.reply_by_all_ways("twofold")
        (balancer,) = trace(lab, 4, *SURE).document["balancers"]
        assert balancer["vertex"] == f"{lab.shown('r1', 'p', 4)}@2"
        assert balancer["kind"] == kind
        assert balancer["may_be_one_router"] == [balancer["successors"]]
        assert balancer["successors"] == [f"{address}@3" for address in lab.far_ends("twofold", 4)]
        assert trace(lab, 6, *SURE).document["balancers"] == []


def test_a_router_that_hashes_replies_and_packets_alike_shows_branches_that_differ() -> None:
    # The router before balances nothing, and yet its branches do not meet at once: the verdict is
    # conditional on that.
    paths = ["src r1 p twofold a joint dst", "src r1 q twofold b joint dst"]
    hashing = {"r1": FIRST, "twofold": Hashing(policy=1)}
    with netlab.lab(paths, hashing=hashing) as lab:
        lab.reply_by_all_ways("twofold")
        (balancer,) = trace(lab, 4, *SURE).document["balancers"]
        assert balancer["vertex"] == f"{lab.shown('r1', 'p', 4)}@2"
        assert (balancer["may_be_one_router"], balancer["differ_by"]) == ([], ["successors"])
        (balancer,) = trace(lab, 6, *SURE).document["balancers"]
        assert balancer["vertex"] == f"{lab.shown('p', 'twofold', 6)}@3"
