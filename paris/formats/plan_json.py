"""Writes and reads the plan and the wire's report as JSON values, for all of our formats.

Each pair of functions is inverse. The readers expect what `schemas.check` has accepted.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any, Final

from mda.plan import Algorithm, Plan, Probing, Stamp, WireReport, Withheld
from mda.statistics.stopping import Bound
from mda.studies.registry import STUDIES, named
from paris.packets.protocols import Protocol

Json = dict[str, Any]

_IF_TRUE: Final = ("closed_ways", "is_route")  # of withheld probes: absent otherwise


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
        **({} if probing.payload is None else {"payload": probing.payload}),
        **({} if probing.flags is None else {"flags": probing.flags}),
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
        source=ip_address(plan["source"]),
        destination=ip_address(plan["destination"]),
        algorithm=Algorithm(plan["algorithm"]),
        bound=Bound(plan["failure_probability"], plan["per_vertex"], plan["min_share"]),
        probing=Probing(
            # Files from before studies lack these two.
            prefix_len=whole(plan.get("prefix_len")),
            sources=tuple(ip_address(source) for source in plan.get("sources", ())),
            mark=int(plan.get("mark", 0)),
            interface=plan.get("interface"),
            asked_source=ip_address(plan["asked_source"]) if "asked_source" in plan else None,
            payload=plan.get("payload"),
            flags=plan.get("flags"),
            protocol=Protocol(plan["protocol"]).value,
            flow_field=plan["flow_field"],
            sport=whole(plan["sport"]),
            dport=whole(plan["dport"]),
            **{key: int(plan[key]) for key in ("traffic_class", "flow_label")},
        ),
        first_ttl=int(plan["first_ttl"]),
        max_ttl=int(plan["max_ttl"]),
        attempts=int(plan["attempts"]),
        network=plan["network"],
        seed=whole(plan["seed"]),
        zone=plan.get("zone"),
        studies={
            name: plan.get(name) if named(name).argument else None
            for name in plan.get("studies", ())
        },
    )


def wire(report: WireReport) -> Json:
    """The report of the wire that carried the probes."""
    withheld = [
        {key: value for key, value in own._asdict().items() if value or key not in _IF_TRUE}
        for own in report.withheld
    ]
    values = {
        **report._asdict(),
        "sent": report.sent.value,
        "received": report.received.value,
        "hidden": list(report.hidden),
        "withheld": withheld,
    }
    absent = {key for key in ("withheld", "tool") if not values[key]}
    return {key: value for key, value in values.items() if key not in absent}


def read_wire(values: Json) -> WireReport:
    """The report that `wire` wrote."""
    counts = ("sent_otherwise", "waits", "dropped", "reverse_path")
    return WireReport(
        wire=values["wire"],
        sent=Stamp(values["sent"]),
        received=Stamp(values["received"]),
        hidden=tuple(values["hidden"]),
        withheld=tuple(
            Withheld(
                own["reason"],
                int(own["probes"]),
                int(own["flows"]),
                int(own.get("closed_ways", 0)),
                is_route=own.get("is_route", False),
            )
            for own in values.get("withheld", ())
        ),
        tool=values.get("tool"),
        **{name: int(values[name]) for name in counts},
    )


def whole(value: float | None) -> int | None:
    """A whole number, which JSON may write as 1.0, or None."""
    return None if value is None else int(value)
