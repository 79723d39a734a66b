"""The loop, over the simulated network: waits, retries, limits, pacing, strays."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

import pytest

from mda.explore.single_flow import SingleFlow
from mda.model import Loss, ProbeRequest, Reply, StopReason
from mda.procedure import Procedure
from paris.engine import setup
from paris.engine.loop import Engine
from paris.engine.pacing import Pacing
from paris.errors import WireError
from paris.settings import Budget, Settings
from paris.sim.network import Network
from paris.sim.topology_file import find, load
from paris.wire.base import UNLIMITED
from paris.wire.sim import SimWire
from tests.support.drive import edges_of, graph_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from mda.model import Outcome
    from mda.plan import WireReport
    from paris.engine.record import RawRecord
    from paris.wire.base import Received, Wire


def engine_for(
    network: str, *, wire: Wire | None = None, budget: Budget | None = None, rate_pps: float = 1000,
    burst: int = 32, procedure: Procedure | None = None, **options: object,
) -> Engine:  # fmt: skip
    settings = Settings.of(network=network, **options)
    topology = load(find(network))
    flows = setup.flows_for(settings, topology.source, topology.destination, Random(1))
    return Engine(
        procedure=procedure
        or setup.procedure_for(
            settings,
            flows,
            sends_whole=True,
            one_at_a_time=wire is not None and wire.one_at_a_time,
        ),
        wire=wire or SimWire(Network(topology, 1)),
        flows=flows,
        pacing=Pacing(rate_pps, burst),
        wait_s=settings.pace.wait_s,
        budget=budget or Budget(),
    )


def run(network: str, **options: object) -> RawRecord:
    return engine_for(network, **options).run()  # type: ignore[arg-type]


def test_one_flow_takes_one_round_trip() -> None:
    record = run("plain", queries=1)
    assert record.stopped is StopReason.COMPLETE
    # 18 ms to the destination and back; thirty probes leave in one burst.
    assert record.ended_at_s == pytest.approx(0.018, abs=0.001)
    assert record.probes_sent == 30


def test_a_silent_hop_costs_one_wait_for_all_flows_together() -> None:
    record = run("silent-hop", multipath=True)
    losses = [outcome for outcome in record.outcomes if isinstance(outcome, Loss)]
    assert len({loss.request.flow for loss in losses}) > 5
    assert 2.0 <= record.ended_at_s < 2.4


def test_only_lost_probes_are_sent_again() -> None:
    record = run("lossy", multipath=True)
    lost = {outcome.request for outcome in record.outcomes if isinstance(outcome, Loss)}
    assert lost
    answered = {
        (outcome.request.flow, outcome.request.ttl)
        for outcome in record.outcomes
        if isinstance(outcome, Reply)
    }
    silent = {(loss.flow, loss.ttl) for loss in lost} - answered
    for flow, ttl in silent:
        assert len([loss for loss in lost if (loss.flow, loss.ttl) == (flow, ttl)]) == 3


@pytest.mark.parametrize("most", [1, 17, 60])
def test_a_run_sends_no_more_probes_than_its_budget(most: int) -> None:
    record = run("two-way", multipath=True, budget=Budget(max_probes=most))
    assert record.stopped is StopReason.PROBE_BUDGET
    assert record.probes_sent == most == len(record.outcomes) + len(record.unresolved)


@pytest.mark.parametrize("multipath", [False, True])
def test_no_probe_is_sent_behind_the_end_if_flows_have_one_probe_in_flight(
    *, multipath: bool
) -> None:
    wire = meddling("plain", one_at_a_time=True)
    record = run("plain", wire=wire, multipath=multipath, protocol="tcp")
    assert record.stopped is StopReason.COMPLETE
    assert record.unresolved == ()
    end = load(find("plain")).destination
    met = {
        outcome.request.ttl: outcome.responder
        for outcome in record.outcomes
        if isinstance(outcome, Reply)
    }
    places = [ttl for ttl, address in met.items() if address == end]
    # The probe to the last TTL finds out where the end is; none is sent between.
    assert places == [30, max(met.keys() - {30})]


class Watching(SimWire):
    """A wire that remembers how many probes it has sent each time a reply arrives."""

    sent = answered = most = 0

    def send(self, datagrams: Sequence[bytes]) -> list[float]:
        self.sent += len(datagrams)
        self.most = max(self.most, self.sent - self.answered)
        return super().send(datagrams)

    def receive(self, until_s: float) -> list[Received]:
        found = super().receive(until_s)
        self.answered += len(found)
        return found


@pytest.mark.parametrize("most", [1, 7])
@pytest.mark.parametrize("multipath", [False, True])
def test_no_more_probes_are_in_flight_than_the_user_allows(most: int, *, multipath: bool) -> None:
    wire = Watching(Network(load(find("two-way")), 1))
    engine = engine_for("two-way", wire=wire, multipath=multipath)
    engine.most_in_flight = most
    record = engine.run()
    assert record.stopped is StopReason.COMPLETE
    assert wire.most == most
    unbound = run("two-way", multipath=multipath)
    assert edges_of(graph_of(record.outcomes)) == edges_of(graph_of(unbound.outcomes))


@pytest.mark.parametrize("one_at_a_time", [False, True])
def test_silent_hops_before_a_silent_service_are_asked_one_by_one_only_if_few(
    *, one_at_a_time: bool
) -> None:
    wire = meddling("silent-destination", one_at_a_time=one_at_a_time)
    record = run("silent-destination", wire=wire, protocol="tcp")
    assert record.stopped is StopReason.COMPLETE
    last = max(own.request.ttl for own in record.outcomes if isinstance(own, Reply))
    asked = [outcome.request.ttl for outcome in record.outcomes]
    to = last + 3 if one_at_a_time else 29
    assert sorted(asked) == sorted([*range(1, to + 1)] * 3 + [30] * (1 if one_at_a_time else 3))


@pytest.mark.parametrize("sport", [20020, 20060])
def test_a_branch_that_drops_all_holds_up_no_other_flow_where_each_has_one_probe_in_flight(
    sport: int,
) -> None:
    """By the second source port the first flow is dropped, by which ends of paths are found."""
    wire = meddling("firewall", one_at_a_time=True, longest_wait_s=0.95)
    record = run(
        "firewall", wire=wire, multipath=True, protocol="tcp", dport=443, sport=sport,
        failure_probability=0.0001,
    )  # fmt: skip
    assert record.stopped is StopReason.COMPLETE
    topology = load(find("firewall"))
    routers = {address for own in topology.routers.values() for address in own.interfaces}
    found = {own.responder for own in record.outcomes if isinstance(own, Reply)}
    assert found == {*routers, topology.destination}
    # Three silent hops take three probes each: a whole wait, and two times a quarter of a second.
    assert record.ended_at_s < 3 * (0.95 + 2 * 0.25)


@dataclass
class Abandoning(Procedure):
    """Abandons all requests once it has an outcome, and is finished when it has done so."""

    requests: list[ProbeRequest]
    has_outcome: bool = False
    has_abandoned: bool = False

    def wanted(self, _: int) -> list[ProbeRequest]:
        requests, self.requests = self.requests, []
        return requests

    def on_outcome(self, _: Outcome) -> None:
        self.has_outcome = True

    def rate_pps(self, ttl: int) -> float | None:
        return 0.5 if ttl > 1 else None

    def abandons(self, _: ProbeRequest) -> bool:
        self.has_abandoned |= self.has_outcome
        return self.has_abandoned

    @property
    def finished(self) -> bool:
        return self.has_abandoned


def test_a_procedure_that_abandons_its_last_requests_is_asked_what_else_it_wants() -> None:
    engine = engine_for("plain", procedure=Abandoning([ProbeRequest(0, 1), ProbeRequest(0, 2)]))
    record = engine.run()
    assert (record.stopped, record.probes_sent) == (StopReason.COMPLETE, 1)


class Gathering(SimWire):
    """A wire at which replies wait while it gathers, and how often one is read."""

    reads = 0

    def gather(self, until_s: float) -> None:
        self._now_s = max(self._now_s, until_s)

    def receive(self, until_s: float) -> list[Received]:
        found = super().receive(until_s)
        self.reads += bool(found)
        return found


def test_replies_are_read_together_while_probes_wait_for_their_time() -> None:
    options = {"queries": 3, "rate_pps": 100, "burst": 1}
    wire = Gathering(Network(load(find("plain")), 1))
    gathered, alone = run("plain", wire=wire, **options), run("plain", **options)
    found, wanted = (
        {own.request: own.rtt_s for own in record.outcomes if isinstance(own, Reply)}
        for record in (gathered, alone)
    )
    assert found == pytest.approx(wanted, abs=1e-6)
    assert wire.reads < len(found)
    assert gathered.ended_at_s == pytest.approx(alone.ended_at_s, abs=0.01)


def test_a_run_that_needs_exactly_its_budget_is_complete() -> None:
    enough = run("two-way", multipath=True).probes_sent
    record = run("two-way", multipath=True, budget=Budget(max_probes=enough))
    assert record.stopped is StopReason.COMPLETE


def test_a_run_ends_at_its_deadline() -> None:
    record = run("silent-hop", multipath=True, budget=Budget(deadline_s=0.1))
    assert record.stopped is StopReason.TIME_BUDGET
    assert record.ended_at_s == pytest.approx(0.1)
    assert record.unresolved


def test_probes_are_paced() -> None:
    record = run("plain", queries=1, rate_pps=50)
    # 32 leave at once and are all that is asked, so a lower rate needs more probes to show.
    assert record.ended_at_s < 0.1
    record = run("two-way", multipath=True, rate_pps=50)
    assert record.ended_at_s > (record.probes_sent - 32) / 50


NOBODY_ANSWERS = """\
source: 192.0.2.1
destination: {address: 203.0.113.9, silent: true}
routers:
  gateway: {interfaces: [192.0.2.254], silent: true}
