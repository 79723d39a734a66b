"""Kernel routers that rewrite packets: what is changed, and between which hops, by every wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab import netlab
from tests.lab.command import trace
from tests.lab.translating import translate_statelessly
from tests.support.translation import NAT

if TYPE_CHECKING:
    from tests.lab.command import Found
    from tests.lab.netlab import Lab

pytestmark = pytest.mark.lab

WIRES = ("raw", "bulk", "unprivileged")
FORWARD = "type filter hook forward priority -150"
FAMILY = {4: "ip", 6: "ip6"}
CLASS = 186  # DSCP 46 and ECT(0)


def changes(found: Found, lab: Lab, version: int) -> list[tuple[str, str, str, str, str]]:
    """Kind, the nodes before and behind, and both values, of each change of a header."""
    near_of = {
        str(lab.shown(before, node, version)): node
        for before, node in (("src", "r1"), ("r1", "r2"), ("r2", "r3"), ("r3", "r4"))
    }
    return [
        (own["kind"], near_of[own["after"][0].split("@")[0]],
         near_of[own["vertices"][0].split("@")[0]], own.get("sent", ""), own.get("shown", ""))
        for own in found.document.get("changes", ())
    ]  # fmt: skip


@pytest.mark.parametrize("version", [4, 6])
def test_what_routers_rewrite_is_named_with_the_hops_around_it(version: int) -> None:
    family = FAMILY[version]
    with netlab.lab(netlab.plain(4)) as lab:
        for wire in WIRES:
            found = trace(lab, version, "-t", str(CLASS), "--wire", wire)
            assert changes(found, lab, version) == [], wire
        lab.rules("r2", FORWARD, f"{family} dscp set cs1")
        lab.rules("r3", FORWARD, f"{family} ecn set not-ect")
        if version == 4:  # in IPv6, only the payload proves a probe whose source is rewritten
            lab.rules("r2", FORWARD.replace("-150", "-140"), "udp dport 33434 @th,96,32 set 0")
        translate_statelessly(lab, "r1", version)
        for wire in WIRES:
            found = trace(
                lab, version, "-t", str(CLASS), "--wire", wire, privileged=wire != "unprivileged"
            )
            expected = [
                ("source", "r1", "r2", str(lab.source(version)), str(NAT[version])),
                ("dscp", "r2", "r3", "46", "8"),
                ("ecn", "r3", "r4", "2", "0"),
                *([("payload", "r2", "r3", "", "")] if version == 4 else []),
            ]
            shows = wire != "unprivileged"
            assert changes(found, lab, version) == (expected if shows else []), wire
            assert ("changed" in found.document["run"]["wire"]["hidden"]) is not shows
