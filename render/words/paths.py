"""Paths from end to end as text: how each performs, which differs, and how to take it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.answers.graph import vertices_by_ttl
from mda.plan import Study
from render.words.labels import count, milliseconds, p_value, percent
from render.words.summary import place

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mda.model import Vertex
    from mda.studies.paths import Recipe, Route, Times
    from mda.trace import Trace

_HEAD: Final = ("path", "share", "min", "median", "p95 ms", "lost", "through")
_HOP_HEAD: Final = ("hop", "interface", "min", "median", "p95 ms", "lost", "")


def paths(trace: Trace, recipes: Callable[[int], Recipe]) -> list[list[str]]:
    """A paragraph for what was asked of paths; `recipes` tells how to take a flow's path."""
    found = []
    if Study.PATHS in trace.plan.studies:
        found.append(_listed(trace, recipes))
    if Study.FOLLOW in trace.plan.studies and trace.followed:
        found.append(_followed(trace, recipes))
    return found


def _listed(trace: Trace, recipes: Callable[[int], Recipe]) -> list[str]:
    if not trace.routes:
        return ["no paths: a router balances per packet, so no ports select one"
                if trace.unordered else "no paths: nothing answered"]  # fmt: skip
    flows = sum(len(route.flows) for route in trace.routes)
    named = count(len(trace.routes), "path", "paths")
    lines = [f"{named} from end to end, by {count(flows, 'flow', 'flows')}"]
    unused = (trace.path_count or 0) - len(trace.routes)
    if unused > 0:
        lines.append(f"{count(unused, 'way', 'ways')} more in the graph had no flow")
    numbers = _numbers(trace)
    rows = [
        (
            str(route.number),
            f"{100 * route.share:.0f} %",
            *_times(route.times),
            " ".join(numbers[vertex] for vertex in route.vertices if vertex in numbers),
        )
        for route in trace.routes
    ]
    table = _table(_HEAD, rows)
    lines.append(table[0])
    for line, route in zip(table[1:], trace.routes, strict=True):
        recipe = recipes(route.flows[0])
        lines += [line, f"        {recipe.ports}"]
        lines += [f"        {command}" for command in recipe.commands]
    return [*lines, *_differences(trace.routes), *_limits(trace)]


def _followed(trace: Trace, recipes: Callable[[int], Recipe]) -> list[str]:
    route = next(
        route for route in trace.routes
        if route.vertices == tuple(one.vertex for one in trace.followed)
    )  # fmt: skip
    rows = []
    for one in trace.followed:
        others = ", ".join(str(vertex.address) for vertex in one.others)
        rows.append(
            (
                str(one.ttl),
                "*" if one.vertex.address is None else str(one.vertex.address),
                *_times(one.times),
                f"(also {others})" if others else "",
            )
        )
    moved = any(one.others for one in trace.followed)
    kept = "replies also came from elsewhere" if moved else "every reply came from this path"
    head = f"path {route.number} followed: {recipes(route.flows[0]).ports}; {kept}"
    return [head, *_table(_HOP_HEAD, rows)]


def _times(times: Times) -> tuple[str, str, str, str]:
    known = (times.rtts_s[0], times.median_s, times.p95_s) if times.rtts_s else (None, None, None)
    shown = ("" if time_s is None else milliseconds(time_s) for time_s in known)
    least, middle, high = shown
    return least, middle, high, f"{times.lost} of {times.asked}"


def _differences(routes: Sequence[Route]) -> list[str]:
    """Which paths are slower, faster or lose more than the others."""
    lines = []
    for route in routes:
        if route.differs_in_rtt:
            way = "slower" if route.slower_s > 0 else "faster"
            lines.append(
                f"path {route.number} is {way} than the others by "
                f"{milliseconds(abs(route.slower_s))} ms ({p_value(route.rtt_probability)})"
            )
        if route.differs_in_loss:
            usual = route.times.loss - route.lossier
            lines.append(
                f"path {route.number} loses {percent(round(route.times.loss, 3))} where others "
                f"lose {percent(round(usual, 3))} ({p_value(route.loss_probability)})"
            )
    if not lines and len(routes) > 1:
        lines.append("no path differs from the others in round-trip time or loss")
    return lines


def _limits(trace: Trace) -> list[str]:
    """That losses are not those of paths, where an end answers at a limited rate."""
    ends = {route.vertices[route.measured_ttl - trace.plan.first_ttl] for route in trace.routes}
    limited = sorted(
        (one for one in ends if (known := trace.answering.get(one)) and known.limit is not None),
        key=lambda one: one.sort_key,
    )
    return [
        f"{place(one)} is rate-limited: its losses are not those of paths, and are not compared"
        for one in limited
    ]


def _numbers(trace: Trace) -> dict[Vertex, str]:
    """The vertices of hops that have several, by the numbers that the text gives them."""
    return {
        vertex: f"{ttl}.{place}"
        for ttl, vertices in vertices_by_ttl(trace.dag).items()
        if len(vertices) > 1
        for place, vertex in enumerate(vertices, start=1)
    }


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """The rows under their heading; text to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    left = {0: False, 1: head[1] == "interface", len(head) - 1: True}

    def aligned(cells: tuple[str, ...]) -> str:
        padded = (
            cell.ljust(width) if left.get(place, False) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return ("  " + "  ".join(padded)).rstrip()

    return [aligned(head), *map(aligned, rows)]
