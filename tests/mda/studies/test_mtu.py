"""The path MTU of every path: on simulated networks that lose packets, and on hostile ones."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from mda.model import Vertex
from mda.studies.lengths import TESTED, searched
from mda.studies.registry import MTU
from paris.run import assemble, measure
from paris.settings import Settings
from paris.sim.topology_file import load
from render.words.mtu import fitting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mda.studies.flow_paths import Vertices
    from mda.studies.mtu import Mtus
    from mda.trace import Trace

# Four branches behind A; the second router of each has the number of its branch.
NETWORK = """
source: '{net}0{end}1'
destination: {{address: '{net}9{end}9'{every}}}
routers:
  A: {{interfaces: ['{net}1{end}1']{every}}}
  B1: {{interfaces: ['{net}2{end}1']{every}}}
  B2: {{interfaces: ['{net}2{end}2']{every}{second}}}
  B3: {{interfaces: ['{net}2{end}3']{every}}}
  B4: {{interfaces: ['{net}2{end}4']{every}}}
  C1..C4: {{interfaces: '{net}3{end}1+'{every}}}
  D: {{interfaces: ['{net}4{end}1']{every}{last}}}
paths:
  - source -> A -> B1 -> C1 -> D -> destination
  - source -> A -> B2 -> C2 -> D -> destination
  - source -> A -> B3 -> C3 -> D -> destination
  - source -> A -> B4 -> C4 -> D -> destination
"""
# Three diamonds of eight in a row, so 512 paths; one router of the last has a narrow link.
WIDE = """
source: 10.0.0.1
destination: {address: 10.0.9.9}
routers:
  A: {interfaces: [10.0.4.2]}
  B1..B8: {interfaces: 10.0.1.1+}
  C: {interfaces: [10.0.4.3]}
  D1..D8: {interfaces: 10.0.2.1+}
  E: {interfaces: [10.0.4.4]}
  F1..F6: {interfaces: 10.0.3.1+}
  G: {interfaces: [10.0.3.7], mtu: 1400}
  H: {interfaces: [10.0.3.8]}
  J: {interfaces: [10.0.4.1]}
paths:
  - source -> A -> [B1..B8] -> C -> [D1..D8] -> E -> [F1..F6] -> J -> destination
  - source -> A -> B1 -> C -> D1 -> E -> G -> J -> destination
  - source -> A -> B1 -> C -> D1 -> E -> H -> J -> destination
