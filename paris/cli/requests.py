"""Parsed options into what is requested: the settings of a measurement, or how to read one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mda.plan import Algorithm, Reading
from mda.studies.registry import STUDIES, parameters
from paris.checks import checked_bound
from paris.cli.parser import destination
from paris.defaults import DEFAULT_CONFIDENCE, DEFAULT_RATE_PPS
from paris.settings import (
    Budget,
    Pace,
    ProbeOptions,
    Repeat,
    Search,
    Settings,
    StudyOptions,
    Target,
)

if TYPE_CHECKING:
    import argparse


def is_multipath(given: argparse.Namespace) -> bool:
    """Whether every path is asked for, as most studies do."""
    studies = _studies(given)
    needs_every = any(study.name in studies and not study.follows_any for study in STUDIES)
    return bool(given.mda or given.mda_lite or given.compare or needs_every)


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


def reading(given: argparse.Namespace) -> Reading:
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


def settings(given: argparse.Namespace) -> Settings:
    """The settings of a measurement, from options that are `settled`."""
    return Settings(
        target=Target(
            host=given.host,
            network=given.sim,
            ip_version=given.ip_version,
            source=given.source,
            interface=given.interface,
            wire=given.wire,
            by_link=given.link,
            mark=given.mark,
        ),
        probe=ProbeOptions(
            flow_field=given.flow_field,
            sport=given.sport,
            dport=given.port,
            payload=given.payload,
            **_given(protocol=given.protocol, traffic_class=given.tos, flow_label=given.flow_label),
        ),
        search=_search(given),
        pace=Pace(rate_pps=_rate_pps(given), wait_s=given.wait, most_in_flight=given.sim_queries),
        budget=Budget(max_probes=given.max_probes, deadline_s=given.deadline),
        study=StudyOptions(
            studies=_studies(given), parameters=_parameters(given), compare=given.lanes
        ),
        repeat=Repeat(every_s=given.watch, rounds=given.count, until_s=given.until),
        seed=given.seed,
    )


def _search(given: argparse.Namespace) -> Search:
    failure_probability, per_vertex, min_share = _bound(given)
    return Search(
        multipath=is_multipath(given),
        lite=given.mda_lite,
        failure_probability=failure_probability,
        per_vertex=per_vertex,
        min_share=min_share,
        **_given(
            first_ttl=given.first_hop,
            max_ttl=given.max_hops,
            queries=given.queries,
            gap_limit=given.gap_limit,
        ),
    )


def _given(**values: Any) -> dict[str, Any]:
    """The values of options that are given; settings know what the others are."""
    return {name: value for name, value in values.items() if value is not None}


def _rate_pps(given: argparse.Namespace) -> float:
    """Probes per second, by --rate or by the time between two probes."""
    if given.sendwait is not None:
        return float(1 / max(given.sendwait, 1e-6))
    return DEFAULT_RATE_PPS if given.rate is None else float(given.rate)
