"""The words for a watch: figures of every vertex, path and link as rows, and what changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from render.words.quantities import count, milliseconds, p_value, percent

if TYPE_CHECKING:
    from mda.model import Vertex
    from mda.statistics.sketches import Sketch
    from mda.studies.watch import Change, Watch, WatchedPath


class WatchRow(NamedTuple):
    """A row: the number of a hop or path, whose figures they are, and the figures in order."""

    number: str
    place: str
    figures: tuple[str, ...]


class WatchTable(NamedTuple):
    """Rows of one kind under the name of that kind."""

    kind: str
    rows: tuple[WatchRow, ...]


class WatchWords(NamedTuple):
    """All that a watch says. `figures` name the columns of all `tables`."""

    title: str
    figures: tuple[str, ...]
    tables: tuple[WatchTable, ...]
    changes: tuple[str, ...]


_FIGURES = ("sent", "loss", "last", "median", "p95", "max", "jitter", "stdev", "min")


def watch_words(watch: Watch, target: str) -> WatchWords:
    """The words for what a watch of `target` knows now; the hops come first."""
    hops = [
        WatchRow(f"{vertex.ttl}", _address(vertex), _figures(sketch))
        for vertex, sketch in sorted(watch.vertices.items(), key=lambda own: own[0].sort_key)
    ]
    paths = [
        WatchRow(f"{path.number}", _way(path), _figures(watch.ends[path.number]))
        for path in watch.paths
    ]
    links = [
        WatchRow(f"{far.ttl}", f"{_address(near)} > {_address(far)}", _figures(sketch))
        for (near, far), sketch in sorted(
            watch.links.items(), key=lambda own: (own[0][1].sort_key, own[0][0].sort_key)
        )
    ]
    rounds = count(watch.rounds, "round", "rounds")
    more = watch.change_count - len(watch.changes)
    earlier = [f"{count(more, 'earlier change', 'earlier changes')} not shown"] if more else []
    return WatchWords(
        title=f"{target}: {rounds}, {count(len(watch.paths), 'path', 'paths')}, times in ms",
        figures=_FIGURES,
        tables=(
            WatchTable("hop", tuple(hops)),
            WatchTable("path", tuple(paths)),
            WatchTable("link", tuple(links)),
        ),
        changes=(*earlier, *(change_words(watch, change) for change in watch.changes)),
    )


def change_words(watch: Watch, change: Change) -> str:
    """A change as a sentence: where, when, and what proves it."""
    moment = f"{change.first_s:.1f} s"
    if watch.started_at_unix_s:  # virtual time has no date
        at = datetime.fromtimestamp(watch.started_at_unix_s + change.first_s, UTC)
        moment += f" ({at:%Y-%m-%d %H:%M:%S} UTC)"
    what = "route changed" if change.moved == change.trials else "share changed"
    return (
        f"{what} on path {change.path}, hop {change.ttl}: {_address(change.after)} instead of "
        f"{_address(change.before)}, between {change.last_s:.1f} and {moment} after the start: "
        f"{change.moved} of {count(change.trials, 'reply', 'replies')} since then, "
        f"{p_value(change.probability)}"
    )


def _way(path: WatchedPath) -> str:
    return f"to {_address(path.vertices[-1])} by {count(len(path.flows), 'flow', 'flows')}"


def _address(vertex: Vertex) -> str:
    return "*" if vertex.address is None else str(vertex.address)


def _figures(sketch: Sketch) -> tuple[str, ...]:
    times_s = (sketch.last_s, sketch.median_s, sketch.p95_s, sketch.max_s, sketch.jitter_s,
               sketch.stdev_s, sketch.min_s)  # fmt: skip
    shown = ("" if time_s is None else milliseconds(time_s) for time_s in times_s)
    return (str(sketch.sent), percent(sketch.loss), *shown)