paths:
  - source -> gateway -> destination
"""


@pytest.mark.parametrize("rate_pps", [10, 500, 5000])
def test_the_rate_is_exact_if_nothing_replies(rate_pps: float, tmp_path: Path) -> None:
    file = tmp_path / "silent.yaml"
    file.write_text(NOBODY_ANSWERS)
    # Six hundred requests are more than are taken at a time.
    engine = engine_for(str(file), queries=20, rate_pps=rate_pps)
    *sent_at_s, again_s = sorted(outcome.sent_at_s for outcome in engine.run().outcomes)
    assert len(sent_at_s) == 600
    assert max(sent_at_s) == pytest.approx((600 - 32) / rate_pps, rel=0.02, abs=0.002)
    assert again_s > max(sent_at_s) + 0.5  # in case that the destination limits its replies


def test_the_loop_waits_for_replies_that_may_save_probes_and_no_longer() -> None:
    # Of sixty probes at twenty a second each is asked for after the answer to the one before.
    record = run("silent-hop", multipath=True, rate_pps=20)
    lost = [outcome for outcome in record.outcomes if isinstance(outcome, Loss)]
    assert lost
    assert record.ended_at_s < record.probes_sent * 0.05 + 0.5


def test_requests_beyond_the_end_are_not_sent_once_the_end_is_known() -> None:
    # Of ninety requests, taken at once, most lie beyond the destination at the eighth hop or so.
    engine = engine_for("plain", queries=3, rate_pps=25, burst=90)
    engine.pacing.spend(88)
    record = engine.run()
    assert record.stopped is StopReason.COMPLETE
    end = min(
        outcome.request.ttl
        for outcome in record.outcomes
        if isinstance(outcome, Reply) and outcome.ends_path
    )
    beyond = [outcome for outcome in record.outcomes if outcome.request.ttl > end]
    assert len(beyond) <= 1
    assert record.probes_sent == 3 * end + len(beyond)


@dataclass
class Meddling:
    """A simulated wire into which `stray` datagrams are mixed, or that fails or is interrupted."""

    wire: SimWire
    stray: bytes = b""
    fails_after: int = 1 << 30
    failure: BaseException = field(default_factory=KeyboardInterrupt)
    hidden: frozenset[str] = frozenset()
    one_at_a_time: bool = False
    sends_whole: bool = True
    longest_wait_s: float = float("inf")
    most_in_flight: int = UNLIMITED
    settled: int = 0
    _sent: int = 0

    @property
    def room(self) -> int:
        return self.most_in_flight - self._sent + self.settled

    def settle(self, numbers: Iterable[int]) -> None:
        self.settled += len(list(numbers))

    def now_s(self) -> float:
        return self.wire.now_s()

    def unix_s(self, at_s: float) -> float:
        return self.wire.unix_s(at_s)

    def send(self, datagrams: Sequence[bytes]) -> list[float]:
        assert len(datagrams) <= self.room
        self._sent += len(datagrams)
        if self._sent > self.fails_after:
            raise self.failure
        return self.wire.send(datagrams)

    def corrections(self) -> list[tuple[int, float]]:
        return self.wire.corrections()

    def report(self) -> WireReport:
        return self.wire.report()

    def gather(self, until_s: float) -> None:
        self.wire.gather(until_s)

    def receive(self, until_s: float) -> list[Received]:
        from paris.wire.base import Received

        arrived = self.wire.receive(until_s)
        return [Received(self.stray, self.now_s()), *arrived] if self.stray else arrived

    def close(self) -> None:
        self.wire.close()


def meddling(network: str, **options: object) -> Meddling:
    return Meddling(SimWire(Network(load(find(network)), 1)), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("network", ["two-way", "silent-hop"])
def test_no_more_probes_are_in_flight_than_the_wire_has_room_for(network: str) -> None:
    wire = meddling(network, most_in_flight=3)
    record = run(network, wire=wire, multipath=True)
    assert record.stopped is StopReason.COMPLETE
    free = run(network, multipath=True)
    assert set(edges_of(graph_of(record.outcomes))) == set(edges_of(graph_of(free.outcomes)))


def test_strays_are_counted_by_reason_and_do_not_change_the_outcomes() -> None:
    undisturbed = run("two-way", multipath=True)
    disturbed = run("two-way", multipath=True, wire=meddling("two-way", stray=b"\x45foreign"))
    assert disturbed.outcomes == undisturbed.outcomes
    assert set(disturbed.unmatched) == {"shorter than its headers say"}
    assert disturbed.unmatched.total() > 10


def test_ctrl_c_keeps_the_outcomes() -> None:
    record = run("two-way", multipath=True, wire=meddling("two-way", fails_after=40))
    assert record.stopped is StopReason.INTERRUPTED
    assert record.outcomes


def test_probes_that_left_before_a_batch_failed_are_counted() -> None:
    wire = Meddling(SimWire(Network(load(find("two-way")), 1)), fails_after=40)
    wire.failure = WireError("the interface is down", (0.001, 0.001, 0.001))
    record = run("two-way", multipath=True, wire=wire)
    assert record.stopped is StopReason.WIRE_ERROR
    assert record.probes_sent == len(record.outcomes) + len(record.unresolved)
    assert [probe.sent_at_s for probe in record.unresolved[-3:]] == [0.001] * 3


def test_a_wire_that_fails_late_keeps_the_outcomes_and_one_that_fails_at_once_raises() -> None:
    failure = WireError("the interface is down")
    record = run(
        "two-way", multipath=True, wire=meddling("two-way", fails_after=40, failure=failure)
    )
    assert (record.stopped, record.failure) == (StopReason.WIRE_ERROR, failure)
    assert record.outcomes
    with pytest.raises(WireError, match="the interface is down"):
        run("two-way", multipath=True, wire=meddling("two-way", fails_after=0, failure=failure))


def test_a_router_that_replies_late_is_not_silent(tmp_path: Path) -> None:
    network = tmp_path / "late.yaml"
    network.write_text("""
