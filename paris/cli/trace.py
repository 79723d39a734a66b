"""The command `paris-trace`: reads options, measures a trace, writes outputs, returns a code."""

from __future__ import annotations

import os
import sys
from functools import cache, partial
from typing import TYPE_CHECKING

from paris.cli.exits import complain, ended, excused, explain, verdict
from paris.cli.signals import taken_over
from paris.engine.stopping import SkippedError
from paris.errors import ExitCode, NobodyReadsError, OutputError, WireError
from paris.outputs.files import STANDARD_OUTPUT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mda.errors import ParisTraceError
    from mda.model import Outcome
    from mda.trace import Trace
    from paris.cli.options import Options
    from paris.cli.screen import Screen
    from paris.cli.signals import Signals
    from paris.cli.watching import Watcher
    from paris.lookup.facts import Facts
    from paris.outputs.files import Output
    from paris.outputs.journal import Journal
    from paris.run import Hooks, Measurement
    from paris.settings import Lane, Settings


def entry() -> None:
    """The console script."""
    # numpy's OpenBLAS begins threads, of no use here, and raises SIGINT where there are none.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    ended("paris-trace", main)


def main(arguments: Sequence[str]) -> int:
    """Measure a trace and write its outputs, as `arguments` ask. Returns the exit code."""
    from paris.cli import options as command_line
    from paris.cli import own_options

    if not arguments:
        from paris.cli.parser import BARE

        explain(BARE)
        return ExitCode.USAGE
    if own_options.asks_for_account(arguments):
        from paris.outputs.files import write

        write(STANDARD_OUTPUT, own_options.account(arguments).encode())
        return ExitCode.REACHED
    options = command_line.parse_trace(own_options.with_own(arguments))
    if options.settings is None:
        return _replay(options)
    if options.settings.target.network is None and "SUDO_UID" in os.environ:
        from paris.cli import privileges

        stays_root = privileges.become_caller()
        if stays_root is not None:
            complain("paris-trace", stays_root)
    # A simulated network has its own clock.
    is_real = options.settings.target.network is None
    with taken_over(options.settings.budget.deadline_s if is_real else None) as signals:
        run = _Run(options.settings, options, signals)
        return run.forecast() if options.is_dry_run else run.result()


