"""Paths from end to end as text: how each performs, which differs, and how to take it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from mda.plan import Algorithm
from mda.studies.paths import MOST_COMPARED
from mda.studies.registry import FOLLOW, MTU, PATHS
from render.words.numbering import branch_numbers
from render.words.quantities import count, milliseconds, p_value, percent
from render.words.summary import CUT_SHORT
from render.words.tables import table
from render.words.vertices import key_of, place

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mda.studies.flow_paths import Vertices
    from mda.studies.paths import Path, Recipe, Times
    from mda.trace import Trace

    Recipes = Callable[[int], Recipe]


class PathWords(NamedTuple):
    """A path from end to end for pictures: its number, the keys of its vertices, how it differs."""

    number: int
    vertices: tuple[str, ...]
    difference: str


_HEAD: Final = ("path", "share", "min", "median", "p95 ms", "lost", "through")
_HOP_HEAD: Final = ("hop", "interface", "min", "median", "p95 ms", "lost", "")


def listed(trace: Trace, recipes: Recipes) -> list[str]:
    """Every path: how it performs, whether it differs, and the ports that select it."""
    found = trace.found(PATHS)
    if not found and not trace.is_complete:
        return [f"no path is known from end to end: {CUT_SHORT[trace.stopped]}"]
    if not found and trace.plan.algorithm is Algorithm.CLASSIC:
        return ["no paths: each probe was another flow, so no ports select one"]
    if not found:
        return ["no paths: a router balances per packet, so no ports select one"
                if trace.unordered else "no paths: nothing answered"]  # fmt: skip
    flows = sum(len(path.flows) for path in found)
    named = count(len(found), "path", "paths")
    silent = sum(path.is_silent for path in found)
    reach = f", {silent} silent at the end" if silent else " from end to end"
    lines = [f"{named}{reach}, by {count(flows, 'flow', 'flows')}"]
    unused = (trace.path_count or 0) - len(found)
    if unused > 0:
        so_far = "" if trace.is_complete else " so far"
        lines.append(f"{count(unused, 'way', 'ways')} more in the graph had no flow{so_far}")
    branches = branch_numbers(trace.dag)
    rows = [
        (
            str(path.number),
            f"{100 * path.share:.0f} %",
            *_times(path.times),
            " ".join(branches[vertex] for vertex in path.vertices if vertex in branches),
        )
        for path in found
    ]
    lines_of_table = table(_HEAD, rows, left=(len(_HEAD) - 1,))
    lines.append(lines_of_table[0])
    mtus = _mtus(trace)
    for line, path in zip(lines_of_table[1:], found, strict=True):
        recipe = recipes(path.flows[0])
        lines.append(line)
        if path.is_silent and path.end.address is not None:
            lines.append(f"        no reply behind {place(path.end)}, whose figures these are")
        lines.append(f"        {recipe.ports}{mtus.get(path.vertices, '')}")
        lines += [f"        {command}" for command in recipe.commands]
    return [*lines, *_cut_short(trace, found), *_differences(trace, found), *_limits(trace, found)]


def path_words(trace: Trace) -> tuple[PathWords, ...]:
    """Every path."""
    return tuple(
        PathWords(path.number, tuple(map(key_of, path.vertices)), _difference(path))
        for path in trace.found(PATHS) or ()
    )


def _difference(path: Path) -> str:
    """How a path differs from the others, in few words; empty if it does not."""
    parts = []
    if path.is_silent:
        parts.append("silent at the end")
    if path.differs_in_rtt:
        way = "slower" if path.slower_s > 0 else "faster"
        parts.append(f"{milliseconds(abs(path.slower_s))} ms {way}")
    if path.differs_in_loss:
        parts.append(f"loses {percent(round(path.times.loss, 3))}")
    return ", ".join(parts)


def _mtus(trace: Trace) -> dict[Vertices, str]:
    """What fits on each path of which that is known."""
    found = trace.found(MTU)
    known = () if found is None else found.paths
    return {own.vertices: f"; MTU {own.mtu}" for own in known if own.mtu is not None}


def followed(trace: Trace, recipes: Recipes) -> list[str]:
    """Every hop of the path that was followed; nothing if there was none."""
    found = trace.found(FOLLOW)
    if found is None or found.path is None:
        return []
    rows = []
    for hop in found.hops:
        others = ", ".join(str(vertex.address) for vertex in hop.others)
        rows.append(
            (
                str(hop.ttl),
                "*" if hop.vertex.address is None else str(hop.vertex.address),
                *_times(hop.times),
                f"(also {others})" if others else "",
            )
        )
    moved = any(hop.others for hop in found.hops)
    kept = "replies also came from elsewhere" if moved else "every reply came from this path"
    ports = recipes(found.path.flows[0]).ports
    return [
        f"path {found.path.number} followed: {ports}; {kept}",
        *table(_HOP_HEAD, rows, left=(1, len(_HOP_HEAD) - 1)),
        *_cut_short(trace, [found.path]),
    ]


def _times(times: Times) -> tuple[str, str, str, str]:
    known = (times.rtts_s[0], times.median_s, times.p95_s) if times.rtts_s else (None, None, None)
    shown = ("" if time_s is None else milliseconds(time_s) for time_s in known)
    least, middle, high = shown
    return least, middle, high, f"{times.lost} of {times.asked}"


def _cut_short(trace: Trace, paths: Sequence[Path]) -> list[str]:
    """How often each path was measured, if the trace was cut short."""
    if trace.is_complete:
        return []
    sent = Counter(
        (known.request.flow, known.request.ttl) for known in (*trace.outcomes, *trace.unresolved)
    )
    times = [sent[path.flows[0], path.measured_ttl] for path in paths[:MOST_COMPARED]]
    least, most = min(times), max(times)
    often = f"{least} to {most} times" if least < most else count(most, "time", "times")
    which = "each path" if len(paths) > 1 else "the path"
    return [f"{CUT_SHORT[trace.stopped]}: {which} was measured {often}"]


def _differences(trace: Trace, paths: Sequence[Path]) -> list[str]:
    """Which paths are slower, faster or lose more than the others."""
    lines = []
    for path in paths:
        if path.differs_in_rtt:
            way = "slower" if path.slower_s > 0 else "faster"
            lines.append(
                f"path {path.number} is {way} than the others by "
                f"{milliseconds(abs(path.slower_s))} ms ({p_value(path.rtt_probability)})"
            )
        if path.differs_in_loss:
            usual = path.times.loss - path.lossier
            lines.append(
                f"path {path.number} loses {percent(round(path.times.loss, 3))} where others "
                f"lose {percent(round(usual, 3))} ({p_value(path.loss_probability)})"
            )
    alike = Counter(path.end.address for path in paths)
    if not lines and max(alike.values()) > 1 and trace.is_complete:
        others = "the others" if len(alike) == 1 else "others with the same end"
        lines.append(f"no path differs from {others} in round-trip time or loss")
    return lines


def _limits(trace: Trace, paths: Sequence[Path]) -> list[str]:
    """That losses are not compared, where an end limits the rate of its replies, or may do so."""
    ends = {path.end for path in paths}
    lines = []
    for end in sorted(ends, key=lambda end: end.sort_key):
        known = trace.answering.get(end)
        if known is not None and known.may_be_limited:
            lines.append(
                f"{place(end)} may be rate-limited: its losses are not compared"
                if known.limit is None
                else f"{place(end)} is rate-limited: its losses are not those of paths, and are "
                "not compared"
            )
    return lines
