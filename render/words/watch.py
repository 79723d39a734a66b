"""The words for a watch: figures of every vertex, path and link as rows, and what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mda.escaping import shown
from render.words.dates import date
from render.words.quantities import count, milliseconds, p_value, percent

if TYPE_CHECKING:
    from mda.model import Vertex
    from mda.rounds import Change, Figures, Outage, Rounds, WatchedPath


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
    """All that a watch says. `figures` name the columns of all `tables`.

    `events` are sentences, the latest last.
    """

    title: str
    figures: tuple[str, ...]
    tables: tuple[WatchTable, ...]
    events: tuple[str, ...]


_FIGURES = ("sent", "loss", "last", "median", "p95", "max", "jitter", "stdev", "min")


def watch_words(rounds: Rounds, target: str, started_at_unix_s: float) -> WatchWords:
    """The words for what a watch of `target` knows; the hops come first.

    `started_at_unix_s` is the Unix time of the wire's clock at 0; virtual time has none, but 0.
    """
    hops = [
        WatchRow(f"{vertex.ttl}", _address(vertex), _figures(figures))
        for vertex, figures in sorted(rounds.vertices.items(), key=lambda own: own[0].sort_key)
    ]
    paths = [
        WatchRow(f"{path.number}", _way(path), _figures(rounds.ends[path.number]))
        for path in rounds.paths
    ]
    links = [
        WatchRow(f"{far.ttl}", f"{_address(near)} > {_address(far)}", _figures(figures))
        for (near, far), figures in sorted(
            rounds.links.items(), key=lambda own: (own[0][1].sort_key, own[0][0].sort_key)
        )
    ]
    events = [(own.found_s, change_words(own, started_at_unix_s)) for own in rounds.changes]
    events += [(own.began_s, outage_words(own, started_at_unix_s)) for own in rounds.outages]
    said = WatchWords(
        title=f"{target}: {count(rounds.number, 'round', 'rounds')}, "
        f"{count(len(rounds.paths), 'path', 'paths')}, times in ms",
        figures=_FIGURES,
        tables=(
            WatchTable("hop", tuple(hops)),
            WatchTable("path", tuple(paths)),
            WatchTable("link", tuple(links)),
        ),
        events=(*_earlier(rounds), *(event for _, event in sorted(events))),
    )
    return shown(said)


def change_words(change: Change, started_at_unix_s: float) -> str:
    """A change as a sentence: where, when, and what proves it."""
    what = "route changed" if change.moved == change.trials else "share changed"
    return (
        f"{what} on path {change.path}, hop {change.ttl}: {_address(change.after)} instead of "
        f"{_address(change.before)}, between {change.last_s:.1f} and "
        f"{_moment(change.first_s, started_at_unix_s)} after the start: "
        f"{change.moved} of {count(change.trials, 'reply', 'replies')} since then, "
        f"{p_value(change.probability)}"
    )


def outage_words(outage: Outage, started_at_unix_s: float) -> str:
    """An outage as a sentence: why, when, and how much did not leave."""
    if outage.ended_s is None:
        when = f"since {_moment(outage.began_s, started_at_unix_s)}"
    else:
        when = f"from {outage.began_s:.1f} to {_moment(outage.ended_s, started_at_unix_s)}"
    probes = count(outage.probes, "probe", "probes")
    return f"{outage.reason}, {when} after the start: {probes} did not leave"


def _moment(at_s: float, started_at_unix_s: float) -> str:
    """A time after the start, with its date."""
    when = date(started_at_unix_s and started_at_unix_s + at_s)
    return f"{at_s:.1f} s ({when})" if when else f"{at_s:.1f} s"


def _earlier(rounds: Rounds) -> list[str]:
    """How many events are no longer kept."""
    changes = rounds.change_count - len(rounds.changes)
    outages = rounds.outage_count - len(rounds.outages)
    return [
        f"{count(number, *words)} not shown"
        for number, words in (
            (changes, ("earlier change", "earlier changes")),
            (outages, ("earlier outage", "earlier outages")),
        )
        if number
    ]


def _way(path: WatchedPath) -> str:
    return f"to {_address(path.vertices[-1])} by {count(len(path.flows), 'flow', 'flows')}"


def _address(vertex: Vertex) -> str:
    return "*" if vertex.address is None else str(vertex.address)


def _figures(figures: Figures) -> tuple[str, ...]:
    delays, last_s = figures
    times_s = (last_s, delays.median_s, delays.p95_s, delays.max_s, delays.jitter_s,
               delays.stdev_s, delays.min_s)  # fmt: skip
    times = ("" if time_s is None else milliseconds(time_s) for time_s in times_s)
    return (str(delays.sent), percent(delays.loss), *times)
