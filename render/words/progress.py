"""The words for a trace under way: a row for each hop that fills in, in the table of a watch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.escaping import shown
from render.words.quantities import count, milliseconds, percent
from render.words.watch import WatchRow, WatchTable, WatchWords

if TYPE_CHECKING:
    from mda.answers.so_far import HopSoFar, SoFar
    from mda.statistics.stopping import Bound


_LEAST: Final = 1e-5  # chance of a miss that is shown


def progress_words(
    so_far: SoFar, target: str, elapsed_s: float, bound: Bound | None, left_s: float | None
) -> WatchWords:
    """The words for what a trace of `target` has shown in `elapsed_s` seconds.

    Without a `bound` it is not a search for every path. In `left_s` seconds it ends anyway, if at
    all.
    """
    if bound is not None and elapsed_s > 0:
        needed_s = so_far.missing(bound) * elapsed_s / max(so_far.sent, 1)
        left_s = needed_s if left_s is None else min(needed_s, left_s)
    left = f"about {left_s:.0f} s left, " if left_s is not None and left_s >= 1 else ""
    sure = () if bound is None else ("sure",)
    rows = (
        WatchRow(f"{ttl}", _place(hop), _figures(hop, is_search=bound is not None))
        for ttl, hop in so_far.hops()
    )
    probes = count(so_far.sent, "probe", "probes")
    said = WatchWords(
        title=f"{target}: {left}{probes}, {so_far.lost} lost, times in ms",
        figures=("sent", "loss", *sure, "last", "min"),
        tables=(WatchTable("hop", tuple(rows)),),
        events=(),
    )
    return shown(said)


def _place(hop: HopSoFar) -> str:
    if hop.first is None:
        return "*"
    others = len(hop.interfaces) - 1
    return f"{hop.first} and {others} more" if others else f"{hop.first}"


def _figures(hop: HopSoFar, *, is_search: bool) -> tuple[str, ...]:
    figures = [f"{hop.sent}", percent(len(hop.lost) / max(hop.sent, 1))]
    if is_search:
        figures.append(percent(1 - max(hop.miss_probability, _LEAST)) if hop.replies else "")
    times_s = (hop.last_s, hop.min_s)
    return (*figures, *(milliseconds(time_s) if hop.replies else "" for time_s in times_s))
