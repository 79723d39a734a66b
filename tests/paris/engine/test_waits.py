"""How long replies are waited for: by rule, and on paths that are far, slow, silent or lossy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mda.model import StopReason
from paris.engine.waits import MOST_WAIT_S, Waits
from paris.run import assemble, measure
from paris.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mda.trace import Trace


def test_a_ttl_without_replies_gets_the_whole_wait_however_near_the_hops_before_are() -> None:
    waits = Waits()
    waits.replied(1, 0.001, 0.0)
    waits.replied(2, 0.004, 0.0)
    assert waits.timeout_s(3) == waits.whole_s(3) == MOST_WAIT_S
    assert Waits(9.0).timeout_s(3) == 9.0


def test_a_ttl_that_replied_gets_three_times_the_slowest_reply_from_there_on() -> None:
    waits = Waits()
    waits.replied(5, 0.4, 0.0)
    waits.replied(2, 0.1, 0.0)
    waits.replied(1, 0.9, 0.0)
    assert waits.timeout_s(5) == pytest.approx(1.2)
    assert waits.timeout_s(2) == pytest.approx(1.2)
    assert waits.timeout_s(1) == pytest.approx(2.7)
    waits.replied(7, 0.001, 0.0)
    assert waits.timeout_s(7) == 0.25


def test_a_silence_before_a_hop_that_replied_lasts_2_s_or_three_times_its_slowest_reply() -> None:
    waits = Waits()
    waits.replied(9, 0.001, 0.0)
    assert waits.timeout_s(4) == waits.whole_s(4) == 2.0
    waits.replied(9, 1.5, 0.0)
    assert waits.whole_s(4) == pytest.approx(4.5)


def test_a_silence_that_ends_a_path_lasts_3_5_s_and_the_slowest_round_trip() -> None:
    waits = Waits()
    waits.replied(9, 0.1, 0.0)
    assert waits.whole_s(4, is_end=True) == pytest.approx(3.6)
    waits.replied(8, 1.6, 0.0)
    assert waits.whole_s(9, is_end=True) == waits.whole_s(4, is_end=True) == MOST_WAIT_S
    assert Waits(1.0).whole_s(4, is_end=True) == 1.0


def test_a_slow_reply_is_forgotten_when_quicker_ones_have_come_for_two_minutes() -> None:
    waits = Waits()
    waits.replied(9, 1.5, 0.0)
    for second in range(1, 120):
        waits.replied(5, 0.1, second)
        assert waits.slowest_s == 1.5
        assert waits.timeout_s(5) == pytest.approx(4.5)
    waits.replied(5, 0.1, 120.0)
    assert waits.slowest_s == 0.1
    assert waits.timeout_s(5) == pytest.approx(0.3)
    assert waits.timeout_s(9) == pytest.approx(4.5)  # nothing else is known of it


def test_a_wait_chosen_by_the_user_is_not_shortened_where_nothing_replied() -> None:
    waits = Waits(4.0)
    waits.replied(9, 0.001, 0.0)
    assert waits.timeout_s(4) == waits.whole_s(4) == waits.whole_s(9) == 4.0


def test_the_whole_wait_is_spent_once_on_each_ttl() -> None:
    waits = Waits()
    waits.gave_up(3, 1.0)
    assert waits.timeout_s(3) == MOST_WAIT_S
    waits.gave_up(3, MOST_WAIT_S)
    assert waits.timeout_s(3) == 0.25
    waits.replied(3, 4.0, 0.0)
    assert waits.timeout_s(3) == MOST_WAIT_S


def test_no_wait_is_longer_than_the_wire_accepts_replies() -> None:
    assert Waits(most_s=0.95).timeout_s(3) == 0.95
    assert Waits(4.0, most_s=0.95).timeout_s(3) == 0.95


HOPS = 7  # the destination is the last
ROUTERS = ("r1", "r2", "a", "b", "r4", "r5", "r6", "destination")
NETWORK = """\
source: 192.0.2.1
destination: {{address: 203.0.113.9, {destination}}}
routers:
  r1: {{interfaces: [198.51.100.1], {r1}}}
  r2: {{interfaces: [198.51.100.2], {r2}}}
  a: {{interfaces: [198.51.100.3], {a}}}
  b: {{interfaces: [198.51.100.4], {b}}}
  r4: {{interfaces: [198.51.100.5], {r4}}}
  r5: {{interfaces: [198.51.100.6], {r5}}}
  r6: {{interfaces: [198.51.100.7], {r6}}}
paths:
  - source -> r1 -> r2 -> [a, b] -> r4 -> r5 -> r6 -> destination
