"""The command line into Settings and outputs. Letters mean what they mean to traceroute."""

from __future__ import annotations

import sys
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.studies.registry import STUDIES
from paris.cli.foreign import GRANTED, refusal
from paris.cli.parser import (
    convert_parser,
    destination,
    granted_destination,
    lookup_destination,
    render_parser,
    trace_parser,
    values_destination,
)
from paris.errors import SettingsError, on_one_line
from paris.lookup.registry import LOOKUPS, Asked
from paris.outputs.files import STANDARD_OUTPUT, OutputOptions
from paris.outputs.registry import suffixes

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from mda.model import IPAddress
    from mda.plan import Reading
    from paris.lookup.registry import Lookup
    from paris.outputs.registry import Format
    from paris.settings import Settings


# Where argparse keeps the options that say how to read and what to write, beside those of studies.
_READING: Final = frozenset({
    "replay", "mda", "mda_lite", "confidence", "per_vertex", "min_share",
    "output", "format", "json", "color", "ascii", "plain", "fold", "size",
    "verbose", "no_progress", "quiet", "redact", "exit_zero",
    "config", "no_config", "print_config",
})  # fmt: skip


class Options(NamedTuple):
    """A parsed command line: what to measure, and what to do with it.

    Without `settings` the file `replay` is read instead, as `reading` says. `output.files` are file
    names, "-" for standard output; `output.format` is for those with an unknown suffix, and
    `output.color` is "auto", "always" or "never". `lookups` are done, and what lookups of the names
    `hidden` found earlier is left out. With `diagnoses` control probes are sent where a service
    does not answer, with `always_diagnoses` in any case. With `escalates` several protocols are
    tried until one gets through. The rounds of a watch go to `stream`. With `is_dry_run` nothing
    is sent or written.
    """

    settings: Settings | None
    replay: str
    reading: Reading
    output: OutputOptions
    lookups: tuple[Asked, ...]
    hidden: frozenset[str]
    diagnoses: bool
    always_diagnoses: bool
    escalates: bool
    stream: str | None
    progress: bool
    is_dry_run: bool
    verbose: bool
    exit_zero: bool


class RenderOptions(NamedTuple):
    """What to read, and what to make of it.

    With `tabulates` that is a table of all diamonds, with `compares` what changed between two, with
    `merges` one graph of all traces, with vertices `by` what is said, and with `lists` a list of
    the traces in a file. `choice` is one of these: its number, or where it leads.
    """

    files: tuple[str, ...]
    lists: bool
    choice: int | IPAddress | None
    tabulates: bool
    compares: bool
    merges: bool
    by: str
    output: OutputOptions


class ConvertOptions(NamedTuple):
    """The files to read, the file to write, and its format."""

    files: tuple[str, ...]
    output: str
    format: Format


def parse_trace(arguments: Sequence[str]) -> Options:
    """The options of `paris-trace`. Raises SettingsError; `--help` and `--version` exit."""
    parser = trace_parser()
    try:
        given = parser.parsed(arguments)
    except SettingsError:
        if said := refusal(arguments, parser.options, parser.valued):
            raise SettingsError(said) from None
        raise
    from paris.cli import requests  # --help needs no settings
    from paris.cli.services import settled

    if given.replay == "":
        raise SettingsError("--replay needs the name of a file")
    if given.replay is not None and (given.host is not None or given.sim is not None):
        raise SettingsError("--replay reads a file; give it without HOST and --sim")
    if given.replay is not None and (idle := _idle_in_a_replay(parser, given)) is not None:
        raise SettingsError(f"{idle} is for a measurement; --replay reads what was measured")
    if given.sendwait is not None and given.rate is not None:
        raise SettingsError("-z/--sendwait and --rate mean the same; give only one")
    for option, is_given in (
        ("-c/--confidence", given.confidence is not None and given.replay is None),
        ("--per-vertex", given.per_vertex),
        ("--min-share", given.min_share is not None),
        ("--gap-limit", given.gap_limit is not None),
    ):
        if is_given and not requests.is_multipath(given):
            raise SettingsError(f"{option} requires --mda or --mda-lite")
    settings = None if given.replay is not None else requests.settings(settled(given))
    _check_redaction(given)
    if given.quiet and given.verbose:
        raise SettingsError("--quiet and -v/--verbose conflict; give only one")
    return Options(
        settings=settings,
        replay=given.replay or "",
        reading=requests.reading(given),
        output=_output_options(given),
        lookups=_lookups(given),
        hidden=frozenset(row.name for row in LOOKUPS if row.usual and _turns(given, row)),
        diagnoses=_diagnoses(given, settings),
        always_diagnoses=given.diagnose,
        escalates=_escalates(given, settings),
        stream=_stream(given, settings),
        progress=not (given.no_progress or given.quiet),
        is_dry_run=given.dry_run,
        verbose=given.verbose,
        exit_zero=given.exit_zero,
    )


