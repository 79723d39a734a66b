"""The command `paris-trace`: options in, a trace measured, outputs written, an exit code."""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import TYPE_CHECKING, TypeVar

from mda.errors import ParisTraceError
from paris.errors import ExitCode, OutputError, PrivilegeError, ResolveError, WireError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mda.trace import Trace
    from paris.cli.options import Options
    from paris.formats.capture import Writer
    from paris.outputs.files import Output
    from paris.run import Hooks, Measurement
    from paris.settings import Settings

_Result = TypeVar("_Result")


def entry() -> None:
    """The console script."""
    # Imports make many objects that all stay: to look for garbage among them takes a tenth of the
    # time to the first probe.
    gc.set_threshold(50_000)
    sys.exit(guarded("paris-trace", main, sys.argv[1:]))


def guarded(program: str, command: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> int:
    """Run `command`; every failure becomes one line on standard error and an exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return command(arguments)
    except ParisTraceError as error:
        complain(program, str(error))
        return _exit_code(error)
    except KeyboardInterrupt:
        complain(program, "interrupted")
        return ExitCode.INTERRUPTED
    except Exception as error:
        if os.environ.get("PARIS_TRACE_DEBUG"):
            raise
        complain(
            program,
            f"a bug, please report it: {type(error).__name__}: {error} "
            "(PARIS_TRACE_DEBUG=1 shows where)",
        )
        return ExitCode.BUG


def complain(program: str, fault: str) -> None:
    """One line on standard error, where there is one."""
    if sys.stderr is not None:
        sys.stderr.write(f"{program}: {fault}\n")


def main(arguments: Sequence[str]) -> int:
    """Measure and write what `arguments` ask for; the exit code."""
    from paris.cli import options as command_line

    options = command_line.parse_trace(arguments)
    if options.settings is None:
        return _replay(options)
    if options.settings.network is None and "SUDO_UID" in os.environ:
        from paris.cli import privileges

        privileges.become_caller()
    from paris.outputs.registry import plan_outputs
    from paris.outputs.trace import open_capture, write_all

    asked = plan_outputs(options.output)
    if options.settings.compare:
        return _compare(options.settings, options, asked)
    with open_capture(asked) as capture:
        measurement = _measure(options.settings, options, capture)
        trace = _assembled(measurement, options)
        if capture is not None:
            capture.end(
                outcomes=trace.outcomes,
                stopped=trace.stopped,
                duration_s=trace.duration_s,
                wire=trace.wire,
                names=trace.names,
            )
    faults = write_all(trace, asked, options.output)
    if capture is not None and capture.fault is not None:
        faults.append(str(capture.fault))
    unknown = _unknown_path(trace)
    remarks = (*_shortfalls(trace, measurement), *unknown, *_hindrances(trace), *faults)
    for remark in (*remarks, *(_account(trace) if options.verbose else ())):
        complain("paris-trace", remark)
    if faults:
        return ExitCode.OUTPUT
    return ExitCode.USAGE if unknown else _verdict(trace)


def _compare(settings: Settings, options: Options, asked: tuple[Output, ...]) -> int:
    from paris import run
    from paris.outputs import comparison

    comparison.check(asked)
    measurements = _measured(options, lambda hooks: run.compare(settings, hooks))
    traces = [_assembled(one, options) for one in measurements]
    faults = comparison.write_all(comparison.comparison_of(settings, traces), asked)
    remarks = _shortfalls(traces[0], measurements[0])[:1]
    for remark in (*remarks, *_hindrances(traces[0]), *faults):
        complain("paris-trace", remark)
    if faults:
        return ExitCode.OUTPUT
    verdicts = [_verdict(trace) for trace in traces]
    return ExitCode.REACHED if ExitCode.REACHED in verdicts else verdicts[0]


def _replay(options: Options) -> int:
    from dataclasses import replace

    from paris import replay
    from paris.outputs.registry import plan_outputs
    from paris.outputs.trace import write_all

    asked = plan_outputs(options.output, is_replay=True)
    trace = replay.trace(options.replay, options.reading)
    faults = write_all(
        replace(trace, names={}) if options.numeric else trace, asked, options.output
    )
    for remark in (*faults, *(_account(trace) if options.verbose else ())):
        complain("paris-trace", remark)
    return ExitCode.OUTPUT if faults else _verdict(trace)


def _measure(settings: Settings, options: Options, capture: Writer | None) -> Measurement:
    from dataclasses import replace

    from paris import run

    return _measured(options, lambda hooks: run.measure(settings, replace(hooks, capture=capture)))


def _measured(options: Options, measure: Callable[[Hooks], _Result]) -> _Result:
    """What `measure` returns; meanwhile progress is shown and privileges are given up."""
    from paris import run

    settings = options.settings

    def before_parsing() -> None:
        if settings is not None and settings.network is None:
            from paris.cli import privileges

            privileges.give_up()

    if not (options.progress and sys.stderr is not None and sys.stderr.isatty()):
        return measure(run.Hooks(before_parsing=before_parsing))
    from paris.cli.progress import Progress

    progress = Progress(sys.stderr)
    try:
        return measure(run.Hooks(before_parsing=before_parsing, observe=progress.observe))
    finally:
        progress.clear()


def _assembled(measurement: Measurement, options: Options) -> Trace:
    """The trace, with the names of its interfaces as far as they are wanted and quickly found."""
    from paris import run

    trace = run.assemble(measurement)
    if options.numeric:
        return trace
    from dataclasses import replace

    from paris import resolve

    addresses = {vertex.address for vertex in trace.dag if vertex.address is not None}
    addresses.discard(trace.plan.source)
    return replace(trace, names=resolve.names(sorted(addresses, key=int)))


def _account(trace: Trace) -> list[str]:
    """What became of every packet, one line each subject."""
    from mda.model import Loss

    wire = trace.wire
    answered = len(trace.answered)
    lost = {outcome.request for outcome in trace.outcomes if isinstance(outcome, Loss)}
    lost -= trace.answered
    strays = [f"{number} {reason}" for reason, number in trace.unmatched.items()]
    again = trace.probes_sent - answered - len(lost) - len(trace.unresolved)
    hidden = ", ".join(wire.hidden)
    otherwise = f" ({wire.sent_otherwise} by the program)" if wire.sent_otherwise else ""
    return [
        f"wire: {wire.wire}; timestamps: sent by {wire.sent.value}{otherwise}, received by "
        f"{wire.received.value}; {f'hidden: {hidden}' if hidden else 'nothing hidden'}",
        f"{trace.probes_sent} sent, {answered} answered, {len(lost)} lost, "
        f"{len(trace.unresolved)} open at the end"
        + (f", {again} resent because the reply did not identify its probe" if again else ""),
        f"dropped on this machine: {wire.dropped} replies (receive queue full), "
        f"{wire.reverse_path} datagrams (reverse path filter); {wire.waits} sends waited for a "
        "full queue",
        f"ignored datagrams: {'; '.join(strays) or 'none'}",
    ]


def _hindrances(trace: Trace) -> list[str]:
    """What this machine did to the measurement, and the remedy, one line each."""
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


def _shortfalls(trace: Trace, measurement: Measurement) -> list[str]:
    """What the user should know about a trace that was cut short, one line each."""
    from mda.model import StopReason

    failure = measurement.record.failure
    settings = measurement.settings
    match trace.stopped:
        case StopReason.COMPLETE:
            return []
        case StopReason.WIRE_ERROR:
            return [f"{failure}; what was measured before is kept, unfinished"]
        case StopReason.INTERRUPTED:
            reason = "interrupted"
        case StopReason.PROBE_BUDGET:
            reason = f"stopped at --max-probes {settings.max_probes}"
        case StopReason.TIME_BUDGET:
            reason = f"stopped at --deadline {settings.deadline_s:g} s"
    unfinished = len(trace.certainty.unfinished)
    return [f"{reason}: the trace is unfinished ({unfinished} vertices not fully explored)"]


def _unknown_path(trace: Trace) -> list[str]:
    """That the path to follow is none, or not one alone."""
    path = trace.plan.follow
    if path is None or trace.followed:
        return []
    if not trace.routes:
        return [f"--follow {path}: no path can be selected by ports"]
    through = sum(any(str(v.address) == path for v in route.vertices) for route in trace.routes)
    what = f"{through} paths go through it" if through else f"there are {len(trace.routes)} paths"
    return [f"--follow {path}: {what}; give a number that --paths lists"]


def _verdict(trace: Trace) -> ExitCode:
    """The exit code that a trace stands for; see ExitCode."""
    from mda.model import ReplyKind, StopReason

    if trace.stopped is StopReason.INTERRUPTED:
        return ExitCode.INTERRUPTED
    if trace.stopped is StopReason.WIRE_ERROR:
        return ExitCode.LOCAL_NETWORK
    kinds = {reply.kind for reply in trace.replies if reply.responder == trace.plan.destination}
    if kinds & {ReplyKind.SYN_ACK, ReplyKind.UDP_ANSWER}:
        return ExitCode.REACHED
    if ReplyKind.RST in kinds:
        return ExitCode.PORT_CLOSED
    if any(reply.is_prohibition for reply in trace.replies):
        return ExitCode.FILTERED
    return ExitCode.REACHED if trace.reached else ExitCode.NOT_REACHED


def _exit_code(error: ParisTraceError) -> ExitCode:
    match error:
        case ResolveError():
            return ExitCode.NO_NAME
        case PrivilegeError():
            return ExitCode.NO_PRIVILEGE
        case WireError():
            return ExitCode.LOCAL_NETWORK
        case OutputError():
            return ExitCode.OUTPUT
        case _:
            return ExitCode.USAGE
