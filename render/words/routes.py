"""Every path with the flows that take it, each with its ports and commands that send it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mda.escaping import shown
from mda.findings.known import Known
from mda.studies.flow_paths import FlowPaths
from mda.studies.registry import PATHS
from render.words.paths import path_words
from render.words.vertices import key_of

if TYPE_CHECKING:
    from mda.trace import Trace
    from render.words.paths import Recipes


class FlowWords(NamedTuple):
    """A flow: its number, its ports in words, and commands whose packets take its path."""

    number: int
    ports: str
    commands: tuple[str, ...]


class RouteWords(NamedTuple):
    """A path from end to end: its number, the keys of its vertices from the source on, its flows.

    `difference` says in few words how it differs from the others, where that was asked.
    """

    number: int
    vertices: tuple[str, ...]
    flows: tuple[FlowWords, ...]
    difference: str


def route_words(trace: Trace, recipes: Recipes) -> tuple[RouteWords, ...]:
    """Every path that flows are known to take; none where packets of a flow take several."""
    known = Known.of(trace)
    found = FlowPaths(known.table, known.located).paths()
    asked = path_words(trace) if PATHS.name in trace.plan.studies else ()
    differences = {path.number: path.difference for path in asked}
    routes = []
    for number, (vertices, flows) in enumerate(found.items(), start=1):
        keys = tuple(map(key_of, (trace.origin, *vertices)))
        taken = tuple(FlowWords(flow, *_recipe(recipes, flow)) for flow in flows)
        routes.append(RouteWords(number, keys, taken, differences.get(number, "")))
    return shown(tuple(routes))


def _recipe(recipes: Recipes, flow: int) -> tuple[str, tuple[str, ...]]:
    found = recipes(flow)
    return found.ports, found.commands