def _check_redaction(given: argparse.Namespace) -> None:
    """Raise SettingsError where what --redact hides is asked for, or shown as it comes."""
    if not given.redact:
        return
    if given.watch is not None:
        raise SettingsError(
            "--watch shows addresses as they reply: save its JSON, and paris-render --redact it"
        )
    for row in LOOKUPS:
        values = getattr(given, values_destination(row), None)
        option = row.values.option if values and row.values is not None else row.options[0]
        if values or (_turns(given, row) and not row.usual):
            raise SettingsError(f"{option} shows what --redact hides; give only one")


def _diagnoses(given: argparse.Namespace, settings: Settings | None) -> bool:
    """Whether control probes are to be sent. Raises SettingsError where they could not be."""
    if settings is None or given.no_diagnose:
        return False
    if settings.repeat.every_s is not None:
        if given.diagnose:
            raise SettingsError("--diagnose cannot be combined with --watch")
        return False
    if given.diagnose and (settings.study.studies or settings.study.compare):
        raise SettingsError("--diagnose cannot be combined with studies")
    from paris.engine.setup import goes_to_service  # the run needs it anyway

    is_able = goes_to_service(settings) and not (settings.study.studies or settings.study.compare)
    if given.diagnose and not is_able:
        raise SettingsError("--diagnose needs a service: -T, or -U with its port (-p)")
    return is_able and (given.diagnose or (sys.stdout is not None and sys.stdout.isatty()))


def _escalates(given: argparse.Namespace, settings: Settings | None) -> bool:
    """Whether several protocols are to be tried. Raises SettingsError where one is chosen."""
    if settings is None or not given.auto:
        return False
    probe, study = settings.probe, settings.study
    if given.protocol or probe.dport is not None or study.compare or probe.protocol != "udp":
        raise SettingsError("--auto chooses protocol and port; leave out those given")
    if settings.repeat.every_s is not None:
        raise SettingsError("--auto cannot be combined with --watch")
    if study.studies or given.diagnose:
        raise SettingsError("--auto cannot be combined with studies and --diagnose")
    return True


def _stream(given: argparse.Namespace, settings: Settings | None) -> str | None:
    """Where the rounds of a watch go. Raises SettingsError if another output goes there."""
    if given.jsonl is None:
        return None
    if settings is None or settings.repeat.every_s is None:
        raise SettingsError("--jsonl requires --watch; -o FILE.jsonl has a line for each interface")
    if given.jsonl == STANDARD_OUTPUT and (given.json or STANDARD_OUTPUT in given.output):
        raise SettingsError("--jsonl - has standard output to itself; give -o FILE for the others")
    return str(given.jsonl)


def _idle_in_a_replay(parser: argparse.ArgumentParser, given: argparse.Namespace) -> str | None:
    """The first option that is given and that a replay has no use for."""
    used = {*_READING, *(destination(study.name) for study in STUDIES)}
    used |= {lookup_destination(row) for row in LOOKUPS}
    used |= {values_destination(row) for row in LOOKUPS}
    used |= {granted_destination(row) for row in GRANTED}
    idle = (
        "/".join(action.option_strings)
        for action in parser._actions
        if action.dest not in used and _is_given(getattr(given, action.dest, None))
    )
    return next(idle, None)


def _is_given(value: object) -> bool:
    return not (value is None or value is False or value == ())


def _lookups(given: argparse.Namespace) -> tuple[Asked, ...]:
    """The lookups to do: for simulated or saved addresses only those that were asked for."""
    is_real = given.sim is None and given.replay is None and not given.redact
    asked = []
    for row in LOOKUPS:
        values = tuple(getattr(given, values_destination(row), None) or ())
        is_turned = _turns(given, row)
        if values and row.values is not None and row.usual and is_turned:
            raise SettingsError(f"{row.values.option} and {row.options[0]} conflict; give only one")
        if values or (is_real and not is_turned if row.usual else is_turned):
            asked.append(Asked(row, values))
    return tuple(asked)


def _turns(given: argparse.Namespace, row: Lookup) -> bool:
    """Whether the option that turns a lookup on or off is given."""
    return bool(getattr(given, lookup_destination(row)))