source: 192.0.2.1
destination: {address: 203.0.113.9}
routers:
  a: {interfaces: [198.51.100.1]}
  b: {interfaces: [198.51.100.2]}
  slow: {interfaces: [198.51.100.3], delay_ms: 900}
paths:
  - source -> a -> [b, slow] -> destination
""")
    for wait_s in (0.5, 2.0):
        record = run(str(network), multipath=True, wait_s=wait_s)
        graph = graph_of(record.outcomes)
        assert None not in {vertex.address for vertex in graph}
        assert (graph.number_of_nodes(), graph.number_of_edges()) == (5, 5)


def test_a_rate_limited_router_is_probed_at_its_rate_once_that_is_known() -> None:
    record = run("rate-limited", multipath=True, failure_probability=1e-12)
    times_s = sorted(outcome.sent_at_s for outcome in record.outcomes if outcome.request.ttl == 3)
    later = [at_s for at_s in times_s if at_s > 1]
    # Twenty replies per second, to half of the flows: no more than forty probes per second.
    assert len(later) > 30
    assert len(later) / (later[-1] - later[0]) < 44


def test_a_budget_that_runs_out_while_probes_are_held_back_ends_the_run() -> None:
    budget = Budget(max_probes=100)
    record = engine_for(
        "rate-limited", multipath=True, failure_probability=1e-4, budget=budget
    ).run()
    assert (record.stopped, record.probes_sent) == (StopReason.PROBE_BUDGET, 100)


class Stuck(SingleFlow):
    """Breaks the contract of procedures: it never ends, although it has no more to ask."""

    finished = False


def test_a_procedure_that_asks_nothing_and_is_not_finished_raises_an_error() -> None:
    engine = engine_for("plain", budget=Budget(deadline_s=1e9))
    engine.procedure = Stuck(first_ttl=1, max_ttl=3, queries=1)
    with pytest.raises(RuntimeError, match="not finished, yet asks and waits for nothing"):
        engine.run()
    assert engine.wire.now_s() < 10
