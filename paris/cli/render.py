"""The command `paris-render`: writes any output of saved traces again, without a network."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mda.errors import ParisTraceError
from paris.cli.exits import complain, ended
from paris.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mda.comparison import Comparison
    from mda.difference import Difference
    from mda.merging import Merged
    from mda.model import IPAddress
    from mda.trace import Trace
    from paris.cli.options import RenderOptions
    from paris.outputs.registry import Subject

# Why there is nothing to group vertices by, and what would change that.
_UNGROUPED: Final = {
    "as": "no trace knows an AS: measure with -A",
    "router": "no router of these traces says that two of their addresses are its own (RFC 5837): "
    "add traces that pass it by other interfaces",
}


def entry() -> None:
    """The console script."""
    ended("paris-render", main)


def main(arguments: Sequence[str]) -> int:
    """Read the files and write the outputs that `arguments` ask for. Returns the exit code."""
    from paris.cli.options import parse_render

    options = parse_render(arguments)
    if options.tabulates:
        return _tabulate(options)
    if options.lists:
        return _list(*options.files)
    if options.merges:
        return _merge(options)
    from mda.difference import Difference
    from paris.errors import SettingsError
    from paris.outputs.asked import plan_outputs
    from paris.outputs.registry import Subject
    from paris.outputs.writing import write_all

    found, subject = (
        _compared(*options.files) if options.compares else _saved(options.files[0], options.choice)
    )
    if options.output.redact and subject is Subject.MERGED:
        raise SettingsError("--redact takes traces, and a merged graph holds none")
    asked = plan_outputs(options.output, is_replay=True, subject=subject, inputs=options.files)
    say = partial(complain, "paris-render")
    faults = write_all(found, subject, asked, options.output, say)
    for fault in faults:
        say(str(fault))
    if faults:
        return ExitCode.OUTPUT
    is_change = isinstance(found, Difference) and found.is_change
    return ExitCode.CHANGED if is_change else ExitCode.REACHED


def _saved(
    file: str, choice: int | IPAddress | None = None
) -> tuple[Trace | Comparison | Difference | Merged, Subject]:
    """What a file holds."""
    from mda.comparison import Comparison
    from mda.merging import Merged
    from mda.trace import Trace
    from paris import replay
    from paris.outputs.registry import Subject

    found = replay.saved(file, choice)
    if isinstance(found, Trace):
        return found, Subject.TRACE
    if isinstance(found, Comparison):
        return found, Subject.COMPARISON
    if isinstance(found, Merged):
        return found, Subject.MERGED
    return found, Subject.DIFFERENCE


def _list(file: str) -> int:
    """Write a line for each trace in a file to standard output."""
    from datetime import UTC, datetime

    from paris import replay
    from paris.outputs.files import STANDARD_OUTPUT, write

    lines = []
    for number, found in enumerate(replay.listed(file), start=1):
        started_at = "-"
        if found.started_at_unix_s is not None:
            moment = datetime.fromtimestamp(found.started_at_unix_s, UTC)
            started_at = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        ends = f"{found.source or '-'}  {found.destination}"
        lines.append(f"{number:>6}  {found.kind:<7}  {started_at:<20}  {ends}\n")
    write(STANDARD_OUTPUT, "".join(lines).encode())
    return ExitCode.REACHED


def _compared(*files: str) -> tuple[Difference, Subject]:
    """What changed from the first file to the second one. Raises FormatError, SettingsError."""
    from mda.difference import difference
    from mda.trace import Trace
    from paris.errors import SettingsError
    from paris.files import named
    from paris.outputs.registry import Subject

    traces = []
    for file in files:
        found, subject = _saved(file)
        if not isinstance(found, Trace):
            raise SettingsError(f"{named(file)}: a {subject.value}; --diff needs two traces")
        traces.append(found)
    before, after = traces
    if refusal := _not_alike(before, after):
        raise SettingsError(f"--diff needs two traces {refusal}")
    return difference(before, after), Subject.DIFFERENCE


def _merge(options: RenderOptions) -> int:
    """Write one graph of all readable traces, and report the others. Raises FormatError."""
    from mda.merging import By, Merging
    from paris import archives
    from paris.errors import FormatError, SettingsError
    from paris.outputs.asked import plan_outputs
    from paris.outputs.registry import Subject
    from paris.outputs.writing import write_all

    say = partial(complain, "paris-render")
    subject = Subject.MERGED
    asked = plan_outputs(options.output, is_replay=True, subject=subject, inputs=options.files)
    left_out: list[str] = []
    merging = Merging(By(options.by))
    for file in _with_surveys(options.files):
        for trace in archives.traces(file, left_out.append):
            merging.add(trace)
    for reason in left_out:
        say(f"left out: {reason}")
    merged = merging.merged()
    if not merged.ends:
        raise FormatError("there is no trace to merge")
    if merged.by is not By.INTERFACE and not merged.groups:
        raise SettingsError(f"{_UNGROUPED[options.by]}, or merge without --by {options.by}")
    faults = write_all(merged, subject, asked, options.output, say)
    for fault in faults:
        say(str(fault))
    if faults:
        return ExitCode.OUTPUT
    return ExitCode.USAGE if left_out else ExitCode.REACHED


def _with_surveys(names: Iterable[str]) -> Iterator[str]:
    """The files, and for a folder those of the survey in it. Raises FormatError."""
    from paris.survey import files

    for name in names:
        if Path(name).is_dir():
            yield from files.traces(Path(name))
        else:
            yield name


def _not_alike(before: Trace, after: Trace) -> str:
    """What two traces would have to have in common to be compared; empty if they do."""
    from paris.redaction import HOST

    plans = before.plan, after.plan
    if all(plan.host == HOST for plan in plans):
        return "whose addresses mean the same: these were redacted one by one"
    hosts = [(plan.host, plan.destination) for plan in plans]
    is_one_host = any(len(set(own)) == 1 for own in zip(*hosts, strict=True))
    if plans[0].source.version != plans[1].source.version or not is_one_host:
        return f"of one host, not of {' and '.join(plan.target for plan in plans)}"
    if len({(plan.first_ttl, plan.max_ttl) for plan in plans}) > 1:
        return f"of the same hops, not from {_both(f'{p.first_ttl} to {p.max_ttl}' for p in plans)}"
    flows = [plan.probing.flow_field for plan in plans]
    probes = [f"{plan.probing.protocol} to {plan.probing.dport or 'no port'}" for plan in plans]
    if flows[0] == flows[1] == "dport":
        probes = [plan.probing.protocol for plan in plans]
    if len({*probes}) > 1 or flows[0] != flows[1]:
        told = (f"{own} by {field}" for own, field in zip(probes, flows, strict=True))
        return f"by the same probes, not {_both(told)}"
    sports = [plan.probing.sport for plan in plans]
    if flows[0] != "sport" and sports[0] != sports[1]:
        return (
            f"whose flows differ in {flows[0]} alone, not in source port as well "
            f"({_both(sports)}): give --sport to both"
        )
    return ""


def _both(things: Iterable[object]) -> str:
    return " and ".join(map(str, things))


def _tabulate(options: RenderOptions) -> int:
    """Write a table of all readable files, and report the others."""
    from mda.plan import Reading
    from paris import replay
    from paris.formats import diamonds_csv
    from paris.outputs.asked import check_different
    from paris.outputs.files import STANDARD_OUTPUT, check, write

    target = options.output.files[0] if options.output.files else STANDARD_OUTPUT
    check(target)
    check_different([target], options.files)
    traces: list[tuple[str, Trace]] = []
    is_whole = True
    for file in options.files:
        try:
            traces.append((file, replay.trace(file, Reading())))
        except ParisTraceError as error:
            complain("paris-render", str(error))
            is_whole = False
    write(target, diamonds_csv.table(traces).encode())
    return ExitCode.REACHED if is_whole else ExitCode.USAGE
