"""The command `paris-trace`: options in, a trace measured, outputs written, an exit code."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from mda.errors import ParisTraceError
from paris.errors import (
    ExitCode,
    OutputError,
    PrivilegeError,
    ResolveError,
    WireError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mda.trace import Trace
    from paris.options import Options
    from paris.run import Measurement


def entry() -> None:
    """The console script."""
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
    from paris import options as command_line

    options = command_line.parse_trace(arguments)
    from paris import outputs, run

    asked = outputs.plan_outputs(options.output)
    measurement = _measure(options)
    trace = run.assemble(measurement)
    if not options.numeric:
        trace = _named(trace)
    faults = outputs.write_all(trace, asked, options.output)
    for fault in (*_shortfalls(trace, measurement), *faults):
        complain("paris-trace", fault)
    return ExitCode.OUTPUT if faults else _verdict(trace)


def _measure(options: Options) -> Measurement:
    from paris import run

    if not (options.progress and sys.stderr is not None and sys.stderr.isatty()):
        return run.measure(options.settings)
    from paris.progress import Progress

    progress = Progress(sys.stderr)
    try:
        return run.measure(options.settings, progress.observe)
    finally:
        progress.clear()


def _named(trace: Trace) -> Trace:
    """The trace with the names of its interfaces, as far as they are quickly found."""
    from dataclasses import replace

    from paris import resolve

    addresses = {vertex.address for vertex in trace.graph if vertex.address is not None}
    addresses.discard(trace.plan.source)
    return replace(trace, names=resolve.names(sorted(addresses, key=int)))


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
            reason = f"--max-probes {settings.max_probes} is spent"
        case StopReason.TIME_BUDGET:
            reason = f"--deadline {settings.deadline_s:g} s is over"
    unfinished = len(trace.certainty.unfinished)
    return [f"{reason}: the trace is unfinished ({unfinished} vertices not fully explored)"]


def _verdict(trace: Trace) -> ExitCode:
    """The exit code that a trace stands for; see ExitCode."""
    from mda.model import ReplyKind, StopReason

    if trace.stopped is StopReason.INTERRUPTED:
        return ExitCode.INTERRUPTED
    if trace.stopped is StopReason.WIRE_ERROR:
        return ExitCode.LOCAL_NETWORK
    kinds = {reply.kind for reply in trace.replies if reply.responder == trace.plan.destination}
    if ReplyKind.SYN_ACK in kinds:
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
