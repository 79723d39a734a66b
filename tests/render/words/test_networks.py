"""The networks of a hop are named once each, without prefixes."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from mda.model import Vertex
from render.words.networks import networks


@pytest.mark.parametrize(
    ("texts", "named"),
    [
        (["AS64500 A 198.51.100.0/24"], "AS64500 A"),
        (["AS64500/AS64501 A. b 2001:db8::/32 Town ZZ"], "AS64500/AS64501 A. b"),
        (["IXP Example IX 192.0.2.0/25", "AS1 9.0.0.0/8"], "IXP Example IX, AS1"),
        (["AS1 9.0.0.0/8", "AS1 9.1.0.0/16", "private"], "AS1, private"),
        (["AS1 9.0.0.0/8", "AS2 9.0.0.0/8", "AS3 9.0.0.0/8", "AS4 9.0.0.0/8"],
         "AS1, AS2, AS3, 1 more"),
        (["", "AS1 9.0.0.0/8"], "AS1"),
        ([""], ""),
    ],
)  # fmt: skip
def test_the_networks_of_a_hop_are_named_once(texts: list[str], named: str) -> None:
    first = ip_address("198.51.100.1")
    vertices = [Vertex(1, first + number) for number in range(len(texts))]
    found = {
        vertex.address: text
        for vertex, text in zip(vertices, texts, strict=True)
        if text and vertex.address is not None
    }
    assert networks([*vertices, Vertex(1, None)], {"asn": found}) == named
    assert networks(vertices, {"site": found}) == ""