def parse_render(arguments: Sequence[str]) -> RenderOptions:
    """The options of `paris-render`. Raises SettingsError; `--help` and `--version` exit."""
    given = render_parser().parsed(arguments)
    if given.diff and given.metrics:
        raise SettingsError("--diff and --metrics conflict; give only one")
    if given.diff and len(given.file) != 2:
        raise SettingsError("--diff needs two FILEs, the earlier one first")
    if given.merge and (given.diff or given.metrics):
        raise SettingsError("--merge cannot be combined with --diff and --metrics")
    if given.merge and (given.list or given.select is not None):
        raise SettingsError("--merge takes all traces of its files, without --list and --select")
    if given.merge and given.file.count("-") > 1:
        raise SettingsError("standard input is read once: give - once")
    if given.by is not None and not given.merge:
        raise SettingsError("--by requires --merge")
    if not (given.metrics or given.diff or given.merge) and len(given.file) > 1:
        raise SettingsError("only --diff, --merge and --metrics accept more than one FILE")
    if given.metrics and (given.json or given.format is not None or _names_a_format(given.output)):
        raise SettingsError("--metrics makes a table in CSV; give -o FILE.csv and no other format")
    if given.metrics and (given.ascii or given.color == "always"):
        raise SettingsError("--color and --ascii are for text, and --metrics makes a table")
    if given.metrics and given.plain:
        raise SettingsError("--plain is for pictures, and --metrics makes a table")
    if given.metrics and given.fold is not None:
        raise SettingsError("--fold and --no-fold are for pictures, and --metrics makes a table")
    if given.metrics and given.size != "screen":
        raise SettingsError("--size is for pictures, and --metrics makes a table")
    if given.list and (given.metrics or given.diff or given.select is not None):
        raise SettingsError("--list cannot be combined with --metrics, --diff and --select")
    if given.list and (_writes(given) or given.color != "auto"):
        raise SettingsError("--list writes no other output; give FILE alone")
    if given.redact and (given.list or given.merge or given.metrics):
        raise SettingsError("--redact cannot be combined with --list, --merge and --metrics")
    if given.select is not None and (given.metrics or given.diff):
        raise SettingsError("--select cannot be combined with --metrics and --diff")
    if given.metrics and len(given.output) > 1:
        raise SettingsError("--metrics makes one table; give one -o FILE")
    return RenderOptions(
        files=tuple(given.file),
        lists=given.list,
        choice=None if given.select is None else _choice(given.select),
        tabulates=given.metrics,
        compares=given.diff,
        merges=given.merge,
        by=given.by or "interface",
        output=_output_options(given),
    )


def _choice(text: str) -> int | IPAddress:
    """Which trace of a file is meant: its number or its destination. Raises SettingsError."""
    try:
        number = int(text)
    except ValueError:
        return _destination(text)
    if not 1 <= number <= sys.maxsize:
        raise SettingsError(f"--select counts from 1, so {on_one_line(text)} is none")
    return number


def _destination(text: str) -> IPAddress:
    try:
        return ip_address(text)
    except ValueError:
        raise SettingsError(
            "--select takes the number of a trace or the address of its destination, not "
            f"{on_one_line(text)}"
        ) from None


def parse_convert(arguments: Sequence[str]) -> ConvertOptions:
    """The options of `paris-convert`. Raises SettingsError; `--help` and `--version` exit."""
    given = convert_parser().parsed(arguments)
    from paris.files import STANDARD_INPUT
    from paris.outputs.asked import archive

    if given.file.count(STANDARD_INPUT) > 1:
        raise SettingsError("standard input is read once: give - once")
    return ConvertOptions(tuple(given.file), given.output, archive(given.output, given.format))


def _writes(given: argparse.Namespace) -> bool:
    """Whether an option asks for an output, or for a look of it."""
    looks = given.ascii or given.plain or given.fold is not None or given.size != "screen"
    return bool(given.output or given.json or given.format or looks)


def _names_a_format(files: Sequence[str]) -> bool:
    """Whether a file's suffix promises something other than a table."""
    others = tuple(f".{name}" for name in suffixes() if name != "csv")
    return any(file.lower().endswith(others) for file in files)


def _output_options(given: argparse.Namespace) -> OutputOptions:
    files, format = list(given.output), given.format
    if given.json:
        if format is not None:
            raise SettingsError("-j/--json and --format conflict; give only one")
        files, format = [*files, "-"], "json"
    if files.count("-") > 1:
        raise SettingsError("-o - is given twice; standard output takes one format")
    if given.fold is not None and given.fold < 0:
        raise SettingsError(f"--fold must be 0 or more, not {given.fold}")
    return OutputOptions(
        files=tuple(files),
        format=format,
        color=given.color,
        ascii=given.ascii,
        plain=given.plain,
        fold=given.fold,
        size=given.size,
        redact=given.redact,
        quiet=getattr(given, "quiet", False),
    )
