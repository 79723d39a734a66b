"""Every sample in every mode at every rate: whatever is asked for comes to an end."""

from __future__ import annotations

import json
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

import paris
from mda.findings.certainty import Obstacle
from mda.model import StopReason
from mda.studies.registry import CLASSIC, STUDIES, users
from paris import run
from paris.errors import SettingsError
from paris.formats import graphml, native
from paris.settings import Lane, Settings
from paris.sim.topology_file import samples
from paris.wire.sim import SimWire
from tests.support.expect import interval
from tests.support.views import dot_of, text_of

if TYPE_CHECKING:
    from paris.wire.base import Received

SCHEMA = json.loads(Path(native.__file__).with_name("native.schema.json").read_text())
RATES_PPS = (0.1, 1, 31, 46, 100, 1000, 100_000, 1_000_000)
LANES = (Lane("udp", None), Lane("tcp", None), Lane("icmp", None))
MODES: dict[str, dict[str, Any]] = {
    "one-flow": {},
    "mda": {"multipath": True},
    "mda-lite": {"multipath": True, "lite": True},
    **{
        study.name: {
            "multipath": True,
            "studies": {study.name: "1" if study.argument else None},
            "parameters": {"rounds": 3} if study.name in users("rounds") else {},
        }
        for study in STUDIES
        if study.asks
    },
    "compare-two": {"multipath": True, "compare": LANES[:2]},
    "compare-three": {"multipath": True, "compare": LANES},
}
# The widest cost too much time to be traced to their end so often.
MOST_PROBES = {"meshed": 150, "forty-eight-way": 150, "sixteen-way": 150}


class Watched(SimWire):
    """Fails where a loop waits for ever, or looks again and again at the same moment."""

    looks = 0

    def receive(self, until_s: float) -> list[Received]:
        assert isfinite(until_s)
        before_s = self.now_s()
        arrived = super().receive(until_s)
        self.looks = 0 if arrived or self.now_s() > before_s else self.looks + 1
        assert self.looks < 10
        return arrived


@pytest.mark.parametrize("mode", MODES)
def test_every_sample_ends_at_every_rate(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paris.wire.sim.SimWire", Watched)
    # A design of strength two: each sample in each mode, each mode at each rate several times,
    # and over all modes each sample at each rate.
    for number, name in enumerate(samples(), start=list(MODES).index(mode)):
        options = MODES[mode]
        if options:
            options = {"failure_probability": 0.5, **options}
        settings = Settings.of(
            network=name, rate_pps=RATES_PPS[number % len(RATES_PPS)],
            max_probes=MOST_PROBES.get(name), **options,
        )  # fmt: skip
        ran = run.compare(settings) if settings.study.compare else [run.measure(settings)]
        ends = {measurement.record.stopped for measurement in ran}
        most = {
            StopReason.COMPLETE,
            *([StopReason.PROBE_BUDGET] if settings.budget.max_probes else []),
        }
        assert ends <= most, name


@pytest.mark.parametrize("options", [{"sport": 65535}, {"flow_field": "dport", "dport": 65531}])
def test_a_run_that_has_too_few_flows_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"leaves too few flows \(\d; this confidence needs 6"):
        run.measure(Settings.of(network="two-way", multipath=True, **options))


SILENT_SIBLING = """\
source: 192.0.2.1
destination: {address: 203.0.113.9}
routers:
  fork: {interfaces: [192.0.2.254]}
  heard: {interfaces: [198.51.100.11], LOSS}
  silent: {interfaces: [198.51.100.12], silent: true}
paths:
  - source -> fork -> [heard, silent] -> destination
"""


@pytest.mark.parametrize("loss", [0.0, 0.2])
def test_losses_of_a_silent_router_do_not_count_for_its_neighbour(
    loss: float, tmp_path: Path
) -> None:
    file = tmp_path / "silent.yaml"
    file.write_text(SILENT_SIBLING.replace("LOSS", f"loss: {loss}"))
    probed = lost = 0
    for seed in range(8):
        settings = Settings.of(network=str(file), multipath=True, seed=seed)
        trace = run.assemble(run.measure(settings))
        heard = next(vertex for vertex in trace.dag if str(vertex.address) == "198.51.100.11")
        probed += trace.answering[heard].asked
        lost += trace.answering[heard].lost
    lowest, highest = interval(lost, probed)
    assert lowest <= loss <= highest


UNNUMBERED = """
source: 192.0.2.1
destination: 203.0.113.9
routers:
  fork: {interfaces: [198.51.100.1]}
  A: {interfaces: [192.0.0.8], describes: [{name: eth0, ifindex: 2}]}
  B: {interfaces: [192.0.0.8], describes: [{name: 'xe-0/0/1 "@2"', ifindex: 512}]}
  C: {interfaces: [198.51.100.9]}
  joint: {interfaces: [192.0.0.8], describes: [{ifindex: 7}, {ifindex: 8}, {ifindex: 9}]}
paths:
  - source -> fork -> [A, B, C] -> joint -> destination
"""


def test_routers_without_an_address_are_kept_apart_by_interface(tmp_path: Path) -> None:
    path = tmp_path / "unnumbered.yaml"
    path.write_text(UNNUMBERED)
    studies = {study.name: None for study in STUDIES if not study.argument}
    trace = paris.trace(
        network=str(path), multipath=True, failure_probability=1e-4, studies=studies
    )
    written = native.write(trace)
    jsonschema.validate(json.loads(written), SCHEMA)
    assert native.write(native.read(written, "x")) == written
    hops = [
        {
            vertex["id"]
            for vertex in json.loads(written)["graph"]["vertices"]
            if vertex["ttl"] == ttl
        }
        for ttl in (2, 3)
    ]
    assert hops == [
        {"192.0.0.8%eth0/2@2", "192.0.0.8%xe-0/0/1%20%22%402%22/512@2", "198.51.100.9@2"},
        {"192.0.0.8%7@3", "192.0.0.8%8@3", "192.0.0.8%9@3"},
    ]
    assert len(trace.dag.edges) == 10
    assert trace.certainty.obstacles == (Obstacle.SHARED_ADDRESS,)
    classic = trace.found(CLASSIC)
    assert classic is not None
    assert {vertex for hop in classic.hops for vertex in hop} <= {*trace.dag, None}
    assert trace.parallel_links == {}
    shown = text_of(trace)
    assert "stands for routers without an IPv4 address; eth0, ifindex 2" in shown
    assert "no bound on what was missed, because routers may share the address 192.0.0.8" in shown
    assert dot_of(trace).count("ifindex 512") == 2  # in the box and its tooltip
    assert graphml.write(trace).count("<node id=") == 9


def test_one_trace_is_refused_where_several_protocols_are_asked_for() -> None:
    with pytest.raises(SettingsError, match="call it once for each protocol"):
        paris.trace(network="two-way", multipath=True, compare=LANES)
