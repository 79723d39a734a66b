"""The command `paris-trace`: reads options, measures a trace, writes outputs, returns a code."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING, TypeVar

from paris.cli.exits import complain, guarded, verdict
from paris.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mda.trace import Trace
    from paris.cli.options import Options
    from paris.formats.capture import Writer
    from paris.run import Hooks, Measurement
    from paris.settings import Settings

_Result = TypeVar("_Result")


def entry() -> None:
    """The console script."""
    # Imports create many lasting objects. Searching them for garbage would take a tenth of the time
    # to the first probe.
    gc.set_threshold(50_000)
    sys.exit(guarded("paris-trace", main, sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Measure a trace and write its outputs, as `arguments` ask. Returns the exit code."""
    from paris.cli import options as command_line

    options = command_line.parse_trace(arguments)
    if options.settings is None:
        return _replay(options)
    if options.settings.target.network is None and "SUDO_UID" in os.environ:
        from paris.cli import privileges

        privileges.become_caller()
    if options.settings.study.compare:
        return _compare(options.settings, options)
    from paris.outputs.asked import plan_outputs
    from paris.outputs.writing import open_capture, write_trace

    asked = plan_outputs(options.output)
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
                facts=trace.facts,
            )
    faults = write_trace(trace, asked, options.output)
    if capture is not None and capture.fault is not None:
        faults.append(str(capture.fault))
    from paris.cli import remarks  # not before the first probe

    unknown = remarks.unknown_path(trace)
    lines = [*remarks.shortfalls(trace, measurement), *unknown, *remarks.hindrances(trace), *faults]
    for line in (*lines, *(remarks.account(trace) if options.verbose else ())):
        complain("paris-trace", line)
    if faults:
        return ExitCode.OUTPUT
    return ExitCode.USAGE if unknown else verdict(trace)


def _compare(settings: Settings, options: Options) -> int:
    from paris import run
    from paris.outputs import comparison
    from paris.outputs.asked import plan_outputs
    from paris.outputs.writing import write_comparison

    asked = plan_outputs(options.output, is_comparison=True)
    measurements = _measured(options, lambda hooks: run.compare(settings, hooks))
    traces = [_assembled(measurement, options) for measurement in measurements]
    faults = write_comparison(comparison.comparison_of(settings, traces), asked, options.output)
    from paris.cli import remarks  # not before the first probe

    lines = remarks.shortfalls(traces[0], measurements[0])[:1]
    lines += [*remarks.hindrances(traces[0]), *faults]
    if options.verbose:
        accounts = zip(settings.study.compare, map(remarks.account, traces), strict=True)
        lines += [f"{lane.name}: {line}" for lane, account in accounts for line in account]
    for line in lines:
        complain("paris-trace", line)
    if faults:
        return ExitCode.OUTPUT
    verdicts = [verdict(trace) for trace in traces]
    return ExitCode.REACHED if ExitCode.REACHED in verdicts else verdicts[0]


def _replay(options: Options) -> int:
    from paris import replay
    from paris.cli.remarks import account
    from paris.lookup.facts import with_facts, without_facts
    from paris.outputs.asked import plan_outputs
    from paris.outputs.writing import write_trace

    asked = plan_outputs(options.output, is_replay=True)
    trace = without_facts(replay.trace(options.replay, options.reading), options.hidden)
    trace = with_facts(trace, options.lookups)
    faults = write_trace(trace, asked, options.output)
    cut = _interruption(options.replay, trace)
    for remark in (*cut, *faults, *(account(trace) if options.verbose else ())):
        complain("paris-trace", remark)
    return ExitCode.OUTPUT if faults else verdict(trace)


def _interruption(file: str, trace: Trace) -> tuple[str, ...]:
    """What to say of a file whose measurement did not come to its end."""
    from mda.model import StopReason

    if trace.stopped is not StopReason.INTERRUPTED:
        return ()
    return (f"{file}: the measurement was interrupted, or the end of the file is missing",)


def _measure(settings: Settings, options: Options, capture: Writer | None) -> Measurement:

    from paris import run

    return _measured(options, lambda hooks: run.measure(settings, hooks._replace(capture=capture)))


def _measured(options: Options, measure: Callable[[Hooks], _Result]) -> _Result:
    """Call `measure` with hooks that show progress and drop privileges before any parsing."""
    from paris import run

    settings = options.settings

    def before_parsing() -> None:
        if settings is not None and settings.target.network is None:
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
    """The trace, with what lookups find about its interfaces."""
    from paris import run

    trace = run.assemble(measurement)
    if not options.lookups:
        return trace
    from paris.lookup.facts import with_facts

    return with_facts(trace, options.lookups)
