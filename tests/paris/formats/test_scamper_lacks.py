"""What a file of scamper loses of a trace is what does not come back, and a line says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mda.model import Loss, ReplyKind, StopReason
from paris.errors import ExitCode
from paris.formats.scamper_lacks import of_json, of_warts
from tests.support.commands import run
from tests.support.scamper import multipath, single_path

if TYPE_CHECKING:
    from pathlib import Path

SIMULATED = "that the network is simulated"
GRAPH = "the confidence for the whole graph"


def test_a_multipath_trace_loses_the_probes_to_its_first_hop() -> None:
    trace = multipath("two-way")
    near = sum(own.request.ttl == 1 for own in trace.outcomes)
    first = f"probes to the first hop, other than who replied ({near})"
    assert of_warts(trace) == of_json(trace) == (first, SIMULATED, GRAPH)


def test_a_trace_of_one_flow_loses_the_probes_beyond_its_last_hop() -> None:
    trace = single_path("two-way")
    far = sum(own.request.ttl > 6 for own in trace.outcomes)
    assert of_warts(trace) == (f"probes beyond the last hop ({far})", SIMULATED)


def test_json_loses_what_warts_keeps_of_interfaces_and_echoes() -> None:
    interfaces, echoes = multipath("named-interfaces"), multipath("unequal-length")
    assert set(of_json(interfaces)) - set(of_warts(interfaces)) == {
        "what routers say of interfaces"
    }
    assert set(of_json(echoes)) - set(of_warts(echoes)) == {"the echo identifier"}


def test_each_kind_of_value_is_named_with_its_number() -> None:
    trace = multipath("lossy")
    changed = trace.replace(
        outcomes=tuple(
            own
            if isinstance(own, Loss)
            else own._replace(changed=("sport",), in_tunnel=True, mtu=9)
            for own in trace.outcomes
        ),
        names={trace.plan.destination: "x"},
        facts={"site": {trace.plan.destination: "y"}},
        stopped=StopReason.INTERRUPTED,
        plan=trace.plan.replace(network=None),
    )
    assert of_warts(changed)[1:] == (
        "rewritten headers", "quotes inside tunnels", "MTUs", GRAPH, "why the trace ended early",
        "networks and places",
    )  # fmt: skip


@pytest.mark.parametrize("suffix", ["warts", "scamper.jsonl"])
def test_the_command_says_in_a_line_what_a_file_loses(suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"x.{suffix}"
    ran = run("--sim", "two-way", "--mda", "-o", str(file))
    assert ran.returncode == ExitCode.REACHED
    assert ran.stderr == (
        f"paris-trace: {file} has no place for: probes to the first hop, other than who replied (7)"
        f"; {SIMULATED}; {GRAPH}\n"
    )
    assert "8 vertices" in run(str(file), program="paris-render").stdout


def test_answers_by_udp_are_left_out_of_a_multipath_trace() -> None:
    trace = multipath("two-way")
    answered = trace.replace(
        outcomes=tuple(
            own
            if isinstance(own, Loss) or own.kind is ReplyKind.TIME_EXCEEDED
            else own._replace(kind=ReplyKind.UDP_ANSWER, icmp_type=None, icmp_code=None)
            for own in trace.outcomes
        )
    )
    number = sum(own.kind is ReplyKind.UDP_ANSWER for own in answered.replies)
    assert f"answers by UDP ({number})" in of_warts(answered)
