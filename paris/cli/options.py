"""The command line into Settings and outputs. Letters mean what they mean to traceroute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mda.plan import Algorithm, Reading
from mda.studies.registry import STUDIES, parameters
from paris.cli.parser import destination, lookup_destination, render_parser, trace_parser
from paris.errors import SettingsError
from paris.lookup.registry import LOOKUPS
from paris.outputs.files import OutputOptions
from paris.settings import (
    DEFAULT_CONFIDENCE,
    DEFAULT_RATE_PPS,
    Budget,
    Pace,
    ProbeOptions,
    Search,
    Settings,
    StudyOptions,
    Target,
    checked_bound,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from paris.lookup.registry import Lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """A parsed command line: what to measure, and what to do with it.

    Without `settings` the file `replay` is read instead, as `reading` says. `output.files` are file
    names, "-" for standard output; `output.format` is for those with an unknown suffix, and
    `output.color` is "auto", "always" or "never". `lookups` are done, and what lookups of the names
    `hidden` found earlier is left out.
    """

    settings: Settings | None
    replay: str
    reading: Reading
    output: OutputOptions
    lookups: tuple[Lookup, ...]
    hidden: frozenset[str]
    progress: bool
    verbose: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """What to read, and what to make of it: with `tabulates` a table of all diamonds."""

    files: tuple[str, ...]
    tabulates: bool
    output: OutputOptions


def parse_trace(arguments: Sequence[str]) -> Options:
    """The options of `paris-trace`. Raises SettingsError; `--help` and `--version` exit."""
    given = trace_parser().parse_args(arguments)
    if given.sendwait is not None and given.rate is not None:
        raise SettingsError("-z/--sendwait and --rate mean the same; give only one")
    for option, is_given in (
        ("--per-vertex", given.per_vertex),
        ("--min-share", given.min_share is not None),
    ):
        if is_given and not _is_multipath(given):
            raise SettingsError(f"{option} requires --mda or --mda-lite")
    if given.compare and (given.protocol != "udp" or given.port is not None or given.replay):
        raise SettingsError(
            "--compare names protocols and ports; leave out -T, -I, -p and --replay"
        )
    if given.replay is not None and (given.host is not None or given.sim is not None):
        raise SettingsError("--replay reads a file; give it without HOST and --sim")
    settings = None if given.replay is not None else _settings(given)
    return Options(
        settings=settings,
        replay=given.replay or "",
        reading=_reading(given),
        output=_output_options(given),
        lookups=_lookups(given),
        hidden=frozenset(row.name for row in LOOKUPS if row.usual and _turns(given, row)),
        progress=not given.no_progress,
        verbose=given.verbose,
    )


def _lookups(given: argparse.Namespace) -> tuple[Lookup, ...]:
    """The lookups to do: for simulated or saved addresses only those that were asked for."""
    is_real = given.sim is None and given.replay is None
    return tuple(
        row for row in LOOKUPS if _turns(given, row) != row.usual and (is_real or not row.usual)
    )


def _turns(given: argparse.Namespace, row: Lookup) -> bool:
    """Whether the option that turns a lookup on or off is given."""
    return bool(getattr(given, lookup_destination(row)))


def _is_multipath(given: argparse.Namespace) -> bool:
    """Whether every path is asked for, as all studies do."""
    return bool(given.mda or given.mda_lite or given.compare or _studies(given))


def _studies(given: argparse.Namespace) -> dict[str, str | None]:
    """The studies that are asked for, each with its argument."""
    asked = ((study, getattr(given, destination(study.name))) for study in STUDIES)
    return {
        study.name: value if study.argument else None
        for study, value in asked
        if value not in (None, False)
    }


def _parameters(given: argparse.Namespace) -> dict[str, int]:
    """The parameters of studies that are given."""
    values = {name: getattr(given, destination(name)) for name in parameters()}
    return {name: value for name, value in values.items() if value is not None}


def _reading(given: argparse.Namespace) -> Reading:
    """How to read a saved measurement: options that are not given leave it as it was made."""
    bound = None
    if given.confidence is not None or given.per_vertex or given.min_share is not None:
        failure_probability, per_vertex, min_share = _bound(given)
        bound = checked_bound(failure_probability, per_vertex=per_vertex, min_share=min_share)
    return Reading(
        algorithm=Algorithm.MDA_LITE if given.mda_lite else Algorithm.MDA if given.mda else None,
        bound=bound,
        studies=_studies(given),
    )


def _bound(given: argparse.Namespace) -> tuple[float, bool, float | None]:
    """What may be missed: the probability, whether for each vertex alone, and the least share."""
    confidence = DEFAULT_CONFIDENCE if given.confidence is None else given.confidence
    min_share = None if given.min_share is None else given.min_share / 100
    return round(1 - confidence / 100, 12), given.per_vertex, min_share


def _settings(given: argparse.Namespace) -> Settings:
    return Settings(
        target=Target(
            host=given.host,
            network=given.sim,
            ip_version=given.ip_version,
            source=given.source,
            interface=given.interface,
            wire=given.wire,
            by_link=given.link,
        ),
        probe=ProbeOptions(
            protocol=given.protocol,
            flow_field=given.flow_field,
            sport=given.sport,
            dport=given.port,
            traffic_class=given.tos,
            flow_label=given.flow_label,
        ),
        search=_search(given),
        pace=Pace(rate_pps=_rate_pps(given), wait_s=given.wait),
        budget=Budget(max_probes=given.max_probes, deadline_s=given.deadline),
        study=StudyOptions(
            studies=_studies(given), parameters=_parameters(given), compare=given.compare
        ),
        seed=given.seed,
    )


def _search(given: argparse.Namespace) -> Search:
    failure_probability, per_vertex, min_share = _bound(given)
    return Search(
        multipath=_is_multipath(given),
        lite=given.mda_lite,
        first_ttl=given.first_hop,
        max_ttl=given.max_hops,
        queries=given.queries,
        gap_limit=given.gap_limit,
        failure_probability=failure_probability,
        per_vertex=per_vertex,
        min_share=min_share,
    )


def _rate_pps(given: argparse.Namespace) -> float:
    """Probes per second, by --rate or by the time between two probes."""
    if given.sendwait is not None:
        return 1 / given.sendwait if given.sendwait else 1e6
    return DEFAULT_RATE_PPS if given.rate is None else float(given.rate)


def parse_render(arguments: Sequence[str]) -> RenderOptions:
    """The options of `paris-render`. Raises SettingsError; `--help` and `--version` exit."""
    given = render_parser().parse_args(arguments)
    if not given.metrics and len(given.file) > 1:
        raise SettingsError("only --metrics accepts more than one FILE")
    if given.metrics and len(given.output) > 1:
        raise SettingsError("--metrics makes one table; give one -o FILE")
    return RenderOptions(
        files=tuple(given.file), tabulates=given.metrics, output=_output_options(given)
    )


def _output_options(given: argparse.Namespace) -> OutputOptions:
    files, format = list(given.output), given.format
    if given.json:
        if format is not None:
            raise SettingsError("-j/--json and --format conflict; give only one")
        files, format = [*files, "-"], "json"
    if files.count("-") > 1:
        raise SettingsError("-o - is given twice; standard output takes one format")
    return OutputOptions(files=tuple(files), format=format, color=given.color, ascii=given.ascii)
