"""What follows from a measurement about balancers, diamonds and paths, as JSON values.

For programs that want no more than that; nothing here is read back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mda.balancers import Balancer
    from mda.diamonds import Diamond
    from mda.model import Vertex
    from mda.polarisation import Series
    from mda.shares import Split
    from mda.trace import Trace

Json = dict[str, Any]


def studies(trace: Trace) -> Json:
    """All of it, by the names under which it stands in the document."""
    return {
        "diamonds": [_diamond(diamond) for diamond in trace.diamonds],
        "balancers": [_balancer(one) for one in trace.balancers],
        "series": [_series(one) for one in trace.series],
    }


def vertex_id(vertex: Vertex) -> str:
    """A name for a vertex that is unique in its graph: address or star, and TTL."""
    where = f"*{vertex.star}" if vertex.address is None else str(vertex.address)
    return f"{where}@{vertex.ttl}"


def _diamond(diamond: Diamond) -> Json:
    convergence = diamond.convergence
    return {
        "divergence": vertex_id(diamond.divergence),
        "convergence": None if convergence is None else vertex_id(convergence),
        "max_width": diamond.max_width,
        "max_length": diamond.max_length,
        "min_length": diamond.min_length,
        "width_asymmetry": diamond.width_asymmetry,
        "meshed_ratio": diamond.meshed_ratio,
        "paths": diamond.paths,
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
