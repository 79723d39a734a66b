"""Kernel balancers of every kind are recognised, as their routers are configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab import netlab
from tests.lab.command import trace
from tests.lab.netlab import Hashing

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.lab

# At this level the whole file raises a false alarm in about one run of fifty, were the seeds drawn
# anew; they are fixed, and so are the kernel's hash seeds.
SURE = ("--classify", "-c", "99.9", "--seed", "3")
SOURCE, DESTINATION, PROTOCOL, LABEL, SPORT, DPORT = (1 << bit for bit in range(6))
NAMES = {
    SOURCE: "source", DESTINATION: "destination", PROTOCOL: "protocol", LABEL: "flow-label",
    SPORT: "sport", DPORT: "dport",
}  # fmt: skip
FLOW, ADDRESSES, APPLICATION = "per flow", "per destination", "per application"
FIVE = SOURCE | DESTINATION | PROTOCOL | SPORT | DPORT
# What the kernel hashes by each policy: its documentation, ip-sysctl, fib_multipath_hash_policy.
KERNEL: Mapping[str, tuple[Hashing, Mapping[int, tuple[str | None, int]]]] = {
    "policy 0": (
        Hashing(policy=0),
        {
            4: (ADDRESSES, SOURCE | DESTINATION),
            6: ("per flow label", SOURCE | DESTINATION | PROTOCOL | LABEL),
        },
    ),
    "policy 1": (Hashing(policy=1), {4: (FLOW, FIVE), 6: (FLOW, FIVE)}),
    "five fields": (Hashing(policy=3, fields=FIVE), {4: (FLOW, FIVE), 6: (FLOW, FIVE)}),
    "ports": (
        Hashing(policy=3, fields=SPORT | DPORT),
        {4: (APPLICATION, SPORT | DPORT), 6: (APPLICATION, SPORT | DPORT)},
    ),
    "addresses": (
        Hashing(policy=3, fields=SOURCE | DESTINATION),
        {4: (ADDRESSES, SOURCE | DESTINATION), 6: (ADDRESSES, SOURCE | DESTINATION)},
    ),
    "label": (Hashing(policy=3, fields=LABEL), {6: ("per flow label", LABEL)}),
}


def jhash(version: int) -> str:
    """Three of four flows to the first of two successors, one to the second."""
    ip = "ip" if version == 4 else "ip6"
    return (
        f"jhash {ip} saddr . {ip} daddr . th sport . th dport mod 4 seed 0x1234 "
        "map { 0 : 1, 1 : 1, 2 : 1, 3 : 2 }"
    )


@pytest.mark.parametrize("name", KERNEL)
def test_the_fields_that_a_linux_router_hashes_are_recognised(name: str) -> None:
    hashing, expected = KERNEL[name]
    with netlab.lab(netlab.diamond(2), hashing={"lb": hashing}) as lab:
        for version, (kind, fields) in expected.items():
            (balancer,) = trace(lab, version, *SURE).document["balancers"]
            assert balancer["kind"] == kind, (version, balancer)
            hashed = {
                field["field"] for field in balancer["fields"] if field["verdict"] == "hashed"
            }
            ignored = {
                field["field"] for field in balancer["fields"] if field["verdict"] == "ignored"
            }
            assert hashed == {name for bit, name in NAMES.items() if fields & bit}, version
            assert ignored == {field["field"] for field in balancer["fields"]} - hashed, version
            assert {"source", "destination", "traffic-class"} <= hashed | ignored


def test_a_per_packet_balancer_is_recognised() -> None:
    deal = "numgen random mod 2 offset 1"
    hashing = {"lb": Hashing(rules={4: deal, 6: deal})}
    with netlab.lab(netlab.diamond(2), hashing=hashing) as lab:
        for version in (4, 6):
            (balancer,) = trace(lab, version, *SURE).document["balancers"]
            assert balancer["kind"] == "per packet"


def test_the_weights_of_a_split_are_named_from_3000_flows() -> None:
    hashing = {"lb": Hashing(rules={version: jhash(version) for version in (4, 6)})}
    with netlab.lab(netlab.diamond(2), hashing=hashing) as lab:
        for version in (4, 6):
            options = (*SURE, "--flows", "3000", "--rate", "20000")
            (balancer,) = trace(lab, version, *options).document["balancers"]
            assert (balancer["kind"], balancer["split"]["weights"]) == (FLOW, [3, 1])
            assert balancer["split"]["even_probability"] < 1e-6


@pytest.mark.parametrize("seeds", [(7, 7), (7, 8)])
def test_balancers_in_series_with_the_same_seed_are_recognised(seeds: tuple[int, int]) -> None:
    # The second one has one interface towards the first: in IPv6 it would answer from both.
    paths = [f"src lb {a} r mid {b} joint dst" for a in ("a1", "a2") for b in ("b1", "b2")]
    hashing = {
        node: Hashing(policy=1, seed=seed) for node, seed in zip(("lb", "mid"), seeds, strict=True)
    }
    with netlab.lab(paths, hashing=hashing) as lab:
        for version in (4, 6):
            (pair,) = trace(lab, version, *SURE).document["series"]
            assert pair["polarised"] == (seeds[0] == seeds[1])
            assert (pair["probability"] < 1e-3) == (seeds[0] == seeds[1])


def test_without_privilege_classify_judges_only_ports() -> None:
    with netlab.lab(netlab.diamond(2), hashing={"lb": Hashing(policy=3, fields=FIVE)}) as lab:
        for version in (4, 6):
            found = trace(lab, version, *SURE, privileged=False)
            (balancer,) = found.document["balancers"]
            verdicts = {field["field"]: field["verdict"] for field in balancer["fields"]}
            assert verdicts == {"sport": "hashed", "dport": "hashed"}
            assert balancer["kind"] == "not enough evidence"
