"""Remarks about a trace on standard error: the fate of packets, disturbances, missing results."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.trace import Trace
    from paris.run import Measurement


def account(trace: Trace) -> list[str]:
    """The fate of every packet, a line per subject."""
    from mda.model import Loss

    wire = trace.wire
    answered = len(trace.answered)
    lost = {outcome.request for outcome in trace.outcomes if isinstance(outcome, Loss)}
    lost -= trace.answered
    strays = [f"{number} {reason}" for reason, number in trace.unmatched.items()]
    again = trace.probes_sent - answered - len(lost) - len(trace.unresolved)
    hidden = ", ".join(wire.hidden)
    if wire.tool is not None:
        return [
            f"measured by {wire.tool}; what its machine dropped is unknown",
            f"{trace.probes_sent} sent, {answered} answered, {len(lost)} lost, "
            f"{again + len(trace.unresolved)} of which the file says nothing more",
        ]
    otherwise = f" ({wire.sent_otherwise} by the program)" if wire.sent_otherwise else ""
    return [
        f"wire: {wire.wire}; timestamps: sent by {wire.sent.value}{otherwise}, received by "
        f"{wire.received.value}; {f'hidden: {hidden}' if hidden else 'nothing hidden'}",
        f"{trace.probes_sent} sent, {answered} answered, {len(lost)} lost, "
        f"{len(trace.unresolved)} open at the end"
        + (f", {again} resent because no reply could tell whether they arrived" if again else ""),
        f"dropped on this machine: {wire.dropped} replies (receive queue full), "
        f"{wire.reverse_path} datagrams (reverse path filter); {wire.waits} sends waited for a "
        "full queue",
        f"ignored datagrams: {'; '.join(strays) or 'none'}",
        *(
            f"not sent, because the system refused to: {own.probes} probes of {own.flows} flows "
            f"({own.reason})"
            for own in wire.withheld
        ),
    ]


def hindrances(trace: Trace) -> list[str]:
    """How this machine disturbed the measurement, and the remedy, a line per cause."""
    wire = trace.wire
    found = []
    if wire.reverse_path:
        found.append(
            f"the reverse path filter of this machine dropped {wire.reverse_path} datagrams "
            "during the trace, perhaps replies: to receive them, run "
            "sudo sysctl -w net.ipv4.conf.all.rp_filter=2, or use --wire bulk"
        )
    if wire.dropped:
        found.append(
            f"{wire.dropped} replies were dropped because the receive queue was full: "
            "lower --rate, or raise net.core.rmem_max"
        )
    return found


def shortfalls(traces: Sequence[Trace], measurement: Measurement) -> list[str]:
    """Why the traces of a run are unfinished, and what they lack; empty if they are complete."""
    from mda.model import StopReason
    from paris.engine.setup import budget_of

    failure = measurement.record.failure
    settings = measurement.settings
    match traces[0].stopped:
        case StopReason.COMPLETE:
            return []
        case StopReason.WIRE_ERROR if not any(trace.probes_sent for trace in traces):
            return [str(failure)]
        case StopReason.WIRE_ERROR:
            return [f"{failure}; partial results are kept"]
        case StopReason.INTERRUPTED:
            reason = "interrupted"
        case StopReason.PROBE_BUDGET:
            reason = f"stopped at --max-probes {budget_of(settings).max_probes}"
        case StopReason.TIME_BUDGET:
            reason = f"stopped at --deadline {settings.budget.deadline_s:g} s"
    from render.words.quantities import count

    unfinished = {known.vertex for trace in traces for known in trace.certainty.unfinished}
    lacking = count(len(unfinished), "vertex", "vertices")
    lacks = f" ({lacking} not fully explored)" if unfinished else ""
    return [f"{reason}: the trace is unfinished{lacks}"]


def unknown_path(trace: Trace) -> list[str]:
    """A remark if --follow does not select exactly one path; else empty."""
    from mda.studies.registry import FOLLOW

    found = trace.found(FOLLOW)
    if found is None or found.path is not None or not trace.is_complete:
        return []
    name = trace.plan.studies[FOLLOW.name]
    if not found.every:
        return [f"--follow {name}: no path can be selected by ports"]
    through = sum(
        any(str(vertex.address) == name for vertex in path.vertices) for path in found.every
    )
    reason = f"{through} paths go through it" if through else f"there are {len(found.every)} paths"
    return [f"--follow {name}: {reason}; give a number that --paths lists"]
