"""What follows from a measurement about balancers, diamonds and paths, as JSON values.

For programs that want no more than that; nothing here is read back.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mda.findings.diamond_metrics import metrics
from paris.packets.recipes import recipe

if TYPE_CHECKING:
    from mda.findings.diamonds import Diamond
    from mda.model import Vertex
    from mda.statistics.shares import Split
    from mda.studies.balancers import Balancer
    from mda.studies.classic import Classic
    from mda.studies.paths import Passing, Recipe, Route, Times
    from mda.studies.polarisation import Series
    from mda.trace import Trace

Json = dict[str, Any]


def studies(trace: Trace) -> Json:
    """All of it, by the names under which it stands in the document."""
    return {
        "diamonds": [_diamond(trace, diamond) for diamond in trace.diamonds],
        "balancers": [_balancer(one) for one in trace.balancers],
        "series": [_series(one) for one in trace.series],
        "paths": [_route(route, recipe(trace.plan, route.flows[0])) for route in trace.routes],
        "followed": [_passing(one) for one in trace.followed],
        "classic": None if trace.classic is None else _classic(trace.classic),
    }


def vertex_id(vertex: Vertex) -> str:
    """A name for a vertex that is unique in its graph: address or star, and TTL."""
    where = f"*{vertex.star}" if vertex.address is None else str(vertex.address)
    return f"{where}@{vertex.ttl}"


def _diamond(trace: Trace, diamond: Diamond) -> Json:
    convergence = diamond.convergence
    return {
        "divergence": vertex_id(diamond.divergence),
        "convergence": None if convergence is None else vertex_id(convergence),
        **asdict(metrics(trace.dag, diamond)),
    }


def _balancer(one: Balancer) -> Json:
    return {
        "vertex": vertex_id(one.vertex),
        "kind": one.kind.value,
        "error_probability": one.error_probability,
        "fields": [
            {
                "field": field.field.value,
                "verdict": field.verdict.value,
                "error_probability": field.error_probability,
                "compared": field.compared,
            }
            for field in one.fields
        ],
        "successors": [vertex_id(successor) for successor in one.successors],
        "repeats": one.repeats,
        "split": None if one.split is None else _split(one.split),
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


def _series(one: Series) -> Json:
    return {
        "near": vertex_id(one.near),
        "far": vertex_id(one.far),
        "flows": one.flows,
        "statistic": one.statistic,
        "degrees": one.degrees,
        "probability": one.probability,
        "strength": one.strength,
        "polarised": one.is_polarised,
    }


def _route(route: Route, how: Recipe) -> Json:
    return {
        "number": route.number,
        "vertices": [vertex_id(vertex) for vertex in route.vertices],
        "flows": route.flows,
        "share": route.share,
        "low": route.low,
        "high": route.high,
        "measured_ttl": route.measured_ttl,
        **_times(route.times),
        "slower_s": route.slower_s,
        "rtt_probability": route.rtt_probability,
        "differs_in_rtt": route.differs_in_rtt,
        "loss_probability": route.loss_probability,
        "differs_in_loss": route.differs_in_loss,
        "ports": how.ports,
        "commands": how.commands,
    }


def _passing(one: Passing) -> Json:
    others = [vertex_id(vertex) for vertex in one.others]
    return {"vertex": vertex_id(one.vertex), **_times(one.times), "others": others}


def _classic(one: Classic) -> Json:
    return {
        "hops": [[None if met is None else vertex_id(met) for met in hop] for hop in one.hops],
        "links": [
            {"from": vertex_id(link.near), "to": vertex_id(link.far), "reality": link.reality.value}
            for link in one.links
        ],
        "missed": [{"from": vertex_id(near), "to": vertex_id(far)} for near, far in one.missed],
    }


def _times(times: Times) -> Json:
    return {
        "asked": times.asked,
        "lost": times.lost,
        "rtt_min_s": times.rtts_s[0] if times.rtts_s else None,
        "rtt_median_s": times.median_s,
        "rtt_p95_s": times.p95_s,
    }