"""
NETS = {4: ("10.0.", "."), 6: ("2001:db8::", ":")}
SEEDS = 4
LOSSY = ", loss: 0.1"
SAYING = ", mtu: 1400"
SILENT = ", mtu: 1400, black_hole: true"


def traced(
    folder: Path,
    second: str = "",
    *,
    last: str = "",
    every: str = "",
    version: int = 4,
    seed: int = 1,
    **options: Any,
) -> Trace:
    """A trace of the network whose routers B2, D and all others do as these keys say."""
    net, end = NETS[version]
    file = folder / "net.yaml"
    file.write_text(NETWORK.format(net=net, end=end, second=second, last=last, every=every))
    options = {"multipath": True, "studies": {"mtu": None}, **options}
    return assemble(measure(Settings.of(network=str(file), seed=seed, **options)))


def found_in(trace: Trace) -> Mtus:
    found = trace.found(MTU)
    assert found is not None
    return found


def links(found: Mtus) -> Sequence[tuple[str, str, int]]:
    return [(str(own.near.address), str(own.far.address), own.mtu) for own in found.narrowings]


def narrow(version: int) -> list[tuple[str, str, int]]:
    """The link behind B2."""
    net, end = NETS[version]
    return [(f"{net}2{end}2", f"{net}3{end}2", 1400)]


@pytest.mark.parametrize("second", [SAYING, SILENT], ids=["says so", "black hole"])
@pytest.mark.parametrize("version", [4, 6])
def test_the_narrow_branch_is_found_in_every_run_with_losses(
    version: int, second: str, tmp_path: Path
) -> None:
    for seed in range(SEEDS):
        found = found_in(traced(tmp_path, second, every=LOSSY, version=version, seed=seed))
        assert links(found) == narrow(version), seed
        assert sorted(path.mtu or 0 for path in found.paths) == [1400, 1500, 1500, 1500]
        (link,) = found.narrowings
        assert link.said_by == ((link.near.address,) if second == SAYING else ())
        assert (link.probability is not None) == (second == SILENT)


def test_nothing_is_stated_where_only_losses_are(tmp_path: Path) -> None:
    for seed in range(SEEDS):
        found = found_in(traced(tmp_path, every=", loss: 0.2", seed=seed))
        assert not found.narrowings, seed
        assert {path.mtu for path in found.paths} <= {1500, None}


@pytest.mark.parametrize(
    ("stated", "version", "shown"),
    [(0, 4, "as no MTU"), (9000, 4, "as 9000"), (600, 6, "as 600"), (1450, 4, "as 1450")],
    ids=["nothing", "more than was sent", "less than IPv6 allows", "too much"],
)
def test_what_a_router_states_is_not_believed_but_tried(
    stated: int, version: int, shown: str, tmp_path: Path
) -> None:
    trace = traced(tmp_path, f"{SAYING}, states_mtu: {stated}", version=version)
    assert links(found_in(trace)) == narrow(version)
    assert any(line.endswith(shown) for line in fitting(trace, _no_recipes))


def test_a_clean_network_costs_one_probe_per_path(tmp_path: Path) -> None:
    trace = traced(tmp_path)
    plain = traced(tmp_path, studies={})
    wanted = len(found_in(trace).paths)
    more = trace.probes_sent - plain.probes_sent
    assert wanted <= more <= wanted + 10  # and those that tell each flow's path
    assert fitting(trace, _no_recipes) == [
        "4 paths take packets of 1500 bytes, the longest that leave this machine"
    ]


def test_two_narrow_links_on_one_path_are_both_found(tmp_path: Path) -> None:
    found = found_in(traced(tmp_path, SAYING, last=", mtu: 1300"))
    assert links(found) == [*narrow(4), ("10.0.4.1", "10.0.9.9", 1300)]
    assert {path.mtu for path in found.paths} == {1300}


def test_of_too_many_paths_those_with_new_links_are_searched(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(WIDE)
    settings = Settings.of(
        network=str(tmp_path / "net.yaml"), multipath=True, studies={"mtu": None}, seed=1
    )
    trace = assemble(measure(settings))
    found = found_in(trace)
    assert found.known > len(found.paths) == 256
    assert links(found) == [("10.0.3.7", "10.0.4.1", 1400)]
    assert fitting(trace, _no_recipes)[1] == f"256 of {found.known} paths searched"


def test_a_link_of_the_last_path_alone_is_searched() -> None:
    near, far = ([Vertex(ttl, None, star) for star in range(20)] for ttl in (1, 3))
    joint = Vertex(2, None)
    every: dict[Vertices, list[int]] = {(a, joint, b): [] for a, b in product(near[:-1], far)}
    last = (near[-1], joint, far[-1])
    taken = searched({**every, last: [7]})
    assert (len(taken), taken[last]) == (256, [7])
    assert list(taken)[:20] == list(every)[:20]


def test_a_silent_router_before_a_black_hole_is_not_blamed(tmp_path: Path) -> None:
    trace = traced(tmp_path, ", silent: true", last=SILENT)
    assert links(found_in(trace)) == [("10.0.4.1", "10.0.9.9", 1400)]


def test_one_flow_is_searched_without_mda(tmp_path: Path) -> None:
    trace = traced(tmp_path, last=SAYING, multipath=False)
    (path,) = found_in(trace).paths
    assert (path.mtu, {flow % 2**20 for flow in path.flows}) == (1400, {0})
    assert fitting(trace, _no_recipes)[1] == (
        "at most 1400 bytes from 10.0.4.1 (hop 4) to 10.0.9.9 (hop 5), said by 10.0.4.1"
    )


def test_a_black_hole_at_the_end_may_be_on_the_way_back_of_an_echo(tmp_path: Path) -> None:
    trace = traced(tmp_path, last=SILENT, protocol="icmp")
    assert fitting(trace, _no_recipes)[1].startswith(
        "packets over 1400 bytes, or the answers to them, vanish behind 10.0.4.1 (hop 4), before "
    )


def test_a_limited_router_is_not_called_a_black_hole_because_it_speaks_seldom(
    tmp_path: Path,
) -> None:
    for seed in range(SEEDS):
        found = found_in(traced(tmp_path, f"{SAYING}, rate_pps: 1", seed=seed))
        assert all(own.probability is None for own in found.narrowings), seed


def test_a_budget_that_ends_the_search_leaves_mtus_unknown(tmp_path: Path) -> None:
    whole = traced(tmp_path, SILENT)
    trace = traced(tmp_path, SILENT, max_probes=whole.probes_sent - TESTED)
    found = found_in(trace)
    assert not found.narrowings
    assert [path.mtu for path in found.paths].count(None) == 1
    assert "; path MTU of 1 path not known" in fitting(trace, _no_recipes)[0]


def test_simulated_files_can_give_a_link_an_mtu(tmp_path: Path) -> None:
    traced(tmp_path, f"{SILENT}, states_mtu: 1300")
    router = load(tmp_path / "net.yaml").routers["B2"]
    assert (router.mtu, router.states_mtu, router.black_hole) == (1400, 1300, True)


def _no_recipes(_: int) -> NoReturn:
    raise AssertionError("no path is taken")
