"""The command line into Settings and outputs. Letters mean what they mean to traceroute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mda.plan import Algorithm, Study
from mda.statistics.stopping import Bound
from paris.cli.parser import render_parser, trace_parser
from paris.errors import SettingsError
from paris.outputs.files import OutputOptions
from paris.settings import DEFAULT_CONFIDENCE, DEFAULT_RATE_PPS, DEFAULT_ROUNDS, Reading, Settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """A parsed command line: what to measure, and what to do with it.

    Without `settings` the file `replay` is read instead, as `reading` says. `output.files` are file
    names, "-" for standard output; `output.format` is for files whose suffix names no format, and
    `output.color` is "auto", "always" or "never".
    """

    settings: Settings | None
    replay: str
    reading: Reading
    output: OutputOptions
    numeric: bool
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
    for option, is_given, needed, is_there in (
        ("--prefix-len", given.prefix_len is not None, "--classify", given.classify),
        ("--flows", given.flows, "--classify", given.classify),
        ("--rounds", given.rounds is not None, "--paths or --follow", given.paths or given.follow),
    ):
        if is_given and not is_there:
            raise SettingsError(f"{option} requires {needed}")
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
        numeric=given.numeric or given.sim is not None,
        progress=not given.no_progress,
        verbose=given.verbose,
    )


def _is_multipath(given: argparse.Namespace) -> bool:
    """Whether every path is asked for, as all studies do."""
    return bool(given.mda or given.mda_lite or given.compare or _studies(given))


def _studies(given: argparse.Namespace) -> frozenset[Study]:
    asked = {
        Study.CLASSIFY: given.classify,
        Study.PATHS: given.paths,
        Study.FOLLOW: given.follow is not None,
        Study.CLASSIC: given.classic,
        Study.METRICS: given.metrics,
    }
    return frozenset(study for study, is_asked in asked.items() if is_asked)


def _reading(given: argparse.Namespace) -> Reading:
    """How to read a saved measurement: options that are not given leave it as it was made."""
    bound = None
    if given.confidence is not None or given.per_vertex or given.min_share is not None:
        bound = Bound(*_bound(given))
    return Reading(
        algorithm=Algorithm.MDA_LITE if given.mda_lite else Algorithm.MDA if given.mda else None,
        bound=bound,
        studies=_studies(given),
        follow=given.follow,
    )


def _bound(given: argparse.Namespace) -> tuple[float, bool, float | None]:
    """What may be missed: the probability, whether for each vertex alone, and the least share."""
    confidence = DEFAULT_CONFIDENCE if given.confidence is None else given.confidence
    min_share = None if given.min_share is None else given.min_share / 100
    return round(1 - confidence / 100, 12), given.per_vertex, min_share


def _settings(given: argparse.Namespace) -> Settings:
    rate_pps = given.rate if given.rate is not None else DEFAULT_RATE_PPS
    if given.sendwait is not None:
        rate_pps = 1 / given.sendwait if given.sendwait else 1e6
    failure_probability, per_vertex, min_share = _bound(given)
    return Settings(
        host=given.host,
        network=given.sim,
        multipath=_is_multipath(given),
        lite=given.mda_lite,
        ip_version=given.ip_version,
        protocol=given.protocol,
        flow_field=given.flow_field,
        sport=given.sport,
        dport=given.port,
        traffic_class=given.tos,
        flow_label=given.flow_label,
        source=given.source,
        interface=given.interface,
        first_ttl=given.first_hop,
        max_ttl=given.max_hops,
        queries=given.queries,
        gap_limit=given.gap_limit,
        failure_probability=failure_probability,
        per_vertex=per_vertex,
        min_share=min_share,
        wait_s=given.wait,
        rate_pps=rate_pps,
        max_probes=given.max_probes,
        deadline_s=given.deadline,
        seed=given.seed,
        wire=given.wire,
        by_link=given.link,
        studies=_studies(given),
        prefix_len=given.prefix_len,
        least_flows=given.flows,
        follow=given.follow,
        compare=given.compare,
        rounds=DEFAULT_ROUNDS if given.rounds is None else given.rounds,
    )


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
