"""Writes the findings of studies, and the diamonds, as JSON values.

They serve other programs: our readers ignore them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from mda.findings.diamond_metrics import metrics
from mda.model import Vertex
from mda.statistics.delays import Delays, whole_ns
from mda.studies.registry import CLASSIC, CLASSIFY, FOLLOW, MTU, PATHS, STATS, STUDIES
from paris.packets.recipes import recipe

if TYPE_CHECKING:
    from mda.findings.diamonds import Diamond
    from mda.statistics.shares import Split
    from mda.studies.balancers import Balancer
    from mda.studies.branches import Branches
    from mda.studies.classic import Classic
    from mda.studies.mtu import Mtus
    from mda.studies.paths import Path, PathHop, Recipe, Times
    from mda.studies.polarisation import Series
    from mda.trace import Trace

Json = dict[str, Any]


def studies(trace: Trace) -> Json:
    """The findings of all studies, and the diamonds, by their names in the document."""
    document: Json = {"diamonds": [_diamond(trace, diamond) for diamond in trace.diamonds]}
    for study in STUDIES:
        write = _WRITERS.get(study.name)
        if write is not None:
            document |= write(trace)
        elif study.finds:
            document[study.name] = values(trace.found(study))
    return document


def values(found: object) -> Any:
    """The JSON of a study that has no writer here: classes with fields become objects."""
    match found:
        case Vertex():
            return vertex_id(found)
        case Enum():
            return found.value
        case str() | int() | float() | None:
            return found
        case Delays():
            return found.in_whole_ns()._asdict()
        case Mapping():
            return {str(key): values(value) for key, value in found.items()}
        case tuple() if hasattr(found, "_asdict"):
            return {name: values(value) for name, value in found._asdict().items()}
        case Iterable():
            return [values(member) for member in found]
        case _ if is_dataclass(found):
            return {own.name: values(getattr(found, own.name)) for own in fields(found)}
    return str(found)  # addresses


def time_json(time_s: float | None) -> float | None:
    """A time in seconds that follows from others, as all such are written: in whole nanoseconds."""
    return None if time_s is None else whole_ns(time_s)


def vertex_id(vertex: Vertex) -> str:
    """A name for a vertex, unique in its graph: address or star, interface, and TTL."""
    where = f"*{vertex.star}" if vertex.address is None else str(vertex.address)
    if vertex.interface:
        from urllib.parse import quote  # few traces need it

        where += f"%{quote(vertex.interface, errors='surrogatepass')}"
    return f"{where}@{vertex.ttl}"


def _diamond(trace: Trace, diamond: Diamond) -> Json:
    convergence = diamond.convergence
    return {
        "divergence": vertex_id(diamond.divergence),
        "convergence": None if convergence is None else vertex_id(convergence),
        **asdict(metrics(trace.dag, diamond)),
    }


def _classification(trace: Trace) -> Json:
    found = trace.found(CLASSIFY)
    return {
        "balancers": [
            _balancer(balancer, found.branches[balancer.vertex]) for balancer in found.balancers
        ]
        if found
        else [],
        "series": [_series(series) for series in found.series] if found else [],
    }


def _balancer(balancer: Balancer, branches: Branches) -> Json:
    return {
        "vertex": vertex_id(balancer.vertex),
        "kind": balancer.kind.value,
        "error_probability": balancer.error_probability,
        "fields": [
            {
                "field": field.field.value,
                "verdict": field.verdict.value,
                "error_probability": field.error_probability,
                "compared": field.compared,
            }
            for field in balancer.fields
        ],
        "successors": [vertex_id(successor) for successor in balancer.successors],
        "may_be_one_router": [
            [vertex_id(after) for after in group] for group in branches.may_be_one
        ],
        "differ_by": [difference.value for difference in branches.differ_by],
        "repeats": balancer.repeats,
        "split": None if balancer.split is None else _split(balancer.split),
    }


def _split(split: Split) -> Json:
    return {
        "shares": [
            {
                "successor": vertex_id(share.successor),
                "flows": share.flows,
                "share": share.share,
                "low": share.low,
                "high": share.high,
            }
            for share in split.shares
        ],
        "even_probability": split.even_probability,
        "weights": split.weights,
        "weights_probability": split.weights_probability,
    }


def _series(series: Series) -> Json:
    return {
        "near": vertex_id(series.near),
        "far": vertex_id(series.far),
        "flows": series.flows,
        "statistic": series.statistic,
        "degrees": series.degrees,
        "probability": series.probability,
        "strength": series.strength,
        "polarised": series.is_polarised,
    }


def _paths(trace: Trace) -> Json:
    """The paths; the study that follows a path finds them as well."""
    followed = trace.found(FOLLOW)
    every = trace.found(PATHS) or (followed.every if followed else ())
    return {"paths": [_path(path, recipe(trace.plan, path.flows[0])) for path in every]}


def _path(path: Path, how: Recipe) -> Json:
    return {
        "number": path.number,
        "vertices": [vertex_id(vertex) for vertex in path.vertices],
        "flows": path.flows,
        "share": path.share,
        "low": path.low,
        "high": path.high,
        "measured_ttl": path.measured_ttl,
        **_times(path.times),
        "slower_s": time_json(path.slower_s),
        "rtt_probability": path.rtt_probability,
        "differs_in_rtt": path.differs_in_rtt,
        "loss_probability": path.loss_probability,
        "differs_in_loss": path.differs_in_loss,
        "ports": how.ports,
        "commands": how.commands,
    }


def _followed(trace: Trace) -> Json:
    found = trace.found(FOLLOW)
    return {"followed": [_hop(hop) for hop in found.hops] if found else []}


def _hop(hop: PathHop) -> Json:
    others = [vertex_id(vertex) for vertex in hop.others]
    return {"vertex": vertex_id(hop.vertex), **_times(hop.times), "others": others}


def _times(times: Times) -> Json:
    return {
        "asked": times.asked,
        "lost": times.lost,
        "rtt_min_s": time_json(times.rtts_s[0]) if times.rtts_s else None,
        "rtt_median_s": time_json(times.median_s),
        "rtt_p95_s": time_json(times.p95_s),
    }


def _delays(trace: Trace) -> Json:
    """The figures of paths; those of vertices and edges are in the graph of every trace."""
    found = trace.found(STATS)
    return {} if found is None else {"stats": values(found)}


def _classic(trace: Trace) -> Json:
    found = trace.found(CLASSIC)
    return {"classic": None if found is None else _traceroute(found)}


def _traceroute(classic: Classic) -> Json:
    return {
        "hops": [
            [None if vertex is None else vertex_id(vertex) for vertex in hop]
            for hop in classic.hops
        ],
        "links": [
            {"from": vertex_id(link.near), "to": vertex_id(link.far), "reality": link.reality.value}
            for link in classic.links
        ],
        "missed": [{"from": vertex_id(near), "to": vertex_id(far)} for near, far in classic.missed],
        **({} if classic.cut_at is None else {"cut_at": classic.cut_at}),
    }


def _mtu(trace: Trace) -> Json:
    found = trace.found(MTU)
    return {} if found is None else {"mtu": _fitting(found)}


def _fitting(found: Mtus) -> Json:
    return {
        "longest": found.longest,
        "links": [
            {
                "from": vertex_id(own.near),
                "to": vertex_id(own.far),
                "mtu": own.mtu,
                "before": own.before,
                "said_by": [str(address) for address in own.said_by],
                "stated": own.stated,
                "black_hole_probability": own.probability,
                "partial": own.is_partial,
            }
            for own in found.narrowings
        ],
        "paths": [
            {
                "vertices": [vertex_id(vertex) for vertex in path.vertices],
                "flows": path.flows,
                "mtu": path.mtu,
            }
            for path in found.paths
        ],
        "vertices": [{"vertex": vertex_id(own.vertex), "mtus": own.mtus} for own in found.hops],
    }


# Studies whose JSON differs from their fields; `values` writes all others.
_WRITERS: Final[Mapping[str, Callable[[Trace], Json]]] = {
    CLASSIFY.name: _classification,
    PATHS.name: _paths,
    FOLLOW.name: _followed,
    STATS.name: _delays,
    CLASSIC.name: _classic,
    MTU.name: _mtu,
}
