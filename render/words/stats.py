"""Losses and round trips of each vertex, link and path as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.studies.registry import STATS
from render.words.numbering import branch_numbers, numbers
from render.words.quantities import count, milliseconds, percent
from render.words.tables import table

if TYPE_CHECKING:
    from mda.statistics.delays import Delays
    from mda.trace import Trace
    from render.words.paths import Recipes

_FIGURES: Final = ("loss", "sent", "min", "median", "p95", "max", "stdev", "jitter ms")


def figures_listed(trace: Trace, _: Recipes) -> list[str]:
    """A row for each vertex, for each link of a branch, and for each path."""
    number, branches = numbers(trace.dag), branch_numbers(trace.dag)
    behaviour, found = trace.behaviour, trace.found(STATS) or ()
    sections = {
        ("hop", "interface"): [
            (number[vertex], str(vertex.address or "*"), *_figures(delays))
            for vertex, delays in behaviour.vertices.items()
        ],
        ("link", "to"): [
            (f"{number[near]}-{number[far]}", str(far.address or "*"), *_figures(delays))
            for (near, far), delays in behaviour.edges.items()
            if near in branches or far in branches
        ],
        ("path", "through"): [
            (
                str(path.number),
                " ".join(branches[vertex] for vertex in path.vertices if vertex in branches),
                *_figures(path.delays),
            )
            for path in found
        ],
    }
    vertices = count(len(behaviour.vertices), "vertex", "vertices")
    lines = [f"losses and round trips of {vertices} and {count(len(found), 'path', 'paths')}"]
    for head, rows in sections.items():
        if rows:
            lines += table((*head, *_FIGURES), rows, left=(1,))
    return lines


def _figures(delays: Delays) -> tuple[str, ...]:
    times_s = (
        delays.min_s, delays.median_s, delays.p95_s, delays.max_s, delays.stdev_s, delays.jitter_s,
    )  # fmt: skip
    loss = percent(round(delays.loss, 3)) if delays.sent else ""
    shown = ("" if time_s is None else milliseconds(time_s) for time_s in times_s)
    return loss, str(delays.sent), *shown