# A dataclass would delay the first probe by half a millisecond.
class _Run:
    """One measurement, from its settings to its outputs.

    `signals` says what signals ask for, and `journals` keep what is measured.
    """

    def __init__(self, settings: Settings, options: Options, signals: Signals) -> None:
        self.settings = settings
        self.options = options
        self.signals = signals
        self.journals: list[Journal] = []
        self.screen: Screen | None = None
        self.watcher: Watcher | None = None
        self._say = cache(self._tell)  # each line once
        self._held: list[str] = []  # lines that would be lost on the screen

    def result(self) -> ExitCode:
        """Measure, write the outputs, and say on standard error what they do not."""
        try:
            return self._outputs()
        except KeyboardInterrupt:
            self.signals.end()
            if not self.journals:
                raise
            complain("paris-trace", "; ".join(("interrupted", *self._places(is_whole=False))))
            return ExitCode.INTERRUPTED
        except BaseException:
            for place in self._places(is_whole=False):
                complain("paris-trace", place)
            raise

    def forecast(self) -> ExitCode:
        """Say on standard output what `result` would do; send and write nothing else."""
        from paris import forecast
        from paris.cli.dry_run import account
        from paris.outputs.files import write

        self._planned()
        opened = forecast.opened(self.settings, self._lanes())
        self._before_parsing()
        version = opened[0].plan.source.version
        expected = forecast.expected(self.settings, version, self._measured_as)
        write(STANDARD_OUTPUT, account(self.settings, opened, expected).encode())
        return ExitCode.REACHED

    def _planned(self) -> tuple[Facts, tuple[Output, ...]]:
        """The lookups and the outputs, checked. Raises a ParisTraceError where they cannot be."""
        from paris.lookup.facts import Facts
        from paris.outputs.asked import plan_outputs
        from paris.outputs.registry import Subject

        facts = Facts(self.options.lookups, self._say)
        facts.check()
        network = self.settings.target.network
        values = [value for asked in self.options.lookups for value in asked.values]
        outputs = plan_outputs(
            self.options.output,
            subject=Subject.COMPARISON if self.settings.study.compare else Subject.TRACE,
            inputs=[*values, *(() if network is None else (network,))],
        )
        return facts, outputs

    def _outputs(self) -> ExitCode:
        from paris import run

        facts, outputs = self._planned()
        if self.options.stream == STANDARD_OUTPUT:
            outputs = tuple(own for own in outputs if own.file != STANDARD_OUTPUT)
        self._open_screen()
        self._open_watcher()
        self._open_journals(outputs)
        measurements = self._measured(facts)
        for journal, measurement in zip(self.journals, measurements, strict=False):
            journal.end(measurement.record)
        traces = [run.assemble(measurement) for measurement in measurements]
        remarks = []
        if self.options.lookups:
            try:
                with self.signals.skippable():
                    traces = facts.added_to(traces)
            except SkippedError:
                remarks.append("interrupted: what is shown of addresses was not looked up")
        for journal, trace in zip(self.journals, traces, strict=False):
            journal.found(trace)
        faults = [*self._write(traces, outputs), *self._drained(), *self._end_watch(outputs)]
        places = self._places(is_whole=all(isinstance(own, NobodyReadsError) for own in faults))
        return self._said(traces, measurements, [*remarks, *map(str, faults), *places])

    def _open_journals(self, outputs: Sequence[Output]) -> None:
        from paris.outputs.journal import Journal
        from paris.outputs.registry import CAPTURE

        # A simulated network is as easily measured again.
        if self.settings.target.network is None or any(own.format == CAPTURE for own in outputs):
            labels = [f"-{lane.name.replace('/', '-')}" for lane in self._lanes()] or [""]
            self.journals.extend(Journal(outputs, label, self._say) for label in labels)

    def _open_screen(self) -> None:
        if not self.options.progress or sys.stderr is None or not sys.stderr.isatty():
            return
        if os.environ.get("TERM") == "dumb":  # which cannot rewrite a line
            return
        from paris.cli.screen import Screen

        # Without a watch, what somebody types is for the shell.
        self.screen = Screen(hears_keys=self.settings.repeat.every_s is not None)

    def _open_watcher(self) -> None:
        if self.settings.repeat.every_s is None:
            return
        from paris.cli.watching import Watcher
        from paris.outputs.lines import Lines

        stream = self.options.stream
        self.watcher = Watcher(
            self._target(),
            None if stream is None else Lines(stream, self.signals.is_asked),
            # `_say` would keep each change.
            (lambda _: None) if self.options.output.quiet else partial(complain, "paris-trace"),
            self.signals.is_asked,
            self.screen,
        )

    def _tell(self, line: str) -> None:
        if self.screen is not None and self.screen.is_drawing:
            self._held.append(line)
        else:
            complain("paris-trace", line)

    def _target(self) -> str:
        return self.settings.target.host or self.settings.target.network or ""

    def _end_watch(self, outputs: Sequence[Output]) -> list[OutputError]:
        """Show the final table if standard output has no text; returns what was not written."""
        if self.watcher is None:
            return []
        has_text = any(own == (STANDARD_OUTPUT, "txt") for own in outputs)
        if not (has_text or self.options.output.quiet) and sys.stderr is not None:
            sys.stderr.write(self.watcher.table())
        return self.watcher.faults

    def _lanes(self) -> tuple[Lane, ...]:
        """The protocols of a run that has several."""
        if not self.options.escalates:
            return self.settings.study.compare
        from paris.escalating import LANES  # few traces need them

        return LANES

    def _measured(self, facts: Facts) -> list[Measurement]:
        from paris import run

        hooks = run.Hooks(
            before_parsing=self._before_parsing,
            observe=facts.expect,
            journals=self.journals,
            stop=self.signals,
        )
        if self.watcher is not None:
            hooks = hooks._replace(watch=self.watcher.watch)
        try:
            return self._judged(hooks) if self.screen is None else self._shown(hooks, self.screen)
        finally:
            if self.watcher is not None:
                self.watcher.end()

    def _shown(self, hooks: Hooks, screen: Screen) -> list[Measurement]:
        """The measurement, with its progress on the terminal."""
        from paris.cli.progress import Progress

        settings, options = self.settings, self.options
        is_single = not (settings.study.compare or options.escalates or options.diagnoses)
        progress = Progress(
            self._target(),
            screen,
            sys.stderr if self.watcher is None else None,  # where changes are said
            settings.search.bound() if settings.search.multipath and is_single else None,
            settings.budget.deadline_s,
        )
        try:
            return self._judged(_observed(hooks, progress.observe))
        finally:
            screen.close()
            progress.clear()
            for line in self._held:
                complain("paris-trace", line)

    def _judged(self, hooks: Hooks) -> list[Measurement]:
        """The measurements; where this machine sends nothing to a service, that is a verdict."""
        try:
            return self._measured_as(self.settings, hooks)
        except WireError as error:
            from paris.engine.setup import goes_to_service

            if not goes_to_service(self.settings):
                raise
            raise WireError(f"LOCAL: {error}") from None

    def _measured_as(self, settings: Settings, hooks: Hooks) -> list[Measurement]:
        """The measurement, or those of all protocols that are compared."""
        from paris import run

        if settings.study.compare:
            return run.compare(settings, hooks)
        if self.options.escalates:
            from paris import escalating

            found = escalating.measure(settings, hooks)
            for number, journal in enumerate(self.journals):
                if number != found.lane:
                    journal.discard()
            self.journals = self.journals[found.lane :][:1]
            return [found.measurement]
        if self.options.diagnoses:
            from paris import diagnosing  # only traces to a service need it

            always = self.options.always_diagnoses
            return [diagnosing.measure(settings, hooks, always=always)]
        return [run.measure(settings, hooks)]

    def _before_parsing(self) -> None:
        if self.settings.target.network is None:
            from paris.cli import privileges

            privileges.give_up()

    def _write(self, traces: Sequence[Trace], outputs: tuple[Output, ...]) -> list[ParisTraceError]:
        """Write the outputs; returns what failed."""
        from paris.outputs.registry import Subject
        from paris.outputs.writing import write_all

        say, skipping = partial(complain, "paris-trace"), self.signals.skippable
        options = self.options.output
        if not self.settings.study.compare:
            return write_all(traces[0], Subject.TRACE, outputs, options, say, skipping)
        from paris.outputs.comparison import comparison_of

        comparison = comparison_of(self.settings, traces)
        return write_all(comparison, Subject.COMPARISON, outputs, options, say, skipping)

    def _drained(self) -> list[ParisTraceError]:
        """Wait for whoever reads packets from a pipe; returns what failed."""
        behind = [journal for journal in self.journals if journal.is_behind]
        if not behind:
            return []
        try:
            with self.signals.skippable():
                for journal in behind:
                    journal.drain()
        except SkippedError:
            return [OutputError("interrupted: packets that nobody read are not written")]
        return []

    def _places(self, *, is_whole: bool) -> list[str]:
        """Close the journals; returns lines that say where they are if they were not removed."""
        faults = [fault for journal in self.journals for fault in journal.close(is_whole=is_whole)]
        places = [journal.place for journal in self.journals if journal.place is not None]
        if places:
            faults.append(f"what was measured is in {', '.join(places)}, for --replay")
        return faults

    def _said(
        self, traces: Sequence[Trace], measurements: Sequence[Measurement], faults: Sequence[str]
    ) -> ExitCode:
        """Say on standard error what the outputs do not; returns the exit code."""
        from paris.cli import remarks  # not before the first probe

        trace, compared = traces[0], self.settings.study.compare
        unknown = [] if compared else remarks.unknown_path(trace)
        lines = [*remarks.shortfalls(traces, measurements[0]), *unknown]
        lines += [*remarks.hindrances(trace), *faults]
        if self.options.verbose:
            names = [f"{lane.name}: " for lane in compared] or [""]
            accounts = zip(names, map(remarks.account, traces), strict=True)
            lines += [f"{name}{line}" for name, account in accounts for line in account]
        for line in lines:
            complain("paris-trace", line)
        if self.signals.in_haste:
            return ExitCode.INTERRUPTED
        if faults:
            return ExitCode.OUTPUT
        if unknown:
            return ExitCode.USAGE
        verdicts = [verdict(trace) for trace in traces]
        exit_code = ExitCode.REACHED if ExitCode.REACHED in verdicts else verdicts[0]
        return excused(exit_code) if self.options.exit_zero else exit_code


