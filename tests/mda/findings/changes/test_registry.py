"""Every rule against the truth of simulated networks that lose replies and have silent routers."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

import paris

if TYPE_CHECKING:
    from pathlib import Path

    from mda.model import Vertex
    from mda.trace import Trace

ENDS = {4: ("192.0.2.1", "203.0.113.9", "198.51.100."),
        6: ("2001:db8::1", "2001:db8:f::9", "2001:db8:e::")}  # fmt: skip
ROUTERS = ("R1", "B", "A1", "A2", "C1", "C2", "J", "K", "L")
NAT = {4: "198.18.0.77", 6: "2001:db8:77::1"}
Found = tuple[str, tuple[str, ...], tuple[str, ...], str, str]

# What routers do, by name, and what is to be found: kind, routers before and behind, two values.
DEEDS: dict[str, tuple[dict[str, str], list[Found]]] = {
    "a DSCP that is cleared on one of two branches": (
        {"A1": "sets_dscp: 0"}, [("dscp", ("A1",), ("C1",), "46", "0")],
    ),
    "a DSCP that is set before a balancer": (
        {"R1": "sets_dscp: 10"}, [("dscp", ("R1",), ("B",), "46", "10")],
    ),
    "a DSCP that is cleared where branches begin": (
        {"B": "sets_dscp: 0"}, [("dscp", ("B",), ("A1", "A2"), "46", "0")],
    ),
    "a DSCP that is set twice": (
        {"R1": "sets_dscp: 10", "J": "sets_dscp: 0"},
        [("dscp", ("R1",), ("B",), "46", "10"), ("dscp", ("J",), ("K",), "10", "0")],
    ),
    "ECN that is cleared where branches meet": (
        {"C1": "sets_ecn: 0", "C2": "sets_ecn: 0"}, [("ecn", ("C1", "C2"), ("J",), "2", "0")],
    ),
    "ECN that is cleared behind a silent router": (
        {"A2": "sets_ecn: 3", "C2": "silent: true"}, [("ecn", ("A2",), ("J",), "2", "3")],
    ),
    "a NAT": ({"J": "rewrites_source: NAT"}, [("source", ("J",), ("K",), "SOURCE", "NAT")]),
    "a tunnel without labels": (
        {"K": "quotes_ttl: 2", "L": "quotes_ttl: 3"},
        [("implicit-tunnel", ("J",), ("K", "L"), "1", "3")],
    ),
    "a tunnel without labels and with a silent router": (
        {"J": "quotes_ttl: 2", "K": "silent: true", "L": "quotes_ttl: 4"},
        [("implicit-tunnel", ("C1", "C2"), ("J", "L"), "1", "4")],
    ),
    "a jump of the quoted TTL": (
        {"K": "quotes_ttl: 250"}, [("ttl-raised", ("J",), ("K",), "6", "250")],
    ),
    "labels": ({"K": "mpls: [16]"}, [("explicit-tunnel", ("J",), ("K",), "", "16")]),
    "labels that have TTL left": (
        {"K": "mpls: [16, 17], label_ttl: 252"},
        [
            ("explicit-tunnel", ("J",), ("K",), "", "16/17"),
            ("label-ttl", ("J",), ("K",), "", "252"),
        ],
    ),
    "a longer way back": (
        {"K": "longer_back: 4", "L": "longer_back: 4"},
        [("way-back", ("J",), ("K",), "+0", "+4"), ("way-back", ("L",), ("END",), "+4", "+0")],
    ),
    "a forwarded packet that has expired": (
        {"J": "passes_expired: true"}, [("zero-ttl", ("C1", "C2"), ("K",), "1", "0")],
    ),
}  # fmt: skip


def network(folder: Path, version: int, deeds: dict[str, str], loss: float) -> str:
    """The path of a file with a network of two branches."""
    source, destination, prefix = ENDS[version]
    keys = {name: f"interfaces: ['{prefix}{n}'], loss: {loss}" for n, name in enumerate(ROUTERS, 1)}
    for name, deed in deeds.items():
        keys[name] += f", {deed.replace('NAT', NAT[version])}"
    lines = [f"  {name}: {{{own}}}" for name, own in keys.items()]
    way = "  - source -> R1 -> B -> {} -> J -> K -> L -> destination"
    path = folder / "network.yaml"
    path.write_text("\n".join([
        f"source: {source}", f"destination: {{address: '{destination}'}}", "routers:", *lines,
        "paths:", way.format("A1 -> C1"), way.format("A2 -> C2"),
    ]))  # fmt: skip
    return str(path)


def found_in(trace: Trace, version: int) -> list[Found]:
    """The changes, with routers by their names, and our own addresses by theirs."""
    prefix = ENDS[version][2]
    name_of = {f"{prefix}{n}": name for n, name in enumerate(ROUTERS, 1)}
    name_of[ENDS[version][1]] = "END"
    words = {ENDS[version][0]: "SOURCE", NAT[version]: "NAT"}

    def names(vertices: tuple[Vertex, ...]) -> tuple[str, ...]:
        return tuple(name_of[str(vertex.address)] for vertex in vertices)

    return [
        (own.kind.value, names(own.after), names(own.vertices),
         words.get(own.sent, own.sent), words.get(own.shown, own.shown))
        for own in trace.changes
    ]  # fmt: skip


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("deed", DEEDS)
def test_each_rule_is_right_over_ten_seeds_of_each_version(
    deed: str, version: int, tmp_path: Path
) -> None:
    deeds, expected = DEEDS[deed]
    path = network(tmp_path, version, deeds, loss=0.03)
    for seed in range(10):
        trace = paris.trace(
            network=path, multipath=True, seed=seed + 10 * version, traffic_class=186,
            failure_probability=0.001,
        )  # fmt: skip
        assert found_in(trace, version) == expected, seed


def test_nothing_is_found_where_nothing_is_changed(tmp_path: Path) -> None:
    for seed in range(100):
        random, version = Random(seed), (4, 6)[seed % 2]
        silent = {random.choice(ROUTERS): "silent: true"} if seed % 3 else {}
        path = network(tmp_path, version, silent, loss=random.choice((0, 0.02, 0.1)))
        trace = paris.trace(network=path, multipath=True, seed=seed, traffic_class=186)
        assert trace.changes == (), seed
