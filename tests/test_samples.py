"""Every sample topology teaches what its file says: traced by the command, against `expect`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from paris.cli.exits import guarded
from paris.cli.trace import main
from paris.sim.topology_file import load, samples
from paris.sim.truth import truth

if TYPE_CHECKING:
    from paris.sim.topology import Topology

TOPOLOGIES = {name: load(path) for name, path in samples().items()}
FOLDER = Path(__file__).parents[1] / "samples"


@pytest.fixture(params=TOPOLOGIES)
def topology(request: pytest.FixtureRequest) -> Topology:
    return TOPOLOGIES[request.param]


def test_the_truth_of_a_sample_agrees_with_its_expectations(topology: Topology) -> None:
    expect = topology.expect
    if "miss_probability" not in expect:
        with pytest.raises(ValueError, match=r"by destination|turns to|filtered|die"):
            truth(topology)
        return
    true = truth(topology)
    assert (len(true.vertices), len(true.edges)) == (expect["vertices"], expect["edges"])
    assert true.miss_probability(0.05) == pytest.approx(expect["miss_probability"], abs=1e-6)


def test_the_command_finds_what_a_sample_expects(
    topology: Topology, capsys: pytest.CaptureFixture[str]
) -> None:
    expect = topology.expect
    arguments = ["--sim", topology.name, "--mda", "-c", "99.99", *expect.get("options", ())]
    exit_code = guarded("paris-trace", main, [*arguments, "-o", "-", "--format", "json"])
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    graph = document["graph"]
    assert (exit_code, captured.err) == (expect.get("exit", 0), "")
    assert len(graph["vertices"]) == expect["vertices"]
    assert len(graph["edges"]) == expect["edges"] - expect.get("unproven", 0)
    assert _addresses(graph["per_packet"]) == expect.get("per_packet", [])
    assert _addresses(graph["route_changed"]) == expect.get("route_changed", [])
    loops = [revisit["address"] for revisit in graph["revisits"] if revisit["loop"]]
    assert loops == expect.get("loops", [])
    limited = [entry["vertex"] for entry in graph["answering"] if entry["limit"] is not None]
    assert _addresses(limited) == expect.get("limited", [])
    if "diamonds" in expect:
        assert [_told(diamond, expected) for diamond, expected in zip(
            document["diamonds"], expect["diamonds"], strict=True
        )] == expect["diamonds"]  # fmt: skip


def _addresses(vertices: list[str]) -> list[str]:
    return [vertex.partition("@")[0] for vertex in vertices]


def _told(diamond: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """Of a diamond in our JSON, what a sample's `expect` states."""
    told = {
        "width": diamond["max_width"],
        "length": diamond["max_length"],
        "min_length": diamond["min_length"],
        "width_asymmetry": diamond["width_asymmetry"],
        "meshed": diamond["meshed_ratio"] > 0,
    }
    return {key: told[key] for key in expected}


@pytest.mark.parametrize("path", sorted((FOLDER / "traces").glob("*.json")), ids=lambda p: p.stem)
def test_saved_sample_results_are_what_the_program_makes(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = TOPOLOGIES[path.stem].expect.get("options", ())
    arguments = ["--sim", path.stem, "--mda", *options, "-o", "-"]
    for suffix in ("json", "txt"):
        guarded("paris-trace", main, [*arguments, "--format", suffix])
        assert capsys.readouterr().out == path.with_suffix(f".{suffix}").read_text()
    assert path.with_suffix(".svg").read_bytes().startswith(b"<?xml")


def test_every_topology_begins_with_what_it_teaches_and_is_in_the_readme() -> None:
    readme = (FOLDER / "README.md").read_text()
    for name, path in samples().items():
        assert path.read_text().startswith("# ")
        assert f"| {name} |" in readme
