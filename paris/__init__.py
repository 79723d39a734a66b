"""Multipath Paris traceroute: find every load-balanced path to a host.

>>> import paris
>>> result = paris.trace(network="two-way", multipath=True)
>>> result.graph.number_of_edges(), result.diamonds[0].max_width
(8, 2)
"""

# Each module that is loaded here is a moment in which an interruption shows Python's own words.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from os import PathLike
    from typing import Any

    import networkx as nx

    from mda.model import Vertex
    from mda.trace import Trace
    from paris.formats.readers.warts_columns import Hops
    from paris.results import Result
    from paris.survey.sweep import Sweep
    from paris.version import __version__

__all__ = ["__version__", "diamonds", "hops", "plain_graph", "read", "sweep", "trace"]


def __getattr__(name: str) -> str:
    """The version, loaded when it is asked for."""
    if name == "__version__":
        from paris.version import __version__

        return __version__
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def trace(host: str | None = None, **options: "Any") -> "Result":
    """Trace `host` and return the result; `options` are fields of the groups in `paris.settings`.

    `trace(network="two-way", multipath=True)` traces a simulated network instead. Raises
    `mda.errors.ParisTraceError`, which names a remedy, if nothing can be measured; it is a
    ValueError too where an option has a value that it cannot have. Raises TypeError for a name that
    no option has.
    """
    from paris import run
    from paris.errors import SettingsError
    from paris.parameters import named_as_in_python, settings
    from paris.results import Result

    asked = settings(host=host, **options)
    if asked.study.compare:
        raise SettingsError("trace() returns one trace: call it once for each protocol")
    with named_as_in_python():
        return Result.of_trace(run.assemble(run.measure(asked)))


def read(file: "str | PathLike[str]") -> "Result":
    """The trace in a file: our JSON, packets or pictures, or what another program measured.

    docs/formats.md lists the formats. Raises `mda.errors.ParisTraceError` for what is not a trace.
    """
    from os import fspath

    from mda.plan import Reading
    from paris import replay
    from paris.results import Result

    return Result.of_trace(replay.trace(fspath(file), Reading()))


def hops(file: "str | PathLike[str]") -> "Iterator[Hops]":
    """The replies in a warts archive's `trace` records: numpy columns of many traces at a time.

    See `paris.formats.readers.warts_columns.Hops`. Needs numpy. Raises
    `mda.errors.ParisTraceError` for a file that cannot be read, with the place.
    """
    from os import fspath

    from paris import archives
    from paris.errors import lacking_extra

    try:
        yield from archives.hops(fspath(file))
    except ModuleNotFoundError as error:
        raise lacking_extra("paris.hops", error, "bulk") from None


def diamonds(graph: "nx.DiGraph[Vertex]") -> "list[dict[str, Any]]":
    """The diamonds of a trace's `graph`, or of a subgraph, as rows of a table of metrics.

    >>> result = trace(network="nested", multipath=True)
    >>> [(row["max_width"], row["paths"], row["entropy_bits"]) for row in diamonds(result.graph)]
    [(4, 4, 2.0)]
    """
    from mda.findings.diamond_metrics import rows

    return rows(graph)


def plain_graph(trace: "Trace") -> "nx.DiGraph[str]":
    """The graph of a trace in strings and numbers, which every writer of networkx takes.

    >>> plain = plain_graph(trace(network="two-way", multipath=True))
    >>> plain.nodes["198.51.100.1@2"]["ttl"]
    2
    """
    from paris.formats.plain_graph import plain_graph

    return plain_graph(trace)


def sweep(host: str, *, flows: int, ttls: "Iterable[int]", **options: "Any") -> "Sweep":
    """Probe `host` once with each of `flows` flows at each of `ttls`; see `paris.survey.sweep`.

    Needs CAP_NET_RAW and numpy. `options` are fields of the groups in `paris.settings`, most
    usefully `rate_pps` (probes per second). Raises `mda.errors.ParisTraceError` if nothing can be
    sent.
    """
    from paris.errors import lacking_extra
    from paris.parameters import named_as_in_python, settings

    try:
        from paris.survey.sweep import sweep as run
    except ModuleNotFoundError as error:
        raise lacking_extra("paris.sweep", error, "bulk") from None

    asked = settings(host=host, **options)
    with named_as_in_python():
        return run(asked, flows=flows, ttls=ttls)
