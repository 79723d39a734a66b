"""Outcomes of made-up probes, and tables of them."""

from __future__ import annotations

from ipaddress import IPv4Address

from mda.answers.table import FlowTable, tabulate
from mda.model import Loss, Outcome, ProbeRequest, Reply, ReplyKind, Vertex

ORIGIN = Vertex(0, IPv4Address("192.0.2.1"))
NEAR, LEFT, RIGHT, GATEWAY = (IPv4Address(f"198.51.100.{n}") for n in (1, 2, 3, 4))
TARGET = IPv4Address("203.0.113.9")


def reply(
    flow: int,
    ttl: int,
    responder: IPv4Address,
    attempt: int = 0,
    *,
    ends: bool = False,
    at_s: float = 0.0,
) -> Reply:
    return Reply(
        request=ProbeRequest(flow, ttl, attempt),
        kind=ReplyKind.UNREACHABLE if ends else ReplyKind.TIME_EXCEEDED,
        responder=responder,
        sent_at_s=at_s,
        received_at_s=at_s + 0.01,
    )


def losses(flow: int, ttl: int, count: int) -> list[Loss]:
    return [
        Loss(
            request=ProbeRequest(flow, ttl, attempt), sent_at_s=attempt, gave_up_at_s=attempt + 1.0
        )
        for attempt in range(count)
    ]


def located(table: FlowTable, ttl: int) -> dict[int, Vertex]:
    here = {flow: ORIGIN for hop in table.hops.values() for flow in (*hop.answers, *hop.losses)}
    for step in range(1, ttl + 1):
        here = table.located_next(step, table.predecessors(step, here))
    return here


def some_limited(*, sign: Outcome | None) -> FlowTable:
    """LEFT answered five of nine flows, RIGHT all six; then `sign`, of a flow of LEFT."""
    outcomes: list[Outcome] = [reply(n, 2, LEFT, at_s=n / 1000) for n in range(5)]
    outcomes += [reply(n, 2, RIGHT, at_s=n / 1000) for n in range(10, 16)]
    outcomes += [Loss(ProbeRequest(n, 2), n / 1000, 0.26) for n in range(5, 9)]
    return tabulate([*outcomes, *([sign] if sign else [])], attempts=3)
