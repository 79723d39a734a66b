"""Writes and reads the plan and the wire's report as JSON values, for all of our formats.

Each pair of functions is inverse. The readers raise KeyError, TypeError or ValueError.
"""

from __future__ import annotations

from ipaddress import ip_address
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from mda.plan import Algorithm, Plan, Probing, Stamp, WireReport, Withheld
from mda.statistics.stopping import Bound
from mda.studies.registry import STUDIES, named

if TYPE_CHECKING:
    from mda.model import IPAddress

MOST: Final = 1 << 40  # the highest count that a reader accepts

Json = dict[str, Any]


def plan(plan: Plan) -> Json:
    """The plan of a measurement."""
    probing = plan.probing
    return {
        "host": plan.host,
        "source": str(plan.source),
        "destination": str(plan.destination),
        **({} if plan.zone is None else {"zone": plan.zone}),
        "algorithm": plan.algorithm.value,
        "failure_probability": plan.bound.failure_probability,
        "per_vertex": plan.bound.per_vertex,
        "min_share": plan.bound.min_share,
        "protocol": probing.protocol,
        "flow_field": probing.flow_field,
        "sport": probing.sport,
        "dport": probing.dport,
        "traffic_class": probing.traffic_class,
        "flow_label": probing.flow_label,
        **({"mark": probing.mark} if probing.mark else {}),
        **({} if probing.interface is None else {"interface": probing.interface}),
        **({} if probing.asked_source is None else {"asked_source": str(probing.asked_source)}),
        "prefix_len": probing.prefix_len,
        "sources": [str(source) for source in probing.sources],
        "first_ttl": plan.first_ttl,
        "max_ttl": plan.max_ttl,
        "attempts": plan.attempts,
        "network": plan.network,
        "seed": plan.seed,
        "studies": sorted(plan.studies),
        **{study.name: plan.studies.get(study.name) for study in STUDIES if study.argument},
    }


def read_plan(plan: Json) -> Plan:
    """The plan that `plan` wrote."""
    return Plan(
        host=plan["host"],
        source=address(plan["source"]),
        destination=address(plan["destination"]),
        algorithm=Algorithm(plan["algorithm"]),
        bound=Bound(plan["failure_probability"], plan["per_vertex"], plan["min_share"]),
        probing=Probing(
            # Files from before studies lack these two.
            prefix_len=plan.get("prefix_len"),
            sources=tuple(address(source) for source in plan.get("sources", ())),
            mark=whole(plan.get("mark", 0), 0, 0xFFFFFFFF),
            interface=None if plan.get("interface") is None else str(plan["interface"]),
            asked_source=(
                None if plan.get("asked_source") is None else address(plan["asked_source"])
            ),
            **{
                key: plan[key]
                for key in (
                    "protocol",
                    "flow_field",
                    "sport",
                    "dport",
                    "traffic_class",
                    "flow_label",
                )
            },
        ),
        first_ttl=whole(plan["first_ttl"], 1, 255),
        max_ttl=whole(plan["max_ttl"], 1, 255),
        attempts=whole(plan["attempts"], 1, MOST),
        network=plan["network"],
        seed=plan["seed"],
        zone=None if plan.get("zone") is None else str(plan["zone"]),
        studies={name: _argument(plan, name) for name in plan.get("studies", ())},
    )


def _argument(plan: Json, name: str) -> str | None:
    """The argument of the study with this name."""
    if not named(name).argument:
        return None
    if not isinstance(plan[name], str):
        raise ValueError(f"not an argument of --{name}: {plan[name]!r}")
    return str(plan[name])


def wire(report: WireReport) -> Json:
    """The report of the wire that carried the probes."""
    withheld = [
        {key: value for key, value in own._asdict().items() if key != "closed_ways" or value}
        for own in report.withheld
    ]
    values = {
        **report._asdict(),
        "sent": report.sent.value,
        "received": report.received.value,
        "hidden": list(report.hidden),
        "withheld": withheld,
    }
    return values if withheld else {key: values[key] for key in values if key != "withheld"}


def read_wire(values: Json) -> WireReport:
    """The report that `wire` wrote."""
    counts = ("sent_otherwise", "waits", "dropped", "reverse_path")
    return WireReport(
        wire=str(values["wire"]),
        sent=Stamp(values["sent"]),
        received=Stamp(values["received"]),
        hidden=tuple(str(name) for name in values["hidden"]),
        withheld=tuple(
            Withheld(
                str(own["reason"]),
                whole(own["probes"], 1, MOST),
                whole(own["flows"], 1, MOST),
                whole(own.get("closed_ways", 0), 0, MOST),
            )
            for own in values.get("withheld", ())
        ),
        **{name: whole(values[name], 0, MOST) for name in counts},
    )


def whole(value: object, lowest: int, highest: int) -> int:
    """`value` if it is a whole number in the range, so that no file makes us count for ever."""
    if not isinstance(value, int) or not lowest <= value <= highest:
        raise ValueError(f"not a whole number from {lowest} to {highest}: {value!r}")
    return value


def address(value: object) -> IPAddress:
    """The address in a text."""
    if not isinstance(value, str):
        raise ValueError(f"not an address: {value!r}")
    return ip_address(value)


def finite(value: object) -> float:
    """`value` if it is a finite number."""
    if not isinstance(value, int | float) or not isfinite(value):
        raise ValueError(f"not a finite number: {value!r}")
    return value