"""
# Each branch enters the last router by another interface, which replies in IPv6.
FOUR_BRANCHES = """\
source: 2001:db8::1
destination: {{address: "2001:db8:f::9"{limit}}}
routers:
  r1: {{interfaces: ["2001:db8:a::1"]}}
  lb: {{interfaces: ["2001:db8:a::2"]}}
""" + "".join(
    f"""\
  a{n}: {{{{interfaces: ["2001:db8:b::{n}"]}}}}
  b{n}: {{{{interfaces: ["2001:db8:c::{n}"]}}}}
"""
    for n in range(1, 5)
) + "paths:\n" + "".join(
    f"  - source -> r1 -> lb -> a{n} -> b{n} -> destination\n" for n in range(1, 5)
)  # fmt: skip
AT = {
    1: ("r1",),
    2: ("r2",),
    3: ("a", "b"),
    4: ("r4",),
    5: ("r5",),
    6: ("r6",),
    7: ("destination",),
}
MODES = {
    "single": {"multipath": False},
    "mda": {"multipath": True, "failure_probability": 1e-6},
    "lite": {"multipath": True, "lite": True, "failure_probability": 1e-6},
}


def traced(
    folder: Path, mode: str, answering: Mapping[str, str] | None = None, *,
    seed: int = 1, wait_s: float | None = None, protocol: str = "udp",
) -> Trace:  # fmt: skip
    """A trace of NETWORK, whose routers answer as stated."""
    file = folder / "network.yaml"
    file.write_text(NETWORK.format(**dict.fromkeys(ROUTERS, "burst: 6") | dict(answering or {})))
    settings = Settings.of(network=str(file), seed=seed, wait_s=wait_s, protocol=protocol,
                        **MODES[mode])  # type: ignore[arg-type]  # fmt: skip
    return assemble(measure(settings))


def silences(trace: Trace) -> list[int]:
    """The TTLs of the silent vertices, up to the destination."""
    return sorted(vertex.ttl for vertex in trace.graph if vertex.address is None)


def assert_complete(trace: Trace, mode: str, silent: tuple[int, ...] = ()) -> None:
    assert trace.stopped is StopReason.COMPLETE
    assert trace.reached
    assert silences(trace) == list(silent)
    width = {"single": 1}.get(mode, 2)
    assert len(trace.graph) == 1 + HOPS - 1 + width
    assert trace.graph.number_of_edges() == HOPS - 2 + 2 * width


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("ttl", AT)
@pytest.mark.parametrize("jump_s", [0.1, 0.8, 4.0])
def test_every_path_is_found_if_some_hops_are_far_away(
    mode: str, ttl: int, jump_s: float, tmp_path: Path
) -> None:
    far = dict.fromkeys(AT[ttl], f"delay_ms: {jump_s * 1000}")
    trace = traced(tmp_path, mode, far)
    assert_complete(trace, mode)
    # Nothing is asked twice only because it is far away: the order of replies costs a few probes,
    # and where the first reply takes long the scout goes further before it comes.
    if mode != "single":
        assert trace.probes_sent <= 1.3 * traced(tmp_path, mode).probes_sent


@pytest.mark.parametrize("seed", range(10))
def test_a_destination_with_ten_replies_per_second_costs_few_probes(
    tmp_path: Path, seed: int
) -> None:
    """It is asked through each of four branches, which takes 27 replies at least."""
    sent = []
    for limit in ("", ", rate_pps: 10, burst: 6"):
        network = tmp_path / "network.yaml"
        network.write_text(FOUR_BRANCHES.format(limit=limit))
        trace = assemble(measure(Settings.of(network=str(network), seed=seed, multipath=True)))
        assert trace.stopped is StopReason.COMPLETE
        assert trace.graph.number_of_edges() == 14
        sent.append(trace.probes_sent)
    assert sent[1] <= 1.3 * sent[0]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("ttl", AT)
@pytest.mark.parametrize("late_s", [0.3, 1.9])
def test_a_router_that_replies_late_is_not_silent(
    mode: str, ttl: int, late_s: float, tmp_path: Path
) -> None:
    slow = dict.fromkeys(AT[ttl], f"answers_after_ms: {late_s * 1000}")
    assert_complete(traced(tmp_path, mode, slow), mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("ttl", AT)
def test_a_longer_wait_chosen_by_the_user_finds_a_slower_router(
    mode: str, ttl: int, tmp_path: Path
) -> None:
    slow = dict.fromkeys(AT[ttl], "answers_after_ms: 6500")
    assert_complete(traced(tmp_path, mode, slow, wait_s=7.0), mode)


@pytest.mark.parametrize("mode", ["mda", "lite"])
@pytest.mark.parametrize("late_s", [0.3, 0.7, 1.0, 1.9])
@pytest.mark.parametrize("what", ["delay_ms", "answers_after_ms"])
def test_a_slow_branch_beside_a_quick_one_is_not_silent(
    mode: str, late_s: float, what: str, tmp_path: Path
) -> None:
    assert_complete(traced(tmp_path, mode, {"b": f"{what}: {late_s * 1000}"}), mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("ttl", AT)
def test_far_paths_with_a_silent_hop_and_loss_are_found(
    mode: str, ttl: int, tmp_path: Path
) -> None:
    answering = dict.fromkeys(ROUTERS, "loss: 0.05")
    silent = 5 if ttl != 5 else 6
    answering |= dict.fromkeys(AT[silent], "silent: true")
    answering |= dict.fromkeys(AT[ttl], "delay_ms: 1200, loss: 0.05")
    for seed, protocol in enumerate(("udp", "tcp", "icmp"), start=1):
        trace = traced(tmp_path, mode, answering, seed=seed, protocol=protocol)
        if mode == "single":
            assert trace.reached
            assert silent in silences(trace)
        elif protocol != "icmp":
            assert_complete(trace, mode, silent=(silent,))
        # What is lost is asked again after three round trips, a few times one after another.
        assert trace.duration_s < 20


@pytest.mark.parametrize("mode", MODES)
def test_all_silences_of_a_trace_share_one_wait(mode: str, tmp_path: Path) -> None:
    mute = "silent: true"
    trace = traced(tmp_path, mode, dict.fromkeys(("r2", "b", "r5"), mute))
    assert trace.duration_s < 2.9  # with a second probe, after the first were lost
    trace = traced(tmp_path, mode, dict.fromkeys(("r2", "b", "r5"), mute), wait_s=3.0)
    assert trace.duration_s < 3.9
    dead = dict.fromkeys(("r5", "r6", "destination"), mute)
    assert traced(tmp_path, mode, dead).duration_s < MOST_WAIT_S + 0.8
    both = dict.fromkeys(("r1", "r2", "a", "b", "destination"), mute)
    trace = traced(tmp_path, mode, both)
    assert max(vertex.ttl for vertex in trace.graph if vertex.address) == HOPS - 1
    assert trace.duration_s < 0.5 + MOST_WAIT_S + 0.8  # it goes on after half a second of silence


DOWN = {
    4: ("192.0.2.1", "203.0.113.9", "198.51.100.{}"),
    6: ("2001:db8::1", "2001:db8:ffff::9", "2001:db8:1::{}"),
}
DOWN_PATHS = {
    "one path": ["a -> b -> c"],
    "one last router": ["a -> b -> c", "a -> d -> e -> f -> c"],
    "two last routers": ["a -> b", "a -> c -> d -> e"],
}


def with_a_host_down(folder: Path, paths: str, version: int) -> str:
    """A file with a network of DOWN_PATHS whose destination is down."""
    source, destination, interface = DOWN[version]
    ways = DOWN_PATHS[paths]
    routers = sorted(set("".join(ways)) - set(" ->"))
    lines = [
        f"source: '{source}'",
        f"destination: {{address: '{destination}', down_after_ms: 3000}}",
    ]
    lines += ["routers:"]
    lines += [
        f"  {name}: {{interfaces: ['{interface.format(number)}']}}"
        for number, name in enumerate(routers, start=1)
    ]
    lines += ["paths:", *(f"  - source -> {way} -> destination" for way in ways)]
    file = folder / "down.yaml"
    file.write_text("\n".join(lines))
    return str(file)


@pytest.mark.parametrize("max_ttl", [5, 30])
@pytest.mark.parametrize("paths", DOWN_PATHS)
@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("mode", MODES)
def test_a_host_that_is_down_is_reported_as_unreachable_and_not_as_silent(
    mode: str, version: int, paths: str, max_ttl: int, tmp_path: Path
) -> None:
    network = with_a_host_down(tmp_path, paths, version)
    for wait_s in (None, 5.0):
        gap = {} if mode == "single" else {"gap_limit": 1}
        settings = Settings.of(network=network, max_ttl=max_ttl, wait_s=wait_s, **gap,
                               **MODES[mode])  # type: ignore[arg-type]  # fmt: skip
        trace = assemble(measure(settings))
        assert silences(trace) == []
        if mode != "single" or max_ttl == 30:  # the one flow may take the longer path
            assert any(reply.ends_path for reply in trace.replies)


def test_probing_goes_on_while_a_host_may_be_down(tmp_path: Path) -> None:
    network = with_a_host_down(tmp_path, "one path", 4)
    trace = assemble(measure(Settings.of(network=network, multipath=True)))
    assert trace.duration_s < 3.1


@pytest.mark.parametrize("mode", MODES)
def test_a_trace_without_silence_does_not_wait(mode: str, tmp_path: Path) -> None:
    assert traced(tmp_path, mode).duration_s < 0.2