def _observed(hooks: Hooks, observe: Callable[[Outcome], None]) -> Hooks:
    """The hooks, with another one that sees every outcome."""

    def both(outcome: Outcome) -> None:
        hooks.observe(outcome)
        observe(outcome)

    return hooks._replace(observe=both)


def _replay(options: Options) -> int:
    from paris import replay
    from paris.cli.remarks import account
    from paris.lookup.facts import Facts, without_facts
    from paris.outputs.asked import plan_outputs
    from paris.outputs.registry import Subject
    from paris.outputs.writing import write_all

    facts = Facts(options.lookups, cache(partial(complain, "paris-trace")))
    facts.check()
    asked = plan_outputs(options.output, is_replay=True, inputs=[options.replay])
    trace = without_facts(replay.trace(options.replay, options.reading), options.hidden)
    (trace,) = facts.added_to([trace])
    faults = write_all(
        trace, Subject.TRACE, asked, options.output, partial(complain, "paris-trace")
    )
    cut = _interruption(options.replay, trace)
    for remark in (*cut, *map(str, faults), *(account(trace) if options.verbose else ())):
        complain("paris-trace", remark)
    exit_code = ExitCode.OUTPUT if faults else verdict(trace)
    return excused(exit_code) if options.exit_zero else exit_code


def _interruption(file: str, trace: Trace) -> tuple[str, ...]:
    """What to say of a file whose measurement did not come to its end."""
    from mda.model import StopReason
    from paris.files import named

    if trace.stopped is not StopReason.INTERRUPTED:
        return ()
    return (f"{named(file)}: the measurement was interrupted, or the end of the file is missing",)
