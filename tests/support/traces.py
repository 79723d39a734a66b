"""Traces without a network: what each flow meets, hop by hop, written down and assembled.

A path is a list of addresses, one for each TTL from 1 on; "*" is a silence. The destination ends
a path with a port unreachable; nothing was asked beyond the end of a path without it.
"""

from __future__ import annotations

from ipaddress import ip_address
from random import Random
from typing import TYPE_CHECKING, Any, Final

from mda.model import Loss, Outcome, ProbeRequest, Reply, ReplyKind, StopReason
from mda.plan import Algorithm, Plan, Probing, Stamp, WireReport
from mda.record import Control, Record
from mda.statistics.stopping import Bound
from mda.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Path = list[str]
DESTINATION: Final = "203.0.113.9"
_SOURCES: Final = {4: ip_address("192.0.2.1"), 6: ip_address("2001:db8::1")}
_ATTEMPTS: Final = 3


def hops(*columns: str | Sequence[str], flows: int) -> dict[int, Path]:
    """Paths through columns of addresses that are shared out evenly, each with each.

    >>> hops("a", ["b", "c"], flows=3)
    {0: ['a', 'b'], 1: ['a', 'c'], 2: ['a', 'b']}
    """
    paths: dict[int, Path] = {}
    for flow in range(flows):
        path, rest = [], flow
        for column in columns:
            if isinstance(column, str):
                path.append(column)
            else:
                rest, index = divmod(rest, len(column))
                path.append(column[index])
        paths[flow] = path
    return paths


def numbered(prefix: str, first: int, number: int) -> list[str]:
    """So many addresses in a row."""
    return [f"{prefix}{first + n}" for n in range(number)]


def outcomes(
    paths: Mapping[int, Path],
    *,
    destination: str = DESTINATION,
    answers: Mapping[str, Mapping[str, Any]] | None = None,
    queries: int = 1,
) -> list[Outcome]:
    """What comes back of every flow at every TTL; `answers` changes fields of a responder's."""
    found: list[Outcome] = []
    for flow, path in paths.items():
        for ttl, address in enumerate(path, start=1):
            sent_at_s = 0.001 * len(found)
            if address == "*":
                found += [
                    Loss(
                        request=ProbeRequest(flow, ttl, attempt),
                        sent_at_s=sent_at_s + attempt,
                        gave_up_at_s=sent_at_s + attempt + 1,
                    )
                    for attempt in range(_ATTEMPTS)
                ]
                continue
            ends = address == destination
            for attempt in range(queries):
                reply = Reply(
                    request=ProbeRequest(flow, ttl, attempt),
                    kind=ReplyKind.UNREACHABLE if ends else ReplyKind.TIME_EXCEEDED,
                    responder=ip_address(address),
                    sent_at_s=sent_at_s,
                    received_at_s=sent_at_s + 0.00425 * ttl + 0.0001 * (flow % 7) + 0.001 * attempt,
                    icmp_type=(3 if ":" not in address else 1) if ends else None,
                    icmp_code=(3 if ":" not in address else 4) if ends else None,
                    quoted_ttl=1,
                )
                found.append(reply._replace(**(answers or {}).get(address, {})))
    return found


RAW_WIRE = WireReport(wire="raw", sent=Stamp.KERNEL, received=Stamp.KERNEL)


def assembled(
    found: Iterable[Outcome],
    *,
    destination: str = DESTINATION,
    algorithm: Algorithm = Algorithm.MDA,
    host: str | None = None,
    stopped: StopReason = StopReason.COMPLETE,
    failure_probability: float = 0.05,
    protocol: str = "udp",
    flow_field: str = "sport",
    names: Mapping[str, str] | None = None,
    wire: WireReport = RAW_WIRE,
    controls: tuple[Control, ...] = (),
) -> Trace:
    """A trace of these outcomes."""
    found = list(found)
    target = ip_address(destination)
    record = Record(
        plan=Plan(
            host=host or destination,
            source=_SOURCES[target.version],
            destination=target,
            algorithm=algorithm,
            bound=Bound(failure_probability),
            probing=Probing(
                protocol=protocol,
                flow_field=flow_field,
                sport=50000,
                dport=33434 if protocol != "icmp" else None,
                traffic_class=0,
                flow_label=0,
            ),
            first_ttl=1,
            max_ttl=30,
            attempts=_ATTEMPTS,
            network=None,
            seed=1,
        ),
        started_at_unix_s=1_700_000_000.0,
        duration_s=1.25,
        probes_sent=len(found),
        outcomes=tuple(found),
        unresolved=(),
        names={ip_address(address): name for address, name in (names or {}).items()},
        wire=wire,
        unmatched={},
        stopped=stopped,
        controls=controls,
    )
    return Trace.of(record)


def shuffled(trace: Trace, seed: int) -> Trace:
    """The same outcomes, known in another order."""
    found: list[Outcome] = list(trace.outcomes)
    Random(seed).shuffle(found)
    return Trace.of(trace.replace(outcomes=tuple(found)))
